//! The whole picture, small.

use rayon::prelude::*;

use super::tile::{MARGIN, Tile};
use crate::raster::{Raster, luma};
use crate::report::Place;

/// Rows of a band.
const BAND: usize = 128;

/// A copy reduced by a whole factor, by averages, transparent pixels over the ground.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Pixels of the picture for a pixel here, along each side.
    pub factor: usize,
    /// Red, green and blue, 0 to 255, `width * height` of them.
    pub rgb: Vec<[f32; 3]>,
    /// Luma of them (ITU-R BT.601), 0 to 255.
    pub luma: Vec<f32>,
}

impl Overview {
    /// Of pixels of red, green and blue, 0 to 255, each of which stands for `factor` pixels of the picture along each side.
    ///
    /// # Panics
    ///
    /// Panics unless there are `width * height` of them.
    pub fn of(width: usize, height: usize, factor: usize, rgb: Vec<[f32; 3]>) -> Self {
        assert_eq!(rgb.len(), width * height);
        Overview {
            width,
            height,
            factor,
            luma: rgb.iter().copied().map(luma).collect(),
            rgb,
        }
    }

    /// A copy whose longer side is at most `longest` pixels. The last column and row may stand for fewer pixels.
    ///
    /// Of what a pixel stands for at most 4x4 spread evenly are averaged.
    pub fn new(raster: &Raster<'_>, longest: usize) -> Self {
        let factor = raster.width().max(raster.height()).div_ceil(longest);
        let width = raster.width().div_ceil(factor);
        let height = raster.height().div_ceil(factor);
        let step = factor.div_ceil(4);
        let mut rgb = vec![[0.0; 3]; width * height];
        rgb.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
            if factor == 1 {
                return raster.rgb_row(y, 0, row);
            }
            let rows = y * factor..((y + 1) * factor).min(raster.height());
            for (x, out) in row.iter_mut().enumerate() {
                let columns = x * factor..((x + 1) * factor).min(raster.width());
                let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
                for y in rows.clone().step_by(step) {
                    for x in columns.clone().step_by(step) {
                        let (rgb, alpha) = (raster.rgb(x, y), raster.alpha(x, y));
                        for (sum, v) in sum.iter_mut().zip(rgb) {
                            *sum += v * alpha + 255.0 * (1.0 - alpha);
                        }
                        count += 1.0;
                    }
                }
                *out = sum.map(|v| v / count);
            }
        });
        Overview::of(width, height, factor, rgb)
    }

    /// A copy of this copy whose longer side is at most `longest` pixels.
    pub fn reduced(&self, longest: usize) -> Self {
        self.reduced_by(self.width.max(self.height).div_ceil(longest))
    }

    /// A copy of this copy, reduced by a whole factor.
    pub fn reduced_by(&self, more: usize) -> Self {
        if more == 1 {
            return self.clone();
        }
        let (width, height) = (self.width.div_ceil(more), self.height.div_ceil(more));
        let mut rgb = vec![[0.0; 3]; width * height];
        for (y, out) in rgb.chunks_exact_mut(width).enumerate() {
            let rows = y * more..((y + 1) * more).min(self.height);
            for row in rows.clone() {
                let row = &self.rgb[row * self.width..(row + 1) * self.width];
                for (out, pixels) in out.iter_mut().zip(row.chunks(more)) {
                    for p in pixels {
                        *out = [out[0] + p[0], out[1] + p[1], out[2] + p[2]];
                    }
                }
            }
            for (x, out) in out.iter_mut().enumerate() {
                let columns = more.min(self.width - x * more);
                let share = 1.0 / (rows.len() * columns) as f32;
                *out = out.map(|v| v * share);
            }
        }
        Overview::of(width, height, self.factor * more, rgb)
    }

    /// The whole copy as tiles as wide as it, in pixels of the copy.
    pub fn bands(&self) -> Vec<Tile> {
        let starts = (0..self.height).step_by(BAND);
        let bands = starts.map(|start| {
            let end = (start + BAND).min(self.height);
            let held = start.saturating_sub(MARGIN)..(end + MARGIN).min(self.height);
            Tile {
                place: Place {
                    x: 0,
                    y: start,
                    width: self.width,
                    height: end - start,
                },
                x: 0,
                y: held.start,
                width: self.width,
                height: held.len(),
                luma: self.luma[held.start * self.width..held.end * self.width].to_vec(),
            }
        });
        bands.collect()
    }

    /// The pixels of the picture that a rectangle here stands for. `raster` gives the bounds.
    pub fn place(
        &self,
        raster: &Raster<'_>,
        x: usize,
        y: usize,
        width: usize,
        height: usize,
    ) -> Place {
        let (x, y) = (x * self.factor, y * self.factor);
        Place {
            x,
            y,
            width: (width * self.factor).min(raster.width() - x),
            height: (height * self.factor).min(raster.height() - y),
        }
    }
}
