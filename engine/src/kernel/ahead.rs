//! Rows that are brought near while the matrix products of a block run.
//!
//! The transforms touch eight rows at once, at a stride that the hardware does not follow, so software asks for what the
//! next block reads and this one writes. The requests are spread: over the frequencies, the same part of every row with each,
//! and within a frequency over the register tiles and their depth. In one burst they would fill the buffers for misses, and the
//! products' own loads would wait behind them.

use super::winograd::FREQUENCIES;
use crate::buffer::LINE;
use crate::simd::prefetch;
use std::ptr::null;

/// Most rows of a block: those of five concatenated maps and the output. Others are left to the hardware.
const MAX_ROWS: usize = 48;

/// Requests of one block.
pub(crate) struct Ahead {
    /// First float, and the cache lines of a frequency's part.
    rows: [(*const f32, usize); MAX_ROWS],
    count: usize,
    /// Lines to ask for at once.
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
            rows: [(null(), 0); MAX_ROWS],
            count: 0,
            portion: 0,
            frequency: 0,
            row: 0,
            line: 0,
        }
    }

    /// Adds `len` floats from `start` on.
    pub fn add(&mut self, start: *const f32, len: usize) {
        if let Some(row) = self.rows.get_mut(self.count) {
            *row = (start, len.div_ceil(FREQUENCIES * LINE));
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
            let (start, part) = self.rows[self.row];
            let lines = (part - self.line).min(left);
            let first = start.wrapping_add((self.frequency * part + self.line) * LINE);
            for i in 0..lines {
                prefetch(first.wrapping_add(i * LINE));
            }
            left -= lines;
            self.line += lines;
            if self.line == part {
                (self.row, self.line) = (self.row + 1, 0);
            }
        }
    }
}
