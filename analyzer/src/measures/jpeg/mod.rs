//! What did JPEG do to it?
//!
//! The grid of 8x8 blocks is looked for at all 64 phases, because pictures are cropped and saved anew: in step with it
//! the most coefficients are next to nothing. There the coefficients lie on combs whose teeth are the steps of the
//! quantisation table, and the quality is the one under which they are most likely (`comb`). How strongly
//! the grid shows is told apart from it by the jumps across the edges of blocks (`grid`).

mod comb;
mod grid;

use rayon::prelude::*;

pub use comb::{LUMA, table_quality};
pub use grid::Jumps;

use crate::raster::{FileFacts, Raster};
use crate::report::{Map, Measure, Place, Score, Status};
use crate::survey::{BLOCK, Dct, Tile};

/// Fewest whole blocks at a phase that say anything about it.
const LEAST: usize = 32;
/// Quality from the pixels that is so much below that of the tables is from an earlier save.
const EARLIER: f32 = 10.0;
/// Quality from which nothing is seen of it, and up to which nothing is left.
const CLEAN: f32 = 90.0;
const RUINED: f32 = 10.0;
/// Quality from which blocks are found by measuring rather than seen.
const SLIGHT: f32 = 60.0;
/// Share of the jumps that is seen without looking for it.
const SEEN: f32 = 0.15;

/// What JPEG did to a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Jpeg {
    /// Quality that the file's tables stand for, 1 to 100 on libjpeg's scale.
    pub file_quality: Option<f32>,
    /// Quality that the pixels show, 1 to 100; `None` if they show no quantisation, as with originals and the
    /// finest tables.
    pub pixel_quality: Option<f32>,
    /// Column and row of the first whole block, 0 to 7 each, where the pixels show quantisation.
    pub phase: Option<(usize, usize)>,
    /// How strongly the grid shows: share of the jumps across its lines that the content does not
    /// explain, 0 to 1.
    pub blockiness: f32,
    /// The same by tile, in the tiles' order.
    pub tiles: Vec<f32>,
}

impl Jpeg {
    /// The quality: that of the file, or that of an earlier save if that was clearly worse.
    pub fn quality(&self) -> Option<f32> {
        match (self.file_quality, self.pixel_quality) {
            (Some(file), Some(pixels)) if pixels > file - EARLIER => Some(file),
            (_, Some(pixels)) => Some(pixels),
            (file, None) => file,
        }
    }

    /// The grid over the picture, a cell a tile of full size. Tiles that were not looked at have the picture's value.
    pub fn map(&self, raster: &Raster<'_>, tiles: &[Tile]) -> Map {
        let judged = tiles.iter().zip(&self.tiles);
        Map::of_tiles(
            Measure::Jpeg,
            judged.map(|(tile, &value)| (tile.place, value)),
            self.blockiness,
            raster.width(),
            raster.height(),
        )
    }

    fn worst(&self, tiles: &[Tile]) -> Option<Place> {
        let judged = tiles.iter().zip(&self.tiles);
        let (tile, &value) = judged.max_by(|a, b| a.1.total_cmp(b.1))?;
        (value > SEEN).then_some(tile.place)
    }
}

/// Measures what JPEG did; `None` if the picture has fewer than 32 whole blocks at some phase.
pub fn measure(raster: &Raster<'_>, tiles: &[Tile], facts: &FileFacts) -> Option<Jpeg> {
    let whole = |side: usize| (side + 1).saturating_sub(BLOCK) / BLOCK;
    if whole(raster.width()) * whole(raster.height()) < LEAST {
        return None;
    }
    let dct = Dct::default();
    let phase = grid::phase(tiles, &dct);
    let pixel_quality = comb::quality(raster, tiles, phase, &dct);
    let jumps: Vec<Jumps> = tiles.par_iter().map(Jumps::of).collect();
    let all = Jumps::sum(&jumps);
    // Without quantisation that shows, the strongest grid is taken; where there is none it is next to nothing.
    let lines = pixel_quality.map_or_else(|| all.strongest(), |_| phase);
    Some(Jpeg {
        file_quality: facts.luma_quantisation.as_deref().and_then(table_quality),
        pixel_quality,
        phase: pixel_quality.map(|_| phase),
        blockiness: all.blockiness(lines),
        tiles: jumps.iter().map(|jumps| jumps.blockiness(lines)).collect(),
    })
}

/// The score of what was measured: 1 from quality 90 on, 0 up to 10, less where the grid shows.
pub fn score(jpeg: Option<&Jpeg>, tiles: &[Tile]) -> Score {
    let Some(jpeg) = jpeg else {
        let words = "too few blocks of 8x8 pixels to see a grid";
        return Score::absent(Measure::Jpeg, Status::TooSmall, words);
    };
    let clean = 1.0 - (jpeg.blockiness - SEEN / 2.0).max(0.0);
    let Some(quality) = jpeg.quality() else {
        return Score::measured(Measure::Jpeg, clean, "no trace of JPEG in its pixels");
    };
    let value = ((quality - RUINED) / (CLEAN - RUINED)).min(clean);
    let shows = jpeg.blockiness > SEEN && quality < SLIGHT;
    let words = if quality >= CLEAN {
        format!("JPEG of about quality {quality:.0}: no damage")
    } else if shows {
        format!("JPEG blocks show: about quality {quality:.0}")
    } else {
        format!("JPEG of about quality {quality:.0}")
    };
    Score::measured(Measure::Jpeg, value, words).at(jpeg.worst(tiles).into_iter().collect())
}
