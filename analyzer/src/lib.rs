//! Looks at a picture and says whether, and how, it should be enlarged.
//!
//! [`analyze`] takes the survey of a picture (`survey`: tiles at full size and a reduced copy), runs every
//! measure of `measures` over it and lets `decision` make one [`Decision`](report::Decision) of them. A measure
//! is a pure function from pixels to a value in its own units and a [`Score`] between 0 and 1 with a
//! status, a sentence and places; what could not be measured says so and never reads as good.

#![forbid(unsafe_code)]

pub mod decision;
pub mod measures;
mod raster;
pub mod report;
pub mod survey;

pub use raster::{FileFacts, Raster, RasterError, Samples};

use rayon::prelude::*;

use measures::{
    composition, content, edges, glance, grain, halving, jpeg, light, motion, noise, pixel_art,
    resolution, sharpness, subject, text, traits,
};
use report::{Analysis, Content, Evidence, Measure, Place, Score, Status};
use survey::{Overview, Tile, tiles};

/// Longer side of the reduced copy on which text, light and composition are looked for.
pub const OVERVIEW: usize = 1024;
/// Longer side that the copy has at least that tells blur from afar.
const SMALL: usize = 512;
/// Share of neighbours that hardly differ from which a picture without edges may be one colour, and the range of levels of
/// each channel over all of it.
const BLANK: f32 = 0.995;
const ONE_COLOUR: f32 = 12.0;

/// Looks at a picture.
///
/// Any picture gets an answer: what is too small, empty or of one colour is said to be so.
pub fn analyze(raster: &Raster<'_>, facts: &FileFacts) -> Analysis {
    let picture = Place {
        x: 0,
        y: 0,
        width: raster.width(),
        height: raster.height(),
    };
    let survey = Survey::new(raster);
    let tiles = &survey.tiles;
    // What runs on one thread begins first, so that what splits by tiles fills the others.
    let (
        ((subject, text), (traits, (pixel_art, light))),
        (from_pixels, ((grain, glance), from_tiles)),
    ) = rayon::join(
        || {
            rayon::join(
                || {
                    let subject = subject::measure(&survey.subject, picture);
                    (subject, text::measure(&survey.overview, picture))
                },
                || {
                    let traits = traits::measure(raster, &survey.overview, &survey.subject);
                    let light = light::measure(&survey.overview);
                    (traits, (pixel_art::measure(raster), light))
                },
            )
        },
        || {
            rayon::join(
                || {
                    let jpeg = jpeg::measure(raster, tiles, facts);
                    (jpeg, resolution::measure(raster))
                },
                || {
                    rayon::join(
                        || (grain::measure(raster), glance::measure(raster)),
                        || {
                            let noise = noise::measure(raster, tiles);
                            let noise_sigma = noise.as_ref().map(|noise| noise.sigma);
                            let edges = edges::measure(tiles, noise_sigma.unwrap_or(0.0));
                            let motion = motion::measure(tiles, noise_sigma.unwrap_or(0.0));
                            let sharpness = sharpness::measure(tiles);
                            (
                                noise,
                                edges,
                                (sharpness, motion),
                                halving::measure(tiles),
                                survey.small_edges(),
                            )
                        },
                    )
                },
            )
        },
    );
    let (jpeg, resolution) = from_pixels;
    let (noise, edges, (sharpness, motion), [halving, halving_again], small_edges) = from_tiles;
    let noise_sigma = noise.as_ref().map(|noise| noise.sigma);
    let kind = content::measure(traits.as_ref(), &text, subject.as_ref(), pixel_art);
    // Kinds are told by all rows of marks; only lines of text are spoken of.
    let text = text.certain(picture);
    let composition =
        composition::measure(&survey.overview, subject.as_ref(), kind.content, picture);

    let evidence = Evidence {
        noise_sigma,
        grain_sigma: grain,
        jpeg_quality: jpeg.as_ref().and_then(jpeg::Jpeg::quality),
        true_factor: resolution.map(|resolution| resolution.factor),
        repeated: resolution.map(|resolution| resolution.repeated),
        blockiness: jpeg.as_ref().map(|jpeg| jpeg.blockiness),
        edge_sigma: edges.as_ref().map(|edges| edges.sigma),
        edges_kept: edges.as_ref().map(|edges| edges.kept),
        small_edge_sigma: small_edges.as_ref().map(|edges| edges.sigma),
        small_edges_kept: match &survey.small {
            Some(_) => small_edges.as_ref(),
            None => edges.as_ref(),
        }
        .map(|edges| edges.coherent),
        edge_density: edges.as_ref().map(|edges| edges.density),
        motion,
        cpbd: sharpness.as_ref().map(|sharpness| sharpness.best),
        shadows_clipped: light.map(|light| light.shadows),
        brightness: light.map(|light| light.bright),
        middle_brightness: light.map(|light| light.middle),
        x_height: text.x_height,
        text_share: Some(text.share),
        pixel_art_block: pixel_art
            .filter(|art| art.certainty >= pixel_art::CERTAIN)
            .map(|art| art.block),
        subject_share: subject.as_ref().map(|subject| subject.share),
        flat_share: traits.map(|traits| traits.flat),
        art: kind.art,
        halving,
        halving_again,
        works_4x: None,
        worth: None,
        expected_2x: glance.map(|[two, _]| two),
        expected_4x: glance.map(|[_, four]| four),
        bits_per_pixel: facts
            .bytes
            .map(|bytes| bytes as f32 * 8.0 / raster.pixels() as f32),
    };
    let moved = motion.filter(|motion| motion.is_seen(kind.content));
    let has_subject = !matches!(kind.content, Content::Text | Content::PixelArt);
    let scores = vec![
        if has_subject {
            subject::score(subject.as_ref(), picture)
        } else {
            let words = "a picture of this kind has no subject";
            Score::absent(Measure::SubjectClarity, Status::NotApplicable, words)
        },
        edges::score(edges.as_ref(), moved, picture),
        sharpness::score(sharpness.as_ref(), moved, picture),
        noise::score(noise.as_ref(), raster, &survey.tiles),
        jpeg::score(jpeg.as_ref(), &survey.tiles),
        resolution::score(resolution.as_ref(), raster),
        light::score(light, noise_sigma, kind.content, picture),
        pixel_art::score(pixel_art),
        composition.score(picture),
        content::score(kind),
        text::score(&text, picture),
        text::validity(&text),
    ];
    // Of what was fitted: pages, screens and pixel art were not.
    let learned = matches!(
        kind.content,
        Content::Photo | Content::Product | Content::Art
    );
    let features = learned.then(|| decision::features::features(&evidence, &scores));
    let evidence = Evidence {
        works_4x: features.as_deref().map(decision::odds::works_4x),
        worth: features.as_deref().map(decision::odds::worth),
        ..evidence
    };
    let decision = decision::decide(&decision::Seen {
        picture,
        content: kind.content,
        evidence: &evidence,
        scores: &scores,
        composition: &composition,
        blank: edges.is_none()
            && traits.is_none_or(|traits| traits.flat > BLANK)
            && is_one_colour(&survey.overview),
    });
    let maps = [
        edges
            .as_ref()
            .map(|edges| edges::map(edges, raster.width(), raster.height())),
        sharpness
            .as_ref()
            .map(|sharpness| sharpness::map(sharpness, raster.width(), raster.height())),
        noise.map(|noise| noise.map(raster, &survey.tiles)),
        jpeg.map(|jpeg| jpeg.map(raster, &survey.tiles)),
        subject
            .as_ref()
            .map(|subject| subject::map(subject, raster.width())),
    ];
    Analysis {
        width: raster.width(),
        height: raster.height(),
        decision,
        content: kind.content,
        inspect: decision::inspect_places(
            &survey.overview,
            subject.as_ref().filter(|_| has_subject),
            &text,
            picture,
        ),
        scores,
        evidence,
        maps: maps.into_iter().flatten().collect(),
    }
}

/// Whether no channel of a copy varies by more than can hardly be seen: a gradient is not one colour.
fn is_one_colour(overview: &Overview) -> bool {
    (0..3).all(|channel| {
        let values = overview.rgb.iter().map(|pixel| pixel[channel]);
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        high - low <= ONE_COLOUR
    })
}

/// Everything that is taken from the picture once.
struct Survey {
    tiles: Vec<Tile>,
    overview: Overview,
    subject: Overview,
    /// A copy of at least [`SMALL`] pixels, if that is at most half as large as the picture.
    small: Option<Overview>,
}

impl Survey {
    fn new(raster: &Raster<'_>) -> Self {
        let (tiles, overview) = rayon::join(
            || {
                let places = tiles(raster).into_par_iter();
                places.map(|place| Tile::new(raster, place)).collect()
            },
            || Overview::new(raster, OVERVIEW),
        );
        let more = (overview.width.max(overview.height) / SMALL).max(1);
        Survey {
            tiles,
            subject: overview.reduced(subject::SIDE),
            small: (overview.factor * more >= 2).then(|| overview.reduced_by(more)),
            overview,
        }
    }

    /// The edges of the small copy, noise or not.
    fn small_edges(&self) -> Option<edges::Edges> {
        edges::measure(&self.small.as_ref()?.bands(), 0.0)
    }
}
