//! From a file to what the analyzer says of it.

use std::time::Instant;

use serde::Serialize;
use upwise_analyzer::report::Analysis;
use upwise_analyzer::{FileFacts, Raster, analyze};
use upwise_engine::EngineOptions;

use super::probe::{self, Probe};
use crate::failure::Failure;
use crate::inputs::Place;
use crate::picture::{Limits, Picture, Samples, decode};

/// A picture and everything about it.
pub struct Look {
    /// The decoded picture, upright.
    pub picture: Picture,
    /// Length of its file.
    pub bytes: u64,
    /// What was found.
    pub analysis: Analysis,
    /// What came of trying the network, if it was tried.
    pub probe: Option<Probe>,
    /// How long it took.
    pub timing: Timing,
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timing {
    /// Reading and decoding.
    pub decode: f64,
    /// Measuring and deciding.
    pub analyze: f64,
    /// Trying the network, where it was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<f64>,
    /// All of it.
    pub total: f64,
}

impl Look {
    /// Reads a picture and looks at it.
    pub fn at(place: &Place, limits: &Limits) -> Result<Look, Failure> {
        let start = Instant::now();
        let input = place.open(limits)?;
        let bytes = input.length();
        let name = place.name();
        let picture =
            decode::decode(input, limits).map_err(|error| Failure::decode(&name, error))?;
        let decode = milliseconds(start);
        let start = Instant::now();
        let analysis =
            of(&picture, bytes).map_err(|words| Failure::BadInput(format!("{name}: {words}")))?;
        let analyze = milliseconds(start);
        Ok(Look {
            picture,
            bytes,
            analysis,
            probe: None,
            timing: Timing {
                decode,
                analyze,
                probe: None,
                total: decode + analyze,
            },
        })
    }
}

impl Look {
    /// Tries the network on parts of the picture, and decides by it what the measures left open.
    pub fn probe(&mut self, options: &EngineOptions, name: &str) -> Result<(), Failure> {
        let start = Instant::now();
        self.probe = probe::probe(&self.picture, options, name)?;
        if let Some(probe) = &self.probe {
            probe.settle(&mut self.analysis);
        }
        let took = milliseconds(start);
        self.timing.probe = Some(took);
        self.timing.total += took;
        Ok(())
    }
}

/// What the analyzer says of a picture whose file has so many bytes.
///
/// An error, in words, only for a picture without pixels, which no decoder makes.
pub fn of(picture: &Picture, bytes: u64) -> Result<Analysis, String> {
    let samples = match &picture.samples {
        Samples::U8(data) => upwise_analyzer::Samples::U8(data),
        Samples::U16(data) => upwise_analyzer::Samples::U16(data),
    };
    let channels = picture.layout().channels();
    let raster = Raster::new(picture.width, picture.height, channels, samples)
        .map_err(|error| error.to_string())?;
    let facts = FileFacts {
        format: Some(picture.format.to_string()),
        bytes: Some(bytes),
        luma_quantisation: picture.metadata.luma_quantisation.clone(),
    };
    Ok(analyze(&raster, &facts))
}

fn milliseconds(start: Instant) -> f64 {
    // To a hundredth: what follows is noise.
    (start.elapsed().as_secs_f64() * 1e5).round() / 100.0
}
