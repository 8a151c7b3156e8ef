//! Lines of luma along one axis, and the spectra that are taken of them.

use std::sync::LazyLock;

use rayon::prelude::*;

use super::fft::Fft;
use crate::raster::Raster;

/// Pixels that are read along each axis at most; long lines need fewer of them.
const PIXELS: usize = 600_000;
/// Lines that are read at least, where the picture has them.
const LINES: usize = 32;
/// Side of JPEG's blocks.
const BLOCK: usize = 8;
/// Sides of repeated pixels that are looked for, and the fewest places where they meet.
const BLOCKS: std::ops::RangeInclusive<usize> = 2..=32;
const FEWEST_BLOCKS: usize = 4;
/// Least of the largest difference of neighbours: a gradient keeps each level for many pixels.
const LEAST_STEP: f32 = 1.5;
/// Half of the window whose mean is taken away from a profile, so that content is no slope in it.
const SLOPE: usize = 16;
/// Periods nearer than so many steps of the spectrum are one: the window's main lobe reaches over two, and a strong
/// line shows beyond.
const APART: f64 = 4.0;
/// Samples of the windows whose mean power is the spectrum.
pub(super) const WINDOW: usize = 128;
/// Windows at most.
const WINDOWS: usize = 1200;
/// Orders of differences whose periodicity is looked at. The variance of the second is constant when a factor of 2
/// is centred on pixels; that of the odd ones is not.
pub(super) const ORDERS: usize = 3;
/// Differences are looked up in this table of ln(1 + |d|) by quarters of a grey level.
static LOGARITHM: LazyLock<[f32; STEPS]> =
    LazyLock::new(|| std::array::from_fn(|i| (i as f32 / 4.0).ln_1p()));
const STEPS: usize = 8192;

/// Lines of luma along one axis.
pub(super) struct Lines {
    length: usize,
    luma: Vec<f32>,
}

impl Lines {
    /// Rows of the picture.
    pub(super) fn rows(raster: &Raster<'_>) -> Self {
        let length = raster.width();
        let count = count(length, raster.height());
        let mut luma = vec![0.0; count * length];
        luma.par_chunks_mut(length)
            .enumerate()
            .for_each(|(i, out)| {
                raster.luma_row(i * raster.height() / count, 0, out);
            });
        Lines { length, luma }
    }

    /// Columns of the picture.
    pub(super) fn columns(raster: &Raster<'_>) -> Self {
        let length = raster.height();
        let count = count(length, raster.width());
        // Read by rows, as they lie in memory, and turned around afterwards.
        let mut rows = vec![0.0; count * length];
        // Where most are read, whole rows are made into luma faster than pixels are.
        let whole = count * 4 > raster.width();
        rows.par_chunks_mut(count).enumerate().for_each_init(
            || vec![0.0; if whole { raster.width() } else { 0 }],
            |row, (y, out)| {
                let columns = (0..count).map(|i| i * raster.width() / count);
                if whole {
                    raster.luma_row(y, 0, row);
                    out.iter_mut()
                        .zip(columns)
                        .for_each(|(out, x)| *out = row[x]);
                } else {
                    for (out, x) in out.iter_mut().zip(columns) {
                        raster.luma_row(y, x, std::slice::from_mut(out));
                    }
                }
            },
        );
        let mut luma = vec![0.0; count * length];
        luma.par_chunks_mut(length)
            .enumerate()
            .for_each(|(i, out)| {
                for (y, out) in out.iter_mut().enumerate() {
                    *out = rows[y * count + i];
                }
            });
        Lines { length, luma }
    }

    /// How often each pixel is repeated, if it is: on all lines neighbours differ only at every second place, or third, and so on.
    pub(super) fn repeated(&self) -> Option<usize> {
        let mut differ = vec![false; self.length - 1];
        let mut largest = 0.0f32;
        for line in self.luma.chunks_exact(self.length) {
            let pairs = line.iter().zip(&line[1..]);
            for (differ, (here, next)) in differ.iter_mut().zip(pairs) {
                *differ |= here != next;
                largest = largest.max((here - next).abs());
            }
            // Next to all pictures end here after a few lines.
            if differ.iter().all(|&differ| differ) {
                break;
            }
        }
        // A gradient's steps are those of 8 bits.
        if largest < LEAST_STEP {
            return None;
        }
        let places: Vec<usize> = (0..differ.len()).filter(|&i| differ[i]).collect();
        if places.len() < FEWEST_BLOCKS {
            return None;
        }
        let alike = |block: &usize| places.iter().all(|at| at % block == places[0] % block);
        BLOCKS.rev().find(alike)
    }

    /// Profiles of the differences' mean logarithm along the axis, by order.
    fn profiles(&self) -> [Vec<f32>; ORDERS] {
        let sum = |mut a: [Vec<f32>; ORDERS], b: [Vec<f32>; ORDERS]| {
            for (a, b) in a.iter_mut().flatten().zip(b.iter().flatten()) {
                *a += b;
            }
            a
        };
        let empty = || std::array::from_fn(|order| vec![0.0f32; self.length - order - 1]);
        let table: &[f32; STEPS] = &LOGARITHM;
        // Added to 2^23, a number is rounded to a whole one, which is then in the lowest bits.
        let logarithm = |d: f32| {
            let place = (d.abs() * 4.0).min((STEPS - 1) as f32) + 8_388_608.0;
            table[place.to_bits() as usize % STEPS]
        };
        let lines = self.luma.len() / self.length;
        self.luma
            .par_chunks_exact(self.length)
            .fold(empty, |mut sums, line| {
                let mut differences = line.to_vec();
                for sums in &mut sums {
                    for i in 0..differences.len() - 1 {
                        differences[i] = differences[i + 1] - differences[i];
                    }
                    differences.pop();
                    for (sum, &d) in sums.iter_mut().zip(&differences) {
                        *sum += logarithm(d);
                    }
                }
                sums
            })
            .reduce(empty, sum)
            .map(|profile| profile.into_iter().map(|v| v / lines as f32).collect())
    }

    /// The strengths of periods in the differences, by order: as they are, and without what crosses the lines of
    /// JPEG's grid.
    pub(super) fn periods(&self) -> [Periods; 2] {
        let profiles = self.profiles();
        let grid = grid(&profiles[0]);
        [false, true].map(|masked| {
            let spectra = [0, 1, 2].map(|order| {
                let profile = &profiles[order];
                let crosses = |i: usize| {
                    // Difference i of order n is of samples i to i + n; the grid lies before sample `grid`.
                    let first = (i + BLOCK - grid % BLOCK) % BLOCK;
                    first + order + 1 >= BLOCK
                };
                let weights: Vec<f32> = (0..profile.len())
                    .map(|i| f32::from(u8::from(!(masked && crosses(i)))))
                    .collect();
                power(&flattened(profile, &weights), self.length)
            });
            Periods {
                spectra,
                length: self.length,
            }
        })
    }

    /// Mean power by frequency, in dB, of windows of 128 samples; those of less energy than the median window have
    /// nothing to say and are left out.
    pub(super) fn spectrum(&self) -> Vec<f32> {
        let fft = Fft::new(WINDOW);
        let hann: Vec<f32> = hann(WINDOW);
        let starts: Vec<usize> = self
            .luma
            .chunks_exact(self.length)
            .enumerate()
            .flat_map(|(line, samples)| {
                let last = samples.len() - WINDOW;
                (0..=last)
                    .step_by(WINDOW / 2)
                    .map(move |x| line * samples.len() + x)
            })
            .collect();
        let used = starts.len().min(WINDOWS);
        let mut windows: Vec<(f32, [f32; WINDOW])> = (0..used)
            .into_par_iter()
            .map(|i| {
                let start = starts[i * starts.len() / used];
                let samples = &self.luma[start..start + WINDOW];
                let mean = samples.iter().sum::<f32>() / WINDOW as f32;
                let windowed = std::array::from_fn(|i| (samples[i] - mean) * hann[i]);
                (windowed.iter().map(|v| v * v).sum(), windowed)
            })
            .collect();
        let half = used.div_ceil(2);
        if half < used {
            windows.select_nth_unstable_by(half - 1, |a, b| b.0.total_cmp(&a.0));
        }
        let powers: Vec<Vec<f32>> = windows[..half]
            .par_iter()
            .map(|(_, samples)| fft.power(samples))
            .collect();
        (0..=WINDOW / 2)
            .map(|k| {
                let sum: f32 = powers.iter().map(|power| power[k]).sum();
                10.0 * (sum / powers.len() as f32 + 1.0).log10()
            })
            .collect()
    }
}

/// How strong each period of an axis is.
pub(super) struct Periods {
    /// Power over its median, by frequency from 0 to a half.
    spectra: [Vec<f32>; ORDERS],
    /// Samples that they were taken of.
    length: usize,
}

impl Periods {
    /// Strength in dB over the median at a frequency from 0 to 0.5, by order of the differences.
    pub(super) fn at(&self, frequency: f64) -> [f32; ORDERS] {
        [0, 1, 2].map(|order| {
            let spectrum = &self.spectra[order];
            let scale = 2.0 * (spectrum.len() - 1) as f64;
            let reach = 1.5 / self.length as f64;
            let first = ((frequency - reach).max(0.0) * scale) as usize;
            let last = (((frequency + reach) * scale).ceil() as usize).min(spectrum.len() - 1);
            let strongest = spectrum[first.min(last)..=last]
                .iter()
                .fold(0.0f32, |m, &v| m.max(v));
            10.0 * strongest.max(1e-6).log10()
        })
    }

    /// Whether a frequency is so near a multiple of JPEG's 1/8 that it cannot be told from it.
    pub(super) fn is_eighth(&self, frequency: f64) -> bool {
        let eighths = frequency * BLOCK as f64;
        (eighths - eighths.round()).abs() / (BLOCK as f64) < APART / self.length as f64
    }

    /// The frequencies of the `count` strongest periods of any order that are no multiples of JPEG's 1/8.
    pub(super) fn strongest(&self, count: usize, lowest: f64) -> Vec<f64> {
        let size = self.spectra[0].len();
        let scale = 2.0 * (size - 1) as f64;
        let apart = APART / self.length as f64;
        let mut strengths: Vec<f32> = (0..size)
            .map(|i| {
                let frequency = i as f64 / scale;
                if self.is_eighth(frequency) || frequency < lowest {
                    0.0
                } else {
                    self.spectra
                        .iter()
                        .fold(0.0f32, |m, spectrum| m.max(spectrum[i]))
                }
            })
            .collect();
        let mut found = Vec::new();
        for _ in 0..count {
            let best = (0..size).max_by(|&a, &b| strengths[a].total_cmp(&strengths[b]));
            let Some(best) = best.filter(|&best| strengths[best] > 0.0) else {
                break;
            };
            found.push(best as f64 / scale);
            let reach = (apart * scale).ceil() as usize;
            let last = (best + reach).min(size - 1);
            strengths[best.saturating_sub(reach)..=last].fill(0.0);
        }
        found
    }
}

fn count(length: usize, available: usize) -> usize {
    (PIXELS / length).max(LINES).min(available)
}

/// Where JPEG's grid most likely lies: the sample, 0 to 7, before which differences are the largest.
fn grid(profile: &[f32]) -> usize {
    let mean = |phase: usize| {
        let values = profile
            .iter()
            .skip((phase + BLOCK - 1) % BLOCK)
            .step_by(BLOCK);
        let count = values.len().max(1);
        values.sum::<f32>() / count as f32
    };
    (0..BLOCK)
        .max_by(|&a, &b| mean(a).total_cmp(&mean(b)))
        .unwrap_or(0)
}

/// The profile less its local mean, where it has weight.
fn flattened(profile: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut sums = vec![(0.0f64, 0.0f64)];
    for (&v, &w) in profile.iter().zip(weights) {
        let (sum, weight) = sums[sums.len() - 1];
        sums.push((sum + f64::from(v * w), weight + f64::from(w)));
    }
    (0..profile.len())
        .map(|i| {
            let first = i.saturating_sub(SLOPE);
            let last = (i + SLOPE + 1).min(profile.len());
            let (sum, weight) = (sums[last].0 - sums[first].0, sums[last].1 - sums[first].1);
            (profile[i] - (sum / weight.max(1.0)) as f32) * weights[i]
        })
        .collect()
}

/// Power by frequency over its median, of a profile along an axis of `length` samples. It is padded with zeros, so that
/// no period lies between two frequencies.
fn power(profile: &[f32], length: usize) -> Vec<f32> {
    let padding = if length <= 2048 { 4 } else { 2 };
    let size = padding * length.next_power_of_two();
    let mut samples = vec![0.0; size];
    for ((out, v), w) in samples.iter_mut().zip(profile).zip(hann(profile.len())) {
        *out = v * w;
    }
    let mut power = Fft::new(size).power(&samples);
    // The lowest frequencies are the content's.
    let mut sorted = power[size / 20..].to_vec();
    let middle = sorted.len() / 2;
    let median = sorted
        .select_nth_unstable_by(middle, f32::total_cmp)
        .1
        .max(1e-12);
    for v in &mut power {
        *v /= median;
    }
    power
}

fn hann(length: usize) -> Vec<f32> {
    let step = 2.0 * std::f32::consts::PI / (length.max(2) - 1) as f32;
    (0..length)
        .map(|i| 0.5 - 0.5 * (i as f32 * step).cos())
        .collect()
}
