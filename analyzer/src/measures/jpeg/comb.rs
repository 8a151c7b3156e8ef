//! The quality of JPEG by the teeth of the coefficients' combs.
//!
//! After decoding a coefficient is a multiple of its quantisation step q, and a little beside it by the rounding of
//! luma and colours to whole numbers. Its probability under a step is that of the multiple (under a Laplace
//! distribution, whose scale is that of the coefficients) times a normal density around it. Over blocks and
//! positions of the table this gives each quality its likelihood, to be compared with that of a Laplace
//! distribution without teeth.

use std::collections::HashMap;
use std::f32::consts::PI;

use rayon::prelude::*;

use super::grid;
use crate::raster::Raster;
use crate::survey::{BLOCK, Dct, Tile, block_at};

/// The luma quantisation table of quality 50, in row order (ITU-T T.81, Table K.1).
pub const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/// Highest sum of the two frequencies of the positions that are used: beyond it nearly all coefficients are zero.
const HIGHEST: usize = 4;
/// Blocks that are used at most.
const BLOCKS: usize = 2000;
/// Fewest blocks without clipping that are enough.
const LEAST: usize = 32;
/// Values of coefficients are counted in steps of a quarter, finer than their rounding.
const FINE: f32 = 4.0;
/// Largest value: 8 times the half of 255, and some.
const LARGEST: usize = 1100;
/// Deviation of a coefficient after decoding: luma was rounded (variance 1/12), and then each colour
/// (0.299² + 0.587² + 0.114² = 0.447 twelfths).
const ROUNDING: f32 = 0.35;
/// Share of coefficients that are anywhere, by clipping or by what was drawn into the picture afterwards.
const ELSEWHERE: f32 = 0.1;
/// Gain in log likelihood over no JPEG that is believed: in all, and a value. Photographs of quality 95 have 0.04 to
/// 0.2 a value, coarser ones 1 and more; pictures that JPEG never saw stay below 0.04.
const GAIN: f64 = 30.0;
const GAIN_A_VALUE: f64 = 0.04;
/// Blocks of the same mean are counted at most so often: a plain ground is one observation, not a thousand.
const SAME_MEAN: u32 = 8;
/// So are blocks that are the same in all that is used: stripes and grounds lie on many combs by chance.
const SAME_BLOCK: u32 = 2;
/// Logarithm of a density that adds nothing to [`ELSEWHERE`] in f32, whatever the tooth's mass, which is at most 1300.
const NOTHING: f32 = -28.0;
/// Values up to this one, the reach of rounding, are left out: zero is a multiple of every step.
const ZERO: f32 = 1.5;
/// Lowest quality that is looked for: below it libjpeg's tables are all 255.
const LOWEST: usize = 3;

/// The quality on libjpeg's scale, 1 to 100, of a table of 64 steps in row order; `None` for anything else.
///
/// It is that of libjpeg's table that is nearest by the ratios of steps, so that foreign tables have one too.
pub fn table_quality(table: &[u16]) -> Option<f32> {
    if table.len() != LUMA.len() || table.contains(&0) {
        return None;
    }
    let distance = |quality: usize| {
        let ratios = table.iter().enumerate();
        ratios
            .map(|(p, &t)| (f32::from(t) / f32::from(step(quality, p))).ln().abs())
            .sum::<f32>()
    };
    let qualities = (1..=100).map(|quality| (quality, distance(quality)));
    let nearest = qualities.min_by(|a, b| a.1.total_cmp(&b.1));
    nearest.map(|(quality, _)| quality as f32)
}

/// A step of libjpeg's table of a quality.
fn step(quality: usize, position: usize) -> u16 {
    let percent = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    let step = (usize::from(LUMA[position]) * percent + 50) / 100;
    step.clamp(1, 255) as u16
}

/// The most likely quality at a phase of the grid, if it is much more likely than no JPEG.
pub(super) fn quality(
    raster: &Raster<'_>,
    tiles: &[Tile],
    (px, py): (usize, usize),
    dct: &Dct,
) -> Option<f32> {
    let mut corners = grid::spread(tiles, BLOCKS * 2);
    for corner in &mut corners {
        corner.1 += px;
        corner.2 += py;
    }
    let sound: Vec<_> = corners
        .par_iter()
        .copied()
        .filter(|&(tile, x, y)| !is_clipped(raster, tile.x + x, tile.y + y))
        .collect();
    // All the same if next to none is sound.
    let corners = if sound.len() >= LEAST { sound } else { corners };
    let used = corners.len().min(BLOCKS);
    let positions: Vec<usize> = (0..BLOCK * BLOCK)
        .filter(|p| p / BLOCK + p % BLOCK <= HIGHEST)
        .collect();
    let mut blocks: HashMap<Vec<usize>, u32> = HashMap::new();
    for i in 0..used {
        let (tile, x, y) = corners[i * corners.len() / used];
        let coefficients = dct.forward(&block_at(&tile.luma, tile.width, x, y));
        let places = positions.iter().map(|&p| {
            // The standard shifts samples by half their range before the transform.
            let shift = if p == 0 { 128.0 * BLOCK as f32 } else { 0.0 };
            let value = (coefficients[p / BLOCK][p % BLOCK] - shift).abs();
            ((value * FINE).round() as usize).min(LARGEST * FINE as usize - 1)
        });
        *blocks.entry(places.collect()).or_default() += 1;
    }
    let mut counts = vec![vec![0u32; LARGEST * FINE as usize]; positions.len()];
    for (places, &times) in &blocks {
        for (counts, &at) in counts.iter_mut().zip(places) {
            counts[at] += times.min(SAME_BLOCK);
        }
    }
    for count in &mut counts[0] {
        *count = (*count).min(SAME_MEAN);
    }
    let values: Vec<Vec<(f32, f32)>> = counts.iter().map(|counts| listed(counts)).collect();
    let number: f32 = values.iter().flatten().map(|v| v.1).sum();
    let gains: Vec<Vec<f64>> = positions
        .par_iter()
        .zip(&values)
        .map(|(&position, values)| gains(position, values))
        .collect();
    let total = |i: usize| gains.iter().map(|gains| gains[i]).sum::<f64>();
    let (quality, gain) = (LOWEST..=100)
        .map(|quality| (quality, total(quality - LOWEST)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let believed = gain > GAIN && gain > GAIN_A_VALUE * f64::from(number);
    believed.then_some(quality as f32)
}

/// Whether a sample of a block is at an end of the scale: clipping moves all coefficients of a block.
fn is_clipped(raster: &Raster<'_>, x: usize, y: usize) -> bool {
    (y..y + BLOCK).any(|y| raster.is_clipped(y, x, BLOCK))
}

/// The values beyond rounding, with their counts.
fn listed(counts: &[u32]) -> Vec<(f32, f32)> {
    (0..)
        .zip(counts)
        .map(|(i, &count)| (i as f32 / FINE, count as f32))
        .filter(|&(value, count)| value > ZERO && count > 0.0)
        .collect()
}

/// What each quality from [`LOWEST`] to 100 gains in log likelihood over no JPEG, by one position's values.
fn gains(position: usize, values: &[(f32, f32)]) -> Vec<f64> {
    let number: f32 = values.iter().map(|v| v.1).sum();
    let sum: f32 = values.iter().map(|v| v.0 * v.1).sum();
    let scale = sum / number.max(1.0);
    let mut last = (1, 0.0);
    (LOWEST..=100)
        .map(|quality| {
            let step = step(quality, position);
            if step != last.0 {
                last = (step, gain(values, f32::from(step), scale));
            }
            last.1
        })
        .collect()
}

/// Log likelihood of absolute values with their counts under a step, less that without one. The values are of an
/// exponential distribution of this scale.
fn gain(values: &[(f32, f32)], step: f32, scale: f32) -> f64 {
    if step <= 1.0 {
        return 0.0;
    }
    let tooth = (1.0 - (-step / scale).exp()) * scale / (ROUNDING * (2.0 * PI).sqrt());
    let nowhere = ELSEWHERE.ln();
    let sum: f32 = values
        .iter()
        .map(|&(value, count)| {
            // Both are positive. Where a processor's oldest instructions are all that is promised, `round` is a call.
            let multiple = (value / step + 0.5) as i32 as f32;
            if multiple == 0.0 {
                return count * nowhere;
            }
            let beside = (value - multiple * step) / ROUNDING;
            // The multiple's mass at its tooth, over the density without teeth.
            let less = (value - (multiple - 1.0) * step) / scale;
            let power = less - 0.5 * beside * beside;
            if power < NOTHING {
                return count * nowhere;
            }
            let ratio = tooth * power.exp();
            count * (ELSEWHERE + (1.0 - ELSEWHERE) * ratio).ln()
        })
        .sum();
    f64::from(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_their_quality() {
        for quality in LOWEST..=100 {
            let table: Vec<u16> = (0..64).map(|p| step(quality, p)).collect();
            let found = table_quality(&table).expect("a table");
            assert_eq!(found, quality as f32);
        }
        assert_eq!(table_quality(&[16; 63]), None);
        assert_eq!(table_quality(&[0; 64]), None);
        assert_eq!(table_quality(&[u16::MAX; 64]), Some(1.0));
        // Half as coarse again in every place, as other encoders scale.
        assert_eq!(table_quality(&LUMA.map(|v| v * 2)), Some(25.0));
    }
}
