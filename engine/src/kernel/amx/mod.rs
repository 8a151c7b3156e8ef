//! Direct convolutions on AMX, Intel's matrix tiles, in bf16.
//!
//! AMX multiplies tiles of bf16, numbers of 8 bits of precision and the range of f32, and adds the products in f32: sixteen times as
//! many in a cycle as AVX-512 does in f32. Maps and weights are rounded to bf16, sums and what follows them stay f32.
//!
//! A task goes down a panel of columns. Maps that hold bf16 are read where they are. Rows of others are rounded as they are needed, pixel
//! by pixel with all channels, into a ring one row higher than the kernel. A matrix tile's rows are sixteen neighbouring pixels; its columns 32 of the
//! `kernel * channels` values that lie one after the other from the window's left pixel on. So a window's row is a run of memory, no
//! channel count is rounded up for itself, and the next tap is nothing but the next 64 bytes.

use super::epilogue::{Epilogue, MAX_MERGES};
use super::table::RegisterTile;
use half::bf16;
#[cfg(target_arch = "x86_64")]
pub(super) mod tiles;

/// Pixels of a block: two matrix tiles.
pub(crate) const BLOCK: usize = 2 * TILE_ROWS;
/// Rows of a matrix tile: pixels, or pairs of weights.
const TILE_ROWS: usize = 16;
/// bf16 values in a row of a matrix tile.
pub(crate) const TILE_DEPTH: usize = 32;
/// Bytes of a matrix tile.
const TILE_BYTES: usize = 1024;
/// Output channels of a matrix tile, a vector.
pub(crate) const TILE_COLUMNS: usize = 16;
/// Most vectors of output channels in a column block.
pub(crate) const MAX_VECTORS: usize = 3;
/// Lines of each kind that are asked for with every chunk, by the vectors of the column block. The tiles' loads need the buffers for
/// misses as well: asked for at once, or not at all before they are written, the lines of a block would keep them waiting.
pub(crate) const AHEAD_LINES: [usize; MAX_VECTORS] = [4, 2, 4];

/// Where 32 values of a window lie, for the panel's first pixel.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Chunk {
    /// Bytes between pixels.
    pub stride: usize,
    /// The values.
    pub values: *const bf16,
}

/// A product of one block of pixels and one column block.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "only x86 has such kernels")
)]
pub(crate) struct Product<'a> {
    /// The whole window.
    pub chunks: &'a [Chunk],
    /// First pixel of the block in the panel.
    pub pixel: usize,
    /// Packed by [`pack`].
    pub weights: *const bf16,
    /// Sums: `[BLOCK][vectors * 16]`.
    pub sums: *mut f32,
    /// Where lines are asked for meanwhile.
    pub ahead: [*const f32; 3],
}

/// Sums on their way to the output map.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "only x86 has such kernels")
)]
pub(crate) struct Finish<'a> {
    /// As [`Product::sums`].
    pub sums: *const f32,
    /// Vectors of output channels.
    pub vectors: usize,
    /// First output channel.
    pub channel: usize,
    /// Pixels that exist, up to [`BLOCK`].
    pub pixels: usize,
    /// The first of them at that channel, and floats between pixels.
    pub out: *mut f32,
    pub out_stride: usize,
    /// Whether they are rounded to bf16 there.
    pub bf16: bool,
    /// The first pixel in the merged maps, at that channel, and floats between pixels.
    pub merges: [*const f32; MAX_MERGES],
    pub merge_stride: usize,
    /// What follows the convolution.
    pub epilogue: &'a Epilogue,
}

/// The kernels; on processors without AMX there is no such table.
pub(crate) struct AmxKernels {
    /// Before and after a thread's products.
    pub begin: unsafe fn(),
    pub end: unsafe fn(),
    /// Rounds so many floats.
    pub round: unsafe fn(*const f32, usize, *mut bf16),
    /// By the vectors of a column block: the first has one.
    pub products: [unsafe fn(&Product); MAX_VECTORS],
    pub finish: unsafe fn(&Finish),
}

/// What the products keep in matrix tiles, narrowest first.
pub(crate) fn register_tiles() -> impl Iterator<Item = RegisterTile> {
    (1..=MAX_VECTORS).map(|vectors| RegisterTile {
        rows: BLOCK,
        vectors,
    })
}

/// Chunks of a window's row.
pub(crate) fn chunks(kernel: usize, channels: usize) -> usize {
    (kernel * channels).div_ceil(TILE_DEPTH)
}

/// Packed weights of one chunk.
pub(crate) fn chunk_weights(vectors: usize) -> usize {
    vectors * TILE_BYTES / size_of::<bf16>()
}

/// Packs the weights of one chunk of a column block, matrix tile by matrix tile; in a tile, pairs of values row by row.
/// `weight(value, column)` is that of a value of the chunk and a column of the block.
pub(crate) fn pack(vectors: usize, out: &mut [bf16], weight: impl Fn(usize, usize) -> f32) {
    for value in 0..TILE_DEPTH {
        for column in 0..vectors * TILE_COLUMNS {
            let tile = column / TILE_COLUMNS * chunk_weights(1);
            let at = tile + value / 2 * TILE_DEPTH + column % TILE_COLUMNS * 2 + value % 2;
            out[at] = bf16::from_f32(weight(value, column));
        }
    }
}
