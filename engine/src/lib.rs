//! Super-resolution networks on the CPU: weights in, pixels in, bigger pixels out.

#![deny(unsafe_code)]

mod buffer;
mod error;
#[allow(unsafe_code)]
mod exec;
#[allow(unsafe_code)]
mod kernel;
pub mod network;
mod plan;
mod rows;
#[allow(unsafe_code)]
mod simd;

pub use error::{Error, Result};
pub use rows::{Image, Rows};
pub use simd::Isa;
