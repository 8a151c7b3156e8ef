//! How much every pixel stands out from the picture's borders.

use rayon::prelude::*;

/// Sum of barriers in Lab, and of three Mahalanobis distances, at which two thirds of standing out are reached.
const BARRIER_SCALE: f32 = 25.0;
const COLOUR_SCALE: f32 = 10.0;
/// Share of a side that the border strips take.
const STRIP: f32 = 0.1;

/// How much every pixel stands out, 0 to 1; `None` if nothing stands out at all.
pub(super) fn map(lab: &[[f32; 3]], width: usize, height: usize) -> Option<Vec<f32>> {
    let (barriers, colour) = rayon::join(
        || {
            let channels = [0, 1, 2].into_par_iter().map(|channel| {
                let plane: Vec<f32> = lab.iter().map(|p| p[channel]).collect();
                barrier_distance(&plane, width, height)
            });
            channels.collect::<Vec<_>>()
        },
        || border_distance(lab, width, height),
    );
    let barrier = (0..lab.len()).map(|i| barriers.iter().map(|b| b[i]).sum());
    let barrier = barrier.collect();
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

/// Least over all paths from the border of the difference of the largest and smallest value on the path.
fn barrier_distance(plane: &[f32], width: usize, height: usize) -> Vec<f32> {
    let mut distance = vec![f32::INFINITY; plane.len()];
    let (mut high, mut low) = (plane.to_vec(), plane.to_vec());
    for y in 0..height {
        for x in 0..width {
            if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
                distance[y * width + x] = 0.0;
            }
        }
    }
    let mut relax = |at: usize, from: usize| {
        let (top, bottom) = (high[from].max(plane[at]), low[from].min(plane[at]));
        if top - bottom < distance[at] {
            (distance[at], high[at], low[at]) = (top - bottom, top, bottom);
        }
    };
    // The border is where paths begin, so only what is within it is visited.
    let (rows, columns) = (1..height - 1, 1..width - 1);
    for pass in 0..3 {
        if pass == 1 {
            for y in rows.clone().rev() {
                for at in columns.clone().rev().map(|x| y * width + x) {
                    relax(at, at + width);
                    relax(at, at + 1);
                }
            }
        } else {
            for y in rows.clone() {
                for at in columns.clone().map(|x| y * width + x) {
                    relax(at, at - width);
                    relax(at, at - 1);
                }
            }
        }
    }
    distance
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
    lab.iter()
        .map(|p| {
            let mut distances = statistics.map(|(mean, inverse)| {
                let d = [p[0] - mean[0], p[1] - mean[1], p[2] - mean[2]];
                let mut sum = 0.0;
                for (i, row) in inverse.iter().enumerate() {
                    for (j, v) in row.iter().enumerate() {
                        sum += d[i] * v * d[j];
                    }
                }
                sum.max(0.0).sqrt()
            });
            distances.sort_unstable_by(f32::total_cmp);
            distances[0] + distances[1] + distances[2]
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
