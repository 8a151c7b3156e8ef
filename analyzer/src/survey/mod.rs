//! What the measures share: full-size tiles and a reduced copy, each taken from the picture once.
//!
//! A picture of up to [`MOST_PIXELS`] is looked at whole, tile by tile. Of a larger one as many tiles are
//! taken, spread evenly: noise, blocks and sharpness are properties of pixels and need them at full size,
//! but not all of them.

mod dct;
mod gradient;
mod overview;
mod tile;

pub use dct::{BLOCK, Block, Dct, block_at};
pub use gradient::{BORDER, EdgePoint, coherence, edge_points};
pub use overview::Overview;
pub use tile::{MARGIN, TILE, Tile, tiles};

/// Pixels beyond which tiles are left out.
pub const MOST_PIXELS: usize = 1_600_000;
