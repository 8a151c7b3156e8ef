//! Weight files as they are, most of them safetensors.
#![no_main]

#[path = "../weights.rs"]
mod weights;

libfuzzer_sys::fuzz_target!(|data: &[u8]| weights::read(data.to_vec()));
