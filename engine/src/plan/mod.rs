//! From a network to something that can run: is it well formed (`check.rs`), an algorithm per convolution
//! (`compile.rs`), sizes (`geometry.rs`), the order of the work (`schedule.rs`), and a place for everything (`layout.rs`).
//! Memory is known before anything runs.

pub(crate) mod check;
pub(crate) mod compile;
pub(crate) mod geometry;
pub(crate) mod layout;
pub(crate) mod schedule;
