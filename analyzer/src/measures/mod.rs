//! One file a measure: from pixels to a value in its own units, and to a [`Score`](crate::report::Score).

pub mod jpeg;
pub mod light;
pub mod noise;
