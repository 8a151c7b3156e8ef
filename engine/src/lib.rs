//! Super-resolution networks on the CPU: weights in, pixels in, bigger pixels out.

#![deny(unsafe_code)]

mod arch;
mod buffer;
mod engine;
mod error;
#[allow(unsafe_code)]
mod exec;
#[allow(unsafe_code)]
mod kernel;
mod model;
pub mod network;
mod plan;
mod resample;
mod rows;
#[allow(unsafe_code)]
mod simd;
mod target;
mod tile;
mod upscale;
pub mod weights;

pub use engine::{DEFAULT_MAX_MEMORY, Engine, EngineOptions, Observer};
pub use error::{Error, Result};
pub use model::Model;
pub use resample::{Filter, Light, Resample};
pub use rows::{Image, Rows};
pub use simd::Isa;
pub use target::Target;
pub use tile::Tiling;
pub use upscale::{Estimate, Method, Upscaler};
