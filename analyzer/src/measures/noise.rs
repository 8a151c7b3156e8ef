//! How much noise is in it?
//!
//! Where a picture has little texture, what is left at the high frequencies of small blocks is noise. Blocks are
//! chosen by their energy at the other frequencies, of which white noise at high ones is independent: the choice
//! does not favour blocks whose noise happens to be low. First the flattest few are listened to, then all that are
//! as flat as this noise alone would make them (Liu et al. 2013 choose so by gradients). The basis is the cosine
//! transform: principal components of 7x7 patches (Chen et al. 2015) read texture of photographs as three to five
//! times as much noise, and have to be computed first.
//!
//! What is measured is the standard deviation in one colour channel, green (grey where there is no colour), in
//! 8-bit steps: the same number whether the channels' noise is independent or common. Luma would show two thirds of
//! independent noise. Noise that went through JPEG or that was enlarged has lost its high frequencies and reads
//! lower than it was: it is what is left that counts.

use rayon::prelude::*;

use crate::raster::Raster;
use crate::report::{Map, Measure, Place, Score, Status};
use crate::survey::{BLOCK, Block, Dct, Tile, block_at};

/// Steps from block to block, of which each has some prime to the 8 of JPEG: no phase of its grid is preferred.
/// The fine one is for pictures of up to [`FEW`] tiles.
const STEP: usize = 5;
const FINE_STEP: usize = 3;
const FEW: usize = 2;
/// Highest sum of the two frequencies that tells texture.
const LOW: usize = 7;
/// Coefficients up to there, without the mean: what noise of deviation 1 adds to their energy.
const TEXTURE: f32 = 35.0;
/// Lowest sum of the two frequencies that tells noise.
const HIGH: usize = 9;
/// Coefficients from there on: 6 + 5 + 4 + 3 + 2 + 1.
const NOISE: usize = 21;
/// Share of the blocks, those of the least texture, that is listened to first.
const FLATTEST: f32 = 0.02;
/// How often the blocks are chosen anew by the noise of those before.
const ROUNDS: usize = 2;
/// Of a tile's blocks this share is kept at first, so that a picture's flat tiles can outvote the others.
const KEPT: f32 = 0.25;
/// Fewest blocks that give a number: its standard error is then 8 %.
const LEAST: usize = 100;
/// Samples of a block that may be at the ends of the scale, where noise is cut off.
const CLIPPED: usize = 1;
/// The coefficients' deviations are sorted and this one is taken: above it texture may have its part.
const QUANTILE: f32 = 0.4;
/// Median of the absolute value of a normal variable of deviation 1.
const MEDIAN: f32 = 0.674_49;
/// Steps of brightness in the curve, over 0 to 255.
const LEVELS: usize = 8;
/// Deviation in 8-bit steps up to which noise is not seen.
pub const CLEAN: f32 = 2.0;
/// Deviation from which nothing else is.
const RUINED: f32 = 25.0;

/// The noise of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// Standard deviation in a colour channel, in 8-bit steps.
    pub sigma: f32,
    /// The same by brightness, from dark to bright; brightnesses that have too few blocks are left out.
    pub curve: Vec<Level>,
    /// The same by tile, in the tiles' order; `None` where too little of one can be judged.
    pub tiles: Vec<Option<f32>>,
}

/// The noise at one brightness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Mean of the blocks, 0 to 255.
    pub brightness: f32,
    /// Standard deviation in 8-bit steps.
    pub sigma: f32,
}

/// What is kept of a block.
#[derive(Clone, Copy)]
struct Sample {
    texture: f32,
    brightness: f32,
    noise: [f32; NOISE],
}

/// Measures the noise over the tiles; `None` if fewer than 100 blocks of 8x8 pixels are free of clipping.
pub fn measure(raster: &Raster<'_>, tiles: &[Tile]) -> Option<Noise> {
    let step = if tiles.len() <= FEW { FINE_STEP } else { STEP };
    let dct = Dct::default();
    let found: Vec<(usize, Vec<Sample>)> = tiles
        .par_iter()
        .map(|tile| {
            let mut samples = collect(raster, tile, step, &dct);
            let count = samples.len();
            let kept = ((count as f32 * KEPT) as usize).max(LEAST).min(count);
            if kept < count {
                samples.select_nth_unstable_by(kept, |a, b| a.texture.total_cmp(&b.texture));
                samples.truncate(kept);
            }
            (count, samples)
        })
        .collect();
    let local = found
        .par_iter()
        .map(|(count, samples)| estimate(samples.iter().collect(), *count))
        .collect();
    let count = found.iter().map(|(count, _)| count).sum();
    let samples: Vec<&Sample> = found.iter().flat_map(|(_, samples)| samples).collect();
    Some(Noise {
        curve: curve(&samples),
        sigma: estimate(samples, count)?,
        tiles: local,
    })
}

/// The blocks of a tile that are not clipped.
fn collect(raster: &Raster<'_>, tile: &Tile, step: usize, dct: &Dct) -> Vec<Sample> {
    let place = tile.place;
    let mut plane = vec![0.0; place.width * place.height];
    for (row, out) in plane.chunks_exact_mut(place.width).enumerate() {
        raster.green_row(place.y + row, place.x, out);
    }
    let mut samples = Vec::new();
    for y in (0..(place.height + 1).saturating_sub(BLOCK)).step_by(step) {
        for x in (0..(place.width + 1).saturating_sub(BLOCK)).step_by(step) {
            let block = block_at(&plane, place.width, x, y);
            let clipped = block.iter().flatten().filter(|&&v| v <= 0.0 || v >= 255.0);
            if clipped.count() <= CLIPPED {
                samples.push(sample(&dct.forward(&block)));
            }
        }
    }
    samples
}

fn sample(coefficients: &Block) -> Sample {
    let mut texture = 0.0;
    let mut noise = [0.0; NOISE];
    let mut at = 0;
    for (v, row) in coefficients.iter().enumerate() {
        for (u, &c) in row.iter().enumerate() {
            if u + v <= LOW && u + v > 0 {
                texture += c * c;
            } else if u + v >= HIGH {
                noise[at] = c;
                at += 1;
            }
        }
    }
    Sample {
        texture,
        // The first coefficient of an orthonormal transform is the mean times the side.
        brightness: coefficients[0][0] / BLOCK as f32,
        noise,
    }
}

/// The deviation of a picture of `count` blocks, of which these are those of the least texture.
fn estimate(mut samples: Vec<&Sample>, count: usize) -> Option<f32> {
    if samples.len() < LEAST {
        return None;
    }
    samples.sort_unstable_by(|a, b| a.texture.total_cmp(&b.texture));
    let first = ((count as f32 * FLATTEST) as usize).clamp(LEAST, samples.len());
    let mut sigma = deviation(&samples[..first]);
    for _ in 0..ROUNDS {
        let flat = samples.partition_point(|s| s.texture <= TEXTURE * sigma * sigma);
        sigma = deviation(&samples[..flat.max(first)]);
    }
    Some(sigma)
}

/// The standard deviation of the samples' high frequencies.
fn deviation(samples: &[&Sample]) -> f32 {
    let middle = samples.len() / 2;
    let mut values = vec![0.0; samples.len()];
    let mut deviations: [f32; NOISE] = std::array::from_fn(|k| {
        for (value, sample) in values.iter_mut().zip(samples) {
            *value = sample.noise[k].abs();
        }
        *values.select_nth_unstable_by(middle, f32::total_cmp).1 / MEDIAN
    });
    deviations.sort_unstable_by(f32::total_cmp);
    deviations[(NOISE as f32 * QUANTILE) as usize]
}

/// The deviations by brightness.
fn curve(samples: &[&Sample]) -> Vec<Level> {
    let mut bins: Vec<Vec<&Sample>> = vec![Vec::new(); LEVELS];
    for sample in samples {
        let bin = (sample.brightness / 256.0 * LEVELS as f32) as usize;
        bins[bin.min(LEVELS - 1)].push(sample);
    }
    bins.into_par_iter()
        .filter_map(|bin| {
            let sum: f32 = bin.iter().map(|sample| sample.brightness).sum();
            let brightness = sum / bin.len() as f32;
            let count = (bin.len() as f32 / KEPT) as usize;
            Some(Level {
                brightness,
                sigma: estimate(bin, count)?,
            })
        })
        .collect()
}

impl Noise {
    /// Noise over the picture, a cell a tile of full size; 1 at a deviation of 25. Tiles that were not looked at or
    /// could not be judged have the picture's value.
    pub fn map(&self, raster: &Raster<'_>, tiles: &[Tile]) -> Map {
        let judged = tiles.iter().zip(&self.tiles);
        Map::of_tiles(
            Measure::Noise,
            judged.filter_map(|(tile, sigma)| Some((tile.place, (*sigma)? / RUINED))),
            self.sigma / RUINED,
            raster.width(),
            raster.height(),
        )
    }

    /// The noisiest tile, where it is noisier than the picture.
    fn worst(&self, tiles: &[Tile]) -> Option<Place> {
        let judged = tiles.iter().zip(&self.tiles);
        let (place, sigma) = judged
            .filter_map(|(tile, sigma)| Some((tile.place, (*sigma)?)))
            .max_by(|a, b| a.1.total_cmp(&b.1))?;
        (sigma > self.sigma * 1.2 && sigma > CLEAN).then_some(place)
    }
}

/// The score of what was measured: 1 up to a deviation of 2, 0 from 25 on.
pub fn score(noise: Option<&Noise>, raster: &Raster<'_>, tiles: &[Tile]) -> Score {
    let Some(noise) = noise else {
        // 100 blocks, three pixels apart.
        let side = 9 * FINE_STEP + BLOCK;
        return if raster.width().min(raster.height()) < side {
            let words = "too few pixels to tell noise from texture";
            Score::absent(Measure::Noise, Status::TooSmall, words)
        } else {
            let words = "all of it is black or white: noise would be cut off";
            Score::absent(Measure::Noise, Status::NotJudged, words)
        };
    };
    let sigma = noise.sigma;
    let value = 1.0 - (sigma - CLEAN) / (RUINED - CLEAN);
    let words = if sigma <= CLEAN {
        format!("free of fine noise that would be seen (sigma {sigma:.1})")
    } else if sigma <= 6.0 {
        format!("some noise (sigma {sigma:.1})")
    } else {
        format!("noisy (sigma {sigma:.0})")
    };
    Score::measured(Measure::Noise, value, words).at(noise.worst(tiles).into_iter().collect())
}
