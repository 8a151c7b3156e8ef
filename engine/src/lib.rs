//! Super-resolution networks on the CPU: weights in, pixels in, bigger pixels out.

#![deny(unsafe_code)]

mod arch;
mod error;
mod model;
pub mod network;
mod rows;
pub mod weights;

pub use error::{Error, Result};
pub use model::Model;
pub use rows::{Image, Rows};
