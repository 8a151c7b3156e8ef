//! Lines of text: where, how large, how clear.
//!
//! Strokes stand out of the mean around them; the connected components of such pixels that are of the size of letters and
//! stand beside each other at one height are a row of marks (`letters.rs`, `lines.rs`). Feathers, windows and stripes make
//! rows too: a logistic regression over their form, learned from rendered text and from photographs without any, tells how
//! certainly one is text. Whether the glyphs are valid is another question, for which a network is needed: it is not judged.

mod letters;
mod lines;
// As `recipe/lines.py` writes it.
mod weights;

use letters::{box_mean, components};
pub use lines::{FORM, Line};
use lines::{bimodality, group};

use crate::report::{Measure, Place, Score, Status};
use crate::survey::Overview;

/// Share of the variance within a line that two colours explain. A normal distribution has 0.64, a ramp 0.75.
const TWO_COLOURS: f32 = 0.78;
/// Certainty from which a row of marks is text, 0 to 1. Rows are found in 55 of the 114 pictures of Set14 and BSD100, text
/// in ten; of 67 pictures of `triage/dev.tsv` with text 51 keep some, of 36 without three.
const CERTAIN: f32 = 0.5;
/// x-height in pixels from which text reads well, and under which nothing does.
const WELL: f32 = 8.0;
const ILLEGIBLE: f32 = 2.5;

/// All rows of marks that were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Largest letters first.
    pub lines: Vec<Line>,
    /// Share of the picture that they cover.
    pub share: f32,
    /// x-height of the smaller lines (20th percentile, by letters), in pixels of the picture.
    pub x_height: Option<f32>,
}

impl Text {
    fn new(lines: Vec<Line>, picture: Place) -> Text {
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

    /// The rows that are lines of text.
    pub fn certain(&self, picture: Place) -> Text {
        let certain = self.lines.iter().filter(|line| line.certainty() > CERTAIN);
        Text::new(certain.copied().collect(), picture)
    }
}

/// Looks for rows of marks, dark on light and light on dark.
pub fn measure(overview: &Overview, picture: Place) -> Text {
    let (width, height) = (overview.width, overview.height);
    let luma = &overview.luma;
    let mean = box_mean(luma, width, height);
    let mut lines = Vec::new();
    for sign in [-1.0f32, 1.0] {
        let components = components(luma, &mean, width, sign);
        let clear = group(&components).into_iter().filter_map(|mut line| {
            line.two_colours = bimodality(luma, width, line.place);
            (line.two_colours > TWO_COLOURS).then_some(line)
        });
        lines.extend(clear.map(|line| scaled(line, overview.factor, picture)));
    }
    lines.sort_by(|a, b| {
        b.x_height
            .total_cmp(&a.x_height)
            .then(a.place.y.cmp(&b.place.y))
            .then(a.place.x.cmp(&b.place.x))
    });
    Text::new(lines, picture)
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
