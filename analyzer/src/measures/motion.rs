//! Did the camera or what it saw move while the picture was taken?
//!
//! Motion smears along one direction and leaves the other sharp, so edges across it still look crisp. What is compared are mean
//! squares of the gradient (the structure tensor) at full size and on a copy of a quarter: how much of the copy's
//! gradient is finer than the copy tells. In a sharp picture that is several times as much, in whatever direction; out of
//! focus it is little in all directions, and moved it is little in one. The direction is that in which it is least
//! over the whole picture (the generalised eigenvector of both tensors); a picture counts as moved where three quarters of
//! its parts with structure agree and the copy's edges go more than one way: stripes, rails and ripples are part of what is
//! seen.

use rayon::prelude::*;
use serde::Serialize;

use super::edges::percentile;
use crate::report::Content;
use crate::survey::Tile;

/// Side of the parts that are asked, in pixels, and fewest of them that say anything.
const PART: usize = 64;
const LEAST: usize = 4;
/// Side of a pixel of the copy.
const CELL: usize = 4;
/// Mean square of the copy's gradient in either direction, levels a pixel, from which a part has structure.
const STRUCTURE: f32 = 1.0;
/// Fine over coarse along the motion, at most: an even smear of 6 pixels leaves about 2.6 in a sharp photograph, one of 15 pixels
/// 1.6; of 112 sharp ones none has less than 2.8.
pub const SMEARED: f32 = 2.6;
/// The same along over across, in the middle part and in that below which three quarters are.
const ONE_WAY: f32 = 0.72;
const AGREED: f32 = 0.9;
/// How one-sided the copy's gradients are over the whole picture, from which it is one of lines, and how fine detail is across
/// them: what a motion leaves is a little smeared across it as well.
const LINES: f32 = 0.85;
const UNTOUCHED: f32 = 14.0;

/// How fine detail is, along the direction in which it is least and across it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Motion {
    /// Fine over coarse mean squares of the gradient along that direction, median of the parts.
    pub along: f32,
    /// The same across it.
    pub across: f32,
    /// Along over across, median of the parts.
    pub ratio: f32,
    /// That of the part below which three quarters are.
    pub most: f32,
    /// How much the copy's gradients agree on a direction, 0 to 1: `(l1 - l2) / (l1 + l2)` of the eigenvalues of its tensor.
    pub coherence: f32,
    /// The direction in degrees, anticlockwise from the right, 0 to 180.
    pub degrees: f32,
}

impl Motion {
    /// Whether this is how a picture that shows `content` looks that was moved: drawings and pages were not.
    pub fn is_seen(&self, content: Content) -> bool {
        matches!(content, Content::Photo | Content::Product)
            && self.along < SMEARED
            && self.ratio < ONE_WAY
            && self.most < AGREED
            && self.coherence < LINES
            && self.across < UNTOUCHED
    }

    /// Of a picture that was moved.
    pub fn words(&self) -> String {
        let way = match self.degrees {
            d if !(22.5..157.5).contains(&d) => "sideways",
            d if d < 67.5 => "along the rising diagonal",
            d if d < 112.5 => "up and down",
            _ => "along the falling diagonal",
        };
        format!("smeared {way}: something moved while it was taken")
    }
}

/// A symmetric matrix: mean products of the gradient's components, levels a pixel.
#[derive(Clone, Copy, Default)]
struct Tensor {
    xx: f32,
    yy: f32,
    xy: f32,
}

impl Tensor {
    /// Sums the gradients whose rows of components are given, and divides by their number.
    fn of(rows: impl Iterator<Item = Tensor>, count: usize) -> Tensor {
        let sum = rows.fold(Tensor::default(), |a, b| a.plus(b));
        let share = 1.0 / count.max(1) as f32;
        Tensor {
            xx: sum.xx * share,
            yy: sum.yy * share,
            xy: sum.xy * share,
        }
    }

    fn plus(self, other: Tensor) -> Tensor {
        Tensor {
            xx: self.xx + other.xx,
            yy: self.yy + other.yy,
            xy: self.xy + other.xy,
        }
    }

    /// How one-sided it is, 0 to 1.
    fn coherence(&self) -> f32 {
        let apart = (self.xx - self.yy).hypot(2.0 * self.xy);
        apart / (self.xx + self.yy).max(1e-6)
    }

    /// The mean square along a direction.
    fn along(&self, [x, y]: [f32; 2]) -> f32 {
        self.xx * x * x + self.yy * y * y + 2.0 * self.xy * x * y
    }
}

/// Measures the tiles; `None` where too few parts have structure.
///
/// `noise_sigma` is the standard deviation of the noise in levels of luma.
pub fn measure(tiles: &[Tile], noise_sigma: f32) -> Option<Motion> {
    let parts: Vec<[Tensor; 2]> = tiles.par_iter().flat_map_iter(parts).collect();
    if parts.len() < LEAST {
        return None;
    }
    // Noise adds half its variance to the square of a central difference.
    let noise = noise_sigma * noise_sigma / 2.0;
    let clean = |tensor: Tensor| Tensor {
        xx: tensor.xx - noise,
        yy: tensor.yy - noise,
        ..tensor
    };
    let all = |i: usize| Tensor::of(parts.iter().map(|part| part[i]), parts.len());
    let along = least(clean(all(0)), all(1));
    let across = [-along[1], along[0]];
    let fineness = parts.iter().filter_map(|&[fine, coarse]| {
        let fine = clean(fine);
        let each = [along, across].map(|way| (fine.along(way).max(0.01), coarse.along(way)));
        let has_structure = each.iter().all(|&(_, coarse)| coarse > STRUCTURE);
        let [along, across] = each.map(|(fine, coarse)| fine / coarse);
        has_structure.then_some((along, across))
    });
    let (mut one, mut other): (Vec<f32>, Vec<f32>) = fineness.unzip();
    if one.len() < LEAST {
        return None;
    }
    let mut ratios: Vec<f32> = one.iter().zip(&other).map(|(a, b)| a / b).collect();
    Some(Motion {
        along: percentile(&mut one, 0.5),
        across: percentile(&mut other, 0.5),
        ratio: percentile(&mut ratios, 0.5),
        most: percentile(&mut ratios, 0.75),
        coherence: all(1).coherence(),
        degrees: (-along[1]).atan2(along[0]).to_degrees().rem_euclid(180.0),
    })
}

/// The direction (of length 1) in which `fine` is least against `coarse`.
fn least(fine: Tensor, coarse: Tensor) -> [f32; 2] {
    // A trifle keeps a picture without any structure in one direction from dividing by nothing.
    let (a, c) = (coarse.xx + 0.05, coarse.yy + 0.05);
    let b = coarse.xy;
    let determinant = (a * c - b * b).max(1e-6);
    // coarse^-1 fine, by rows.
    let m = [
        [
            (c * fine.xx - b * fine.xy) / determinant,
            (c * fine.xy - b * fine.yy) / determinant,
        ],
        [
            (a * fine.xy - b * fine.xx) / determinant,
            (a * fine.yy - b * fine.xy) / determinant,
        ],
    ];
    let half = (m[0][0] + m[1][1]) / 2.0;
    let product = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    let value = half - (half * half - product).max(0.0).sqrt();
    let ways = [[m[0][1], value - m[0][0]], [value - m[1][1], m[1][0]]];
    let lengths = ways.map(|[x, y]| x.hypot(y));
    let longer = usize::from(lengths[1] > lengths[0]);
    match lengths[longer] {
        length if length > 1e-6 => ways[longer].map(|v| v / length),
        _ => [1.0, 0.0],
    }
}

/// Fine and coarse tensor of every whole part of a tile.
fn parts(tile: &Tile) -> Vec<[Tensor; 2]> {
    let (columns, rows) = (tile.width / CELL, tile.height / CELL);
    let mut cells = vec![0.0; columns * rows];
    for (row, cells) in cells.chunks_exact_mut(columns.max(1)).enumerate() {
        for y in 0..CELL {
            let luma = tile.row(row * CELL + y).chunks_exact(CELL);
            for (cell, luma) in cells.iter_mut().zip(luma) {
                *cell += luma.iter().sum::<f32>() / (CELL * CELL) as f32;
            }
        }
    }
    let cell_row = |y: usize| &cells[y * columns..(y + 1) * columns];
    let (left, top) = (tile.place.x - tile.x, tile.place.y - tile.y);
    let mut found = Vec::new();
    for y in (top..(top + tile.place.height + 1).saturating_sub(PART)).step_by(PART) {
        for x in (left..(left + tile.place.width + 1).saturating_sub(PART)).step_by(PART) {
            let fine = tensor(
                x..x + PART,
                y..y + PART,
                [tile.width, tile.height],
                0.5,
                |y| tile.row(y),
            );
            let coarse = tensor(
                x / CELL..(x + PART) / CELL,
                y / CELL..(y + PART) / CELL,
                [columns, rows],
                0.5 / CELL as f32,
                cell_row,
            );
            found.push([fine, coarse]);
        }
    }
    found
}

/// The mean tensor of central differences, times `step`, over the columns `x` and rows `y` that have neighbours.
fn tensor<'a>(
    x: std::ops::Range<usize>,
    y: std::ops::Range<usize>,
    [width, height]: [usize; 2],
    step: f32,
    row: impl Fn(usize) -> &'a [f32],
) -> Tensor {
    let (x, y) = (
        x.start.max(1)..x.end.min(width - 1),
        y.start.max(1)..y.end.min(height - 1),
    );
    let count = x.len() * y.len();
    let rows = y.map(|y| {
        let [above, here, below] = [y - 1, y, y + 1].map(&row);
        let before = &here[x.start - 1..x.end - 1];
        let after = &here[x.start + 1..x.end + 1];
        let down = above[x.clone()].iter().zip(&below[x.clone()]);
        let mut sums = [[0.0f32; 8]; 3];
        for (i, ((before, after), (above, below))) in before.iter().zip(after).zip(down).enumerate()
        {
            let (dx, dy) = ((after - before) * step, (below - above) * step);
            sums[0][i % 8] += dx * dx;
            sums[1][i % 8] += dy * dy;
            sums[2][i % 8] += dx * dy;
        }
        let [xx, yy, xy] = sums.map(|lanes| lanes.iter().sum());
        Tensor { xx, yy, xy }
    });
    Tensor::of(rows, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::tiles;
    use crate::{Raster, Samples};

    const SIDE: usize = 384;

    /// Discs of many sizes and levels over one another: edges in every direction, at every scale.
    fn discs() -> Vec<f32> {
        let mut luma = vec![120.0f32; SIDE * SIDE];
        let mut state = 7u32;
        let mut dice = |most: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % most
        };
        for _ in 0..4000 {
            let (x, y, radius, level) = (dice(SIDE), dice(SIDE), 2 + dice(14), dice(256) as f32);
            for v in y.saturating_sub(radius)..(y + radius).min(SIDE) {
                for u in x.saturating_sub(radius)..(x + radius).min(SIDE) {
                    if u.abs_diff(x).pow(2) + v.abs_diff(y).pow(2) < radius * radius {
                        luma[v * SIDE + u] = level;
                    }
                }
            }
        }
        luma
    }

    /// The mean over `length` pixels along a direction, by the nearest pixel at steps of a quarter.
    fn moved(luma: &[f32], length: f32, degrees: f32) -> Vec<f32> {
        let steps = (4.0 * length) as i32;
        let (dx, dy) = (degrees.to_radians().cos(), -degrees.to_radians().sin());
        let at = |v: f32| (v.round() as i32).clamp(0, SIDE as i32 - 1) as usize;
        (0..SIDE * SIDE)
            .map(|i| {
                let (x, y) = ((i % SIDE) as f32, (i / SIDE) as f32);
                let sum: f32 = (0..steps)
                    .map(|step| {
                        let t = (step as f32 + 0.5) / 4.0 - length / 2.0;
                        luma[at(y + t * dy) * SIDE + at(x + t * dx)]
                    })
                    .sum();
                sum / steps as f32
            })
            .collect()
    }

    fn measured(luma: &[f32]) -> Option<Motion> {
        let data: Vec<u8> = luma.iter().map(|v| v.round() as u8).collect();
        let raster = Raster::new(SIDE, SIDE, 1, Samples::U8(&data)).expect("samples fit");
        let places = tiles(&raster).into_iter();
        let tiles: Vec<Tile> = places.map(|place| Tile::new(&raster, place)).collect();
        measure(&tiles, 0.0)
    }

    #[test]
    fn motion_and_its_direction_are_seen() {
        let sharp = discs();
        for degrees in [0.0, 30.0, 90.0, 135.0] {
            for length in [7.0, 15.0] {
                let motion = measured(&moved(&sharp, length, degrees)).expect("structure");
                assert!(
                    motion.is_seen(Content::Photo),
                    "{length} at {degrees}: {motion:?}"
                );
                let apart = (motion.degrees - degrees).rem_euclid(180.0);
                assert!(apart.min(180.0 - apart) < 10.0, "{degrees}: {motion:?}");
            }
        }
    }

    #[test]
    fn what_is_sharp_or_out_of_focus_was_not_moved() {
        let sharp = discs();
        let across = moved(&sharp, 7.0, 0.0);
        for picture in [sharp, moved(&across, 7.0, 90.0)] {
            let motion = measured(&picture).expect("structure");
            assert!(!motion.is_seen(Content::Photo), "{motion:?}");
            assert!(motion.ratio > 0.85, "{motion:?}");
        }
    }

    /// A picture of lines has no detail along them, and none that a motion could have taken.
    #[test]
    fn stripes_were_not_moved() {
        let stripes: Vec<f32> = (0..SIDE * SIDE)
            .map(|i| {
                if (i % SIDE / 5).is_multiple_of(2) {
                    40.0
                } else {
                    210.0
                }
            })
            .collect();
        assert_eq!(measured(&stripes), None);
    }
}
