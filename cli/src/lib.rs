//! upwise
#![forbid(unsafe_code)]
pub mod picture;
