//! What kind of picture is it?
//!
//! Pixel art by its grid, text by its lines, a product by a plain light ground that its subject does not leave;
//! what remains is a photograph or art, which a logistic regression over [`Traits`] parts (`analyzer/recipe/content.py`
//! trains it: photographs and drawings of the training tiles, half of them compressed or reduced).

use super::pixel_art::{self, PixelArt};
use super::subject::Subject;
use super::text::Text;
use super::traits::Traits;
use crate::report::{Content, Measure, Score, Status};

/// A weight and what it weighs.
type Term = (f32, fn(&Traits) -> f32);

/// The regression's weights: log-odds of art.
const ART: [Term; 13] = [
    (-1.742, |t| t.same),
    (1.801, |t| t.flat),
    (14.082, |t| t.strokes),
    (0.849, |t| t.eight_colours),
    (0.755, |t| t.palette),
    (2.135, |t| t.saturation),
    (-0.430, |t| t.smooth),
    (1.100, |t| t.texture),
    (-3.432, |t| t.spread),
    (0.371, |t| t.entropy),
    (4.247, |t| t.two_toned),
    (-2.279, |t| t.floor),
    (0.351, |t| t.plain_border),
];
const ART_BIAS: f32 = -1.059;
/// Probability from which it is called art: photographs are more common, and their models do less harm.
const IS_ART: f32 = 0.65;

/// Fewest letters of a page on a plain ground, and of a page on any.
const PAGE: usize = 40;
const CROWDED: usize = 150;
/// Fewest letters of a page in two colours, or the share of stroke edges of one too small to show any.
const FEW_LETTERS: usize = 4;
const STROKES: f32 = 0.03;
/// Share of a plain ground.
const PLAIN: f32 = 0.6;

/// The kind and how sure it is, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// The kind.
    pub content: Content,
    /// How sure, 0 to 1.
    pub certainty: f32,
}

/// Decides what a picture shows. What is too small is taken for a photograph, without certainty.
pub fn measure(
    traits: Option<&Traits>,
    text: &Text,
    subject: Option<&Subject>,
    pixel_art: Option<PixelArt>,
) -> Kind {
    let kind = |content, certainty: f32| Kind {
        content,
        certainty: certainty.clamp(0.0, 1.0),
    };
    if let Some(art) = pixel_art.filter(|art| art.certainty >= pixel_art::CERTAIN) {
        return kind(Content::PixelArt, art.certainty);
    }
    let Some(traits) = traits else {
        return kind(Content::Photo, 0.0);
    };
    let letters: usize = text.lines.iter().map(|line| line.letters).sum();
    let plain = traits.two_colours.max(traits.white);
    let two_coloured = traits.same > 0.6
        && traits.two_colours > 0.9
        && traits.strokes > 0.005
        && traits.entropy < 0.45
        && (letters >= FEW_LETTERS || traits.strokes > STROKES);
    let page = letters >= PAGE && plain > PLAIN && text.share > 0.01;
    let crowded = letters >= CROWDED && traits.smooth > 0.5 && traits.two_toned > 0.3;
    if two_coloured || page || crowded {
        let sure = (letters as f32 / CROWDED as f32).min(1.0) * 0.4 + plain * 0.5;
        return kind(Content::Text, sure.max(0.5));
    }
    let art = art_probability(traits);
    let apart = subject.is_some_and(|s| s.border < 0.12 && (0.03..0.8).contains(&s.share));
    if apart && traits.plain_border > 0.8 && traits.border_luma > 0.75 && art < 0.93 {
        return kind(Content::Product, traits.plain_border);
    }
    if art > IS_ART {
        kind(Content::Art, art)
    } else {
        kind(Content::Photo, 1.0 - art * 0.7)
    }
}

fn art_probability(traits: &Traits) -> f32 {
    let sum: f32 = ART.iter().map(|(weight, of)| weight * of(traits)).sum();
    1.0 / (1.0 + (-(sum + ART_BIAS)).exp())
}

/// The score: how sure the kind is.
pub fn score(kind: Kind) -> Score {
    if kind.certainty == 0.0 {
        let words = "too small to tell what it shows";
        return Score::absent(Measure::Content, Status::TooSmall, words);
    }
    let words = match kind.content {
        Content::Photo => "a photograph",
        Content::Art => "a drawing or graphic",
        Content::Text => "text",
        Content::PixelArt => "pixel art",
        Content::Product => "a product on a plain ground",
    };
    Score::measured(Measure::Content, kind.certainty, words)
}
