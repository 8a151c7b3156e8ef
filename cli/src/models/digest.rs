//! Which weights a name stands for.

use std::fs::File;
use std::sync::OnceLock;

use super::find::{Choice, Found, Source, Wish};
use crate::digest::Digest;
use crate::failure::Failure;

/// The digest of a model's file, or of the bytes in the binary; `None` for a filter, which has no weights.
pub fn weights_digest(choice: &Choice) -> Result<Option<Digest>, Failure> {
    match choice {
        Choice::Resampler(_) => Ok(None),
        Choice::Model(Found { name, source }) => match source {
            Source::Embedded(_) => Ok(embedded(name)),
            Source::File(path) => File::open(path)
                .and_then(Digest::read)
                .map(|(digest, _)| Some(digest))
                .map_err(|error| Failure::Model(format!("{}: {error}", path.display()))),
        },
    }
}

/// What can be told of a run's models before they are chosen: a name's weights.
pub struct KnownWeights {
    /// The only model, if one was asked for.
    one: Option<(String, Option<Digest>)>,
}

impl KnownWeights {
    /// For what was asked for with `-n`.
    ///
    /// # Errors
    /// The file of a model cannot be read.
    pub fn new(wish: &Wish) -> Result<Self, Failure> {
        let one = match wish {
            Wish::One(choice) => Some((choice.name().to_string(), weights_digest(choice)?)),
            Wish::Auto | Wish::Family(_) => None,
        };
        Ok(KnownWeights { one })
    }

    /// Whether a model of this name and these weights is one that this run would use under that name.
    pub fn are(&self, name: &str, weights: Option<Digest>) -> bool {
        match &self.one {
            Some((one, digest)) => one == name && *digest == weights,
            // A filter has no weights, before and now.
            None => embedded(name) == weights,
        }
    }
}

/// The digest of a model in the binary. All are computed at once, some milliseconds.
fn embedded(name: &str) -> Option<Digest> {
    static DIGESTS: OnceLock<Vec<(&str, Digest)>> = OnceLock::new();
    let digests = DIGESTS.get_or_init(|| {
        let models = upwise_weights::models().iter();
        models
            .map(|model| (model.name, Digest::of(model.bytes)))
            .collect()
    });
    let found = digests.iter().find(|(known, _)| *known == name);
    found.map(|(_, digest)| *digest)
}
