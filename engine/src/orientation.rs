//! The eight ways in which a picture may lie: upright, mirrored, and each with its axes exchanged.

use crate::tile::Cut;
use std::ops::Range;

/// One of them: a picture is mirrored first, and then its axes are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Whether left and right are exchanged.
    pub mirror_x: bool,
    /// Whether top and bottom are.
    pub mirror_y: bool,
    /// Whether columns become rows.
    pub transpose: bool,
}

impl Orientation {
    /// All of them, those of one size one after the other, upright first.
    pub const ALL: [Orientation; 8] = {
        let mut all = [Orientation {
            mirror_x: false,
            mirror_y: false,
            transpose: false,
        }; 8];
        let mut i = 0;
        while i < all.len() {
            all[i] = Orientation {
                mirror_x: i & 1 != 0,
                mirror_y: i & 2 != 0,
                transpose: i & 4 != 0,
            };
            i += 1;
        }
        all
    };

    /// Width and height, or anything else of both axes, as the turned picture has them.
    pub fn axes<T>(self, (x, y): (T, T)) -> (T, T) {
        if self.transpose { (y, x) } else { (x, y) }
    }
}

/// One axis of a tile as a picture that may be mirrored has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    cut: Cut,
    total: usize,
    mirror: bool,
}

impl Axis {
    /// `len` pixels from `start` on of a picture's `total`, to be computed with a halo from a multiple of `grid` on.
    pub fn new(
        (start, len): (usize, usize),
        (total, mirror): (usize, bool),
        halo: usize,
        grid: usize,
    ) -> Axis {
        let start = if mirror { total - start - len } else { start };
        let cut = Cut::new(start, len, halo, total, grid);
        Axis { cut, total, mirror }
    }

    /// Pixels that are computed.
    pub fn extent(&self) -> usize {
        self.cut.extent
    }

    /// The picture's pixels that are computed.
    pub fn computed(&self) -> Range<usize> {
        let Cut { origin, extent, .. } = self.cut;
        match self.mirror {
            true => self.total - origin - extent..self.total - origin,
            false => origin..origin + extent,
        }
    }

    /// The picture's pixel that is computed at `index`.
    pub fn pixel(&self, index: usize) -> usize {
        let at = self.cut.origin + index;
        if self.mirror { self.total - 1 - at } else { at }
    }

    /// Those of the pixels computed in `range` of the result, `scale` times as fine, that are kept; and where they lie among
    /// those that are kept of the picture.
    pub fn kept(&self, range: Range<usize>, scale: usize) -> (Range<usize>, Range<usize>) {
        let Cut {
            start, len, origin, ..
        } = self.cut;
        let (first, count) = ((start - origin) * scale, len * scale);
        let from = range.start.clamp(first, first + count);
        let to = range.end.clamp(from, first + count);
        let place = match self.mirror {
            true => first + count - to..first + count - from,
            false => from - first..to - first,
        };
        (from..to, place)
    }

    /// Whether the picture's order is reversed.
    pub fn is_mirrored(&self) -> bool {
        self.mirror
    }
}
