//! Rows that are brought near while the matrix products of a block run.
//!
//! The transforms touch eight rows at once, at a stride that the hardware does not follow, so software asks for what the
//! next block reads and this one writes. The requests are spread: over the frequencies, the same part of every row with each,
//! and within a frequency over the register tiles. In one burst they would fill the buffers for misses, and the
//! products' own loads would wait behind them.

use super::winograd::FREQUENCIES;
use crate::buffer::LINE;
use crate::simd::{prefetch, prefetch_to_write};
use std::ptr::null;

/// Most rows of a block: those of five concatenated maps and the output. Others are left to the hardware.
const MAX_ROWS: usize = 48;

/// What a row is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Read,
    /// Lines that another core has are taken from it, which may be on another die.
    Write,
}

/// Requests of one block.
pub(crate) struct Ahead {
    /// First float, the cache lines of a frequency's part, what for.
    rows: [(*const f32, usize, Purpose); MAX_ROWS],
    count: usize,
    /// Lines to ask for between two register tiles.
    portion: usize,
    frequency: usize,
    /// The row and the line of its part that are next.
    row: usize,
    line: usize,
}

impl Ahead {
    /// Nothing to ask for.
    pub fn new() -> Ahead {
        Ahead {
            rows: [(null(), 0, Purpose::Read); MAX_ROWS],
            count: 0,
            portion: 0,
            frequency: 0,
            row: 0,
            line: 0,
        }
    }

    /// Adds `len` floats from `start` on.
    pub fn add(&mut self, start: *const f32, len: usize, purpose: Purpose) {
        if let Some(row) = self.rows.get_mut(self.count) {
            *row = (start, len.div_ceil(FREQUENCIES * LINE), purpose);
            self.count += 1;
        }
    }

    /// Spreads the requests of a frequency over its `calls` of [`Ahead::fetch`].
    pub fn spread(&mut self, calls: usize) {
        let lines: usize = self.rows[..self.count].iter().map(|row| row.1).sum();
        self.portion = lines.div_ceil(calls.max(1));
    }

    /// Turns to the parts that belong to a frequency.
    pub fn begin(&mut self, frequency: usize) {
        (self.frequency, self.row, self.line) = (frequency, 0, 0);
    }

    /// Asks for the next lines.
    #[inline(always)]
    pub fn fetch(&mut self) {
        let mut left = self.portion;
        while left > 0 && self.row < self.count {
            let (start, part, purpose) = self.rows[self.row];
            let lines = (part - self.line).min(left);
            let first = start.wrapping_add((self.frequency * part + self.line) * LINE);
            for i in 0..lines {
                let line = first.wrapping_add(i * LINE);
                match purpose {
                    Purpose::Read => prefetch(line),
                    Purpose::Write => prefetch_to_write(line),
                }
            }
            left -= lines;
            self.line += lines;
            if self.line == part {
                (self.row, self.line) = (self.row + 1, 0);
            }
        }
    }
}
