//! From a network to something that can run: is it well formed (`check.rs`), an algorithm per convolution
//! (`compile.rs`), the cheapest by a model of the processor (`cost.rs`), sizes (`geometry.rs`), the order of the work
//! (`schedule.rs`, `after.rs`), and a place for everything (`layout.rs`, `blocks.rs`). Memory is known before anything runs, and what was
//! decided can be told (`explain.rs`).

pub(crate) mod after;
pub(crate) mod blocks;
pub(crate) mod check;
pub(crate) mod compile;
pub(crate) mod cost;
pub(crate) mod explain;
pub(crate) mod geometry;
pub(crate) mod layout;
pub(crate) mod pack;
pub(crate) mod panels;
pub(crate) mod schedule;
