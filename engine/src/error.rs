//! One error for the crate, its variants by whose fault it is.

use std::path::PathBuf;

/// What can go wrong between a weight file and a bigger picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The weight file is damaged, truncated or hostile. The message says where and what.
    #[error("{path}: not a usable weight file: {reason}", path = .path.display())]
    Weights {
        /// The file, or the name given to an embedded slice.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The weight file is sound but holds a network or a data type that this crate does not know.
    #[error("{path}: unsupported model: {reason}", path = .path.display())]
    Unsupported {
        /// The file, or the name given to an embedded slice.
        path: PathBuf,
        /// What was found and what is supported.
        reason: String,
    },
    /// The caller's pixels or sizes do not fit together.
    #[error("{0}")]
    Shape(String),
    /// The work does not fit the limits it was given (memory, size).
    #[error("{0}")]
    Limits(String),
    /// Reading failed.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// The file that was read.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A row source handed in by the caller failed.
    #[error("{0}")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The observer asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// Shorthand for this crate's results.
pub type Result<T> = std::result::Result<T, Error>;
