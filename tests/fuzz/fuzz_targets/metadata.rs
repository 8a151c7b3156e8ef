//! EXIF, XMP, IPTC, ICC and JFIF around a sound picture.
#![no_main]

#[path = "../../support/fuzzed.rs"]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::metadata(data));
