//! How much every pixel stands out from the picture's borders.

use wide::f32x4;

/// Sum of barriers in Lab, and of three Mahalanobis distances, at which two thirds of standing out are reached.
const BARRIER_SCALE: f32 = 25.0;
const COLOUR_SCALE: f32 = 10.0;
/// Share of a side that the border strips take.
const STRIP: f32 = 0.1;

/// How much every pixel stands out, 0 to 1; `None` if nothing stands out at all.
pub(super) fn map(lab: &[[f32; 3]], width: usize, height: usize) -> Option<Vec<f32>> {
    let (barrier, colour) = rayon::join(
        || barrier_distance(lab, width, height),
        || border_distance(lab, width, height),
    );
    // What stands out clearly does so no matter how far: the darkest part must not hide the rest of a thing.
    let capped = |map: Vec<f32>, scale: f32| map.iter().map(|d| 1.0 - (-d / scale).exp()).collect();
    let barrier = normalised(capped(barrier, BARRIER_SCALE))?;
    let colour = normalised(capped(colour, COLOUR_SCALE))?;
    let fused = barrier.iter().zip(&colour).map(|(a, b)| a + b).collect();
    let mut map = normalised(fused)?;
    for v in &mut map {
        *v = 1.0 / (1.0 + (-10.0 * (*v - 0.5)).exp());
    }
    normalised(map)
}

/// The best path from the border to a pixel that was found so far, a lane for each channel.
#[derive(Clone, Copy)]
struct Path {
    /// Difference of the largest and smallest value on the path.
    barrier: f32x4,
    high: f32x4,
    low: f32x4,
}

impl Path {
    /// Of no length, at a pixel of these values.
    fn at(value: f32x4, barrier: f32) -> Path {
        Path {
            barrier: f32x4::splat(barrier),
            high: value,
            low: value,
        }
    }

    /// This one, or the neighbour's and on to the pixel of these values where that is better. Nothing branches, because
    /// nothing could be foreseen.
    fn or_by(self, neighbour: Path, value: f32x4) -> Path {
        let (high, low) = (
            neighbour.high.fast_max(value),
            neighbour.low.fast_min(value),
        );
        let barrier = high - low;
        let better = barrier.simd_lt(self.barrier);
        Path {
            barrier: better.bitselect(barrier, self.barrier),
            high: better.bitselect(high, self.high),
            low: better.bitselect(low, self.low),
        }
    }
}

/// Least over all paths from the border of the difference of the largest and smallest value on the path, the sum of the channels.
fn barrier_distance(lab: &[[f32; 3]], width: usize, height: usize) -> Vec<f32> {
    let values: Vec<f32x4> = lab
        .iter()
        .map(|&[l, a, b]| f32x4::new([l, a, b, 0.0]))
        .collect();
    let is_border = |x: usize, y: usize| x == 0 || y == 0 || x + 1 == width || y + 1 == height;
    let mut paths: Vec<Path> = values
        .iter()
        .enumerate()
        .map(|(i, &value)| {
            let barrier = if is_border(i % width, i / width) {
                0.0
            } else {
                f32::INFINITY
            };
            Path::at(value, barrier)
        })
        .collect();
    // The border is where paths begin, so only what is within it is visited.
    for pass in 0..3 {
        let is_down = pass != 1;
        for step in 1..height - 1 {
            let y = if is_down { step } else { height - 1 - step };
            let values = &values[y * width..][..width];
            let (above, rest) = paths.split_at_mut(y * width);
            let (row, below) = rest.split_at_mut(width);
            if is_down {
                let above = &above[(y - 1) * width..];
                let mut last = row[0];
                for x in 1..width - 1 {
                    let path = row[x].or_by(above[x], values[x]);
                    last = path.or_by(last, values[x]);
                    row[x] = last;
                }
            } else {
                let below = &below[..width];
                let mut last = row[width - 1];
                for x in (1..width - 1).rev() {
                    let path = row[x].or_by(below[x], values[x]);
                    last = path.or_by(last, values[x]);
                    row[x] = last;
                }
            }
        }
    }
    paths
        .iter()
        .map(|path| path.barrier.to_array()[..3].iter().sum())
        .collect()
}

/// Mahalanobis distance to the colours of each border strip, the largest of the four left out (a subject may touch one border).
fn border_distance(lab: &[[f32; 3]], width: usize, height: usize) -> Vec<f32> {
    let strip = ((width.min(height) as f32 * STRIP) as usize).max(2);
    let strips: [(std::ops::Range<usize>, std::ops::Range<usize>); 4] = [
        (0..strip, 0..height),
        (width - strip..width, 0..height),
        (0..width, 0..strip),
        (0..width, height - strip..height),
    ];
    let statistics = strips.map(|(xs, ys)| {
        let pixels: Vec<[f32; 3]> = ys
            .flat_map(|y| xs.clone().map(move |x| (x, y)))
            .map(|(x, y)| lab[y * width + x])
            .collect();
        statistics(&pixels)
    });
    // A lane for each strip.
    let mean = [0, 1, 2].map(|c| f32x4::new(statistics.map(|(mean, _)| mean[c])));
    let inverse = |i: usize, j: usize| f32x4::new(statistics.map(|(_, inverse)| inverse[i][j]));
    let squares = [inverse(0, 0), inverse(1, 1), inverse(2, 2)];
    let twice = [(0, 1), (0, 2), (1, 2)].map(|(i, j)| inverse(i, j) + inverse(j, i));
    lab.iter()
        .map(|p| {
            let [l, a, b] = [0, 1, 2].map(|c| f32x4::splat(p[c]) - mean[c]);
            let sum = l * (squares[0] * l + twice[0] * a + twice[1] * b)
                + a * (squares[1] * a + twice[2] * b)
                + b * squares[2] * b;
            let [a, b, c, d] = sum.fast_max(f32x4::ZERO).sqrt().to_array();
            // All but the largest.
            a.min(b) + c.min(d) + a.max(b).min(c.max(d))
        })
        .collect()
}

/// Mean and inverse covariance of colours, with one level of noise so that flat colours have an inverse.
fn statistics(pixels: &[[f32; 3]]) -> ([f32; 3], [[f32; 3]; 3]) {
    let count = pixels.len() as f32;
    let mut mean = [0.0f32; 3];
    for p in pixels {
        for c in 0..3 {
            mean[c] += p[c] / count;
        }
    }
    let mut m = [[0.0f32; 3]; 3];
    for p in pixels {
        for i in 0..3 {
            for j in 0..3 {
                m[i][j] += (p[i] - mean[i]) * (p[j] - mean[j]) / count;
            }
        }
    }
    // Colours within a few units are the same to the eye.
    for (i, row) in m.iter_mut().enumerate() {
        row[i] += 4.0;
    }
    let minor = |a: usize, b: usize, c: usize, d: usize| m[a][c] * m[b][d] - m[a][d] * m[b][c];
    let determinant =
        m[0][0] * minor(1, 2, 1, 2) - m[0][1] * minor(1, 2, 0, 2) + m[0][2] * minor(1, 2, 0, 1);
    let inverse = [
        [minor(1, 2, 1, 2), -minor(0, 2, 1, 2), minor(0, 1, 1, 2)],
        [-minor(1, 2, 0, 2), minor(0, 2, 0, 2), -minor(0, 1, 0, 2)],
        [minor(1, 2, 0, 1), -minor(0, 2, 0, 1), minor(0, 1, 0, 1)],
    ];
    (mean, inverse.map(|row| row.map(|v| v / determinant)))
}

/// To 0..1; `None` if all values are the same.
fn normalised(mut map: Vec<f32>) -> Option<Vec<f32>> {
    let (low, high) = map
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| {
            (low.min(v), high.max(v))
        });
    if high - low < 1e-3 {
        return None;
    }
    for v in &mut map {
        *v = (*v - low) / (high - low);
    }
    Some(map)
}
