//! Lines of text: where, how large, how clear.
//!
//! Strokes stand out of the mean around them; the connected components of such pixels that are of the size of letters and
//! stand beside each other at one height are a line. Whether the glyphs are valid is another question, for which a
//! network is needed: it is not judged.

mod letters;

use letters::{Component, Parents, box_mean, components};

use crate::report::{Measure, Place, Score, Status};
use crate::survey::Overview;

/// Fewest letters in a line.
const LETTERS: usize = 4;
/// Share of the variance within a line that two colours explain. A normal distribution has 0.64, a ramp 0.75.
const TWO_COLOURS: f32 = 0.78;
/// x-height in pixels from which text reads well, and under which nothing does.
const WELL: f32 = 8.0;
const ILLEGIBLE: f32 = 2.5;

/// A line of text.
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
}

/// All lines that were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Largest letters first.
    pub lines: Vec<Line>,
    /// Share of the picture that they cover.
    pub share: f32,
    /// x-height of the smaller lines (20th percentile, by letters), in pixels of the picture.
    pub x_height: Option<f32>,
}

/// Looks for lines of text, dark on light and light on dark.
pub fn measure(overview: &Overview, picture: Place) -> Text {
    let (width, height) = (overview.width, overview.height);
    let luma = &overview.luma;
    let mean = box_mean(luma, width, height);
    let mut lines = Vec::new();
    for sign in [-1.0f32, 1.0] {
        let components = components(luma, &mean, width, sign);
        let clear = group(&components)
            .into_iter()
            .filter(|line| bimodality(luma, width, line.place) > TWO_COLOURS);
        lines.extend(clear.map(|line| scaled(line, overview.factor, picture)));
    }
    lines.sort_by(|a, b| {
        b.x_height
            .total_cmp(&a.x_height)
            .then(a.place.y.cmp(&b.place.y))
            .then(a.place.x.cmp(&b.place.x))
    });
    let covered: usize = lines.iter().map(|l| l.place.width * l.place.height).sum();
    let total: usize = lines.iter().map(|l| l.letters).sum();
    let mut left = total / 5;
    let x_height = lines
        .iter()
        .rev()
        .find(|line| {
            let is_it = line.letters > left;
            left = left.saturating_sub(line.letters);
            is_it
        })
        .map(|line| line.x_height);
    Text {
        share: (covered as f32 / (picture.width * picture.height) as f32).min(1.0),
        x_height,
        lines,
    }
}

/// The share of the variance of luma in a rectangle that its best parting in two explains (Otsu 1979).
fn bimodality(luma: &[f32], width: usize, place: Place) -> f32 {
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

fn scaled(mut line: Line, factor: usize, picture: Place) -> Line {
    let (x, y) = (line.place.x * factor, line.place.y * factor);
    line.place = Place {
        x,
        y,
        width: (line.place.width * factor).min(picture.width - x),
        height: (line.place.height * factor).min(picture.height - y),
    };
    line.x_height *= factor as f32;
    line
}

/// Letters that stand beside each other.
fn group(components: &[Component]) -> Vec<Line> {
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
    let spread = |values: Vec<f32>| {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32).sqrt()
    };
    let bottoms = spread(letters.iter().map(|c| c.y1 as f32).collect());
    let tops = spread(letters.iter().map(|c| c.y0 as f32).collect());
    if letters.len() > 2 && bottoms.min(tops) > 0.28 * x_height + 0.5 {
        return None;
    }
    // Strokes are one colour, and fill a part of their boxes only.
    let lumas = spread(letters.iter().map(|c| c.luma as f32).collect());
    let fill = letters.iter().map(|c| c.area).sum::<usize>() as f32
        / letters
            .iter()
            .map(|c| c.width() * c.height())
            .sum::<usize>() as f32;
    if lumas > 22.0 || fill > 0.86 {
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
    })
}

/// How well small text can be read.
pub fn score(text: &Text, picture: Place) -> Score {
    let Some(x_height) = text.x_height else {
        return if picture.width.min(picture.height) < 12 {
            Score::absent(
                Measure::TextReadable,
                Status::TooSmall,
                "too small to hold text",
            )
        } else {
            Score::absent(
                Measure::TextReadable,
                Status::NotApplicable,
                "no text was found",
            )
        };
    };
    let value = ((x_height - ILLEGIBLE) / (WELL - ILLEGIBLE)).clamp(0.0, 1.0);
    let count = text.lines.len();
    let lines = if count == 1 {
        "1 line".to_string()
    } else {
        format!("{count} lines")
    };
    let words = if value > 0.6 {
        format!("text readable ({lines}, smallest letters {x_height:.0} pixels)")
    } else {
        format!("small text of {x_height:.0} pixels ({lines}): check it")
    };
    let mut smallest: Vec<Line> = text.lines.clone();
    smallest.reverse();
    let places = smallest.iter().take(8).map(|line| line.place).collect();
    Score::measured(Measure::TextReadable, value, words).at(places)
}

/// Whether letters are letters: a question for a network that is not here yet.
pub fn validity(text: &Text) -> Score {
    if text.lines.is_empty() {
        let words = "no text was found";
        return Score::absent(Measure::TextValid, Status::NotApplicable, words);
    }
    let words = "whether its letters and words are right was not judged: read them";
    let places = text.lines.iter().take(8).map(|line| line.place).collect();
    Score::absent(Measure::TextValid, Status::NotJudged, words).at(places)
}
