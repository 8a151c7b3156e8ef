//! Receipts: what is known of each output of a folder, so that a second run can pass over what is done.
//!
//! An output folder has one journal, `.upwise-journal.jsonl`: a line of JSON for each output, appended and flushed to
//! the disk *before* the output gets its name. A receipt therefore says what a file of this name holds if upwise made
//! it, and a process may be killed at any moment: a result without a receipt cannot appear, and a receipt without its
//! result is no more than work still to be done. Nothing is ever taken on trust: an output counts as done if its bytes
//! have the digest of a receipt whose input, settings, weights and version are those of this run.
//!
//! Lines are only ever added, under a lock where files can be locked, so several processes may share the journal. A
//! line that a killed process left half-written is ended by the next that writes, and whoever reads passes over it.

mod receipt;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use receipt::{Receipt, Recipe, SCHEMA, name_within};

use crate::digest::Digest;

/// Its name in the output folder.
pub const FILE_NAME: &str = ".upwise-journal.jsonl";
/// Bytes of a line; what is longer is no receipt.
const LONGEST_LINE: u64 = 1 << 20;

/// The journal of one output folder.
pub struct Journal {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Open for appending, once something was written.
    file: Option<File>,
    /// Bytes that were read so far, whole lines.
    read: u64,
    receipts: Receipts,
}

/// Receipts of the outputs that this run is about, by name.
#[derive(Default)]
struct Receipts {
    known: HashMap<String, Vec<Known>>,
    /// Few and long, so each is kept once.
    recipes: Vec<Recipe>,
}

/// A receipt, without what is only for people.
#[derive(Clone, Copy)]
struct Known {
    input: Digest,
    input_path: Digest,
    output: Digest,
    output_bytes: u64,
    recipe: usize,
}

/// What the journal says of a file that has an output's name.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// upwise made it, of one of these inputs in one of these ways.
    Ours(Vec<Origin>),
    /// upwise made a file of this name, but this is not what it wrote.
    Changed,
    /// Nothing is known of it.
    Unknown,
}

/// An input, and how it became an output.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// Digest of the input.
    pub input: Digest,
    /// Digest of the input's path.
    pub input_path: Digest,
    /// How the one became the other.
    pub recipe: Recipe,
}

impl Journal {
    /// Reads the journal of a folder, as far as it is about the outputs of these names. There need not be one.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn open(folder: &Path, names: HashSet<String>) -> io::Result<Self> {
        let known = names.into_iter().map(|name| (name, Vec::new())).collect();
        let journal = Journal {
            path: folder.join(FILE_NAME),
            state: Mutex::new(State {
                receipts: Receipts {
                    known,
                    recipes: Vec::new(),
                },
                ..State::default()
            }),
        };
        journal.lock().refresh(&journal.path)?;
        Ok(journal)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of the file at `output`, called `name` here.
    ///
    /// # Errors
    /// The journal's or the output's.
    pub fn standing(&self, name: &str, output: &Path) -> io::Result<Standing> {
        let length = fs::metadata(output)?.len();
        let mut known = {
            let mut state = self.lock();
            // Another process may have made it since.
            state.refresh(&self.path)?;
            let known = state.receipts.known.get(name);
            known.cloned().unwrap_or_default()
        };
        if known.is_empty() {
            return Ok(Standing::Unknown);
        }
        known.retain(|known| known.output_bytes == length);
        if !known.is_empty() {
            let (digest, _) = Digest::read(File::open(output)?)?;
            known.retain(|known| known.output == digest);
        }
        if known.is_empty() {
            return Ok(Standing::Changed);
        }
        let recipes = &self.lock().receipts.recipes;
        let origins = known.iter().map(|known| Origin {
            input: known.input,
            input_path: known.input_path,
            recipe: recipes[known.recipe].clone(),
        });
        Ok(Standing::Ours(origins.collect()))
    }

    /// Adds a receipt and sees it to the disk.
    ///
    /// # Errors
    /// The system's; a line that could not be written in full does no harm.
    pub fn add(&self, receipt: &Receipt) -> io::Result<()> {
        let mut line = serde_json::to_vec(receipt).map_err(io::Error::other)?;
        line.push(b'\n');
        let mut state = self.lock();
        let file = match &mut state.file {
            Some(file) => file,
            none => {
                let options = File::options()
                    .read(true)
                    .append(true)
                    .create(true)
                    .to_owned();
                none.insert(options.open(&self.path)?)
            }
        };
        // Without locks a line can only be torn, and then its output is made again.
        let locked = file.lock().is_ok();
        let written = append(file, line);
        if locked {
            let _ = file.unlock();
        }
        written
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Appends a line in one piece. One that was left half-written is ended first.
fn append(file: &mut File, mut line: Vec<u8>) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            line.insert(0, b'\n');
        }
    }
    file.write_all(&line)?;
    file.sync_data()
}

impl State {
    /// Reads what was added since.
    fn refresh(&mut self, path: &Path) -> io::Result<()> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        // It was replaced by a shorter one.
        if file.metadata()?.len() < self.read {
            self.read = 0;
        }
        file.seek(SeekFrom::Start(self.read))?;
        self.read += self.receipts.read(BufReader::new(file))?;
        Ok(())
    }
}

impl Receipts {
    /// Takes in whole lines and returns their bytes. A line that has no end yet is left for the next time.
    fn read(&mut self, mut lines: impl BufRead) -> io::Result<u64> {
        let mut bytes = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut length = lines
                .by_ref()
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)? as u64;
            if length == LONGEST_LINE && line.last() != Some(&b'\n') {
                line.clear();
                let (rest, ended) = skip_line(&mut lines)?;
                length += rest;
                if !ended {
                    return Ok(bytes);
                }
            } else if line.last() != Some(&b'\n') {
                return Ok(bytes);
            }
            bytes += length;
            // What is no receipt is what a killed process left, or another version's.
            if let Ok(receipt) = serde_json::from_slice::<Receipt>(&line) {
                self.insert(receipt);
            }
        }
    }

    fn insert(&mut self, receipt: Receipt) {
        let Some(known) = self.known.get_mut(&receipt.output) else {
            return;
        };
        if receipt.schema != SCHEMA {
            return;
        }
        let recipe = match self.recipes.iter().position(|r| *r == receipt.recipe) {
            Some(recipe) => recipe,
            None => {
                self.recipes.push(receipt.recipe);
                self.recipes.len() - 1
            }
        };
        known.push(Known {
            input: receipt.input_sha256,
            input_path: receipt.input_path_sha256,
            output: receipt.output_sha256,
            output_bytes: receipt.output_bytes,
            recipe,
        });
    }
}

/// Passes over the rest of a line, however long; its bytes, and whether it had an end.
fn skip_line(lines: &mut impl BufRead) -> io::Result<(u64, bool)> {
    let mut skipped = 0;
    loop {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Ok((skipped, false));
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        lines.consume(used);
        skipped += used as u64;
        if end.is_some() {
            return Ok((skipped, true));
        }
    }
}

#[cfg(test)]
mod tests;
