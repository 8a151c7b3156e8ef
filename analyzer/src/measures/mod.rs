//! One file a measure: from pixels to a value in its own units, and to a [`Score`](crate::report::Score).

pub mod composition;
pub mod content;
pub mod edges;
pub mod glance;
pub mod grain;
pub mod halving;
pub mod jpeg;
mod kinds;
pub mod light;
pub mod motion;
pub mod noise;
pub mod pixel_art;
pub mod resolution;
pub mod sharpness;
pub mod subject;
pub mod text;
pub mod texture;
pub mod traits;
