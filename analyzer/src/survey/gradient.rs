//! Gradients of a tile, at its own sharpness and blurred once more.

use super::tile::Tile;

/// Standard deviation of the blur that edges are compared under, in pixels.
pub const REBLUR: f32 = 1.0;

/// Columns and rows at the end of the data for which nothing is computed.
pub const BORDER: usize = 4;

/// Half of a Gaussian of deviation [`REBLUR`], its sum 1 with the mirrored half.
const KERNEL: [f32; 4] = [0.399_050_28, 0.242_036_23, 0.054_005_58, 0.004_433_05];

/// Central differences, in levels of 0 to 255 a pixel. All vectors have a tile's width and height.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// Columns.
    pub width: usize,
    /// Horizontally.
    pub x: Vec<f32>,
    /// Vertically.
    pub y: Vec<f32>,
    /// Euclidean length.
    pub length: Vec<f32>,
    /// The same length after a Gaussian of deviation 1 (`REBLUR`).
    pub blurred: Vec<f32>,
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
    /// How much the directions around it agree, 0 to 1.
    pub coherence: f32,
}

impl Gradient {
    /// Of a whole tile, margin included.
    pub fn new(tile: &Tile) -> Self {
        let (x, y, length) = differences(&tile.luma, tile.width, tile.height, 1);
        let soft = blur(&tile.luma, tile.width, tile.height);
        let (_, _, blurred) = differences(&soft, tile.width, tile.height, BORDER);
        Gradient {
            width: tile.width,
            x,
            y,
            length,
            blurred,
        }
    }

    /// Edge points of the part that the tile answers for, with gradients of at least `least`.
    pub fn edge_points(&self, tile: &Tile, least: f32) -> Vec<EdgePoint> {
        let mut points = Vec::new();
        let rows = tile.rows(BORDER);
        let mut tensor = Tensor::new(self, rows.start);
        for y in rows {
            tensor.move_to(self, y);
            for x in tile.columns(BORDER) {
                let at = y * self.width + x;
                let length = self.length[at];
                if length < least {
                    continue;
                }
                let (gx, gy) = (self.x[at], self.y[at]);
                // The two neighbours across the edge, to the nearest of eight directions.
                let step = if gx.abs() > 2.414 * gy.abs() {
                    1
                } else if gy.abs() > 2.414 * gx.abs() {
                    self.width
                } else if (gx > 0.0) == (gy > 0.0) {
                    self.width + 1
                } else {
                    self.width - 1
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
                    coherence: tensor.coherence(x),
                });
            }
        }
        points
    }
}

/// Rows and columns to each side of a point over which directions are compared.
const REACH: usize = 3;

/// The structure tensor summed over 7 rows, column by column; it moves down a picture row by row.
struct Tensor {
    /// The row in the middle.
    y: usize,
    xx: Vec<f32>,
    yy: Vec<f32>,
    xy: Vec<f32>,
}

impl Tensor {
    /// Around a row that is at least [`REACH`] away from the first and the last.
    fn new(gradient: &Gradient, y: usize) -> Self {
        let zeros = || vec![0.0; gradient.width];
        let mut tensor = Tensor {
            y,
            xx: zeros(),
            yy: zeros(),
            xy: zeros(),
        };
        if gradient.x.len() > (y + REACH) * gradient.width {
            for row in y - REACH..=y + REACH {
                tensor.add(gradient, row, 1.0);
            }
        }
        tensor
    }

    fn add(&mut self, gradient: &Gradient, row: usize, sign: f32) {
        let part = row * gradient.width..(row + 1) * gradient.width;
        let sums = self.xx.iter_mut().zip(&mut self.yy).zip(&mut self.xy);
        let steps = gradient.x[part.clone()].iter().zip(&gradient.y[part]);
        for (((xx, yy), xy), (&x, &y)) in sums.zip(steps) {
            *xx += sign * x * x;
            *yy += sign * y * y;
            *xy += sign * x * y;
        }
    }

    /// One row down, or none.
    fn move_to(&mut self, gradient: &Gradient, y: usize) {
        while self.y < y {
            self.add(gradient, self.y - REACH, -1.0);
            self.y += 1;
            self.add(gradient, self.y + REACH, 1.0);
        }
    }

    /// `(l1 - l2) / (l1 + l2)` over 7x7 pixels, 0 to 1.
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

/// Central differences and their length, zero within `border` of the end.
fn differences(
    luma: &[f32],
    width: usize,
    height: usize,
    border: usize,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let (mut dx, mut dy) = (vec![0.0; luma.len()], vec![0.0; luma.len()]);
    let mut length = vec![0.0; luma.len()];
    if width <= 2 * border || height <= 2 * border {
        return (dx, dy, length);
    }
    for y in border..height - border {
        let row = y * width;
        for at in row + border..row + width - border {
            dx[at] = (luma[at + 1] - luma[at - 1]) / 2.0;
            dy[at] = (luma[at + width] - luma[at - width]) / 2.0;
            length[at] = (dx[at] * dx[at] + dy[at] * dy[at]).sqrt();
        }
    }
    (dx, dy, length)
}

/// A Gaussian of deviation `REBLUR`; within three pixels of the end the values are as they were.
fn blur(luma: &[f32], width: usize, height: usize) -> Vec<f32> {
    let mut across = luma.to_vec();
    if width < 7 || height < 7 {
        return across;
    }
    let weigh = |data: &[f32], at: usize, step: usize| {
        KERNEL[0] * data[at]
            + KERNEL[1] * (data[at - step] + data[at + step])
            + KERNEL[2] * (data[at - 2 * step] + data[at + 2 * step])
            + KERNEL[3] * (data[at - 3 * step] + data[at + 3 * step])
    };
    for y in 0..height {
        let row = y * width + 3..(y + 1) * width - 3;
        for (at, out) in row.clone().zip(&mut across[row]) {
            *out = weigh(luma, at, 1);
        }
    }
    let mut both = across.clone();
    let inner = 3 * width..(height - 3) * width;
    for (at, out) in inner.clone().zip(&mut both[inner]) {
        *out = weigh(&across, at, width);
    }
    both
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
            let points = Gradient::new(&tile).edge_points(&tile, 5.0);
            assert_eq!(points.len(), 64 - 2 * BORDER, "one point a row");
            for point in points {
                let apart = (f64::from(point.sigma) - sigma).abs();
                assert!(apart < 0.15 * sigma + 0.1, "{sigma}: {}", point.sigma);
                assert!(point.coherence > 0.99);
            }
        }
    }
}
