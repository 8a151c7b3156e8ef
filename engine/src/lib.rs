//! Super-resolution networks on the CPU: weights in, pixels in, bigger pixels out.

#![deny(unsafe_code)]

mod error;
pub mod network;
mod rows;

pub use error::{Error, Result};
pub use rows::{Image, Rows};
