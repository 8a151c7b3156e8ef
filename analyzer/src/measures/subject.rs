//! Does one thing stand out?
//!
//! Saliency by the minimum barrier distance to the picture's border, in three raster passes a Lab channel, with the
//! distance of colours to those of the four borders beside it (MB+, Zhang et al., ICCV 2015), on a copy of 300
//! pixels. What is over Otsu's threshold falls into components; the largest is the subject.

use rayon::prelude::*;

use crate::report::{Map, Measure, Place, Score, Status};
use crate::survey::Overview;

/// Longer side of the copy that is looked at.
pub const SIDE: usize = 300;
/// Smallest side that is looked at.
const LEAST: usize = 16;
/// Sum of barriers in Lab, and of three Mahalanobis distances, at which two thirds of standing out are reached.
const BARRIER_SCALE: f32 = 25.0;
const COLOUR_SCALE: f32 = 10.0;
/// Share of a side that the border strips take.
const STRIP: f32 = 0.1;

/// The subject of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Columns of the copy.
    pub columns: usize,
    /// Rows of the copy.
    pub rows: usize,
    /// How much every pixel of the copy stands out, 0 to 1.
    pub saliency: Vec<f32>,
    /// Which of them belong to the subject.
    pub mask: Vec<bool>,
    /// Share of the picture that it takes.
    pub share: f32,
    /// Its part of everything that stands out.
    pub whole: f32,
    /// How far its colours lie from those around it: chi-square distance of Lab histograms, 0 to 1.
    pub contrast: f32,
    /// Share of the border pixels that it touches.
    pub border: f32,
    /// Share of each border (left, top, right, bottom) that it touches.
    pub borders: [f32; 4],
    /// Its bounding box in the picture.
    pub place: Place,
    /// All of it, 0 nothing stands out to 1 one clear thing.
    pub clarity: f32,
}

/// Finds the subject; `None` in pictures under 16 pixels and in those of one colour.
///
/// `overview` should be at most [`SIDE`] pixels long; `picture` is the whole picture.
pub fn measure(overview: &Overview, picture: Place) -> Option<Subject> {
    let (width, height) = (overview.width, overview.height);
    if width.min(height) < LEAST {
        return None;
    }
    let lab: Vec<[f32; 3]> = overview.rgb.iter().map(|&p| lab(p)).collect();
    let saliency = saliency(&lab, width, height)?;
    let threshold = otsu(&saliency);
    let over: Vec<bool> = saliency.iter().map(|&v| v > threshold).collect();
    let salient = over.iter().filter(|&&v| v).count();
    let mask = largest_component(&over, width, height);
    let count = mask.iter().filter(|&&v| v).count();
    if count == 0 {
        return None;
    }
    let (mut x0, mut y0, mut x1, mut y1) = (width, height, 0, 0);
    for (i, _) in mask.iter().enumerate().filter(|(_, inside)| **inside) {
        let (x, y) = (i % width, i / width);
        (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x), y1.max(y));
    }
    let touched = |cells: &mut dyn Iterator<Item = usize>, length: usize| {
        cells.filter(|&i| mask[i]).count() as f32 / length as f32
    };
    let borders = [
        touched(&mut (0..height).map(|y| y * width), height),
        touched(&mut (0..width), width),
        touched(&mut (0..height).map(|y| y * width + width - 1), height),
        touched(&mut (0..width).map(|x| (height - 1) * width + x), width),
    ];
    let total = 2.0 * (width + height) as f32;
    let border = ((borders[0] + borders[2]) * height as f32
        + (borders[1] + borders[3]) * width as f32)
        / total;
    let share = count as f32 / mask.len() as f32;
    let whole = count as f32 / salient as f32;
    let contrast = histogram_distance(&lab, &mask);
    let size = (share / 0.03).min(1.0) * ((1.0 - share) / 0.3).clamp(0.0, 1.0);
    let clarity = size.sqrt() * (0.45 * contrast + 0.3 * whole + 0.25 * (1.0 - border));
    let factor = overview.factor;
    let (x, y) = (x0 * factor, y0 * factor);
    let place = Place {
        x,
        y,
        width: ((x1 + 1) * factor).min(picture.width) - x,
        height: ((y1 + 1) * factor).min(picture.height) - y,
    };
    Some(Subject {
        columns: width,
        rows: height,
        saliency,
        mask,
        share,
        whole,
        contrast,
        border,
        borders,
        place,
        clarity,
    })
}

/// CIE Lab under D65 from sRGB of 0 to 255 (IEC 61966-2-1).
pub(crate) fn lab(rgb: [f32; 3]) -> [f32; 3] {
    let linear = rgb.map(|v| {
        let v = v / 255.0;
        if v <= 0.04045 {
            v / 12.92
        } else {
            ((v + 0.055) / 1.055).powf(2.4)
        }
    });
    let mix = |m: [f32; 3]| m[0] * linear[0] + m[1] * linear[1] + m[2] * linear[2];
    let cube = |t: f32| {
        if t > 0.008_856 {
            t.cbrt()
        } else {
            7.787 * t + 16.0 / 116.0
        }
    };
    let x = cube(mix([0.412_456, 0.357_576, 0.180_438]) / 0.950_47);
    let y = cube(mix([0.212_673, 0.715_152, 0.072_175]));
    let z = cube(mix([0.019_334, 0.119_192, 0.950_304]) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// 0 to 1 everywhere; `None` if nothing stands out at all.
fn saliency(lab: &[[f32; 3]], width: usize, height: usize) -> Option<Vec<f32>> {
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

/// The threshold that parts values of 0 to 1 best (Otsu 1979).
fn otsu(map: &[f32]) -> f32 {
    let mut bins = [0.0f64; 256];
    for &v in map {
        bins[(v * 255.0) as usize] += 1.0;
    }
    let total = map.len() as f64;
    let sum: f64 = bins.iter().enumerate().map(|(i, n)| i as f64 * n).sum();
    let (mut below, mut below_sum, mut best, mut at) = (0.0, 0.0, -1.0, 0);
    for (i, n) in bins.iter().enumerate() {
        below += n;
        below_sum += i as f64 * n;
        if below == 0.0 || below == total {
            continue;
        }
        let apart = below_sum / below - (sum - below_sum) / (total - below);
        let between = below * (total - below) * apart * apart;
        if between > best {
            (best, at) = (between, i);
        }
    }
    (at as f32 + 0.5) / 255.0
}

/// The largest 4-connected part of a mask.
fn largest_component(mask: &[bool], width: usize, height: usize) -> Vec<bool> {
    let mut label = vec![0u32; mask.len()];
    let (mut next, mut best, mut most) = (0, 0, 0);
    let mut stack = Vec::new();
    for start in 0..mask.len() {
        if !mask[start] || label[start] != 0 {
            continue;
        }
        next += 1;
        let mut count = 0;
        label[start] = next;
        stack.push(start);
        while let Some(at) = stack.pop() {
            count += 1;
            let (x, y) = (at % width, at / width);
            let mut visit = |to: usize| {
                if mask[to] && label[to] == 0 {
                    label[to] = next;
                    stack.push(to);
                }
            };
            if x > 0 {
                visit(at - 1);
            }
            if x + 1 < width {
                visit(at + 1);
            }
            if y > 0 {
                visit(at - width);
            }
            if y + 1 < height {
                visit(at + width);
            }
        }
        if count > most {
            (best, most) = (next, count);
        }
    }
    label.iter().map(|&l| l != 0 && l == best).collect()
}

/// Chi-square distance of the Lab histograms inside and outside a mask, 0 to 1, mean of the channels.
fn histogram_distance(lab: &[[f32; 3]], mask: &[bool]) -> f32 {
    const BINS: usize = 16;
    let ranges = [(0.0, 100.0), (-80.0, 80.0), (-80.0, 80.0)];
    let mut sum = 0.0;
    for (channel, (low, high)) in ranges.into_iter().enumerate() {
        let mut bins = [[0.0f32; BINS]; 2];
        let mut counts = [0.0f32; 2];
        for (p, &inside) in lab.iter().zip(mask) {
            let at = ((p[channel] - low) / (high - low) * BINS as f32).clamp(0.0, BINS as f32 - 1.0)
                as usize;
            bins[usize::from(inside)][at] += 1.0;
            counts[usize::from(inside)] += 1.0;
        }
        let distance: f32 = (0..BINS)
            .map(|i| {
                let (a, b) = (
                    bins[0][i] / counts[0].max(1.0),
                    bins[1][i] / counts[1].max(1.0),
                );
                if a + b > 0.0 {
                    (a - b) * (a - b) / (a + b)
                } else {
                    0.0
                }
            })
            .sum();
        // Colour that is the same inside and outside says nothing against a subject: the best channel counts most.
        sum = f32::max(sum, distance / 2.0);
    }
    sum
}

/// The score of what was measured.
pub fn score(subject: Option<&Subject>, picture: Place) -> Score {
    let Some(subject) = subject else {
        return if picture.width.min(picture.height) < LEAST {
            Score::absent(
                Measure::SubjectClarity,
                Status::TooSmall,
                "too small to have a subject",
            )
        } else {
            Score::measured(Measure::SubjectClarity, 0.0, "nothing stands out")
        };
    };
    let words = match subject.clarity {
        v if v > 0.6 => "subject clear",
        v if v > 0.35 => "a subject, not clearly apart from what is around it",
        _ => "no single subject",
    };
    Score::measured(Measure::SubjectClarity, subject.clarity, words).at(vec![subject.place])
}

/// What stands out in a picture of so many columns, pixel by pixel of the copy.
pub fn map(subject: &Subject, width: usize) -> Map {
    Map {
        measure: Measure::SubjectClarity,
        side: width.div_ceil(subject.columns.max(1)),
        columns: subject.columns,
        rows: subject.rows,
        cells: subject.saliency.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overview(
        width: usize,
        height: usize,
        colour: impl Fn(usize, usize) -> [f32; 3],
    ) -> Overview {
        Overview {
            width,
            height,
            factor: 2,
            rgb: (0..width * height)
                .map(|i| colour(i % width, i / width))
                .collect(),
        }
    }

    #[test]
    fn a_disc_on_a_ground_is_the_subject() {
        let disc = |x: usize, y: usize| (x as f32 - 60.0).hypot(y as f32 - 40.0) < 20.0;
        let overview = overview(120, 90, |x, y| {
            if disc(x, y) {
                [200.0, 40.0, 30.0]
            } else {
                [90.0 + (x % 7) as f32, 120.0, 90.0 + (y % 5) as f32]
            }
        });
        let picture = Place {
            x: 0,
            y: 0,
            width: 239,
            height: 180,
        };
        let subject = measure(&overview, picture).unwrap();
        let wrong = (0..120 * 90)
            .filter(|&i| subject.mask[i] != disc(i % 120, i / 120))
            .count();
        assert!(wrong < 60, "{wrong} pixels differ");
        assert!(subject.clarity > 0.7, "{}", subject.clarity);
        let place = subject.place;
        assert!(
            (78..=84).contains(&place.x) && (76..=84).contains(&place.width),
            "{place:?}"
        );
    }

    #[test]
    fn one_colour_has_no_subject() {
        let flat = overview(60, 60, |_, _| [128.0; 3]);
        let picture = Place {
            x: 0,
            y: 0,
            width: 120,
            height: 120,
        };
        assert!(measure(&flat, picture).is_none());
        assert_eq!(score(None, picture).value, Some(0.0));
    }

    #[test]
    fn lab_of_white_and_of_pure_red() {
        let white = lab([255.0; 3]);
        assert!((white[0] - 100.0).abs() < 0.01 && white[1].abs() < 0.05 && white[2].abs() < 0.05);
        let red = lab([255.0, 0.0, 0.0]);
        for (found, known) in red.into_iter().zip([53.24, 80.09, 67.20]) {
            assert!((found - known).abs() < 0.05, "{red:?}");
        }
    }
}
