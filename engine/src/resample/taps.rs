//! Which source pixels make an output pixel, and how much of each.

use std::f64::consts::PI;
use std::ops::Range;

use super::Filter;

/// The source pixels of one output pixel: `weights[i]` belongs to pixel `first + i`. They sum to one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Taps {
    pub(super) first: usize,
    pub(super) weights: Vec<f32>,
}

impl Taps {
    /// For pixel `index` of `to` along an axis of `from` source pixels.
    pub(super) fn new(filter: Filter, from: usize, to: usize, index: usize) -> Taps {
        let Some(radius) = filter.radius().filter(|_| from != to) else {
            return Taps {
                first: nearest(from, to, index),
                weights: vec![1.0],
            };
        };
        let scale = from as f64 / to as f64;
        // When shrinking, the filter is stretched over as many source pixels as the output pixel covers.
        let stretch = scale.max(1.0);
        let centre = (index as f64 + 0.5) * scale;
        let reach = radius * stretch;
        let Range { start, end } = inside(centre - reach, centre + reach, from);
        let mut weights: Vec<f64> = (start..end)
            .map(|pixel| filter.weight((pixel as f64 + 0.5 - centre) / stretch))
            .collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        Taps {
            first: start,
            weights: weights.into_iter().map(|w| w as f32).collect(),
        }
    }

    /// One past the last source pixel.
    pub(super) fn end(&self) -> usize {
        self.first + self.weights.len()
    }
}

/// The pixels whose centres lie in `low..=high`, at least one: the nearest to the middle.
fn inside(low: f64, high: f64, from: usize) -> Range<usize> {
    // Float to integer conversion saturates, so what lies below zero becomes zero.
    let start = ((low - 0.5).ceil() as usize).min(from - 1);
    let end = ((high - 0.5).floor() as usize + 1).clamp(start + 1, from);
    start..end
}

/// The source pixel under the centre of pixel `index`, in whole numbers: `floor((index + 1/2) * from / to)`.
fn nearest(from: usize, to: usize, index: usize) -> usize {
    let pixel = (2 * index as u128 + 1) * from as u128 / (2 * to as u128);
    (pixel as usize).min(from - 1)
}

impl Filter {
    /// Source pixels to each side of the centre that count; `None` for nearest.
    fn radius(self) -> Option<f64> {
        match self {
            Filter::Nearest => None,
            Filter::Bicubic => Some(2.0),
            Filter::Lanczos => Some(3.0),
        }
    }

    /// The filter at distance `x` from its centre.
    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Filter::Nearest => f64::from(x < 0.5),
            // R. Keys, "Cubic convolution interpolation for digital image processing", 1981, a = -1/2.
            Filter::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Filter::Bicubic if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            // C. Duchon, "Lanczos filtering in one and two dimensions", 1979.
            Filter::Lanczos if x < 3.0 => sinc(x) * sinc(x / 3.0),
            _ => 0.0,
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    (PI * x).sin() / (PI * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_have_their_published_values() {
        for filter in [Filter::Bicubic, Filter::Lanczos] {
            assert_eq!(filter.weight(0.0), 1.0);
            for x in [1.0, 2.0, 3.0, -1.0] {
                assert!(filter.weight(x).abs() < 1e-15, "{filter:?} at {x}");
            }
        }
        // Keys' kernel at halves: 9/16 and -1/16.
        assert_eq!(Filter::Bicubic.weight(0.5), 0.5625);
        assert_eq!(Filter::Bicubic.weight(-1.5), -0.0625);
        // sinc(1/2) sinc(1/6) = (2/pi) (3/pi).
        assert!((Filter::Lanczos.weight(0.5) - 6.0 / (PI * PI)).abs() < 1e-15);
        // sinc(3/2) sinc(1/2) = -(2/(3 pi)) (2/pi).
        assert!((Filter::Lanczos.weight(1.5) + 4.0 / (3.0 * PI * PI)).abs() < 1e-15);
    }

    #[test]
    fn taps_stay_inside_and_sum_to_one() {
        for filter in [Filter::Nearest, Filter::Bicubic, Filter::Lanczos] {
            for (from, to) in [
                (1, 1),
                (1, 9),
                (9, 1),
                (7, 5),
                (5, 7),
                (10_000, 3),
                (3, 10_000),
            ] {
                for index in [0, to / 2, to - 1] {
                    let taps = Taps::new(filter, from, to, index);
                    assert!(!taps.weights.is_empty() && taps.end() <= from);
                    let sum: f64 = taps.weights.iter().map(|w| f64::from(*w)).sum();
                    assert!(
                        (sum - 1.0).abs() < 1e-6,
                        "{filter:?} {from} {to} {index}: {sum}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_side_that_stays_is_not_filtered() {
        let taps = Taps::new(Filter::Lanczos, 5, 5, 3);
        assert_eq!((taps.first, taps.weights), (3, vec![1.0]));
    }

    #[test]
    fn nearest_is_exact_for_large_sides() {
        let side = 1 << 40;
        assert_eq!(nearest(side, side * 3, side * 3 - 1), side - 1);
        assert_eq!(nearest(side, side * 3, 3 * 12_345), 12_345);
        assert_eq!(nearest(side, side * 3, 3 * 12_345 + 2), 12_345);
    }
}
