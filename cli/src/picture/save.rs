//! Pictures to their place: all of it or nothing.
//!
//! The encoder runs on a thread of its own and is fed batches of rows through a bounded channel, so
//! that compression and the making of rows overlap and neither runs away from the other. The file is
//! a [`Part`] until it is flushed to the disk, opened again and checked. Whatever fails before that
//! leaves nothing behind.

use std::fs;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use super::budget::Spool;
use super::decode::probe;
use super::encode::{Header, Options, RowSource, encode};
use super::part::{Part, folder_of};
use super::{Format, Input, PictureError, reason};
use crate::failure::Failure;

/// Bytes of rows that are handed over at a time, if a row is not longer.
const BATCH_BYTES: usize = 1 << 18;
/// Batches that wait for the encoder.
const BATCHES: usize = 4;

/// Why a picture was not saved. `E` is the error of whoever makes the rows.
#[derive(Debug)]
pub enum SaveError<E> {
    /// Encoding or writing failed.
    Encode(PictureError),
    /// The rows could not be made.
    Rows(E),
}

/// Where rows are put for the encoder.
pub struct RowSink {
    batches: SyncSender<Vec<u8>>,
    used: Receiver<Vec<u8>>,
    batch: Vec<u8>,
    capacity: usize,
    stopped: bool,
}

impl RowSink {
    /// Appends a row in the layout of the header. `false` once the encoder has failed; it says why itself.
    #[must_use]
    pub fn push(&mut self, row: &[u8]) -> bool {
        self.batch.extend_from_slice(row);
        if self.batch.len() + row.len() > self.capacity {
            self.hand_over();
        }
        !self.stopped
    }

    fn hand_over(&mut self) {
        let mut next = self.used.try_recv().unwrap_or_default();
        next.clear();
        next.reserve_exact(self.capacity);
        let full = std::mem::replace(&mut self.batch, next);
        self.stopped |= self.batches.send(full).is_err();
    }
}

/// The other end of a [`RowSink`].
struct Feed {
    batches: Receiver<Vec<u8>>,
    used: Sender<Vec<u8>>,
    batch: Vec<u8>,
    at: usize,
}

impl RowSource for Feed {
    fn next_row(&mut self, row: &mut [u8]) -> io::Result<()> {
        if self.at == self.batch.len() {
            let next = self
                .batches
                .recv()
                .map_err(|_| io::Error::other("the rows ended early"))?;
            // The other side may be gone already; then nobody needs the buffer.
            let _ = self.used.send(std::mem::replace(&mut self.batch, next));
            self.at = 0;
        }
        row.copy_from_slice(&self.batch[self.at..self.at + row.len()]);
        self.at += row.len();
        Ok(())
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Length of the file.
    pub bytes: u64,
    /// The quality that it has.
    pub quality: u8,
}

/// Encodes what `produce` pushes and returns its quality.
fn write<W: Write + Seek + Send, E>(
    out: &mut W,
    format: Format,
    header: &Header<'_>,
    options: &Options,
    produce: impl FnOnce(&mut RowSink) -> Result<(), E>,
) -> Result<u8, SaveError<E>> {
    let Some(most) = options.max_bytes else {
        let consume = |rows: &mut Feed| encode(format, out, header, options, rows);
        return feed(header, consume, produce).map(|()| options.quality);
    };
    let mut spool = feed(header, |rows| Spool::fill(header, rows), produce)?;
    let mut search = || {
        let quality = spool.best_quality(format, header, options, most)?;
        let options = Options {
            quality,
            ..*options
        };
        spool.encode(format, out, header, &options)?;
        Ok(quality)
    };
    search().map_err(SaveError::Encode)
}

/// Hands what `produce` pushes to `consume`, on a second thread.
fn feed<T: Send, E>(
    header: &Header<'_>,
    consume: impl FnOnce(&mut Feed) -> Result<T, PictureError> + Send,
    produce: impl FnOnce(&mut RowSink) -> Result<(), E>,
) -> Result<T, SaveError<E>> {
    let (batches, to_encode) = sync_channel(BATCHES);
    let (give_back, used) = channel();
    let mut sink = RowSink {
        batches,
        used,
        batch: Vec::new(),
        capacity: BATCH_BYTES.max(header.row_bytes()),
        stopped: false,
    };
    let mut rows = Feed {
        batches: to_encode,
        used: give_back,
        batch: Vec::new(),
        at: 0,
    };
    thread::scope(|scope| {
        let encoder = scope.spawn(move || consume(&mut rows));
        let produced = produce(&mut sink);
        if produced.is_ok() && !sink.batch.is_empty() {
            sink.hand_over();
        }
        let stopped = sink.stopped;
        drop(sink);
        let encoded = encoder
            .join()
            .unwrap_or_else(|_| Err(PictureError::Io(io::Error::other("the encoder panicked"))));
        match (produced, encoded) {
            // The encoder's failure is why the rows stopped, unless they failed by themselves.
            (Err(error), _) if !stopped => Err(SaveError::Rows(error)),
            (_, Err(error)) => Err(SaveError::Encode(error)),
            (Err(error), Ok(_)) => Err(SaveError::Rows(error)),
            (Ok(()), Ok(done)) => Ok(done),
        }
    })
}

/// Says whether a file can be put at `path`, before any work is done for it.
///
/// Errors are words without the path.
pub fn check_target(path: &Path, overwrite: bool) -> Result<(), String> {
    match fs::symlink_metadata(path) {
        Ok(_) => match fs::metadata(path) {
            Ok(kind) if kind.is_dir() => return Err("it is a folder".into()),
            Ok(kind) if !kind.is_file() => {
                return Err("it is not a plain file; -o - writes to standard output".into());
            }
            _ if !overwrite => {
                return Err("it exists already; --overwrite replaces it".into());
            }
            _ => {}
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(reason(&error)),
    }
    let folder = folder_of(path);
    match fs::metadata(&folder) {
        Ok(kind) if kind.is_dir() => Ok(()),
        Ok(_) => Err(format!("{} is not a folder", folder.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("the folder {} does not exist", folder.display()))
        }
        Err(error) => Err(format!("{}: {}", folder.display(), reason(&error))),
    }
}

/// Writes bytes to a file, all of them or nothing. The words name the file.
pub fn bytes_to_file(path: &Path, overwrite: bool, bytes: &[u8]) -> Result<(), Failure> {
    let refused = |words| Failure::CannotWrite(format!("{}: {words}", path.display()));
    check_target(path, overwrite).map_err(refused)?;
    let mut part = Part::claim(path).map_err(|error| refused(error.to_string()))?;
    let file = part.file();
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|e| Failure::encode(&path.display().to_string(), PictureError::Io(e)))?;
    part.finish(overwrite).map_err(refused)
}

/// Writes a picture to a file in the making and makes sure of it.
pub fn to_part<E>(
    part: &mut Part,
    format: Format,
    header: &Header<'_>,
    options: &Options,
    produce: impl FnOnce(&mut RowSink) -> Result<(), E>,
) -> Result<Saved, SaveError<E>> {
    let mut out = BufWriter::with_capacity(1 << 16, part.file());
    let quality = write(&mut out, format, header, options, produce)?;
    let io = |e: io::Error| SaveError::Encode(PictureError::Io(e));
    out.flush().map_err(io)?;
    drop(out);
    part.file().sync_all().map_err(io)?;
    let bytes = verify(part.path(), format, header, options).map_err(SaveError::Encode)?;
    Ok(Saved { bytes, quality })
}

/// Writes a picture to a stream that cannot seek, once it is complete.
pub fn to_stream<E>(
    stream: &mut impl Write,
    format: Format,
    header: &Header<'_>,
    options: &Options,
    produce: impl FnOnce(&mut RowSink) -> Result<(), E>,
) -> Result<Saved, SaveError<E>> {
    let io = |e| SaveError::Encode(PictureError::Io(e));
    let mut file = tempfile::tempfile().map_err(|error| {
        let folder = std::env::temp_dir();
        let words = format!("{} (TMPDIR): {}", folder.display(), reason(&error));
        io(io::Error::other(words))
    })?;
    let mut out = BufWriter::with_capacity(1 << 16, &mut file);
    let quality = write(&mut out, format, header, options, produce)?;
    out.flush().map_err(io)?;
    drop(out);
    file.rewind().map_err(io)?;
    let bytes = io::copy(&mut file, stream).map_err(io)?;
    stream.flush().map_err(io)?;
    Ok(Saved { bytes, quality })
}

/// Opens what was written and compares it with what should have been.
fn verify(
    path: &Path,
    format: Format,
    header: &Header<'_>,
    options: &Options,
) -> Result<u64, PictureError> {
    let input = Input::open(path, u64::MAX)?;
    let length = input.length();
    let found = probe(input)?;
    if (found.format, found.width, found.height) != (format, header.width, header.height) {
        return Err(PictureError::Io(io::Error::other(format!(
            "what was written reads back as {} of {}x{} pixels",
            found.format, found.width, found.height
        ))));
    }
    if options.max_bytes.is_some_and(|most| length > most) {
        return Err(PictureError::Io(io::Error::other(format!(
            "what was written has {length} bytes, more than --max-bytes allows"
        ))));
    }
    Ok(length)
}
