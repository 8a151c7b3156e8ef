//! The arithmetic, each algorithm written once over [`crate::simd::Simd`].
//!
//! Kernels work on raw rows: bounds, padding and ring buffers are the plan's business.

// Fixed loops over registers read better by index, and must unroll completely.
#![allow(clippy::needless_range_loop)]

pub(crate) mod ahead;
pub(crate) mod amx;
#[cfg(all(test, target_arch = "x86_64", not(debug_assertions)))]
mod assembly;
pub(crate) mod direct;
pub(crate) mod epilogue;
pub(crate) mod gemm;
pub(crate) mod pixels;
pub(crate) mod table;
pub(crate) mod winograd;
