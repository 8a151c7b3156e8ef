//! What became of each picture, for scripts.

use serde::Serialize;

use super::forecast::Forecast;
use super::outlook::Outlook;
use crate::failure::Failure;

/// Name and version of the document that `--json` prints.
pub const SCHEMA: &str = "upwise.upscale/1";
/// Name and version of a line that `--json-lines` prints.
pub const ITEM_SCHEMA: &str = "upwise.upscale.item/1";

/// Name and version of the line that comes before those of a batch.
pub const OUTLOOK_SCHEMA: &str = "upwise.upscale.forecast/1";

/// What a batch will take, as a line of its own.
#[derive(Debug, Serialize)]
pub struct OutlookLine<'a> {
    /// [`OUTLOOK_SCHEMA`].
    pub schema: &'static str,
    /// What it will take.
    #[serde(flatten)]
    pub outlook: &'a Outlook,
}

/// Everything about one run of the command.
#[derive(Debug, Serialize)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// The model or filter; null if it did not come to that.
    pub model: Option<String>,
    /// What several pictures were to take, as their headers had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Outlook>,
    /// Pictures that were enlarged.
    pub done: usize,
    /// Pictures whose outputs were there already.
    pub skipped: usize,
    /// Pictures that were not.
    pub failed: usize,
    /// Wall-clock seconds for all of them.
    pub seconds: f64,
    /// Why nothing was begun, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
    /// One for each picture, in the order of work.
    pub items: Vec<Item>,
}

/// What became of one picture.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// [`ITEM_SCHEMA`] where an item stands alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<&'static str>,
    /// Path of the input, or `-`.
    pub input: String,
    /// Path of the output, or `-`.
    pub output: String,
    /// Whether the output is there.
    pub status: Status,
    /// What is being made, as long as it is.
    #[serde(flatten)]
    pub started: Option<Started>,
    /// What was made, if something was.
    #[serde(flatten)]
    pub done: Option<Done>,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
}

/// Whether the output of a picture is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The picture is read, and is being enlarged: another line will say what became of it.
    Started,
    /// The picture was enlarged, and the output was read back.
    Done,
    /// An earlier run made it from the same input in the same way: nothing was to be done.
    Skipped,
    /// It was not enlarged, and nothing was written.
    Failed,
}

/// What is being made, and what it will take.
#[derive(Clone, Debug, Serialize)]
pub struct Started {
    /// The model or filter.
    pub model: String,
    /// Size of the output in pixels.
    pub width: usize,
    /// Rows of the output.
    pub height: usize,
    /// What it will take.
    pub forecast: Forecast,
}

/// What was made.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// The model or filter.
    pub model: String,
    /// Size of the input in pixels, upright.
    pub input_width: usize,
    /// Rows of the input.
    pub input_height: usize,
    /// Size of the output in pixels.
    pub width: usize,
    /// Rows of the output.
    pub height: usize,
    /// Format of the output: `png`, `jpg`, `webp`, `tif`, `bmp` or `avif`.
    pub format: &'static str,
    /// Length of the output.
    pub bytes: u64,
    /// Quality of the output, where its format has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// Passes of the network.
    pub passes: usize,
    /// Wall-clock seconds, reading and writing included.
    pub seconds: f64,
    /// What was lost or taken for granted.
    pub warnings: Vec<String>,
}

/// An error, as scripts like it.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorReport {
    /// The exit code that stands for it.
    pub code: u8,
    /// A word for it.
    pub kind: &'static str,
    /// The words that people see.
    pub message: String,
}

impl From<&Failure> for ErrorReport {
    fn from(failure: &Failure) -> Self {
        ErrorReport {
            code: failure.exit_code(),
            kind: failure.kind(),
            message: failure.to_string(),
        }
    }
}
