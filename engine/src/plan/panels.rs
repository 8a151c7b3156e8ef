//! How a convolution on matrix tiles walks down its task: in panels of columns, over a ring of rows that are rounded to bf16.

use super::compile::{Compiled, CompiledConv};
use crate::buffer::LINE;
use crate::kernel::amx::{self, BLOCK, Chunk, MAX_VECTORS, TILE_COLUMNS};
use half::bf16;

/// Bytes of a ring: it should stay in the second-level cache beside the weights.
const RING_BYTES: usize = 256 << 10;
/// Panels are not narrower for that than so many pixels, where rows are as long.
const MIN_PIXELS: usize = 4 * BLOCK;

/// The scratch of one convolution. Offsets and lengths are in floats.
#[derive(Clone, Debug, Default)]
pub(crate) struct Panels {
    /// Most output pixels of a panel, whole blocks.
    pub pixels: usize,
    /// Where each input map's pixels are in a row of the ring, if they are not bf16 as they stand.
    pub maps: Vec<usize>,
    /// Between rows of the ring, which begins the scratch.
    pub row: usize,
    /// Sums of a block and of the one before it.
    pub sums: [usize; 2],
    /// Where the chunks of a window are listed, and how many there are.
    pub chunks: usize,
    pub chunk_count: usize,
    pub len: usize,
}

impl Panels {
    /// Those of a convolution whose tasks have rows of up to `width` pixels.
    pub fn new(conv: &CompiledConv, compiled: &Compiled, width: usize) -> Panels {
        let kernel = conv.kernel;
        let inputs = || conv.inputs.iter().map(|&slot| compiled.padded[slot]);
        let fit = RING_BYTES / ((kernel + 1) * inputs().sum::<usize>() * size_of::<bf16>());
        let most = (fit / BLOCK * BLOCK).max(MIN_PIXELS);
        let pixels = Panels::even(width, most);
        let (mut maps, mut row) = (Vec::new(), 0);
        for &slot in &conv.inputs {
            maps.push(row);
            if !compiled.bf16[slot] {
                // A window's last chunk may reach into the pixel behind it.
                let values = (pixels + kernel) * compiled.padded[slot];
                row += (values * size_of::<bf16>() / size_of::<f32>()).next_multiple_of(LINE);
            }
        }
        let chunk_count: usize = inputs()
            .map(|channels| kernel * amx::chunks(kernel, channels))
            .sum();
        let block = BLOCK * MAX_VECTORS * TILE_COLUMNS;
        let sums = (kernel + 1) * row;
        let chunks = sums + 2 * block;
        let list = (chunk_count * size_of::<Chunk>()).div_ceil(size_of::<f32>());
        Panels {
            pixels,
            maps,
            row,
            sums: [sums, sums + block],
            chunks,
            chunk_count,
            len: chunks + list.next_multiple_of(LINE),
        }
    }

    /// Pixels of each of the fewest panels that cover `width`: whole blocks, about equally many.
    fn even(width: usize, most: usize) -> usize {
        let panels = width.div_ceil(most);
        width.div_ceil(panels.max(1)).next_multiple_of(BLOCK)
    }

    /// Pixels of the next panel where so many are left of a task's row.
    pub fn next_pixels(&self, left: usize) -> usize {
        Panels::even(left, self.pixels).min(left)
    }
}
