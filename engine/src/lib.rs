//! Super-resolution networks on the CPU: weights in, pixels in, bigger pixels out.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//! use upwise_engine::{Engine, EngineOptions, Image, Method, Model, Target, Upscaler};
//!
//! let model = Model::open("4x.safetensors".as_ref())?;
//! let engine = Engine::new(&model, &EngineOptions::default())?;
//! let upscaler = Upscaler::new(Method::Network(engine));
//! let small = Image::new(2, 1, 3, vec![0.0, 0.5, 1.0, 1.0, 0.5, 0.0])?; // interleaved, 0 to 1
//! let progress = |share: f64| {
//!     eprintln!("{:.0} %", share * 100.0);
//!     ControlFlow::Continue(()) // Break would stop with Error::Cancelled
//! };
//! let big = upscaler.image(&small, &Target::Scale(2.5), Some(&progress))?;
//! assert_eq!((big.width(), big.height()), (5, 3));
//! # Ok::<(), upwise_engine::Error>(())
//! ```
//!
//! - [`Model`] recognises a weight file (`.safetensors` or `.pth`; nothing in it is executed) and builds its
//!   [`Network`](network::Network): operations as plain data.
//! - [`Engine`] packs the weights for an instruction set ([`Isa`]) and holds the threads.
//! - [`Upscaler`] runs as many passes as a [`Target`] needs and resamples to its exact size. Pictures larger
//!   than memory go through [`Upscaler::rows`], row by row.
//!
//! Results are the same bits for any number of threads and, where [`Tiling::exact`] says so, for any tile
//! size and memory limit. There is no global state, and no I/O but reading weight files. How it works inside
//! is told in the crate's README.

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
mod orientation;
mod pass;
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
pub use kernel::table::RegisterTile;
pub use model::Model;
pub use plan::compile::Algorithm;
pub use plan::explain::{Explanation, LayerPlan, Order};
pub use resample::{Filter, Light, Resample};
pub use rows::{Image, Rows};
pub use simd::{Isa, Precision};
pub use target::Target;
pub use tile::Tiling;
pub use upscale::{Estimate, Method, Upscaler};
