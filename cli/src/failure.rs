//! What goes wrong, in words for people, and the exit code that scripts see.

use std::path::Path;

use upwise_engine::Error as EngineError;

use crate::picture::{PictureError, reason};

/// Everything was done.
pub const EXIT_DONE: u8 = 0;
/// Several pictures were asked for and some failed.
pub const EXIT_SOME_FAILED: u8 = 1;
/// The signal that a user sends.
pub const EXIT_INTERRUPTED: u8 = 130;

/// Why a command, or one picture of it, failed. The message names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line does not make sense.
    #[error("{0}")]
    Usage(String),
    /// An input is damaged, empty, or of a kind that is not read.
    #[error("{0}")]
    BadInput(String),
    /// An input does not exist or cannot be opened.
    #[error("{0}")]
    NoInput(String),
    /// A model is missing, damaged or unsupported.
    #[error("{0}")]
    Model(String),
    /// An output cannot be created.
    #[error("{0}")]
    CannotWrite(String),
    /// Another process is making an output.
    #[error("{0}")]
    Busy(String),
    /// Reading or writing failed halfway.
    #[error("{0}")]
    Io(String),
    /// Memory, pixels, or what a format can hold.
    #[error("{0}")]
    Limit(String),
    /// Triage advises against it, and advice was to be taken; with the exit code of the advice.
    #[error("{0}")]
    Advice(String, u8),
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// The exit code, after BSD's `sysexits.h`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            Failure::BadInput(_) => 65,
            Failure::NoInput(_) => 66,
            Failure::Model(_) => 69,
            Failure::CannotWrite(_) | Failure::Busy(_) => 73,
            Failure::Io(_) => 74,
            Failure::Limit(_) => 75,
            Failure::Advice(_, code) => *code,
            Failure::Interrupted => EXIT_INTERRUPTED,
        }
    }

    /// A word for it, for JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Usage(_) => "usage",
            Failure::BadInput(_) => "bad_input",
            Failure::NoInput(_) => "no_input",
            Failure::Model(_) => "model",
            Failure::CannotWrite(_) | Failure::Busy(_) => "cannot_write",
            Failure::Io(_) => "io",
            Failure::Limit(_) => "limit",
            Failure::Advice(..) => "advice",
            Failure::Interrupted => "interrupted",
        }
    }

    /// An input that could not be opened.
    pub fn open(path: &Path, error: &std::io::Error) -> Self {
        Failure::NoInput(format!("{}: {}", path.display(), reason(error)))
    }

    /// What a decoder says of the input called `name`.
    pub fn decode(name: &str, error: PictureError) -> Self {
        let words = format!("{name}: {error}");
        match error {
            PictureError::Malformed(_) | PictureError::Unsupported(_) => Failure::BadInput(words),
            PictureError::Limit(_) => Failure::Limit(words),
            PictureError::Io(e) => Failure::Io(format!("{name}: {}", reason(&e))),
        }
    }

    /// What an encoder says of the output called `name`.
    pub fn encode(name: &str, error: PictureError) -> Self {
        let words = format!("{name}: {error}");
        match error {
            PictureError::Limit(_) => Failure::Limit(words),
            PictureError::Io(e) => Failure::Io(format!("{name}: writing failed: {}", reason(&e))),
            _ => Failure::Io(words),
        }
    }

    /// What the engine says while it works on the picture called `name`.
    pub fn engine(name: &str, error: EngineError) -> Self {
        match error {
            EngineError::Weights { .. } | EngineError::Unsupported { .. } => {
                Failure::Model(error.to_string())
            }
            EngineError::Io { .. } => Failure::Model(error.to_string()),
            EngineError::Limits(words) => Failure::Limit(format!("{name}: {words}")),
            EngineError::Shape(words) => Failure::BadInput(format!("{name}: {words}")),
            EngineError::Cancelled => Failure::Interrupted,
            other => Failure::Io(format!("{name}: {other}")),
        }
    }
}
