//! Gradients of a tile, at its own sharpness and blurred once more.

use super::tile::Tile;

/// Standard deviation of the blur that edges are compared under, in pixels.
pub const REBLUR: f32 = 1.0;

/// Columns and rows at the end of the data for which nothing is computed.
pub const BORDER: usize = 4;

/// Half of a Gaussian of deviation [`REBLUR`], its sum 1 with the mirrored half.
const KERNEL: [f32; 4] = [0.399_050_28, 0.242_036_23, 0.054_005_58, 0.004_433_05];

/// Lengths of the central differences of a tile, in levels of 0 to 255 a pixel, in its width and height.
#[derive(Clone, Debug)]
pub struct Gradient<'a> {
    tile: &'a Tile,
    /// Euclidean length.
    length: Vec<f32>,
    /// The same length after a Gaussian of deviation 1 (`REBLUR`).
    blurred: Vec<f32>,
}

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

impl<'a> Gradient<'a> {
    /// Of a whole tile, margin included.
    pub fn new(tile: &'a Tile) -> Self {
        let soft = blur(&tile.luma, tile.width, tile.height);
        Gradient {
            tile,
            length: lengths(&tile.luma, tile.width, tile.height, 1),
            blurred: lengths(&soft, tile.width, tile.height, BORDER),
        }
    }

    /// Edge points of the part that the tile answers for, with gradients of at least `least`.
    pub fn edge_points(&self, least: f32) -> Vec<EdgePoint> {
        let (tile, width) = (self.tile, self.tile.width);
        let mut points = Vec::new();
        let columns = tile.columns(BORDER);
        for y in tile.rows(BORDER) {
            let row = &self.length[y * width..(y + 1) * width];
            for x in columns.clone() {
                let length = row[x];
                if length < least {
                    continue;
                }
                let at = y * width + x;
                let (gx, gy) = difference(&tile.luma, width, at);
                // The two neighbours across the edge, to the nearest of eight directions.
                let step = if gx.abs() > 2.414 * gy.abs() {
                    1
                } else if gy.abs() > 2.414 * gx.abs() {
                    width
                } else if (gx > 0.0) == (gy > 0.0) {
                    width + 1
                } else {
                    width - 1
                };
                // On a plateau of two equal values one of them is the edge.
                if self.length[at - step] > length || self.length[at + step] >= length {
                    continue;
                }
                let ratio = length / self.blurred[at].max(1e-3);
                let sigma = if ratio > 1.0 {
                    (REBLUR / (ratio * ratio - 1.0).sqrt()).min(MOST_SIGMA)
                } else {
                    MOST_SIGMA
                };
                points.push(EdgePoint {
                    x,
                    y,
                    length,
                    sigma,
                });
            }
        }
        points
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
        let tile = self.tile;
        let last = tile.width - 1;
        let row = tile.row(y);
        let across = row[..last - 1].iter().zip(&row[2..]);
        let down = tile.row(y - 1)[1..last]
            .iter()
            .zip(&tile.row(y + 1)[1..last]);
        let xx = self.xx[1..last].iter_mut();
        let sums = xx.zip(&mut self.yy[1..last]).zip(&mut self.xy[1..last]);
        for (((xx, yy), xy), ((left, right), (above, below))) in sums.zip(across.zip(down)) {
            let (x, y) = ((right - left) / 2.0, (below - above) / 2.0);
            *xx += sign * x * x;
            *yy += sign * y * y;
            *xy += sign * x * y;
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

/// Blur beyond which the comparison says nothing more.
const MOST_SIGMA: f32 = 8.0;

/// Central differences at a place that is not at the end of the data.
fn difference(luma: &[f32], width: usize, at: usize) -> (f32, f32) {
    (
        (luma[at + 1] - luma[at - 1]) / 2.0,
        (luma[at + width] - luma[at - width]) / 2.0,
    )
}

/// Lengths of the central differences, zero within `border` of the end.
fn lengths(luma: &[f32], width: usize, height: usize, border: usize) -> Vec<f32> {
    let mut length = vec![0.0; luma.len()];
    if width <= 2 * border || height <= 2 * border {
        return length;
    }
    let (columns, row) = (border..width - border, |y: usize| {
        &luma[y * width..][..width]
    });
    for y in border..height - border {
        let out = &mut length[y * width..][columns.clone()];
        let (above, below) = (&row(y - 1)[columns.clone()], &row(y + 1)[columns.clone()]);
        let left = &row(y)[columns.start - 1..columns.end - 1];
        let right = &row(y)[columns.start + 1..columns.end + 1];
        let sides = left.iter().zip(right).zip(above.iter().zip(below));
        for (out, ((left, right), (above, below))) in out.iter_mut().zip(sides) {
            let (dx, dy) = ((right - left) / 2.0, (below - above) / 2.0);
            *out = (dx * dx + dy * dy).sqrt();
        }
    }
    length
}

/// A Gaussian of deviation `REBLUR`; within three pixels of the end the values are as they were.
fn blur(luma: &[f32], width: usize, height: usize) -> Vec<f32> {
    let mut across = luma.to_vec();
    if width < 7 || height < 7 {
        return across;
    }
    let mut both = across.clone();
    for (row, out) in luma.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        let count = width - 6;
        weigh(
            std::array::from_fn(|i| &row[i..i + count]),
            &mut out[3..3 + count],
        );
    }
    for y in 3..height - 3 {
        let row = |i: usize| &across[(y + i - 3) * width..][..width];
        weigh(std::array::from_fn(row), &mut both[y * width..][..width]);
    }
    both
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
            let points = Gradient::new(&tile).edge_points(5.0);
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
