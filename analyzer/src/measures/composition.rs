//! Defects of the crop, and only those: a subject that the frame cuts or that is tiny, bars at the edges.
//!
//! A defect here is advice with a crop, never by itself a reason to make the picture anew.

use super::subject::Subject;
use crate::report::{Content, Measure, Place, Score, Status};
use crate::survey::Overview;

/// Difference in levels up to which a row or column is of one colour.
const ONE_COLOUR: f32 = 6.0;
/// Least thickness of a bar, as a share of the side, and the most that all bars may take.
const BAR: f32 = 0.02;
const BARS: f32 = 0.45;
/// Share of a border under a subject that is cut.
const CUT: f32 = 0.35;
/// Share of the picture under which a subject is tiny.
const TINY: f32 = 0.02;

/// What is wrong with a crop.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Composition {
    /// What would remain without bars, if there are any.
    pub without_bars: Option<Place>,
    /// The frame cuts the subject: left, top, right, bottom. A subject that stands on the bottom edge is not cut.
    pub cut: [bool; 3],
    /// The subject is tiny: a crop around it.
    pub tiny: Option<Place>,
}

/// Looks for defects. `overview` is the reduced copy, `picture` the whole picture.
pub fn measure(
    overview: &Overview,
    subject: Option<&Subject>,
    content: Content,
    picture: Place,
) -> Composition {
    let has_subject = matches!(content, Content::Photo | Content::Product | Content::Art);
    let subject = subject.filter(|s| has_subject && s.clarity > 0.55);
    let cut = subject.map_or([false; 3], |s| [0, 1, 2].map(|i| s.borders[i] > CUT));
    let tiny = subject
        .filter(|s| s.share < TINY && content != Content::Product)
        .map(|s| around(s.place, picture));
    Composition {
        without_bars: if content == Content::PixelArt {
            None
        } else {
            bars(overview, picture)
        },
        cut,
        tiny,
    }
}

/// A place with room around it, three times its size where the picture allows.
fn around(place: Place, picture: Place) -> Place {
    let (width, height) = (
        (place.width * 3).min(picture.width),
        (place.height * 3).min(picture.height),
    );
    let middle = |start: usize, length: usize, wide: usize, end: usize| {
        (start + length / 2)
            .saturating_sub(wide / 2)
            .min(end - wide)
    };
    Place {
        x: middle(place.x, place.width, width, picture.width),
        y: middle(place.y, place.height, height, picture.height),
        width,
        height,
    }
}

/// What lies within black or white bars at opposite edges.
fn bars(overview: &Overview, picture: Place) -> Option<Place> {
    let (width, height) = (overview.width, overview.height);
    let at = |x: usize, y: usize| overview.rgb[y * width + x];
    let first = at(0, 0);
    let extreme = first.iter().all(|&v| v < 24.0) || first.iter().all(|&v| v > 244.0);
    if width.min(height) < 32 || !extreme {
        return None;
    }
    let same = |p: [f32; 3]| (0..3).all(|c| (p[c] - first[c]).abs() <= ONE_COLOUR);
    let row = |y: usize| (0..width).all(|x| same(at(x, y)));
    let column = |x: usize| (0..height).all(|y| same(at(x, y)));
    let top = (0..height).take_while(|&y| row(y)).count();
    let left = (0..width).take_while(|&x| column(x)).count();
    if top == height {
        return None;
    }
    let bottom = (0..height).rev().take_while(|&y| row(y)).count();
    let right = (0..width).rev().take_while(|&x| column(x)).count();
    // A pair of bars is a letterbox; a margin all round is a page or a product.
    let pair = |a: usize, b: usize, side: usize| {
        a.min(b) as f32 >= BAR * side as f32 && ((a + b) as f32) < BARS * side as f32
    };
    let horizontal = pair(top, bottom, height) && left + right == 0;
    let vertical = pair(left, right, width) && top + bottom == 0;
    if !horizontal && !vertical {
        return None;
    }
    let (x, y) = (left * overview.factor, top * overview.factor);
    Some(Place {
        x,
        y,
        width: ((width - left - right) * overview.factor).min(picture.width - x),
        height: ((height - top - bottom) * overview.factor).min(picture.height - y),
    })
}

impl Composition {
    /// What should be kept of the picture, if less than all.
    pub fn crop(&self) -> Option<Place> {
        self.without_bars.or(self.tiny)
    }

    /// 1 without defects.
    pub fn score(&self, picture: Place) -> Score {
        if picture.width.min(picture.height) < 32 {
            let words = "too small to judge its crop";
            return Score::absent(Measure::Composition, Status::TooSmall, words);
        }
        let cuts = self.cut.iter().filter(|&&cut| cut).count();
        let (value, words) = if self.without_bars.is_some() {
            (0.5, "bars at its edges".to_string())
        } else if cuts >= 2 {
            (0.45, "the frame cuts the subject".to_string())
        } else if cuts == 1 {
            let edge = ["left", "upper", "right"][self.cut.iter().position(|&c| c).unwrap_or(0)];
            (0.6, format!("the subject runs into the {edge} edge"))
        } else if self.tiny.is_some() {
            (0.6, "the subject is tiny".to_string())
        } else {
            (1.0, "no defects of the crop".to_string())
        };
        Score::measured(Measure::Composition, value, words).at(self.crop().into_iter().collect())
    }
}
