//! Pictures from their files, and whether there is anything to do with them.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::jobs::Job;
use super::journal::{Journal, Origin, Recipe, Standing, name_within};
use crate::digest::Digest;
use crate::failure::Failure;
use crate::inputs::{Place, is_same_file};
use crate::models::KnownWeights;
use crate::picture::part::folder_of;
use crate::picture::{Input, Limits, Picture, PictureError, decode, reason, save};

/// What reading needs to know of a run. It runs beside the enlarging of the picture before.
pub struct Reader {
    /// Bounds on inputs.
    pub limits: Limits,
    /// Whether files may be replaced that are not known.
    pub overwrite: bool,
    /// Journals by their folders.
    pub journals: HashMap<PathBuf, Journal>,
    /// What was asked for, as receipts have it.
    pub settings: Value,
    /// Models that this run would use.
    pub weights: KnownWeights,
}

/// What reading came to.
pub enum Reading {
    /// A picture to be enlarged.
    Picture(Box<Source>),
    /// There is nothing to do: the output is there, of this input, made in this way.
    Done,
}

/// What an earlier run left of a job.
enum Earlier {
    /// Its output, which this run would make again.
    Done,
    /// Its output of another input, or made in another way.
    Outdated,
    /// Nothing that matters.
    None,
}

/// A picture as it was read.
pub struct Source {
    /// Its pixels and what came with them.
    pub picture: Picture,
    /// Length of its file.
    pub bytes: u64,
    /// Digest and length of its file, where a receipt needs them.
    pub file: Option<(Digest, u64)>,
    /// Whether an output may be replaced.
    pub replace: bool,
    /// How long it took to read it.
    pub time: Duration,
}

impl Reader {
    /// The journal that a job's output belongs to, and what it is called there.
    pub fn journal(&self, job: &Job) -> Option<(&Journal, String)> {
        let root = job.root.as_ref()?;
        match &job.output {
            Place::File(output) => Some((self.journals.get(root)?, name_within(root, output))),
            Place::Stream => None,
        }
    }

    /// Whether the output of a job is there by now, made of this input in this way.
    pub fn is_done(&self, job: &Job) -> bool {
        let digest = open(&job.input, &self.limits)
            .ok()
            .and_then(|(input, _)| Digest::read(input).ok());
        digest.is_some_and(|(digest, _)| matches!(self.standing(job, digest), Ok(Earlier::Done)))
    }

    /// Reads a picture with at most `bytes` of memory, unless its output is there already.
    pub fn read(&self, job: &Job, bytes: u64) -> Result<Reading, Failure> {
        let start = Instant::now();
        let name = job.input.name();
        let read_error = |error: io::Error| Failure::decode(&name, PictureError::Io(error));
        let limits = Limits {
            bytes,
            ..self.limits
        };
        let (mut input, watched) = open(&job.input, &limits)?;
        let (mut file, mut replace) = (None, self.overwrite);
        if self.journal(job).is_some() {
            let (digest, length) = Digest::read(&mut input).map_err(read_error)?;
            input.rewind().map_err(read_error)?;
            file = Some((digest, length));
            match self.standing(job, digest)? {
                Earlier::Done => return Ok(Reading::Done),
                Earlier::Outdated => replace = true,
                Earlier::None => {}
            }
        }
        if let Place::File(path) = &job.output {
            check_target(path, replace, job.make_folder)?;
        }
        let length = input.length();
        let picture =
            decode::decode(input, &limits).map_err(|error| Failure::decode(&name, error))?;
        if watched.is_some_and(|(file, before)| has_changed(&file, &before)) {
            return Err(Failure::Io(format!(
                "{name}: it changed while it was read; run this again"
            )));
        }
        Ok(Reading::Picture(Box::new(Source {
            picture,
            bytes: length,
            file,
            replace,
            time: start.elapsed(),
        })))
    }

    /// What an earlier run left under the name of a job's output. What is not upwise's is refused unless it may be
    /// replaced.
    fn standing(&self, job: &Job, input: Digest) -> Result<Earlier, Failure> {
        let (Some((journal, name)), Place::File(output)) = (self.journal(job), &job.output) else {
            return Ok(Earlier::None);
        };
        if !fs::symlink_metadata(output).is_ok_and(|found| found.is_file()) {
            return Ok(Earlier::None);
        }
        let place = output.display();
        let standing = journal
            .standing(&name, output)
            .map_err(|error| Failure::Io(format!("{place}: {}", reason(&error))))?;
        let words = match standing {
            Standing::Ours(origins) => {
                // Where it took its input's place, the input is gone, and what is there is the result.
                let in_place =
                    matches!(&job.input, Place::File(path) if is_same_file(path, output));
                let of_input = |origin: &Origin| in_place || origin.input == input;
                let done = |origin: &Origin| of_input(origin) && self.is_same(&origin.recipe);
                if origins.iter().any(done) {
                    return Ok(Earlier::Done);
                }
                // Nobody touched it since it was made: nothing is lost with it if what it was made of has changed.
                let path = path_digest(&job.input);
                let of_path = |origin: &Origin| origin.input == input || origin.input_path == path;
                match origins.iter().any(of_path) {
                    true if !in_place => return Ok(Earlier::Outdated),
                    _ if self.overwrite => return Ok(Earlier::None),
                    true => "it is the input itself",
                    false => "it was made of another picture",
                }
            }
            _ if self.overwrite => return Ok(Earlier::None),
            Standing::Changed => "it is not what upwise wrote there",
            Standing::Unknown => "upwise has no receipt of it",
        };
        Err(Failure::CannotWrite(format!(
            "{place}: it exists already, and {words}; --overwrite replaces it"
        )))
    }

    fn is_same(&self, recipe: &Recipe) -> bool {
        recipe.version == env!("CARGO_PKG_VERSION")
            && recipe.settings == self.settings
            && self.weights.are(&recipe.model, recipe.weights_sha256)
    }
}

/// The digest of an input's whole path, by which receipts know it again.
pub fn path_digest(place: &Place) -> Digest {
    let path = match place {
        Place::File(path) => fs::canonicalize(path).unwrap_or_else(|_| path.clone()),
        Place::Stream => PathBuf::new(),
    };
    Digest::of(path.as_os_str().as_encoded_bytes())
}

/// Opens an input. A file comes with a second handle and what the system says of it now.
fn open(place: &Place, limits: &Limits) -> Result<(Input, Option<(File, Metadata)>), Failure> {
    match place {
        Place::Stream => Ok((place.open(limits)?, None)),
        Place::File(path) => {
            let file = Input::file(path).map_err(|error| Failure::open(path, &error))?;
            let watched = file.try_clone().and_then(|file| {
                let before = file.metadata()?;
                Ok((file, before))
            });
            let watched = watched.ok().filter(|(_, before)| before.is_file());
            let input = Input::from_file(file, limits.bytes).map_err(|error| match error {
                PictureError::Io(error) => Failure::open(path, &error),
                error => Failure::decode(&place.name(), error),
            })?;
            Ok((input, watched))
        }
    }
}

/// Whether somebody wrote to a file since.
fn has_changed(file: &File, before: &Metadata) -> bool {
    let Ok(now) = file.metadata() else {
        return false;
    };
    now.len() != before.len() || now.modified().ok() != before.modified().ok()
}

/// Refuses a target that is there already, or whose folder is missing and will not be made.
fn check_target(path: &Path, overwrite: bool, make_folder: bool) -> Result<(), Failure> {
    if make_folder && !folder_of(path).exists() {
        return Ok(());
    }
    save::check_target(path, overwrite)
        .map_err(|words| Failure::CannotWrite(format!("{}: {words}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_that_is_written_to_meanwhile_has_changed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"picture").unwrap();
        let (_, watched) = open(
            &Place::File(file.path().to_path_buf()),
            &Limits {
                pixels: 1,
                bytes: 1 << 20,
            },
        )
        .unwrap();
        let (handle, before) = watched.expect("a file");
        assert!(!has_changed(&handle, &before));
        file.as_file().set_len(3).unwrap();
        assert!(has_changed(&handle, &before));
        // Gone is not changed: what was read was still all of it.
        let before = handle.metadata().unwrap();
        file.close().unwrap();
        assert!(!has_changed(&handle, &before));
    }
}
