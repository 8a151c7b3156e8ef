//! Full-size parts of a picture.

use super::MOST_PIXELS;
use crate::raster::Raster;
use crate::report::Place;

/// Side of a tile in pixels, a multiple of the 8 of JPEG's blocks.
pub const TILE: usize = 256;

/// Pixels beside a tile that it holds as well, where the picture has them, so that filters need no border.
pub const MARGIN: usize = 8;

/// Luma of a part of the picture and of what lies around it.
#[derive(Clone, Debug)]
pub struct Tile {
    /// The part that this tile answers for.
    pub place: Place,
    /// The first column of the picture that `luma` holds, at most [`MARGIN`] left of the place.
    pub x: usize,
    /// The first row that it holds.
    pub y: usize,
    /// Columns that it holds.
    pub width: usize,
    /// Rows that it holds.
    pub height: usize,
    /// 0 to 255, `width * height`.
    pub luma: Vec<f32>,
}

impl Tile {
    /// Takes a part of a picture, which must lie within it.
    pub fn new(raster: &Raster<'_>, place: Place) -> Self {
        let (x, y) = (
            place.x.saturating_sub(MARGIN),
            place.y.saturating_sub(MARGIN),
        );
        let width = (place.x + place.width + MARGIN).min(raster.width()) - x;
        let height = (place.y + place.height + MARGIN).min(raster.height()) - y;
        let mut luma = vec![0.0; width * height];
        for (row, out) in luma.chunks_exact_mut(width).enumerate() {
            raster.luma_row(y + row, x, out);
        }
        Tile {
            place,
            x,
            y,
            width,
            height,
            luma,
        }
    }

    /// A row of luma, margin included.
    pub fn row(&self, y: usize) -> &[f32] {
        &self.luma[y * self.width..(y + 1) * self.width]
    }

    /// Columns of `luma` that the tile answers for, at least `border` away from the end of the data.
    pub fn columns(&self, border: usize) -> std::ops::Range<usize> {
        inner(self.place.x - self.x, self.place.width, self.width, border)
    }

    /// Rows of `luma` that the tile answers for, likewise.
    pub fn rows(&self, border: usize) -> std::ops::Range<usize> {
        inner(
            self.place.y - self.y,
            self.place.height,
            self.height,
            border,
        )
    }
}

fn inner(start: usize, length: usize, held: usize, border: usize) -> std::ops::Range<usize> {
    let first = start.max(border);
    first..(start + length).min(held.saturating_sub(border)).max(first)
}

/// The places of the tiles that are looked at, in reading order. Their corners are multiples of [`TILE`].
pub fn tiles(raster: &Raster<'_>) -> Vec<Place> {
    let columns = raster.width().div_ceil(TILE);
    let rows = raster.height().div_ceil(TILE);
    let all = columns * rows;
    let most = (MOST_PIXELS / (TILE * TILE)).max(1);
    let chosen = all.min(most);
    // A step that has no common factor with the columns wanders over them; the golden section does so evenly.
    let at = |i: usize| {
        if chosen == all {
            return i;
        }
        let band = i * all / chosen..((i + 1) * all / chosen).max(i * all / chosen + 1);
        let offset = (i as f64 * 0.618_033_988_75).fract() * band.len() as f64;
        (band.start + offset as usize).min(band.end - 1)
    };
    (0..chosen)
        .map(|i| {
            let (x, y) = (at(i) % columns * TILE, at(i) / columns * TILE);
            Place {
                x,
                y,
                width: TILE.min(raster.width() - x),
                height: TILE.min(raster.height() - y),
            }
        })
        .collect()
}
