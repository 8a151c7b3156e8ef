//! The best quality whose file stays within a number of bytes.
//!
//! The rows are made once and laid down in a temporary file; then they are encoded again and again, to nothing but a
//! count of bytes, until a bisection has found the highest quality that fits.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use super::Format;
use super::PictureError;
use super::encode::{Header, Options, RowSource, encode};
use crate::interrupt;

/// Rows that can be read any number of times.
pub struct Spool {
    file: File,
    rows: usize,
}

impl Spool {
    /// Takes all rows from `source`.
    pub fn fill(header: &Header<'_>, source: &mut dyn RowSource) -> Result<Self, PictureError> {
        let mut out = BufWriter::with_capacity(1 << 18, tempfile::tempfile()?);
        let mut row = vec![0; header.row_bytes()];
        for _ in 0..header.height {
            source.next_row(&mut row)?;
            out.write_all(&row)?;
        }
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Spool {
            file,
            rows: header.height,
        })
    }

    /// Encodes the rows.
    pub fn encode(
        &mut self,
        format: Format,
        out: &mut (impl Write + Seek),
        header: &Header<'_>,
        options: &Options,
    ) -> Result<(), PictureError> {
        self.file.rewind()?;
        let mut reader = BufReader::with_capacity(1 << 18, &self.file);
        let mut left = self.rows;
        let mut rows = |row: &mut [u8]| {
            if interrupt::requested() {
                return Err(io::Error::other("interrupted"));
            }
            left = left
                .checked_sub(1)
                .ok_or_else(|| io::Error::other("more rows asked for than there are"))?;
            reader.read_exact(row)
        };
        encode(format, out, header, options, &mut rows)
    }

    /// The highest quality, `options.quality` at most, whose file has `most` bytes or fewer.
    ///
    /// Sizes need not grow with quality everywhere; the quality that is returned was measured.
    /// [`PictureError::Limit`] if the lowest does not fit.
    pub fn best_quality(
        &mut self,
        format: Format,
        header: &Header<'_>,
        options: &Options,
        most: u64,
    ) -> Result<u8, PictureError> {
        let mut length = |quality| {
            let mut count = Count::default();
            let options = Options {
                quality,
                ..*options
            };
            self.encode(format, &mut count, header, &options)?;
            Ok::<u64, PictureError>(count.length)
        };
        if length(options.quality)? <= most {
            return Ok(options.quality);
        }
        let least = length(1)?;
        if least > most {
            return Err(PictureError::Limit(format!(
                "even at quality 1 it has {least} bytes, --max-bytes allows {most}; choose a smaller size"
            )));
        }
        let (mut fits, mut exceeds) = (1, options.quality);
        while exceeds - fits > 1 {
            let middle = fits + (exceeds - fits) / 2;
            if length(middle)? <= most {
                fits = middle;
            } else {
                exceeds = middle;
            }
        }
        Ok(fits)
    }
}

/// Counts what would be written.
#[derive(Default)]
struct Count {
    at: u64,
    length: u64,
}

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.at += bytes.len() as u64;
        self.length = self.length.max(self.at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Count {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
