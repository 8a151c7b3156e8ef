//! What an analysis comes to. All of it serialises with stable names.

mod decision;
mod evidence;
mod score;

use serde::Serialize;

pub use decision::{Action, Content, Decision, Family, Reason, Step};
pub use evidence::{Evidence, Halving, Utilities, Worth};
pub use score::{Map, Measure, Place, Score, Status};

/// A place to look at in full size, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspect {
    /// What is there: "subject edge", "small text", "shadow ramp" and the like.
    pub what: String,
    /// Where.
    pub place: Place,
}

/// Everything about a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Columns of the picture.
    pub width: usize,
    /// Rows of the picture.
    pub height: usize,
    /// What to do.
    pub decision: Decision,
    /// What it shows.
    pub content: Content,
    /// All measures, each once, in the order of [`Measure`].
    pub scores: Vec<Score>,
    /// Where to look at 100 %, at most three places.
    pub inspect: Vec<Inspect>,
    /// The values behind the scores.
    pub evidence: Evidence,
    /// For overlays; not serialised.
    #[serde(skip)]
    pub maps: Vec<Map>,
}

impl Analysis {
    /// The score of a measure.
    pub fn score(&self, measure: Measure) -> Option<&Score> {
        self.scores.iter().find(|score| score.measure == measure)
    }
}
