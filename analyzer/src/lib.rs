//! Looks at a picture and says whether, and how, it should be enlarged.
//!
//! [`analyze`] takes the survey of a picture (`survey`: tiles at full size and a reduced copy), runs every
//! measure of `measures` over it and lets `decision` make one [`Decision`](report::Decision) of them. A measure
//! is a pure function from pixels to a value in its own units and a [`Score`](report::Score) between 0 and 1 with a
//! status, a sentence and places; what could not be measured says so and never reads as good.

#![forbid(unsafe_code)]

pub mod measures;
mod raster;
pub mod report;
pub mod survey;

pub use raster::{FileFacts, Raster, RasterError, Samples};

use report::{
    Action, Analysis, Content, Decision, Evidence, Family, Measure, Place, Score, Status,
};
use survey::Overview;

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
    let overview = Overview::new(raster, OVERVIEW);
    let light = measures::light::measure(&overview);
    let scores = MEASURES
        .iter()
        .map(|&measure| match measure {
            Measure::Light => measures::light::score(light, None, picture),
            other => Score::absent(other, Status::NotJudged, "not measured yet"),
        })
        .collect();
    Analysis {
        width: raster.width(),
        height: raster.height(),
        decision: Decision {
            action: Action::Inspect,
            confidence: 0.0,
            scale: None,
            family: Family::Photo,
            steps: Vec::new(),
            reasons: Vec::new(),
            not: Vec::new(),
            would_change: Vec::new(),
        },
        content: Content::Photo,
        scores,
        inspect: Vec::new(),
        evidence: Evidence {
            brightness: light.map(|light| light.bright),
            shadows_clipped: light.map(|light| light.shadows),
            bits_per_pixel: facts
                .bytes
                .map(|bytes| bytes as f32 * 8.0 / raster.pixels() as f32),
            ..Evidence::default()
        },
        maps: Vec::new(),
    }
}

/// Longer side of the reduced copy.
const OVERVIEW: usize = 1024;

/// The order of reports.
const MEASURES: [Measure; 12] = [
    Measure::SubjectClarity,
    Measure::EdgePresence,
    Measure::Sharpness,
    Measure::Noise,
    Measure::Jpeg,
    Measure::TrueResolution,
    Measure::Light,
    Measure::PixelArt,
    Measure::Composition,
    Measure::Content,
    Measure::TextReadable,
    Measure::TextValid,
];
