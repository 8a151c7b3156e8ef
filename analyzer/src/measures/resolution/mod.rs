//! How many of its pixels does it carry detail for?
//!
//! An enlarged picture is told by two things that must agree on the factor. Interpolated pixels are smoother the further
//! they are from the small picture's, so differences of neighbours have a period (Gallagher 2005; here the
//! mean of their logarithm, which edges do not dominate; `axis`). And the spectrum has the shape that interpolation by that
//! factor gives it (`model`). A blurred picture has neither the period nor the shape.
//!
//! JPEG has periods of its own at multiples of 1/8. There, as for factors of 2 and 4, a period must be stronger than
//! JPEG's, or be there beside its grid.
//!
//! Two factors cannot always be told apart: 1/s and 1 - 1/s are one period, and only the spectrum says which. Of
//! photographs enlarged 1.2 to 4 times and saved as JPEG of quality 90, 96 % are seen to be enlarged and 87 % get the
//! factor to 5 %; the others mostly get that of another period.

mod axis;
mod fft;
mod model;

use axis::{Lines, Periods, WINDOW};
use rayon::prelude::*;

use crate::raster::Raster;
use crate::report::{Measure, Score, Status};

/// Factors that are looked for. Below, periods lie where content has its own; above, nothing is left to see.
const FACTORS: std::ops::Range<f64> = 1.17..4.6;
/// Factors whose period JPEG has as well.
const EIGHTHS: [f64; 5] = [4.0 / 3.0, 1.6, 2.0, 8.0 / 3.0, 4.0];
/// Periods of an axis from which factors are made.
const PERIODS: usize = 3;
/// Lowest frequency of such a period: that of the smallest factor.
const LOWEST: f64 = 0.14;
/// Strength that a period needs, in dB over the median: at all, where JPEG has it as well, and how much less one axis
/// may have than both in the mean.
const PERIOD: f32 = 13.0;
const EIGHTH: f32 = 15.0;
const WEAKER: f32 = 4.0;
/// Strength from which more does not tell more.
const ENOUGH: f32 = 25.0;
/// How much better the spectrum must fit than that of no enlargement, in dB of the differences.
const FIT: f32 = 1.0;
/// What a dB of fit weighs against one of the period.
const FIT_WEIGHT: f32 = 1.5;
/// Evidence that is believed: of both axes together, and of one alone. Of 120 native photographs none has 20, and
/// one in twenty-five that was enlarged has less.
const BELIEVED: f32 = 20.0;
const BELIEVED_ALONE: f32 = 33.0;

/// How much larger than its detail a picture is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    /// Horizontally and vertically: 1.17 to 4.6 by interpolation, 2 to 32 where pixels are repeated; 1 if nothing shows that
    /// it was enlarged.
    pub factor: [f32; 2],
    /// Whether pixels are repeated in blocks, rather than interpolated.
    pub repeated: bool,
}

impl Resolution {
    /// Columns and rows that the detail is worth.
    pub fn true_size(&self, raster: &Raster<'_>) -> (usize, usize) {
        let size = |side: usize, factor: f32| ((side as f32 / factor).round() as usize).max(1);
        (
            size(raster.width(), self.factor[0]),
            size(raster.height(), self.factor[1]),
        )
    }

    /// Whether it was enlarged along either axis.
    pub fn is_enlarged(&self) -> bool {
        self.factor != [1.0; 2]
    }
}

/// Measures the true resolution; `None` if a side has fewer than 128 pixels.
pub fn measure(raster: &Raster<'_>) -> Option<Resolution> {
    if raster.width().min(raster.height()) < WINDOW {
        return None;
    }
    let native = Resolution {
        factor: [1.0; 2],
        repeated: false,
    };
    let (rows, columns) = rayon::join(|| Lines::rows(raster), || Lines::columns(raster));
    let repeated = [rows.repeated(), columns.repeated()];
    if repeated != [None; 2] {
        return Some(Resolution {
            factor: repeated.map(|times| times.unwrap_or(1) as f32),
            repeated: true,
        });
    }
    let (rows, columns) = rayon::join(|| Axis::new(&rows), || Axis::new(&columns));
    let candidates = candidates(&[&rows, &columns]);
    let found = |axes: &[&Axis], believed| {
        best(&candidates, axes, believed).map_or(1.0, |factor| factor as f32)
    };
    let both = found(&[&rows, &columns], BELIEVED);
    let factor = if both > 1.0 {
        [both; 2]
    } else {
        [&rows, &columns].map(|axis| found(&[axis], BELIEVED_ALONE))
    };
    Some(Resolution { factor, ..native })
}

/// The score of what was measured: the share of its pixels that the detail is worth.
pub fn score(resolution: Option<&Resolution>, raster: &Raster<'_>) -> Score {
    let Some(resolution) = resolution else {
        let words = "too few pixels to see whether it was enlarged";
        return Score::absent(Measure::TrueResolution, Status::TooSmall, words);
    };
    let [x, y] = resolution.factor;
    let words = if resolution.is_enlarged() {
        let (width, height) = resolution.true_size(raster);
        let times = if x == y {
            format!("{x:.1}x")
        } else {
            format!("{x:.1}x horizontally and {y:.1}x vertically")
        };
        let how = match resolution.repeated {
            true => "each pixel repeated",
            false => "resampled about",
        };
        format!("really {width}x{height}: {how} {times}")
    } else {
        "as large as its detail, by all that can be seen".to_string()
    };
    Score::measured(Measure::TrueResolution, 1.0 / (x * y), words)
}

/// What is known of an axis.
struct Axis {
    plain: Periods,
    masked: Periods,
    spectrum: Vec<f32>,
}

/// Factors that periods could stand for. A period of frequency f is one of 1/s or of its double, folded.
fn candidates(axes: &[&Axis]) -> Vec<f64> {
    let mut candidates = EIGHTHS.to_vec();
    for f in axes
        .iter()
        .flat_map(|axis| axis.plain.strongest(PERIODS, LOWEST))
    {
        candidates.extend([f, 1.0 - f, f / 2.0, (1.0 - f) / 2.0].map(|f| 1.0 / f));
        candidates.extend([1.0 + f, 2.0 - f].map(|f| 2.0 / f));
    }
    candidates.retain(|factor| FACTORS.contains(factor));
    candidates.sort_by(f64::total_cmp);
    candidates.dedup_by(|a, b| (*a / *b - 1.0).abs() < 5e-4);
    candidates
}

/// The factor of the most evidence over the axes, if that is enough.
fn best(candidates: &[f64], axes: &[&Axis], believed: f32) -> Option<f64> {
    let strong = candidates
        .iter()
        .map(|&factor| (strength(axes, factor), factor));
    let strong: Vec<(f32, f64)> = strong
        .filter_map(|(period, factor)| Some((period?, factor)))
        .collect();
    if strong.is_empty() {
        return None;
    }
    let count = axes.len() as f32;
    let spectrum: Vec<f32> = (0..axes[0].spectrum.len())
        .map(|k| axes.iter().map(|axis| axis.spectrum[k]).sum::<f32>() / count)
        .collect();
    let native = model::native(&spectrum);
    let evidence = |&(period, factor): &(f32, f64)| {
        let fit = 20.0 * (native / model::enlarged(&spectrum, factor as f32)).log10();
        let evidence = period.min(ENOUGH) + FIT_WEIGHT * fit;
        (fit > FIT && evidence > believed).then_some((evidence, factor))
    };
    let found: Vec<(f32, f64)> = strong.par_iter().filter_map(evidence).collect();
    let best = found.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, factor)| factor)
}

/// Mean strength of the period of a factor over the axes in dB, if all of them have enough of it.
fn strength(axes: &[&Axis], factor: f64) -> Option<f32> {
    let mut periods = axes.iter().map(|axis| axis.period(factor));
    let (sum, least) = periods.try_fold((0.0, f32::INFINITY), |(sum, least), period| {
        period.map(|period| (sum + period, f32::min(least, period)))
    })?;
    let period = sum / axes.len() as f32;
    let needed = if EIGHTHS.contains(&factor) {
        EIGHTH
    } else {
        PERIOD
    };
    (period >= needed && least >= PERIOD - WEAKER).then_some(period)
}

impl Axis {
    fn new(lines: &Lines) -> Self {
        let [plain, masked] = lines.periods();
        Axis {
            plain,
            masked,
            spectrum: lines.spectrum(),
        }
    }

    /// Strength of the period of a factor in dB, as far as it is not JPEG's; `None` if it is too near one of JPEG's
    /// to be told from it.
    fn period(&self, factor: f64) -> Option<f32> {
        let frequency = folded(1.0 / factor);
        if !EIGHTHS.contains(&factor) {
            let orders = self.plain.at(frequency);
            return (!self.plain.is_eighth(frequency))
                .then(|| orders.into_iter().fold(f32::MIN, f32::max));
        }
        let [first, _, third] = self.plain.at(frequency);
        // Beside the grid JPEG shows in one order, an enlargement in two.
        let mut masked = self.masked.at(frequency);
        masked.sort_by(f32::total_cmp);
        let beside = masked[1];
        // Less what JPEG of quality 90 reaches there by itself, in sharp photographs and in blurred ones.
        let beyond = match factor {
            2.0 => first.min(third) - 25.0,
            4.0 => first - 19.0,
            _ if factor < 1.5 => f32::midpoint(first, beside) - 13.5,
            _ => beside - 15.0,
        };
        Some(EIGHTH + beyond)
    }
}

/// A frequency as samples show it: from 0 to a half.
fn folded(frequency: f64) -> f64 {
    (frequency - frequency.round()).abs()
}
