//! What kind of picture is it?
//!
//! Pixel art by its grid, text by its lines. What remains is a photograph, art or a product, which a multinomial logistic
//! regression tells apart by [`Traits`], the letters that were found and the subject: `recipe/content.py` fits it to
//! photographs, drawings, rendered pages and cut-outs, damaged in many ways, and writes `kinds.rs`.

use super::kinds::{BIAS, WEIGHTS};
use super::pixel_art::{self, PixelArt};
use super::subject::Subject;
use super::text::Text;
use super::traits::Traits;
use crate::report::{Content, Measure, Score, Status};

/// What the regression tells apart, in the order of its weights. It has seen text as well, whose odds are not asked for.
const KINDS: [Content; 3] = [Content::Photo, Content::Art, Content::Product];

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
    /// Probability of art among photographs, art and products, whatever the kind; `None` if it is too small to tell.
    pub art: Option<f32>,
}

/// Decides what a picture shows. What is too small is taken for a photograph, without certainty.
pub fn measure(
    traits: Option<&Traits>,
    text: &Text,
    subject: Option<&Subject>,
    pixel_art: Option<PixelArt>,
) -> Kind {
    let odds = traits.map(|traits| odds(&features(traits, text, subject)));
    let kind = |content, certainty: f32| Kind {
        content,
        certainty: certainty.clamp(0.0, 1.0),
        art: odds.map(|[_, art, _]| art),
    };
    if let Some(art) = pixel_art.filter(|art| art.certainty >= pixel_art::CERTAIN) {
        return kind(Content::PixelArt, art.certainty);
    }
    let Some((traits, odds)) = traits.zip(odds) else {
        return kind(Content::Photo, 0.0);
    };
    let letters = letters(text);
    let plain = traits.two_colours.max(traits.white);
    if is_text(traits, text, letters, plain) {
        let sure = (letters as f32 / CROWDED as f32).min(1.0) * 0.4 + plain * 0.5;
        return kind(Content::Text, sure.max(0.5));
    }
    let likeliest = KINDS.iter().zip(odds).max_by(|a, b| a.1.total_cmp(&b.1));
    likeliest.map_or(kind(Content::Photo, 0.0), |(&content, p)| kind(content, p))
}

/// Whether lines of text, in number or for want of anything else, make it a page or a screen.
fn is_text(traits: &Traits, text: &Text, letters: usize, plain: f32) -> bool {
    let two_coloured = traits.same > 0.6
        && traits.two_colours > 0.9
        && traits.strokes > 0.005
        && traits.tones < 0.45
        && (letters >= FEW_LETTERS || traits.strokes > STROKES);
    let page = letters >= PAGE && plain > PLAIN && text.share > 0.01;
    let two_toned = traits.texture.two_toned.is_some_and(|share| share > 0.3);
    two_coloured || page || letters >= CROWDED && traits.texture.smooth > 0.5 && two_toned
}

/// Probabilities of [`KINDS`]. What was not measured counts as it mostly is.
fn odds(row: &[Option<f32>]) -> [f32; 3] {
    let mut sums = BIAS;
    for (value, (_, usual, weights)) in row.iter().zip(WEIGHTS) {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += weight * value.unwrap_or(*usual);
        }
    }
    let most = sums.into_iter().fold(f32::MIN, f32::max);
    let parts = sums.map(|sum| (sum - most).exp());
    parts.map(|part| part / parts.iter().sum::<f32>())
}

/// What the regression sees.
struct Seen<'a>(&'a Traits, &'a Text, Option<&'a Subject>);

/// Where a feature comes from.
type Source = fn(&Seen<'_>) -> Option<f32>;

/// Names and sources, in the order of the fit.
const TABLE: &[(&str, Source)] = &[
    ("same", |s| Some(s.0.same)),
    ("flat", |s| Some(s.0.flat)),
    ("strokes", |s| Some(s.0.strokes)),
    ("two_colours", |s| Some(s.0.two_colours)),
    ("eight_colours", |s| Some(s.0.eight_colours)),
    ("palette", |s| Some(s.0.palette)),
    ("saturation", |s| Some(s.0.saturation)),
    ("vivid", |s| Some(s.0.vivid)),
    ("grey", |s| Some(s.0.grey)),
    ("white", |s| Some(s.0.white)),
    ("black", |s| Some(s.0.black)),
    ("peaks", |s| Some(s.0.peaks)),
    ("chroma", |s| Some(s.0.chroma)),
    ("plain_border", |s| Some(s.0.plain_border)),
    ("border_luma", |s| Some(s.0.border_luma)),
    ("ground", |s| Some(s.0.ground)),
    ("entropy", |s| Some(s.0.entropy)),
    ("colours", |s| Some(s.0.colours)),
    ("still", |s| s.0.texture.still),
    ("weak", |s| s.0.texture.weak),
    ("strong", |s| s.0.texture.strong),
    ("strong_part", |s| s.0.texture.strong_part),
    ("spread", |s| s.0.texture.spread),
    ("colour", |s| s.0.texture.colour),
    ("clean", |s| s.0.texture.clean),
    ("half_clean", |s| s.0.texture.half_clean),
    ("crisp", |s| s.0.texture.crisp),
    ("crisp_spread", |s| s.0.texture.crisp_spread),
    ("dark_lines", |s| s.0.texture.dark_lines),
    ("light_lines", |s| s.0.texture.light_lines),
    ("upright", |s| s.0.texture.upright),
    ("flat_cells", |s| s.0.texture.flat_cells),
    ("two_toned", |s| s.0.texture.two_toned),
    ("rest_0", |s| s.0.texture.rest[0]),
    ("rest_1", |s| s.0.texture.rest[1]),
    ("rest_2", |s| s.0.texture.rest[2]),
    ("rest_3", |s| s.0.texture.rest[3]),
    ("rise_0", |s| s.0.texture.rise[0]),
    ("rise_1", |s| s.0.texture.rise[1]),
    ("rest_spread", |s| s.0.texture.rest_spread),
    ("letters", |s| Some((letters(s.1) as f32).ln_1p())),
    ("text_share", |s| Some(s.1.share)),
    ("subject_share", |s| s.2.map(|s| s.share)),
    ("subject_whole", |s| s.2.map(|s| s.whole)),
    ("subject_contrast", |s| s.2.map(|s| s.contrast)),
    ("subject_border", |s| s.2.map(|s| s.border)),
    ("subject_clarity", |s| s.2.map(|s| s.clarity)),
];

/// Names of the features, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// The features of a picture, in the order of [`names`]; `None` where nothing was measured.
pub fn features(traits: &Traits, text: &Text, subject: Option<&Subject>) -> Vec<Option<f32>> {
    let seen = Seen(traits, text, subject);
    let finite = |v: &f32| v.is_finite();
    TABLE
        .iter()
        .map(|(_, source)| source(&seen).filter(finite))
        .collect()
}

/// Letters of all lines.
fn letters(text: &Text) -> usize {
    text.lines.iter().map(|line| line.letters).sum()
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

#[cfg(test)]
mod tests {
    use super::super::{kinds, subject, text, traits};
    use super::*;
    use crate::report::Place;
    use crate::survey::Overview;
    use crate::{OVERVIEW, Raster, Samples};

    #[test]
    fn the_weights_are_for_these_features() {
        assert!(names().eq(kinds::WEIGHTS.iter().map(|(name, _, _)| *name)));
    }

    /// Predictions of `recipe/content.py`, by the library that it fits with.
    #[test]
    fn as_the_library_predicts() {
        let mut lines = include_str!("kinds.tsv").lines();
        let header: Vec<_> = lines.next().expect("a header").split('\t').collect();
        assert!(header[3..].iter().copied().eq(names()));
        let mut seen = 0;
        for line in lines {
            let cells: Vec<Option<f32>> = line.split('\t').map(|cell| cell.parse().ok()).collect();
            for (found, expected) in odds(&cells[3..]).into_iter().zip(&cells) {
                let expected = expected.expect("a prediction");
                assert!((found - expected).abs() < 1e-4, "{found}: {line}");
            }
            seen += 1;
        }
        assert!(seen >= 30, "{seen} rows");
    }

    fn kind_of(side: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Kind {
        let data: Vec<u8> = (0..side * side)
            .flat_map(|i| pixel(i % side, i / side))
            .collect();
        let raster = Raster::new(side, side, 3, Samples::U8(&data)).expect("samples fit");
        let picture = Place {
            x: 0,
            y: 0,
            width: side,
            height: side,
        };
        let overview = Overview::new(&raster, OVERVIEW);
        let small = overview.reduced(subject::SIDE);
        let traits = traits::measure(&raster, &overview, &small);
        let text = text::measure(&overview, picture);
        let subject = subject::measure(&small, picture);
        measure(traits.as_ref(), &text, subject.as_ref(), None)
    }

    /// Between -0.5 and 0.5, without a pattern.
    fn dice(x: usize, y: usize) -> f32 {
        let mixed = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
        let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2C1B_3C6D);
        (mixed >> 16) as f32 / 65536.0 - 0.5
    }

    /// Waves of many lengths, brighter to one side, with the grain of a sensor: nothing is flat, nothing is inked.
    #[test]
    fn light_and_grain_are_a_photograph() {
        let found = kind_of(384, |x, y| {
            let (u, v) = (x as f32, y as f32);
            let waves = 30.0 * (u / 61.0 + v / 97.0).sin()
                + 22.0 * (v / 23.0 - u / 45.0).sin()
                + 12.0 * (u / 7.0).sin() * (v / 9.0).cos();
            let light = 110.0 + u / 8.0 + waves + 14.0 * dice(x, y);
            [light * 1.05, light * 0.95 + 4.0, light * 0.8].map(|v| v.clamp(0.0, 255.0) as u8)
        });
        assert_eq!(found.content, Content::Photo, "{found:?}");
    }

    /// Discs in five inks with dark outlines, on a sixth.
    #[test]
    fn inked_shapes_are_art() {
        const INKS: [[u8; 3]; 5] = [
            [230, 60, 50],
            [250, 200, 40],
            [40, 120, 220],
            [60, 180, 90],
            [240, 150, 180],
        ];
        let found = kind_of(384, |x, y| {
            let mut colour = [170, 215, 235];
            for i in 0..24 {
                let middle = ((dice(i, 1) + 0.5) * 384.0, (dice(i, 2) + 0.5) * 384.0);
                let radius = 30.0 + 40.0 * (dice(i, 3) + 0.5);
                let apart = (x as f32 - middle.0).hypot(y as f32 - middle.1);
                if apart < radius {
                    colour = INKS[i % 5];
                } else if apart < radius + 4.0 {
                    colour = [20, 16, 24];
                }
            }
            colour
        });
        assert_eq!(found.content, Content::Art, "{found:?}");
    }

    #[test]
    fn too_small_says_so() {
        let found = kind_of(7, |x, _| [x as u8; 3]);
        assert_eq!(found.certainty, 0.0);
        let score = score(found);
        assert_eq!((score.status, score.value), (Status::TooSmall, None));
    }

    #[test]
    fn one_colour_has_a_kind_and_odds() {
        let found = kind_of(64, |_, _| [128; 3]);
        assert!(found.certainty > 0.0 && found.certainty <= 1.0, "{found:?}");
        let empty = vec![None; names().count()];
        assert!((odds(&empty).iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}
