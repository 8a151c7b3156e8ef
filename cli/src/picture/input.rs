//! Where a picture is read from: a file, or bytes that came through a pipe.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use super::format::SIGNATURE_LENGTH;
use super::{Format, PictureError, foreign};
use crate::interrupt;

/// A readable, seekable picture file.
pub struct Input {
    source: Source,
    length: u64,
}

enum Source {
    File(BufReader<File>),
    Memory(Cursor<Vec<u8>>),
}

impl Input {
    /// Opens a file. What has no length, such as a named pipe, is waited for and read at once, up to `limit` bytes.
    pub fn open(path: &Path, limit: u64) -> Result<Self, PictureError> {
        Input::from_file(Input::file(path)?, limit)
    }

    /// Opens a file; a named pipe once somebody writes to it.
    pub fn file(path: &Path) -> io::Result<File> {
        unless_interrupted(|| File::open(path))
    }

    /// The same for a file that is open already, at its start.
    pub fn from_file(file: File, limit: u64) -> Result<Self, PictureError> {
        let kind = file.metadata()?;
        if kind.is_dir() {
            return Err(PictureError::Io(io::Error::other("it is a folder")));
        }
        if !kind.is_file() {
            return Input::read(file, limit);
        }
        Ok(Input {
            length: kind.len(),
            source: Source::File(BufReader::with_capacity(1 << 16, file)),
        })
    }

    /// Reads a stream to its end, or only its start if that is no picture's; [`PictureError::Limit`] if it has more than `limit`
    /// bytes.
    pub fn read(stream: impl Read, limit: u64) -> Result<Self, PictureError> {
        let mut stream = stream.take(limit.saturating_add(1));
        let mut bytes = Vec::new();
        unless_interrupted(|| {
            stream
                .by_ref()
                .take(SIGNATURE_LENGTH as u64)
                .read_to_end(&mut bytes)
        })?;
        // Whoever never ends is no reason to wait, or to fill the memory.
        recognise(&bytes)?;
        unless_interrupted(|| stream.read_to_end(&mut bytes))?;
        if bytes.len() as u64 > limit {
            return Err(too_long(limit));
        }
        Ok(Input::from_bytes(bytes))
    }

    /// Takes bytes that are already here.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Input {
            length: bytes.len() as u64,
            source: Source::Memory(Cursor::new(bytes)),
        }
    }

    /// Bytes in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The format by content. The position is at the start again afterwards.
    pub fn sniff(&mut self) -> Result<Format, PictureError> {
        let mut start = Vec::with_capacity(SIGNATURE_LENGTH);
        self.rewind()?;
        self.by_ref()
            .take(SIGNATURE_LENGTH as u64)
            .read_to_end(&mut start)?;
        self.rewind()?;
        recognise(&start)
    }

    /// Everything, as bytes. A file larger than `limit` bytes is refused.
    pub fn into_bytes(self, limit: u64) -> Result<Vec<u8>, PictureError> {
        match self.source {
            Source::Memory(bytes) => Ok(bytes.into_inner()),
            Source::File(mut file) => {
                if self.length > limit {
                    return Err(too_long(limit));
                }
                let mut bytes = Vec::new();
                file.rewind()?;
                file.read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

/// The format that a file begins as.
fn recognise(start: &[u8]) -> Result<Format, PictureError> {
    if start.is_empty() {
        return Err(PictureError::Malformed(
            "the file is empty; get a complete copy of it".into(),
        ));
    }
    if let Some(refusal) = foreign::refusal(start) {
        return Err(refusal);
    }
    Format::sniff(start).ok_or_else(|| {
        PictureError::Malformed(
            "not a picture that upwise reads; it reads PNG, JPEG, WebP, TIFF, BMP, GIF, \
             JPEG XL, PNM and QOI"
                .into(),
        )
    })
}

/// Waits for whoever writes to a pipe; the first signal ends the process then.
fn unless_interrupted<T>(wait: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    interrupt::unless_interrupted(wait)
        .unwrap_or_else(|| Err(io::Error::from(io::ErrorKind::Interrupted)))
}

fn too_long(limit: u64) -> PictureError {
    PictureError::Limit(format!(
        "it has more than the {} MiB that are allowed; raise --max-memory",
        limit >> 20
    ))
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::File(file) => file.read(buf),
            Source::Memory(bytes) => bytes.read(buf),
        }
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.source {
            Source::File(file) => file.fill_buf(),
            Source::Memory(bytes) => bytes.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.source {
            Source::File(file) => file.consume(amount),
            Source::Memory(bytes) => bytes.consume(amount),
        }
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.source {
            Source::File(file) => file.seek(to),
            Source::Memory(bytes) => bytes.seek(to),
        }
    }
}
