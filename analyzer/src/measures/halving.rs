//! How much of a picture comes back after it was halved and enlarged again?
//!
//! Detail that a plain filter brings back from half the size is detail that an enlargement can carry over to the next;
//! fine texture, noise and blocks are lost. Photographs look alike from one octave to the next (Ruderman and Bialek
//! 1994), so this stands for the enlargement that nobody can compare with anything. Of blur it says nothing: a soft
//! picture loses least of all.

use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;

use crate::report::Halving;
use crate::survey::Tile;

/// Side of the windows that are compared, as in JPEG's blocks.
const WINDOW: usize = 8;
/// Share of windows that are the worst.
const WORST: f32 = 0.05;
/// Constants of SSIM for 8 bits (Wang et al. 2004).
const C1: f32 = 6.5025;
const C2: f32 = 58.5225;
/// Fewest windows that a share can be taken of.
const LEAST: usize = 20;

/// Halves and enlarges the tiles of a picture, and the halves once more: noise and blocks are lost at the first, the
/// detail of soft pictures only at the second. `None` below 20 windows of 8x8 pixels.
pub fn measure(tiles: &[Tile]) -> [Option<Halving>; 2] {
    let windows = tiles.par_iter().map(|tile| {
        let (rows, columns) = (tile.rows(0), tile.columns(0));
        let whole = Plane::of(tile);
        let half = whole.halved();
        let quarter = half.halved();
        let half_of = |range: &Range<usize>| range.start.div_ceil(2)..range.end / 2;
        [
            compare(&whole, &half.doubled(), &rows, &columns),
            compare(
                &half,
                &quarter.doubled(),
                &half_of(&rows),
                &half_of(&columns),
            ),
        ]
    });
    let joined = windows.reduce(Default::default, |mut all, windows| {
        for (all, windows) in all.iter_mut().zip(windows) {
            all.extend(windows);
        }
        all
    });
    joined.map(summary)
}

fn summary(mut windows: Vec<Window>) -> Option<Halving> {
    if windows.len() < LEAST {
        return None;
    }
    windows.sort_unstable_by(|a, b| a.ssim.total_cmp(&b.ssim));
    let mean = |windows: &[Window]| {
        windows.iter().map(|window| window.ssim).sum::<f32>() / windows.len() as f32
    };
    let lost = windows.iter().map(|window| window.lost).sum::<f32>() / windows.len() as f32;
    let worst = ((windows.len() as f32 * WORST) as usize).max(1);
    Some(Halving {
        kept: mean(&windows),
        worst: mean(&windows[..worst]),
        lost: lost.sqrt(),
    })
}

/// Luma.
struct Plane<'a> {
    width: usize,
    height: usize,
    data: Cow<'a, [f32]>,
}

impl Plane<'_> {
    fn of(tile: &Tile) -> Plane<'_> {
        Plane {
            width: tile.width,
            height: tile.height,
            data: Cow::Borrowed(&tile.luma),
        }
    }

    fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..][..self.width]
    }

    /// Pairs averaged along both sides; an odd last one is left out.
    fn halved(&self) -> Plane<'static> {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut data = Vec::with_capacity(width * height);
        for y in 0..height {
            let (upper, _) = self.row(2 * y).as_chunks::<2>();
            let (lower, _) = self.row(2 * y + 1).as_chunks::<2>();
            let pairs = upper.iter().zip(lower);
            data.extend(pairs.map(|(u, l)| (u[0] + u[1] + l[0] + l[1]) / 4.0));
        }
        Plane {
            width,
            height,
            data: data.into(),
        }
    }

    /// A straight line between the centres of pixels: each of the result is 3/4 its own and 1/4 its neighbour's.
    fn doubled(&self) -> Plane<'static> {
        let (width, height) = (self.width, self.height);
        let mut data = vec![0.0; 4 * width * height];
        // Between its own ends once more, so that each has neighbours.
        let mut line = vec![0.0; width + 2];
        for (y, out) in data.chunks_exact_mut((2 * width).max(1)).enumerate() {
            let far = match y % 2 {
                0 => (y / 2).saturating_sub(1),
                _ => (y / 2 + 1).min(height - 1),
            };
            let rows = self.row(y / 2).iter().zip(self.row(far));
            for (out, (near, far)) in line[1..].iter_mut().zip(rows) {
                *out = 0.75 * near + 0.25 * far;
            }
            (line[0], line[width + 1]) = (line[1], line[width]);
            let (pairs, _) = out.as_chunks_mut::<2>();
            for (pair, near) in pairs.iter_mut().zip(line.windows(3)) {
                let own = 0.75 * near[1];
                *pair = [own + 0.25 * near[0], own + 0.25 * near[2]];
            }
        }
        Plane {
            width: 2 * width,
            height: 2 * height,
            data: data.into(),
        }
    }
}

struct Window {
    ssim: f32,
    /// Mean square of the difference.
    lost: f32,
}

/// Each whole window within a part of the pictures.
fn compare(
    whole: &Plane,
    again: &Plane,
    rows: &Range<usize>,
    columns: &Range<usize>,
) -> Vec<Window> {
    let rows = rows.start..rows.end.min(again.height);
    let columns = columns.start..columns.end.min(again.width);
    let mut windows = Vec::new();
    let starts = |range: &Range<usize>| {
        let end = (range.end + 1).saturating_sub(WINDOW);
        (range.start..end.max(range.start)).step_by(WINDOW)
    };
    for top in starts(&rows) {
        for left in starts(&columns) {
            // A sum for each column, so that the compiler can use vectors.
            let mut sums = [[0.0f32; WINDOW]; 5];
            let [a, b, aa, bb, ab] = &mut sums;
            for y in top..top + WINDOW {
                let own = &whole.row(y)[left..left + WINDOW];
                let other = &again.row(y)[left..left + WINDOW];
                for (x, (&p, &q)) in own.iter().zip(other).enumerate() {
                    a[x] += p;
                    b[x] += q;
                    aa[x] += p * p;
                    bb[x] += q * q;
                    ab[x] += p * q;
                }
            }
            let count = (WINDOW * WINDOW) as f32;
            let [a, b, aa, bb, ab] = sums.map(|columns| columns.iter().sum::<f32>() / count);
            let ssim = (2.0 * a * b + C1) * (2.0 * (ab - a * b) + C2)
                / ((a * a + b * b + C1) * (aa - a * a + bb - b * b + C2));
            let lost = (aa + bb - 2.0 * ab).max(0.0);
            windows.push(Window { ssim, lost });
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::{Raster, Samples};
    use crate::survey::tiles;

    fn halvings(
        width: usize,
        height: usize,
        value: impl Fn(usize, usize) -> u8,
    ) -> [Option<Halving>; 2] {
        let data: Vec<u8> = (0..width * height)
            .map(|i| value(i % width, i / width))
            .collect();
        let raster = Raster::new(width, height, 1, Samples::U8(&data)).expect("a picture");
        let tiles = tiles(&raster)
            .into_iter()
            .map(|place| Tile::new(&raster, place));
        measure(&tiles.collect::<Vec<_>>())
    }

    fn halving(width: usize, height: usize, value: impl Fn(usize, usize) -> u8) -> Option<Halving> {
        halvings(width, height, value)[0]
    }

    #[test]
    fn coarse_detail_is_lost_at_the_second_halving() {
        let chequer = |x: usize, y: usize| {
            if (x / 2 + y / 2).is_multiple_of(2) {
                228
            } else {
                28
            }
        };
        let [first, second] = halvings(160, 120, chequer);
        let (first, second) = (
            first.expect("enough pixels"),
            second.expect("enough pixels"),
        );
        assert!(
            first.kept > 0.4 && second.kept < 0.02,
            "{first:?} {second:?}"
        );
        assert!((second.lost - 100.0).abs() < 1e-2, "{second:?}");
    }

    #[test]
    fn a_slope_comes_back_and_a_chequer_does_not() {
        let slope = halving(100, 80, |x, y| (x + y) as u8).expect("enough pixels");
        assert!(
            slope.kept > 0.999 && slope.worst > 0.99 && slope.lost < 0.5,
            "{slope:?}"
        );
        let chequer = halving(
            100,
            80,
            |x, y| if (x + y).is_multiple_of(2) { 228 } else { 28 },
        );
        let chequer = chequer.expect("enough pixels");
        // Every pixel is 100 from the mean, which is all that is left.
        assert!(
            (chequer.lost - 100.0).abs() < 1e-2 && chequer.kept < 0.02,
            "{chequer:?}"
        );
    }

    #[test]
    fn what_is_lost_in_one_place_is_in_the_worst_and_hardly_in_the_mean() {
        let spoilt = |x: usize, y: usize| x < 64 && y < 24 && (x + y).is_multiple_of(2);
        let found = halving(160, 160, |x, y| if spoilt(x, y) { 255 } else { 100 });
        let found = found.expect("enough pixels");
        // 24 of 400 windows: more than the worst 20.
        assert!(found.worst < 0.1 && found.kept > 0.9, "{found:?}");
    }

    #[test]
    fn odd_and_tiny_pictures() {
        for (width, height) in [(1, 1), (1, 9), (7, 300), (39, 31)] {
            assert_eq!(halving(width, height, |_, _| 9), None, "{width}x{height}");
        }
        let flat = halving(300, 271, |_, _| 9).expect("enough pixels");
        assert!(
            (flat.kept - 1.0).abs() < 1e-6 && (flat.worst - 1.0).abs() < 1e-6 && flat.lost < 1e-3
        );
    }
}
