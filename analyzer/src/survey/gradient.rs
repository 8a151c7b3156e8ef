//! Gradients of a tile, at its own sharpness and blurred once more.

use super::tile::Tile;

/// Standard deviation of the blur that edges are compared under, in pixels.
pub const REBLUR: f32 = 1.0;

/// Columns and rows at the end of the data for which nothing is computed.
pub const BORDER: usize = 4;

/// Half of a Gaussian of deviation [`REBLUR`], its sum 1 with the mirrored half.
const KERNEL: [f32; 4] = [0.399_050_28, 0.242_036_23, 0.054_005_58, 0.004_433_05];

/// A point on an edge: a local maximum of the gradient along its own direction.
#[derive(Clone, Copy, Debug)]
pub struct EdgePoint {
    /// Column in the tile's data.
    pub x: usize,
    /// Row.
    pub y: usize,
    /// Length of the gradient, levels a pixel.
    pub length: f32,
    /// Standard deviation of the edge's blur in pixels, 0 where it is sharper than can be told.
    pub sigma: f32,
}

/// Edge points of the part that a tile answers for, with gradients of at least `least`, in reading order.
///
/// A few rows at a time are held, so that all of it stays in the caches.
pub fn edge_points(tile: &Tile, least: f32) -> Vec<EdgePoint> {
    let (columns, rows) = (tile.columns(BORDER), tile.rows(BORDER));
    let mut points = Vec::new();
    if columns.is_empty() || rows.is_empty() {
        return points;
    }
    // Of the rows above, here and below.
    let mut squares = Rows::new(tile.width, |y, out| squares(tile, y, out));
    let mut soft = Rows::new(tile.width, {
        let mut down = vec![0.0; tile.width];
        move |y, out| blur(tile, y, &mut down, out)
    });
    let mut is_ridge = vec![false; tile.width];
    let mut ridges = vec![0; tile.width];
    for y in rows {
        let (squares, soft) = (squares.around(y), soft.around(y));
        mark_ridges(tile, y, squares, least * least, &mut is_ridge);
        let mut count = 0;
        for x in columns.clone() {
            ridges[count] = x;
            count += usize::from(is_ridge[x]);
        }
        points.extend(ridges[..count].iter().map(|&x| {
            let length = squares[1][x].sqrt();
            let (dx, dy) = (
                (soft[1][x + 1] - soft[1][x - 1]) / 2.0,
                (soft[2][x] - soft[0][x]) / 2.0,
            );
            let ratio = length / (dx * dx + dy * dy).sqrt().max(1e-3);
            let sigma = if ratio > 1.0 {
                (REBLUR / (ratio * ratio - 1.0).sqrt()).min(MOST_SIGMA)
            } else {
                MOST_SIGMA
            };
            EdgePoint {
                x,
                y,
                length,
                sigma,
            }
        }));
    }
    points
}

/// Three rows of something that is made row by row.
struct Rows<F> {
    rows: [Vec<f32>; 3],
    is_empty: bool,
    make: F,
}

impl<F: FnMut(usize, &mut [f32])> Rows<F> {
    fn new(width: usize, make: F) -> Self {
        Rows {
            rows: [0; 3].map(|_| vec![0.0; width]),
            is_empty: true,
            make,
        }
    }

    /// The rows above, at and below `y`, which is the one after that of the last call.
    fn around(&mut self, y: usize) -> [&[f32]; 3] {
        if std::mem::take(&mut self.is_empty) {
            (self.make)(y - 1, &mut self.rows[1]);
            (self.make)(y, &mut self.rows[2]);
        }
        self.rows.rotate_left(1);
        (self.make)(y + 1, &mut self.rows[2]);
        self.rows.each_ref().map(Vec::as_slice)
    }
}

/// Central differences across and down about the pixels of a row but its ends.
fn differences(tile: &Tile, y: usize) -> impl Iterator<Item = (f32, f32)> + '_ {
    let last = tile.width - 1;
    let row = tile.row(y);
    let across = row[..last - 1].iter().zip(&row[2..]);
    let (above, below) = (&tile.row(y - 1)[1..last], &tile.row(y + 1)[1..last]);
    let down = above.iter().zip(below);
    let both = across.zip(down);
    both.map(|((left, right), (above, below))| ((right - left) / 2.0, (below - above) / 2.0))
}

/// Squared lengths of the central differences of a row.
fn squares(tile: &Tile, y: usize, out: &mut [f32]) {
    let inner = 1..tile.width - 1;
    for (out, (dx, dy)) in out[inner].iter_mut().zip(differences(tile, y)) {
        *out = dx * dx + dy * dy;
    }
}

/// Marks the pixels of a row that are no less steep than what lies before them along their gradient, to the nearest of eight
/// directions, and steeper than what lies after: on a plateau of two equal values one of them is the edge.
///
/// All of it is computed for every pixel: where edges are is nothing that a processor could foresee.
fn mark_ridges(tile: &Tile, y: usize, squares: [&[f32]; 3], least: f32, is_ridge: &mut [bool]) {
    let count = tile.width - 2;
    let [above, here, below] = squares.map(|row| [&row[..count], &row[1..=count], &row[2..]]);
    let out = &mut is_ridge[1..=count];
    for (i, (out, (dx, dy))) in out.iter_mut().zip(differences(tile, y)).enumerate() {
        let own = here[1][i];
        let tops = |before: f32, after: f32| (before <= own) & (after < own);
        let (wide, high) = (dx.abs(), dy.abs());
        let is_across = wide > STEEP * high;
        let is_down = high > STEEP * wide;
        let falls = (dx > 0.0) == (dy > 0.0);
        let across = is_across & tops(here[0][i], here[2][i]);
        let down = is_down & tops(above[1][i], below[1][i]);
        let aslant =
            (falls & tops(above[0][i], below[2][i])) | (!falls & tops(above[2][i], below[0][i]));
        *out = (own >= least) & (across | down | (!is_across & !is_down & aslant));
    }
}

/// Rows and columns to each side of a point over which directions are compared.
const REACH: usize = 3;

/// How much the directions of the gradient agree over the 7x7 pixels around points in reading order, 0 to 1:
/// `(l1 - l2) / (l1 + l2)` of the structure tensor's eigenvalues.
pub fn coherence(tile: &Tile, points: &[EdgePoint]) -> Vec<f32> {
    let Some(first) = points.first() else {
        return Vec::new();
    };
    let mut tensor = Tensor::new(tile, first.y);
    let each = points.iter().map(|point| {
        tensor.move_to(point.y);
        tensor.coherence(point.x)
    });
    each.collect()
}

/// The structure tensor summed over 7 rows, column by column; it moves down a picture row by row.
struct Tensor<'a> {
    tile: &'a Tile,
    /// The row in the middle.
    y: usize,
    xx: Vec<f32>,
    yy: Vec<f32>,
    xy: Vec<f32>,
}

impl<'a> Tensor<'a> {
    /// Around a row that is at least [`BORDER`] away from the first and the last.
    fn new(tile: &'a Tile, y: usize) -> Self {
        let zeros = || vec![0.0; tile.width];
        let mut tensor = Tensor {
            tile,
            y,
            xx: zeros(),
            yy: zeros(),
            xy: zeros(),
        };
        for row in y - REACH..=y + REACH {
            tensor.add(row, 1.0);
        }
        tensor
    }

    fn add(&mut self, y: usize, sign: f32) {
        let inner = 1..self.tile.width - 1;
        let xx = self.xx[inner.clone()].iter_mut();
        let sums = xx.zip(&mut self.yy[inner.clone()]).zip(&mut self.xy[inner]);
        for (((xx, yy), xy), (dx, dy)) in sums.zip(differences(self.tile, y)) {
            *xx += sign * dx * dx;
            *yy += sign * dy * dy;
            *xy += sign * dx * dy;
        }
    }

    /// Down to a row.
    fn move_to(&mut self, y: usize) {
        while self.y < y {
            self.add(self.y - REACH, -1.0);
            self.y += 1;
            self.add(self.y + REACH, 1.0);
        }
    }

    fn coherence(&self, x: usize) -> f32 {
        let part = x - REACH..x + REACH + 1;
        let sum = |values: &[f32]| values.iter().sum::<f32>();
        let (xx, yy, xy) = (
            sum(&self.xx[part.clone()]),
            sum(&self.yy[part.clone()]),
            sum(&self.xy[part]),
        );
        let apart = ((xx - yy).powi(2) + 4.0 * xy * xy).sqrt();
        (apart / (xx + yy).max(1e-6)).min(1.0)
    }
}

/// Tangent of 67.5 degrees, beyond which a direction is nearer to an axis than to a diagonal.
const STEEP: f32 = 2.414;

/// Blur beyond which the comparison says nothing more.
const MOST_SIGMA: f32 = 8.0;

/// A Gaussian of deviation `REBLUR` of a row, at least three rows from the end; within three pixels of the row's ends it is left
/// as it was. `down` is room for a row.
fn blur(tile: &Tile, y: usize, down: &mut [f32], out: &mut [f32]) {
    weigh(std::array::from_fn(|i| tile.row(y + i - 3)), down);
    let count = tile.width - 6;
    let views = std::array::from_fn(|i| &down[i..i + count]);
    weigh(views, &mut out[3..3 + count]);
}

/// The kernel over seven views of the data, each as long as `out`.
fn weigh(views: [&[f32]; 7], out: &mut [f32]) {
    let [a, b, c, d, e, f, g] = views.map(|view| &view[..out.len()]);
    for (i, out) in out.iter_mut().enumerate() {
        *out = KERNEL[0] * d[i]
            + KERNEL[1] * (c[i] + e[i])
            + KERNEL[2] * (b[i] + f[i])
            + KERNEL[3] * (a[i] + g[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Place;
    use crate::{Raster, Samples};

    /// An edge of known blur between 60 and 200, as an error function.
    fn edge(sigma: f64) -> Vec<u8> {
        let value = |x: f64| {
            // Abramowitz and Stegun 7.1.26.
            let z = ((x - 32.3) / (sigma * std::f64::consts::SQRT_2)).abs();
            let t = 1.0 / (1.0 + 0.327_591_1 * z);
            let poly = t
                * (0.254_829_592
                    + t * (-0.284_496_736
                        + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
            let erf = (1.0 - poly * (-z * z).exp()) * (x - 32.3).signum();
            130.0 + 70.0 * erf
        };
        (0..64 * 64)
            .map(|i| value((i % 64) as f64).round() as u8)
            .collect()
    }

    #[test]
    fn the_blur_of_an_edge_is_found() {
        for sigma in [1.0, 1.5, 2.0, 3.0] {
            let data = edge(sigma);
            let raster = Raster::new(64, 64, 1, Samples::U8(&data)).unwrap();
            let tile = Tile::new(
                &raster,
                Place {
                    x: 0,
                    y: 0,
                    width: 64,
                    height: 64,
                },
            );
            let points = edge_points(&tile, 5.0);
            assert_eq!(points.len(), 64 - 2 * BORDER, "one point a row");
            let coherences = coherence(&tile, &points);
            for (point, coherence) in points.iter().zip(coherences) {
                let apart = (f64::from(point.sigma) - sigma).abs();
                assert!(apart < 0.15 * sigma + 0.1, "{sigma}: {}", point.sigma);
                assert!(coherence > 0.99);
            }
        }
    }
}
