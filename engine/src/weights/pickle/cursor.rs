//! Reads the pickle's bytes in order; a length that exceeds them is an error, never an allocation.

use super::{Fault, damaged};

pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn line(&mut self) -> Result<&'a str, Fault> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|b| *b == b'\n').ok_or_else(cut)?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| damaged("the pickle names a global oddly"))
    }

    pub(super) fn byte_length(&mut self) -> Result<usize, Fault> {
        Ok(self.take::<1>()?[0].into())
    }

    pub(super) fn word_length(&mut self) -> Result<usize, Fault> {
        let n = u32::from_le_bytes(self.take()?);
        usize::try_from(n).map_err(|_| cut())
    }

    pub(super) fn long_length(&mut self) -> Result<usize, Fault> {
        let n = u64::from_le_bytes(self.take()?);
        usize::try_from(n).map_err(|_| cut())
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self.bytes[self.at..].first_chunk().ok_or_else(cut)?;
        self.at += N;
        Ok(*bytes)
    }

    pub(super) fn slice(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let bytes = self.bytes[self.at..].get(..length).ok_or_else(cut)?;
        self.at += length;
        Ok(bytes)
    }
}

fn cut() -> Fault {
    damaged("the pickle ends before its end mark: the file is cut")
}
