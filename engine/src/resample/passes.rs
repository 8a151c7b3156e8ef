//! The two passes: along rows, several rows at once, and across them.

use std::collections::VecDeque;

use super::Filter;
use super::taps::Taps;

/// Rows that the horizontal pass takes at once. Interleaved sample by sample they form vectors, whatever
/// the number of channels.
pub(super) const LANES: usize = 8;

/// Sums are made in parts of this many terms, so that rounding errors of long filters do not pile up.
const PART: usize = 64;

/// The horizontal pass: all output pixels of a row.
pub(super) struct Columns {
    /// Per output pixel, the first source pixel and where its weights end in `weights`.
    spans: Vec<(usize, usize)>,
    weights: Vec<f32>,
}

impl Columns {
    pub(super) fn new(filter: Filter, from: usize, to: usize) -> Self {
        let mut weights = Vec::new();
        let spans = (0..to).map(|index| {
            let taps = Taps::new(filter, from, to, index);
            weights.extend(taps.weights);
            (taps.first, weights.len())
        });
        Columns {
            spans: spans.collect(),
            weights,
        }
    }

    /// Resizes up to [`LANES`] rows; `made` has as many as `rows`.
    pub(super) fn apply(&self, rows: &[Vec<f32>], made: &mut [Vec<f32>], channels: usize) {
        let samples = rows.first().map_or(0, Vec::len);
        let mut source = vec![[0.0f32; LANES]; samples];
        for (lane, row) in rows.iter().enumerate() {
            for (vector, value) in source.iter_mut().zip(row) {
                vector[lane] = *value;
            }
        }
        let mut start = 0;
        for (pixel, (first, end)) in self.spans.iter().enumerate() {
            let weights = &self.weights[start..*end];
            start = *end;
            for channel in 0..channels {
                let from = source[first * channels + channel..]
                    .iter()
                    .step_by(channels);
                let sum = dot(weights, from);
                for (row, value) in made.iter_mut().zip(sum) {
                    row[pixel * channels + channel] = value;
                }
            }
        }
    }
}

/// The weighted sum of vectors.
fn dot<'a>(weights: &[f32], mut vectors: impl Iterator<Item = &'a [f32; LANES]>) -> [f32; LANES] {
    let mut total = [0.0; LANES];
    for part in weights.chunks(PART) {
        let mut sum = [0.0; LANES];
        for (weight, vector) in part.iter().zip(&mut vectors) {
            for (sum, value) in sum.iter_mut().zip(vector) {
                *sum += weight * value;
            }
        }
        for (total, sum) in total.iter_mut().zip(sum) {
            *total += sum;
        }
    }
    total
}

/// The vertical pass: adds to `row` the share of those rows of the window that `taps` spans. The window
/// begins with source row `first`.
pub(super) fn accumulate(row: &mut [f32], taps: &Taps, first: usize, window: &VecDeque<Vec<f32>>) {
    let begin = taps.first.max(first);
    let end = taps.end().min(first + window.len());
    // Strips of a row stay in the first-level cache while all terms are added.
    const STRIP: usize = 1024;
    for (strip, out) in row.chunks_mut(STRIP).enumerate() {
        let mut sum = [0.0; STRIP];
        let sum = &mut sum[..out.len()];
        for source in begin..end {
            let weight = taps.weights[source - taps.first];
            let values = &window[source - first][strip * STRIP..][..out.len()];
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += weight * value;
            }
        }
        for (out, sum) in out.iter_mut().zip(sum) {
            *out += *sum;
        }
    }
}
