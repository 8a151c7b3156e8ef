//! Noise that is coarser than a pixel: film grain, halftone dots, noise that went through a resampler or JPEG.
//!
//! The noise measure listens to the highest frequencies, which such noise has lost; at half the size it is there. So noise
//! is measured once more on a copy of the picture's middle, reduced to half by averages of 2x2 pixels, which halve
//! white noise.

use super::noise;
use crate::raster::{Raster, Samples};
use crate::survey::{Tile, tiles};

/// Most pixels of the picture's middle that are looked at, as a square of this side.
const SIDE: usize = 1200;
/// Least side of the copy.
const LEAST: usize = 48;

/// Standard deviation of the noise at half the size, in 8-bit steps; `None` if that is too small or cannot be told.
pub fn measure(raster: &Raster<'_>) -> Option<f32> {
    let (width, height) = (raster.width().min(SIDE) / 2, raster.height().min(SIDE) / 2);
    if width.min(height) < LEAST {
        return None;
    }
    let (left, top) = (
        (raster.width() - 2 * width) / 2,
        (raster.height() - 2 * height) / 2,
    );
    let mut rows = [vec![0.0; 2 * width], vec![0.0; 2 * width]];
    let mut half = Vec::with_capacity(width * height);
    for y in 0..height {
        for (i, row) in rows.iter_mut().enumerate() {
            raster.green_row(top + 2 * y + i, left, row);
        }
        let [upper, lower] = &rows;
        half.extend((0..width).map(|x| {
            let sum = upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1];
            (sum / 4.0 * 257.0) as u16
        }));
    }
    let half = Raster::new(width, height, 1, Samples::U16(&half)).ok()?;
    let tiles: Vec<Tile> = tiles(&half)
        .into_iter()
        .map(|place| Tile::new(&half, place))
        .collect();
    noise::measure(&half, &tiles).map(|noise| noise.sigma)
}
