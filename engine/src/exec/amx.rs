//! A task of a convolution on matrix tiles.

use super::task::Task;
use crate::buffer::LINE;
use crate::kernel::amx::{
    self, AHEAD_LINES, AmxKernels, BLOCK, Chunk, Finish, Product, TILE_DEPTH,
};
use crate::plan::compile::{Block, CompiledConv};
use crate::plan::layout::Map;
use crate::plan::panels::Panels;
use crate::plan::schedule::Unit;
use half::bf16;
use std::ops::Range;

/// One panel of a task.
struct Panel<'a> {
    task: &'a Task<'a>,
    kernels: &'a AmxKernels,
    conv: &'a CompiledConv,
    plan: &'a Panels,
    out: &'a Map,
    /// First output pixel, and how many.
    x: usize,
    pixels: usize,
}

impl Task<'_> {
    /// Multiplies panel by panel, each from its first row to its last.
    ///
    /// # Safety
    ///
    /// As for every step: see `Arena::run`.
    pub(super) unsafe fn amx(&self, conv: &CompiledConv, out: &Map, unit: &Unit) {
        let Some(kernels) = &self.compiled.kernels.amx else {
            unreachable!("the plan took matrix tiles where there are none");
        };
        let plan = &self.layout.panels[unit.step];
        // SAFETY: see `Arena::run`. Nothing between the two panics.
        unsafe {
            (kernels.begin)();
            let mut x = self.x.start;
            while x < self.x.end {
                let pixels = plan.next_pixels(self.x.end - x);
                let panel = Panel {
                    task: self,
                    kernels,
                    conv,
                    plan,
                    out,
                    x,
                    pixels,
                };
                panel.run(unit);
                x += pixels;
            }
            (kernels.end)();
        }
    }
}

impl Panel<'_> {
    unsafe fn run(&self, unit: &Unit) {
        // SAFETY: see `Arena::run`.
        unsafe {
            for ky in 0..self.conv.kernel {
                self.round(unit.rows.start, ky, 0..self.ring_pixels());
            }
            for y in unit.rows.clone() {
                self.row(y, y + 1 < unit.rows.end);
            }
        }
    }

    /// Pixels of a row of the ring: what the windows of whole blocks see, and what their last chunks may reach into.
    fn ring_pixels(&self) -> usize {
        self.pixels.next_multiple_of(BLOCK) + self.conv.kernel
    }

    fn scratch(&self) -> *mut f32 {
        self.task.arena.base.wrapping_add(self.task.scratch())
    }

    /// Where the input row lies rounded that row `ky` of the window of output row `y` is.
    fn ring(&self, y: usize, ky: usize) -> *mut f32 {
        let row = (y + ky) % (self.conv.kernel + 1);
        self.scratch().wrapping_add(row * self.plan.row)
    }

    /// Rounds some pixels of that row, the first being the leftmost that the panel's first window sees.
    unsafe fn round(&self, y: usize, ky: usize, pixels: Range<usize>) {
        let padding = self.conv.padding;
        let ring = self.ring(y, ky);
        for (&at, &slot) in self.plan.maps.iter().zip(&self.conv.inputs) {
            let map = &self.task.layout.maps[slot];
            if map.bf16 {
                continue;
            }
            let stride = map.pixel_stride;
            // Up to the margin on the right. Blocks that reach beyond it read zeros, so that they meet nothing but numbers.
            let there = (map.extent.width + 2 * padding - self.x).clamp(pixels.start, pixels.end);
            // SAFETY: see `Arena::run`. Rows have their margins on both sides.
            unsafe {
                let row = self.task.row(map, (y + ky) as isize - padding as isize);
                let row = row.add(self.x * stride).sub(padding * stride);
                let (from, len) = (pixels.start * stride, (there - pixels.start) * stride);
                let rounded = ring.add(at).cast::<bf16>().add(from);
                (self.kernels.round)(row.add(from), len, rounded);
                rounded
                    .add(len)
                    .write_bytes(0, (pixels.end - there) * stride);
            }
        }
    }

    /// Lists the window of output row `y`.
    unsafe fn window(&self, y: usize) -> &[Chunk] {
        let kernel = self.conv.kernel;
        // SAFETY: see `Arena::run`; the list has its place in the scratch.
        unsafe {
            let list = self.scratch().add(self.plan.chunks).cast::<Chunk>();
            let mut next = list;
            for (&at, &slot) in self.plan.maps.iter().zip(&self.conv.inputs) {
                let map = &self.task.layout.maps[slot];
                let channels = self.task.compiled.padded[slot];
                for ky in 0..kernel {
                    let row = if map.bf16 {
                        let y = (y + ky) as isize - self.conv.padding as isize;
                        let row = self.task.row(map, y).add(self.x * map.pixel_stride);
                        row.sub(self.conv.padding * map.pixel_stride)
                    } else {
                        self.ring(y, ky).add(at)
                    };
                    let row = row.cast::<bf16>();
                    for chunk in 0..amx::chunks(kernel, channels) {
                        next.write(Chunk {
                            stride: channels * size_of::<bf16>(),
                            values: row.add(chunk * TILE_DEPTH),
                        });
                        next = next.add(1);
                    }
                }
            }
            std::slice::from_raw_parts(list, self.plan.chunk_count)
        }
    }

    /// Lines of each kind that a product with a column block asks for.
    fn ahead_lines(&self, block: &Block) -> usize {
        self.plan.chunk_count * AHEAD_LINES[block.vectors - 1]
    }

    /// What the next block writes, what the next row of it reads for the first time where this block is, and what the next block
    /// merges; more of the second if nothing.
    unsafe fn ahead(&self, y: usize, pixel: usize) -> [*const f32; 3] {
        let conv = self.conv;
        // SAFETY: rows outside a map are the row of zeros.
        unsafe {
            let out = self.task.row(self.out, y as isize);
            let map = &self.task.layout.maps[conv.inputs[0]];
            let below = (y + conv.kernel - conv.padding) as isize;
            let input = self.task.row(map, below);
            let input = input.wrapping_add((self.x + pixel) * map.pixel_stride);
            let [merge, _] = self.task.merges(conv, y, self.x + pixel + BLOCK);
            let lines = conv.blocks.iter().map(|block| self.ahead_lines(block));
            let span = lines.sum::<usize>() * LINE;
            [
                out.wrapping_add((self.x + pixel + BLOCK) * self.out.pixel_stride),
                input,
                match merge.is_null() {
                    true => input.wrapping_add(span),
                    false => merge,
                },
            ]
        }
    }

    /// Makes output row `y`. What follows the sums of a block is done while the tiles work on the next one, and so is the rounding of
    /// the next row where there is one.
    unsafe fn row(&self, y: usize, more: bool) {
        let lanes = self.task.compiled.kernels.lanes;
        // SAFETY: see `Arena::run`.
        unsafe {
            let chunks = self.window(y);
            let out = self.task.row(self.out, y as isize);
            let merges = self.task.merges(self.conv, y, self.x);
            let mut before: Option<Finish> = None;
            let mut parity = 0;
            for pixel in (0..self.pixels).step_by(BLOCK) {
                let mut ahead = self.ahead(y, pixel);
                for block in &self.conv.blocks {
                    let sums = self.scratch().add(self.plan.sums[parity]);
                    parity ^= 1;
                    (self.kernels.products[block.vectors - 1])(&Product {
                        chunks,
                        pixel,
                        weights: self.conv.weights.as_ptr().add(block.offset).cast(),
                        sums,
                        ahead,
                    });
                    let lines = self.ahead_lines(block);
                    ahead = ahead.map(|at| at.wrapping_add(lines * LINE));
                    if let Some(before) = &before {
                        (self.kernels.finish)(before);
                    }
                    let channel = block.first_vector * lanes;
                    let (floats, bf16) = (self.out.pixel_stride, self.out.bf16);
                    let at = if bf16 { channel / 2 } else { channel };
                    let merge_stride = self.task.compiled.padded[self.conv.output];
                    let merge = pixel * merge_stride + channel;
                    before = Some(Finish {
                        sums,
                        vectors: block.vectors,
                        channel,
                        pixels: BLOCK.min(self.pixels - pixel),
                        out: out.add((self.x + pixel) * floats + at),
                        out_stride: floats,
                        bf16,
                        merges: merges.map(|m| m.wrapping_add(merge)),
                        merge_stride,
                        epilogue: &self.conv.epilogue,
                    });
                }
                if more {
                    let last = pixel + BLOCK >= self.pixels;
                    let end = if last {
                        self.ring_pixels()
                    } else {
                        pixel + BLOCK
                    };
                    self.round(y + 1, self.conv.kernel - 1, pixel..end);
                }
            }
            if let Some(before) = &before {
                (self.kernels.finish)(before);
            }
        }
    }
}
