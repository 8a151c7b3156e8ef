//! Pixel art: blocks that must stay blocks.
//!
//! Enlarged pixel art has its colour edges at multiples of the block's side: their phases
//! `R(s) = |sum w exp(2 pi i x / s)| / sum w` agree for one s. Blocks must also be flat inside. At its own size pixel art has few
//! colours, hard edges and steps at every corner, and is small.

use std::collections::HashMap;

use crate::raster::Raster;
use crate::report::{Measure, Score, Status};

/// Sides of blocks that are looked for.
const SIDES: std::ops::RangeInclusive<usize> = 2..=32;
/// Fewest positions of edges.
const LEAST_EDGES: usize = 8;
/// Difference of a channel that makes a colour edge.
const EDGE: f32 = 24.0;
/// Difference of channels that compression leaves within a colour.
const SAME: f32 = 6.0;
/// Share of a step within one pixel that makes it abrupt: smooth enlarging by 2 leaves 0.5 to 0.65.
const ABRUPT: f32 = 0.7;
/// Rows and columns that are looked at, each way.
const LINES: usize = 160;
/// Length of the parts of a line in which phases are compared: drawn grids drift.
const PART: usize = 192;
/// Longest distance of steps that is told from none, and smallest block of a drawn grid, in pixels.
const LONGEST_RUN: usize = 192;
const LEAST_BLOCK: usize = 5;
/// Longest side and most colours of pixel art at its own size.
const SMALL: usize = 320;
const PALETTE: usize = 64;
/// Least share of neighbours of one colour: sprites on a ground have half and more, photographs of few greys a fifth.
const LEAST_EQUAL: f32 = 0.3;

/// What speaks for pixel art.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelArt {
    /// Side of a block in pixels, 1 at its own size.
    pub block: f32,
    /// How sure it is, 0 to 1.
    pub certainty: f32,
}

/// Looks for pixel art; `None` if the picture is too small to tell, below 8 pixels.
pub fn measure(raster: &Raster<'_>) -> Option<PixelArt> {
    if raster.width().min(raster.height()) < 8 {
        return None;
    }
    let steps = Steps::new(raster);
    let nothing = PixelArt {
        block: 1.0,
        certainty: 0.0,
    };
    let found = [steps.exact(), steps.drawn(), own_size(raster)];
    let surer = |best: PixelArt, next: PixelArt| {
        if next.certainty > best.certainty {
            next
        } else {
            best
        }
    };
    Some(found.into_iter().flatten().fold(nothing, surer))
}

/// Largest difference of the channels of two pixels, alpha included.
fn difference(a: [f32; 4], b: [f32; 4]) -> f32 {
    (0..4).map(|c| (a[c] - b[c]).abs()).fold(0.0, f32::max)
}

/// Colour under its alpha, and alpha, 0 to 255.
fn pixel(raster: &Raster<'_>, x: usize, y: usize) -> [f32; 4] {
    let (rgb, alpha) = (raster.rgb(x, y), raster.alpha(x, y));
    [
        rgb[0] * alpha,
        rgb[1] * alpha,
        rgb[2] * alpha,
        alpha * 255.0,
    ]
}

/// What lies along the rows and columns of a picture.
#[derive(Default)]
struct Steps {
    /// By side: sums of the phases' lengths, and of all weights.
    phases: HashMap<usize, (f64, f64)>,
    /// Different positions of steps within parts of lines.
    positions: usize,
    /// Steps of colour within at most three pixels.
    hard: usize,
    /// Those that are one step of a pixel.
    abrupt: usize,
    /// Longer ones.
    ramps: usize,
    /// Steps too small for a colour edge and too large for compression: shades.
    shades: usize,
    /// Neighbours that are the same colour.
    flat: usize,
    /// All neighbours.
    all: usize,
    /// Distances of hard steps, by pixel.
    runs: Vec<u32>,
}

impl Steps {
    fn new(raster: &Raster<'_>) -> Self {
        let mut steps = Steps {
            runs: vec![0; LONGEST_RUN + 1],
            ..Steps::default()
        };
        for across in [true, false] {
            let (length, lines) = if across {
                (raster.width(), raster.height())
            } else {
                (raster.height(), raster.width())
            };
            let at = |line: usize, i: usize| {
                if across {
                    pixel(raster, i, line)
                } else {
                    pixel(raster, line, i)
                }
            };
            let skip = lines.div_ceil(LINES);
            // Parts of all lines with the same start: the edges of one grid agree across lines as well.
            for start in (0..length).step_by(PART) {
                let end = (start + PART).min(length);
                if end - start < PART.min(length) / 2 {
                    continue;
                }
                let mut histogram = vec![0u32; end - start];
                for line in (skip / 2..lines).step_by(skip) {
                    let values: Vec<[f32; 4]> = (start..end).map(|i| at(line, i)).collect();
                    steps.line(&values, &mut histogram);
                }
                steps.add_phases(&histogram);
            }
        }
        steps
    }

    /// Counts the steps of a part of a line and notes where they are.
    fn line(&mut self, values: &[[f32; 4]], histogram: &mut [u32]) {
        let mut last = None;
        let mut i = 1;
        while i < values.len() {
            let change = difference(values[i - 1], values[i]);
            self.all += 1;
            if change <= SAME {
                self.flat += 1;
                i += 1;
                continue;
            }
            let start = i;
            while i + 1 < values.len() && difference(values[i], values[i + 1]) > SAME {
                i += 1;
                self.all += 1;
            }
            let whole = difference(values[start - 1], values[i]);
            // Compression leaves tails at both sides of a step: most of it must lie within three pixels.
            let three = |first: usize| difference(values[first - 1], values[(first + 2).min(i)]);
            let mut first = start;
            for other in start..=i {
                if three(other) > three(first) {
                    first = other;
                }
            }
            if whole <= EDGE {
                self.shades += 1;
            } else if three(first) < 0.75 * whole {
                self.ramps += 1;
            } else {
                // The steepest of the three.
                let last_of = (first + 2).min(i);
                let step = |at: &usize| difference(values[at - 1], values[*at]);
                let at = (first..=last_of)
                    .max_by(|a, b| step(a).total_cmp(&step(b)))
                    .unwrap_or(first);
                self.hard += 1;
                self.abrupt += usize::from(step(&at) >= ABRUPT * whole);
                histogram[at] += 1;
                if let Some(last) = last.replace(at) {
                    self.runs[LONGEST_RUN.min(at - last)] += 1;
                }
            }
            i += 1;
        }
    }

    fn add_phases(&mut self, histogram: &[u32]) {
        let total: f64 = histogram.iter().map(|&n| f64::from(n)).sum();
        if total == 0.0 {
            return;
        }
        self.positions += histogram.iter().filter(|&&n| n > 0).count();
        for side in SIDES {
            let turn = std::f64::consts::TAU / side as f64;
            let (mut re, mut im) = (0.0, 0.0);
            for (i, &n) in histogram.iter().enumerate().filter(|(_, n)| **n > 0) {
                let angle = turn * i as f64;
                re += f64::from(n) * angle.cos();
                im += f64::from(n) * angle.sin();
            }
            let sum = self.phases.entry(side).or_default();
            sum.0 += re.hypot(im);
            sum.1 += total;
        }
    }

    /// How purely the picture consists of flat colours with hard steps, 0 to 1.
    fn purity(&self) -> f64 {
        self.hard as f64 / (self.hard + self.ramps + self.shades).max(1) as f64
    }

    /// Blocks of one exact side, on one grid.
    fn exact(&self) -> Option<PixelArt> {
        if self.positions < LEAST_EDGES {
            return None;
        }
        let least = (2.8 / (self.hard as f64).sqrt()).max(0.5);
        let agreement = |side: usize| self.phases.get(&side).map_or(0.0, |sum| sum.0 / sum.1);
        let best = SIDES.map(agreement).fold(0.0, f64::max);
        // Divisors of the true side agree as well: the largest that does is it.
        let side = SIDES
            .rev()
            .find(|&side| agreement(side) >= least.max(0.9 * best))?;
        // The blocks of JPEG are no art, nor what its cosines draw within them.
        if side < 8 && agreement(8) > 0.5 {
            return None;
        }
        // Nor is what was enlarged smoothly: between the pixels of a ramp lies nothing flat.
        if side < 4 && self.abrupt < self.hard * 4 / 5 {
            return None;
        }
        // Between the edges of blocks of side s all but 1/s of the steps are flat.
        let flat = self.flat as f64 / self.all as f64 / (1.0 - 1.0 / side as f64);
        let sure = 0.5 + 0.5 * (agreement(side) - least) / (1.0 - least).max(0.01);
        Some(PixelArt {
            block: side as f32,
            certainty: (sure
                * self.purity().powf(1.5)
                * flat.min(1.0)
                * self.multiples(side).powi(2))
            .min(1.0) as f32,
        })
    }

    /// Share of the distances of steps that are multiples of a side: all of them on one grid.
    fn multiples(&self, side: usize) -> f64 {
        let share = |step: usize| -> u32 { self.runs[..LONGEST_RUN].iter().step_by(step).sum() };
        f64::from(share(side)) / f64::from(share(1).max(1))
    }

    /// Blocks drawn by hand or by a generator: nearly of one side, not on one grid.
    fn drawn(&self) -> Option<PixelArt> {
        let runs: f64 = self.runs[..LONGEST_RUN].iter().map(|&n| f64::from(n)).sum();
        let short: f64 = self.runs[..LEAST_BLOCK].iter().map(|&n| f64::from(n)).sum();
        if runs < 200.0 || short > 0.03 * runs {
            return None;
        }
        let agreement = |side: f64| {
            let turn = std::f64::consts::TAU / side;
            let (mut sum, mut all) = (0.0, 0.0);
            // Small errors of every block add up in longer runs.
            for (run, &n) in self.runs.iter().enumerate().take((4.5 * side) as usize) {
                sum += f64::from(n) * (turn * run as f64).cos();
                all += f64::from(n);
            }
            (sum / f64::max(all, 1.0), all / runs)
        };
        let (side, (best, covered)) = (4 * LEAST_BLOCK..4 * 64)
            .map(|quarter| quarter as f64 / 4.0)
            .map(|side| (side, agreement(side)))
            .filter(|(side, (_, covered))| *covered > 0.5 && short_of(&self.runs, *side))
            .max_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
        let flat = self.flat as f64 / self.all as f64;
        let certainty =
            ((best - 0.3) / 0.3).clamp(0.0, 1.0) * covered.sqrt() * self.purity().powi(2) * flat;
        Some(PixelArt {
            block: side as f32,
            certainty: certainty as f32,
        })
    }
}

/// Whether next to no run is shorter than two thirds of a side: that side is not a multiple of the true one.
fn short_of(runs: &[u32], side: f64) -> bool {
    let all: u32 = runs.iter().sum();
    let short: u32 = runs[..(side * 0.67) as usize].iter().sum();
    f64::from(short) < 0.06 * f64::from(all)
}

/// Few colours, hard edges, small.
fn own_size(raster: &Raster<'_>) -> Option<PixelArt> {
    let (width, height) = (raster.width(), raster.height());
    if width.max(height) > SMALL {
        return None;
    }
    let mut colours: HashMap<[u8; 4], usize> = HashMap::new();
    let quantised = |x: usize, y: usize| pixel(raster, x, y).map(|v| v.round() as u8);
    for y in 0..height {
        for x in 0..width {
            *colours.entry(quantised(x, y)).or_default() += 1;
            if colours.len() > 4 * PALETTE {
                return None;
            }
        }
    }
    if colours.len() < 3 {
        return None; // a mask or a page in black and white
    }
    // Of the changes along a row, how many lead from one run of a colour straight to another, and how many through mixtures
    // that occur only there, as antialiasing makes them, or by shades, as light does? A grey photograph has few colours
    // as well, but hardly any step between them that could be seen.
    let (mut hard, mut all) = (0usize, 0usize);
    let rare = width * height / 2000;
    for y in 0..height {
        for x in 1..width {
            let (a, b) = (quantised(x - 1, y), quantised(x, y));
            if a == b {
                continue;
            }
            all += 1;
            let is_step = difference(a.map(f32::from), b.map(f32::from)) > SAME;
            hard += usize::from(is_step && colours[&a] > rare && colours[&b] > rare);
        }
    }
    let equal = 1.0 - all as f32 / ((width - 1) * height) as f32;
    if equal < LEAST_EQUAL {
        return None;
    }
    if all < LEAST_EDGES {
        return None;
    }
    let palette = 1.0 - ((colours.len() as f32 - 24.0) / (4 * PALETTE) as f32).clamp(0.0, 1.0);
    let certainty = palette * hard as f32 / all as f32;
    Some(PixelArt {
        block: 1.0,
        certainty,
    })
}

/// The score of what was measured: how sure it is.
pub fn score(found: Option<PixelArt>) -> Score {
    match found {
        None => Score::absent(Measure::PixelArt, Status::TooSmall, "too small to tell"),
        Some(art) if art.certainty >= CERTAIN => {
            let words = if art.block > 1.0 {
                format!("pixel art in blocks of {} pixels", art.block)
            } else {
                "pixel art at its own size".to_string()
            };
            Score::measured(Measure::PixelArt, art.certainty, words)
        }
        Some(art) => Score::measured(Measure::PixelArt, art.certainty, "not pixel art"),
    }
}

/// Certainty from which a picture is treated as pixel art.
pub const CERTAIN: f32 = 0.5;
