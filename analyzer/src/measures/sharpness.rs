//! How sharp the sharpest parts are.
//!
//! The cumulative probability of blur detection (CPBD, Narvekar and Karam 2011): the width of every vertical edge gives
//! the probability that its blur is seen, `1 - exp(-(w / w_JNB)^3.6)`, where the width that is just noticed is 5 pixels
//! for edges of up to 50 levels and 3 for stronger ones; the value is the share of edges at which it is not seen. It
//! is taken for blocks of 64 pixels and the 90th percentile of the blocks is reported, not the mean: a photograph with a
//! shallow depth of field is sharp where it is meant to be.

use rayon::prelude::*;

use super::edges::percentile;
use super::motion::{Motion, SMEARED};
use crate::report::{Map, Measure, Place, Score, Status};
use crate::survey::Tile;

/// Side of a block in pixels.
const BLOCK: usize = 64;
/// Share of that width at which the probability is 0.63 and blur is just noticed: `(-ln(1 - 0.63))^(1 / 3.6)`.
const NOTICED: f32 = 0.998_4;
/// Gradient of an edge of the method, levels a pixel.
const GRADIENT: f32 = 9.0;
/// Fewest edges in a block that say anything.
const LEAST: usize = 20;
/// Longest walk to either side of an edge.
const REACH: usize = 12;

/// Sharpness of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Sharpness {
    /// Share of edges of the sharper blocks at which no blur is seen, 0 to 1.
    pub best: f32,
    /// The same of all edges.
    pub mean: f32,
    /// Each block's place and value.
    pub blocks: Vec<(Place, f32)>,
}

/// Measures the tiles; `None` where there are no blocks with edges.
pub fn measure(tiles: &[Tile]) -> Option<Sharpness> {
    let blocks: Vec<(Place, usize, usize)> = tiles.par_iter().flat_map_iter(blocks).collect();
    let mut values: Vec<f32> = Vec::new();
    let (mut sharp, mut all) = (0, 0);
    let mut places = Vec::new();
    for &(place, clear, count) in &blocks {
        let value = clear as f32 / count as f32;
        values.push(value);
        places.push((place, value));
        sharp += clear;
        all += count;
    }
    if values.is_empty() {
        return None;
    }
    Some(Sharpness {
        best: percentile(&mut values, 0.9),
        mean: sharp as f32 / all as f32,
        blocks: places,
    })
}

/// Place, edges without visible blur and edges of every block of a tile that has enough.
fn blocks(tile: &Tile) -> Vec<(Place, usize, usize)> {
    let (rows, columns) = (tile.rows(1), tile.columns(REACH.min(2)));
    let mut found = Vec::new();
    for top in rows.clone().step_by(BLOCK) {
        for left in columns.clone().step_by(BLOCK) {
            let (mut clear, mut count) = (0, 0);
            for y in top..(top + BLOCK).min(rows.end) {
                let row = tile.row(y);
                for x in left..(left + BLOCK).min(columns.end) {
                    if let Some((width, contrast)) = edge_width(row, x) {
                        let just_noticed = if contrast <= 50.0 { 5.0f32 } else { 3.0 };
                        clear += usize::from(width <= NOTICED * just_noticed);
                        count += 1;
                    }
                }
            }
            if count >= LEAST {
                let place = Place {
                    x: tile.x + left,
                    y: tile.y + top,
                    width: BLOCK.min(columns.end - left),
                    height: BLOCK.min(rows.end - top),
                };
                found.push((place, clear, count));
            }
        }
    }
    found
}

/// Width in pixels and contrast in levels of the edge whose steepest point is at `x`, if there is one.
fn edge_width(row: &[f32], x: usize) -> Option<(f32, f32)> {
    let slope = |at: usize| row[at + 1] - row[at - 1];
    let here = slope(x);
    if here.abs() < 2.0 * GRADIENT {
        return None;
    }
    let sign = here.signum();
    // The steepest of its run; the first of equals.
    if slope(x - 1) * sign >= here.abs() || (x + 2 < row.len() && slope(x + 1) * sign > here.abs())
    {
        return None;
    }
    let mut left = x;
    while left > 0 && x - left < REACH && (row[left] - row[left - 1]) * sign > 0.0 {
        left -= 1;
    }
    let mut right = x;
    while right + 1 < row.len() && right - x < REACH && (row[right + 1] - row[right]) * sign > 0.0 {
        right += 1;
    }
    Some(((right - left) as f32, (row[right] - row[left]).abs()))
}

/// Values up to which nothing is sharp, and from which something is.
const BLURRED: f32 = 0.45;
const SHARP: f32 = 0.75;

/// The score of what was measured, of a picture that was `moved` or not: the method looks at upright edges only.
pub fn score(sharpness: Option<&Sharpness>, moved: Option<Motion>, picture: Place) -> Score {
    if let Some(motion) = moved {
        let left = ((motion.along - 1.0) / (SMEARED - 1.0)).clamp(0.0, 1.0) * BLURRED;
        return Score::measured(Measure::Sharpness, left, motion.words());
    }
    let Some(sharpness) = sharpness else {
        return if picture.width.min(picture.height) < 16 {
            Score::absent(
                Measure::Sharpness,
                Status::TooSmall,
                "too small to judge its sharpness",
            )
        } else {
            Score::absent(
                Measure::Sharpness,
                Status::NotApplicable,
                "no edges that could be sharp",
            )
        };
    };
    let words = match sharpness.best {
        v if v > SHARP => "sharp where it is sharpest",
        v if v > BLURRED => "a little soft even where it is sharpest",
        _ => "blurred everywhere",
    };
    let mut blocks = sharpness.blocks.clone();
    blocks.sort_by(|a, b| b.1.total_cmp(&a.1));
    let places = blocks
        .first()
        .map(|&(place, _)| place)
        .into_iter()
        .collect();
    Score::measured(Measure::Sharpness, sharpness.best, words).at(places)
}

/// Where it is blurred: a cell a block of 64 pixels, 0 where nothing was measured.
pub fn map(sharpness: &Sharpness, width: usize, height: usize) -> Map {
    let (columns, rows) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
    let mut cells = vec![0.0; columns * rows];
    for &(place, value) in &sharpness.blocks {
        cells[place.y / BLOCK * columns + place.x / BLOCK] = 1.0 - value;
    }
    Map {
        measure: Measure::Sharpness,
        side: BLOCK,
        columns,
        rows,
        cells,
    }
}
