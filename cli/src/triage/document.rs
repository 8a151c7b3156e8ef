//! The report for scripts. `triage.schema.json` beside this file describes it.

use serde::Serialize;
use upwise_analyzer::report::{Content, Decision, Evidence, Inspect, Score};

use super::look::{Look, Timing};
use super::probe::Probe;
use crate::failure::Failure;
use crate::picture::Depth;
use crate::upscale::ErrorReport;

/// Name and version of a picture's report.
pub const SCHEMA: &str = "upwise.triage/1";
/// Name and version of the document about several pictures.
pub const BATCH_SCHEMA: &str = "upwise.triage.batch/1";
/// The JSON Schema (draft 2020-12) of both.
pub const JSON_SCHEMA: &str = include_str!("triage.schema.json");

/// What there is to say of one input.
#[derive(Serialize)]
pub struct Report {
    schema: &'static str,
    /// Path of the input, or `-`.
    input: String,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Seen(Box<Seen>),
    Failed { error: ErrorReport },
}

#[derive(Serialize)]
struct Seen {
    picture: PictureFacts,
    decision: Decision,
    content: Content,
    scores: Vec<Score>,
    inspect: Vec<Inspect>,
    timing_ms: Timing,
    evidence: Evidence,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<Probe>,
}

#[derive(Serialize)]
struct PictureFacts {
    format: &'static str,
    bytes: u64,
    width: usize,
    height: usize,
    channels: usize,
    bits: u8,
}

impl Report {
    /// Of a picture that was looked at.
    pub fn seen(input: &str, look: &Look) -> Self {
        let layout = look.picture.layout();
        let analysis = look.analysis.clone();
        let seen = Seen {
            picture: PictureFacts {
                format: look.picture.format.suffix(),
                bytes: look.bytes,
                width: look.picture.width,
                height: look.picture.height,
                channels: layout.channels(),
                bits: match layout.depth {
                    Depth::Eight => 8,
                    Depth::Sixteen => 16,
                },
            },
            decision: analysis.decision,
            content: analysis.content,
            scores: analysis.scores,
            inspect: analysis.inspect,
            timing_ms: look.timing,
            evidence: analysis.evidence,
            probe: look.probe.clone(),
        };
        Report {
            schema: SCHEMA,
            input: input.into(),
            outcome: Outcome::Seen(Box::new(seen)),
        }
    }

    /// Of an input that could not be looked at.
    pub fn failed(input: &str, failure: &Failure) -> Self {
        Report {
            schema: SCHEMA,
            input: input.into(),
            outcome: Outcome::Failed {
                error: failure.into(),
            },
        }
    }
}

/// Everything about several pictures.
#[derive(Serialize)]
pub struct Batch {
    /// [`BATCH_SCHEMA`].
    pub schema: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Pictures that were looked at.
    pub done: usize,
    /// Inputs that could not be.
    pub failed: usize,
    /// Their reports, in the order of work.
    pub pictures: Vec<Report>,
}
