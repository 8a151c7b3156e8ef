//! One line of the journal.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;

/// Name and version of a line.
pub const SCHEMA: &str = "upwise.receipt/1";

/// How an output came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Version of the program.
    pub version: String,
    /// Name of the model or filter.
    pub model: String,
    /// The digest of the model's file; null for a filter.
    pub weights_sha256: Option<Digest>,
    /// What was asked for, as far as it decides what an output holds.
    pub settings: Value,
}

/// What is known of an output. Paths are relative, so that folders can move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// [`SCHEMA`].
    pub schema: String,
    /// The output's path from the output folder, with `/` between its parts.
    pub output: String,
    /// Digest of the output.
    pub output_sha256: Digest,
    /// Length of the output.
    pub output_bytes: u64,
    /// The input's path from the folder that was named, or its name.
    pub input: String,
    /// Digest of the input.
    pub input_sha256: Digest,
    /// Length of the input.
    pub input_bytes: u64,
    /// Digest of the input's whole path, as it was: a changed picture is told from another of its name by it.
    pub input_path_sha256: Digest,
    /// How the one became the other.
    #[serde(flatten)]
    pub recipe: Recipe,
    /// Why the model was chosen, where that was left to upwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Pixels in a row of the output.
    pub width: usize,
    /// Rows of the output.
    pub height: usize,
    /// When it was written, in seconds since 1970.
    pub time: u64,
}

/// A path as the journal has it. One that is no Unicode gets a digest of its bytes, so that two stay two.
pub fn name_within(root: &Path, path: &Path) -> String {
    let within = path.strip_prefix(root).unwrap_or(path);
    let parts = within.components().map(|part| {
        let part = part.as_os_str();
        match part.to_str() {
            Some(text) => text.to_string(),
            None => {
                let number = Digest::of(part.as_encoded_bytes()).number();
                format!("{}#{number:016x}", part.to_string_lossy())
            }
        }
    });
    parts.collect::<Vec<_>>().join("/")
}
