//! Rows of marks that could be lines of text, and how certainly they are.

use super::letters::{Component, Parents};
use super::weights::{BIAS, WEIGHTS};
use crate::report::Place;

/// Fewest letters in a line.
const LETTERS: usize = 4;

/// A row of marks of like height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Where, in the picture.
    pub place: Place,
    /// Median height of its letters in pixels of the picture.
    pub x_height: f32,
    /// Difference of strokes and ground in levels of luma.
    pub contrast: f32,
    /// Letters or parts of letters.
    pub letters: usize,
    /// Share of the variance within it that its best parting in two colours explains.
    pub two_colours: f32,
    /// Share of the letters that are components of their own; those of words that run together are not.
    apart: f32,
    /// Standard deviation of the lower or upper ends, whichever agree better, of heights and of widths, as parts of the x-height.
    ends: f32,
    heights: f32,
    widths: f32,
    /// Standard deviation of the luma of strokes and of the ground, as parts of the contrast.
    strokes: f32,
    ground: f32,
}

/// A number of a row's form, and its name.
pub type Feature = (&'static str, fn(&Line) -> f32);

/// What tells lines of text from other rows, in the order of the regression's weights.
pub const FORM: [Feature; 10] = [
    ("letters", |line| (line.letters as f32).ln()),
    ("contrast", |line| line.contrast / 64.0),
    ("two_colours", |line| line.two_colours),
    ("apart", |line| line.apart),
    ("long", |line| {
        (line.place.width as f32 / line.place.height as f32).ln()
    }),
    ("ends", |line| line.ends),
    ("heights", |line| line.heights),
    ("widths", |line| line.widths),
    ("strokes", |line| line.strokes),
    ("ground", |line| line.ground),
];

impl Line {
    /// How certainly it is text, 0 to 1.
    pub fn certainty(&self) -> f32 {
        let terms = FORM.iter().zip(WEIGHTS);
        let odds: f32 = terms
            .map(|((_, form), (_, weight))| form(self) * weight)
            .sum();
        1.0 / (1.0 + (-(BIAS + odds)).exp())
    }
}

/// The share of the variance of luma in a rectangle that its best parting in two explains (Otsu 1979).
pub(super) fn bimodality(luma: &[f32], width: usize, place: Place) -> f32 {
    let mut bins = [0.0f64; 64];
    for y in place.y..place.y + place.height {
        for &v in &luma[y * width + place.x..y * width + place.x + place.width] {
            bins[(v as usize / 4).min(63)] += 1.0;
        }
    }
    let total: f64 = bins.iter().sum();
    let mean = bins
        .iter()
        .enumerate()
        .map(|(i, n)| i as f64 * n)
        .sum::<f64>()
        / total;
    let variance = bins
        .iter()
        .enumerate()
        .map(|(i, n)| n * (i as f64 - mean).powi(2))
        .sum::<f64>()
        / total;
    let (mut below, mut sum, mut best) = (0.0, 0.0, 0.0f64);
    for (i, n) in bins.iter().enumerate() {
        below += n;
        sum += i as f64 * n;
        if below > 0.0 && below < total {
            let apart = sum / below - (mean * total - sum) / (total - below);
            best = best.max(below * (total - below) / (total * total) * apart * apart);
        }
    }
    if variance > 0.0 {
        (best / variance) as f32
    } else {
        0.0
    }
}

/// Letters that stand beside each other.
pub(super) fn group(components: &[Component]) -> Vec<Line> {
    let mut order: Vec<usize> = (0..components.len()).collect();
    order.sort_by_key(|&i| (components[i].x0, components[i].y0));
    let mut parents = Parents((0..components.len()).collect());
    // Only the components within reach to the right are compared.
    for (position, &i) in order.iter().enumerate() {
        let a = components[i];
        let reach = a.x1 + 2 * a.height().max(4);
        for &j in order[position + 1..].iter().take(256) {
            let b = components[j];
            if b.x0 > reach {
                break;
            }
            let (tall, low) = (
                a.height().max(b.height()) as f32,
                a.height().min(b.height()) as f32,
            );
            let overlap = (a.y1.min(b.y1) + 1).saturating_sub(a.y0.max(b.y0)) as f32;
            let gap = b.x0 as f32 - a.x1 as f32;
            let alike = (a.luma - b.luma).abs() < 48.0 && (a.ground - b.ground).abs() < 48.0;
            if tall <= 2.2 * low
                && overlap > 0.6 * low
                && gap < 0.9 * tall
                && gap > -0.3 * tall
                && alike
            {
                let (a, b) = (parents.root(i), parents.root(j));
                parents.0[a] = b;
            }
        }
    }
    let mut groups: std::collections::BTreeMap<usize, Vec<Component>> =
        std::collections::BTreeMap::new();
    for (i, &component) in components.iter().enumerate() {
        groups.entry(parents.root(i)).or_default().push(component);
    }
    groups
        .into_values()
        .filter_map(|letters| line(&letters))
        .collect()
}

/// A group as a line, if it looks like one.
fn line(letters: &[Component]) -> Option<Line> {
    let x0 = letters.iter().map(|c| c.x0).min()?;
    let y0 = letters.iter().map(|c| c.y0).min()?;
    let x1 = letters.iter().map(|c| c.x1).max()?;
    let y1 = letters.iter().map(|c| c.y1).max()?;
    let (width, height) = (x1 - x0 + 1, y1 - y0 + 1);
    let mut heights: Vec<usize> = letters.iter().map(Component::height).collect();
    heights.sort_unstable();
    let x_height = heights[heights.len() / 2] as f32;
    // Words that run together count by their length.
    let count: usize = letters
        .iter()
        .map(|c| (c.width() as f32 / (1.3 * x_height)).round().max(1.0) as usize)
        .sum();
    if count < LETTERS || width < 2 * height || (height as f32) > 2.6 * x_height {
        return None;
    }
    // Letters stand on one line: their lower or upper ends agree.
    let bottoms = spread(letters, |c| c.y1 as f32);
    let tops = spread(letters, |c| c.y0 as f32);
    if letters.len() > 2 && bottoms.min(tops) > 0.28 * x_height + 0.5 {
        return None;
    }
    // Strokes are one colour, and fill a part of their boxes only.
    let strokes = spread(letters, |c| c.luma as f32);
    let fill = letters.iter().map(|c| c.area).sum::<usize>() as f32
        / letters
            .iter()
            .map(|c| c.width() * c.height())
            .sum::<usize>() as f32;
    if strokes > 22.0 || fill > 0.86 {
        return None;
    }
    let contrast = letters
        .iter()
        .map(|c| (c.luma - c.ground).abs() as f32)
        .sum::<f32>()
        / letters.len() as f32;
    Some(Line {
        place: Place {
            x: x0,
            y: y0,
            width,
            height,
        },
        x_height,
        contrast,
        letters: count,
        two_colours: 0.0,
        apart: letters.len() as f32 / count as f32,
        ends: bottoms.min(tops) / x_height,
        heights: spread(letters, |c| c.height() as f32) / x_height,
        widths: spread(letters, |c| c.width() as f32) / x_height,
        strokes: strokes / contrast,
        ground: spread(letters, |c| c.ground as f32) / contrast,
    })
}

/// Standard deviation of a property of letters.
fn spread(letters: &[Component], property: impl Fn(&Component) -> f32) -> f32 {
    let count = letters.len() as f32;
    let mean = letters.iter().map(&property).sum::<f32>() / count;
    let squares = letters.iter().map(|c| (property(c) - mean).powi(2));
    (squares.sum::<f32>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_form() {
        let names =
            |pairs: &[(&'static str, f32)]| pairs.iter().map(|pair| pair.0).collect::<Vec<_>>();
        assert_eq!(FORM.map(|(name, _)| name).to_vec(), names(&WEIGHTS));
    }

    /// Eight marks, even or as a hedge has them.
    fn row(even: bool) -> f32 {
        let marks: Vec<Component> = (0..8)
            .map(|i| {
                let off = if even { 0 } else { i * 5 % 7 };
                Component {
                    x0: 12 * i,
                    y0: 20 + off / 3,
                    x1: 12 * i + 7,
                    y1: 31 + off / 3,
                    area: 48,
                    luma: if even { 20.0 } else { 20.0 + 8.0 * off as f64 },
                    ground: if even {
                        220.0
                    } else {
                        90.0 + 20.0 * off as f64
                    },
                }
            })
            .collect();
        let mut lines = group(&marks);
        assert_eq!(lines.len(), 1);
        lines[0].two_colours = if even { 0.93 } else { 0.8 };
        lines[0].certainty()
    }

    #[test]
    fn letters_of_one_ink_on_one_ground_are_text() {
        assert!(row(true) > 0.9, "{}", row(true));
        assert!(row(false) < 0.3, "{}", row(false));
    }
}
