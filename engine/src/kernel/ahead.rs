//! Rows that are brought near while the matrix products of a block run.
//!
//! The transforms touch eight rows at once, at a stride that the hardware does not follow, so software asks for what the
//! next block reads and this one writes. The requests are spread evenly over the products, a line or two between a few
//! multiply-adds: in bursts they would fill the buffers for misses, and the products' own loads would wait behind them.

use crate::buffer::LINE;
use crate::simd::prefetch;
use std::ptr::null;

/// Most rows of a block: those of five concatenated maps and the output. Others are left to the hardware.
const MAX_ROWS: usize = 48;

/// Most lines that are asked for at once: what exceeds them is left to the hardware.
const MOST_LINES: usize = 4;

/// Cache lines one after the other.
#[derive(Clone, Copy)]
struct Row {
    /// The next one.
    at: *const f32,
    /// How many are left: none or fewer once it is done.
    left: isize,
}

/// What comes after the last row.
const NOTHING: Row = Row {
    at: null(),
    left: isize::MAX,
};

/// Requests of one block.
pub(crate) struct Ahead {
    rows: [Row; MAX_ROWS + 1],
    count: usize,
    /// The row at work, and what is left of it.
    index: usize,
    row: Row,
    /// Lines to ask for at once.
    portion: usize,
}

impl Ahead {
    /// Nothing to ask for.
    pub fn new() -> Ahead {
        Ahead {
            rows: [NOTHING; MAX_ROWS + 1],
            count: 0,
            index: 0,
            row: NOTHING,
            portion: 0,
        }
    }

    /// Adds `len` floats from `start` on.
    pub fn add(&mut self, start: *const f32, len: usize) {
        if self.count < MAX_ROWS {
            let left = len.div_ceil(LINE) as isize;
            self.rows[self.count] = Row { at: start, left };
            self.count += 1;
        }
    }

    /// Spreads the requests over so many calls of [`Ahead::fetch`].
    pub fn spread(&mut self, calls: usize) {
        let lines: isize = self.rows[..self.count].iter().map(|row| row.left).sum();
        self.portion = lines.unsigned_abs().div_ceil(calls.max(1)).min(MOST_LINES);
        self.row = self.rows[0];
    }

    /// Asks for the next lines.
    #[inline(always)]
    pub fn fetch(&mut self) {
        let at = self.row.at;
        for line in 0..MOST_LINES {
            // Written out: a loop in the products' inner loop would be left once in each of its rounds.
            if line < self.portion {
                prefetch(at.wrapping_add(line * LINE));
            }
        }
        self.row.at = at.wrapping_add(self.portion * LINE);
        self.row.left -= self.portion as isize;
        if self.row.left <= 0 {
            self.index += 1;
            // SAFETY: the last row never ends.
            self.row = unsafe { *self.rows.get_unchecked(self.index) };
            if self.index == self.count {
                self.portion = 0;
            }
        }
    }
}
