//! How close an enlargement comes to the truth, three ways.

use anyhow::Result;
use ssimulacra2::{
    ColorPrimaries, LinearRgb, Rgb, TransferCharacteristic, compute_frame_ssimulacra2,
};
use upwise_engine::Image;

use crate::degrade::gaussian;

/// Raw scores of one enlargement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// SSIMULACRA2: 30 low, 50 medium, 70 high quality, 100 the same.
    pub quality: f32,
    /// Mean SSIM of luma over the worst 5 % of tiles.
    pub worst: f32,
    /// F1 of edges, found within 1.5 pixels; `None` where the truth has next to none.
    pub edges: Option<f32>,
}

/// A truth made ready to compare with.
pub struct Truth {
    linear: LinearRgb,
    luma: Plane,
    smooth: Moments,
    edges: Edges,
    /// Side of the tiles.
    tile: usize,
}

/// Share of tiles that are the worst.
const WORST: f32 = 0.05;
/// Side of a tile in pixels of the damaged picture.
const TILE: usize = 8;
/// Window of SSIM (Wang et al. 2004), with its constants for 8 bits.
const WINDOW: f32 = 1.5;
const C1: f32 = 6.5025;
const C2: f32 = 58.5225;
/// Fewest pixels of edges that a share can be taken of.
const LEAST_EDGES: usize = 64;

impl Truth {
    /// `scale` is how many times larger than the damaged picture it is.
    pub fn new(picture: &Image, scale: usize) -> Result<Self> {
        let luma = Plane::luma(picture);
        let threshold = luma.gradient().strong();
        Ok(Truth {
            linear: linear(picture)?,
            smooth: Moments::new(&luma, &luma),
            edges: Edges::new(&luma, threshold),
            luma,
            tile: TILE * scale,
        })
    }

    /// Compares an enlargement of the same size, its samples in 0 to 1.
    pub fn compare(&self, picture: &Image) -> Result<Scores> {
        let luma = Plane::luma(picture);
        let quality = compute_frame_ssimulacra2(self.linear.clone(), linear(picture)?)?;
        let found = Edges::new(&luma, self.edges.threshold);
        Ok(Scores {
            quality: quality as f32,
            worst: self.worst(&luma),
            edges: (self.edges.count >= LEAST_EDGES).then(|| self.edges.f1(&found)),
        })
    }

    fn worst(&self, luma: &Plane) -> f32 {
        let own = Moments::new(luma, luma);
        let cross = Moments::new(&self.luma, luma);
        let ssim = |i: usize| {
            let (a, b) = (self.smooth.mean[i], own.mean[i]);
            let variances = self.smooth.product[i] - a * a + own.product[i] - b * b;
            let covariance = cross.product[i] - a * b;
            (2.0 * a * b + C1) * (2.0 * covariance + C2) / ((a * a + b * b + C1) * (variances + C2))
        };
        let mut tiles = Vec::new();
        for top in (0..luma.height).step_by(self.tile) {
            for left in (0..luma.width).step_by(self.tile) {
                let rows = top..(top + self.tile).min(luma.height);
                let columns = left..(left + self.tile).min(luma.width);
                // What is left over at the borders counts where it is half a tile or more.
                if rows.len() * columns.len() * 2 < self.tile * self.tile {
                    continue;
                }
                let count = (rows.len() * columns.len()) as f32;
                let pixels = rows.flat_map(|y| columns.clone().map(move |x| y * luma.width + x));
                tiles.push(pixels.map(ssim).sum::<f32>() / count);
            }
        }
        tiles.sort_by(f32::total_cmp);
        let count = ((tiles.len() as f32 * WORST).ceil() as usize).max(1);
        tiles[..count].iter().sum::<f32>() / count as f32
    }
}

fn linear(picture: &Image) -> Result<LinearRgb> {
    let (pixels, _) = picture.data().as_chunks::<3>();
    let rgb = Rgb::new(
        pixels.to_vec(),
        picture.width(),
        picture.height(),
        TransferCharacteristic::SRGB,
        ColorPrimaries::BT709,
    )?;
    Ok(LinearRgb::try_from(rgb)?)
}

/// One value a pixel, 0 to 255.
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

impl Plane {
    /// Luma (ITU-R BT.601).
    pub fn luma(picture: &Image) -> Plane {
        let (pixels, _) = picture.data().as_chunks::<3>();
        Plane {
            width: picture.width(),
            height: picture.height(),
            data: pixels
                .iter()
                .map(|p| 255.0 * (0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]))
                .collect(),
        }
    }

    fn blur(&self, sigma: f32) -> Plane {
        let weights = gaussian(sigma);
        let (width, height, reach) = (self.width, self.height, weights.len() / 2);
        let mut data = Vec::with_capacity(self.data.len());
        for y in 0..height {
            let mut sum = vec![0.0; width];
            for (i, weight) in weights.iter().enumerate() {
                let y = (y + i).saturating_sub(reach).min(height - 1);
                let row = &self.data[y * width..][..width];
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += weight * v);
            }
            let (first, last) = (vec![sum[0]; reach], vec![sum[width - 1]; reach]);
            let padded = [first, sum, last].concat();
            let mut row = vec![0.0; width];
            for (i, weight) in weights.iter().enumerate() {
                let shifted = &padded[i..i + width];
                row.iter_mut()
                    .zip(shifted)
                    .for_each(|(s, v)| *s += weight * v);
            }
            data.extend(row);
        }
        Plane { data, ..*self }
    }

    /// Gradient by Sobel's filter after a little blur.
    fn gradient(&self) -> Gradient {
        let plane = self.blur(1.0);
        let (width, height) = (plane.width, plane.height);
        let mut steps = vec![(0.0, 0.0); width * height];
        for y in 1..height - 1 {
            for x in 1..width - 1 {
                let at = |dx: usize, dy: usize| plane.data[(y + dy - 1) * width + x + dx - 1];
                let across =
                    at(2, 0) + 2.0 * at(2, 1) + at(2, 2) - at(0, 0) - 2.0 * at(0, 1) - at(0, 2);
                let down =
                    at(0, 2) + 2.0 * at(1, 2) + at(2, 2) - at(0, 0) - 2.0 * at(1, 0) - at(2, 0);
                steps[y * width + x] = (across / 8.0, down / 8.0);
            }
        }
        Gradient {
            width,
            height,
            steps,
        }
    }
}

struct Gradient {
    width: usize,
    height: usize,
    /// Across and down, levels a pixel.
    steps: Vec<(f32, f32)>,
}

/// Weakest gradient of an edge, in levels a pixel, however flat the truth.
const WEAKEST: f32 = 1.5;

impl Gradient {
    fn size(&self, i: usize) -> f32 {
        self.steps[i].0.hypot(self.steps[i].1)
    }

    /// What counts as an edge in a truth: half of what its steepest twentieth has.
    fn strong(&self) -> f32 {
        let mut sizes: Vec<f32> = (0..self.steps.len()).map(|i| self.size(i)).collect();
        let at = sizes.len() * 19 / 20;
        let (_, steep, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
        (*steep / 2.0).max(WEAKEST)
    }
}

/// Means and products under SSIM's window.
struct Moments {
    mean: Vec<f32>,
    product: Vec<f32>,
}

impl Moments {
    fn new(a: &Plane, b: &Plane) -> Moments {
        let product = Plane {
            data: a.data.iter().zip(&b.data).map(|(a, b)| a * b).collect(),
            ..*a
        };
        Moments {
            mean: b.blur(WINDOW).data,
            product: product.blur(WINDOW).data,
        }
    }
}

/// Edges one pixel wide (Canny 1986, with one threshold).
struct Edges {
    width: usize,
    threshold: f32,
    there: Vec<bool>,
    count: usize,
}

impl Edges {
    fn new(luma: &Plane, threshold: f32) -> Edges {
        let gradient = luma.gradient();
        let (width, height) = (gradient.width, gradient.height);
        let mut there = vec![false; width * height];
        for y in 1..height - 1 {
            for x in 1..width - 1 {
                let i = y * width + x;
                let size = gradient.size(i);
                if size < threshold {
                    continue;
                }
                let (across, down) = gradient.steps[i];
                // The neighbours along the gradient, to eight directions.
                let (dx, dy) = match (across.abs(), down.abs()) {
                    (a, d) if d < 0.414 * a => (1, 0),
                    (a, d) if a < 0.414 * d => (0, 1),
                    _ if (across > 0.0) == (down > 0.0) => (1, 1),
                    _ => (1, -1),
                };
                let step = dy * width as isize + dx;
                let (before, after) = ((i as isize - step) as usize, (i as isize + step) as usize);
                there[i] = size > gradient.size(before) && size >= gradient.size(after);
            }
        }
        let count = there.iter().filter(|&&edge| edge).count();
        Edges {
            width,
            threshold,
            there,
            count,
        }
    }

    /// Whether an edge is at most 1.5 pixels away: the eight neighbours.
    fn near(&self, i: usize) -> bool {
        let width = self.width;
        [i - width, i, i + width]
            .iter()
            .any(|&row| self.there[row - 1..=row + 1].contains(&true))
    }

    fn f1(&self, found: &Edges) -> f32 {
        // Edges are never on the border, so neighbours are always there.
        let share = |of: &Edges, near: &Edges| {
            let edges = of.there.iter().enumerate().filter(|&(_, &edge)| edge);
            edges.filter(|&(i, _)| near.near(i)).count() as f32 / of.count.max(1) as f32
        };
        let (precision, recall) = (share(found, self), share(self, found));
        2.0 * precision * recall / (precision + recall).max(1e-6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vertical bars of 16 pixels, moved right by `shift`.
    fn bars(shift: usize, dark: f32) -> Image {
        let value = |x: usize| {
            if ((x + 64 - shift) / 16).is_multiple_of(2) {
                0.8
            } else {
                dark
            }
        };
        let data = (0..96 * 64).flat_map(|i| [value(i % 96); 3]).collect();
        Image::new(96, 64, 3, data).expect("bars")
    }

    #[test]
    fn the_truth_itself_is_perfect() {
        let scores = Truth::new(&bars(0, 0.2), 4)
            .unwrap()
            .compare(&bars(0, 0.2))
            .unwrap();
        assert!(scores.quality > 99.9 && scores.worst > 0.9999, "{scores:?}");
        assert_eq!(scores.edges, Some(1.0));
    }

    #[test]
    fn edges_are_found_within_a_pixel_and_not_beyond() {
        let truth = Truth::new(&bars(0, 0.2), 4).unwrap();
        let edges = |shift| truth.compare(&bars(shift, 0.2)).unwrap().edges.unwrap();
        // At the left border one edge of six comes into the picture.
        assert!(edges(1) > 0.85, "{}", edges(1));
        assert!(edges(3) < 0.01, "{}", edges(3));
    }

    #[test]
    fn one_bad_tile_in_twenty_counts_whole_and_is_hardly_seen_in_the_mean() {
        let truth = bars(0, 0.2);
        let mut data = truth.data().to_vec();
        for (i, v) in data.iter_mut().enumerate() {
            let (x, y) = (i / 3 % 96, i / 3 / 96);
            if x < 16 && y < 16 {
                *v = if (x + y).is_multiple_of(2) { 0.0 } else { 1.0 };
            }
        }
        let spoilt = Image::new(96, 64, 3, data).unwrap();
        // 6 x 4 tiles of 16 pixels: the worst 5 % are two, of which one is spoilt.
        let scores = Truth::new(&truth, 2).unwrap().compare(&spoilt).unwrap();
        assert!(scores.worst > 0.3 && scores.worst < 0.7, "{scores:?}");
    }

    #[test]
    fn without_edges_there_is_no_share_of_them() {
        let flat = Image::new(64, 64, 3, vec![0.5; 64 * 64 * 3]).unwrap();
        assert_eq!(
            Truth::new(&flat, 4).unwrap().compare(&flat).unwrap().edges,
            None
        );
    }
}
