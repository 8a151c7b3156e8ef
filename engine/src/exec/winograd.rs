//! A task of a Winograd convolution: blocks of tiles, and what to ask for ahead so that memory keeps out of their way.

use super::task::Task;
use crate::kernel::ahead::Ahead;
use crate::kernel::epilogue::MAX_MERGES;
use crate::kernel::gemm::{Gemm, fetches};
use crate::kernel::winograd::{FREQUENCIES, InputTransform, OutputTransform, PATCH, TILE};
use crate::plan::compile::{Algorithm, Block, CompiledConv, Step};
use crate::plan::layout::Map;
use crate::plan::schedule::Unit;
use std::ptr::null;

impl Task<'_> {
    /// Transforms, multiplies and transforms back, block by block.
    ///
    /// # Safety
    ///
    /// As for every step: see `Arena::run`.
    pub(super) unsafe fn winograd(&self, conv: &CompiledConv, out: &Map, unit: &Unit) {
        let kernels = self.compiled.kernels;
        let step = &self.layout.winograd[unit.step];
        // SAFETY: see `Arena::run`.
        unsafe {
            let m = self.arena.base.add(self.scratch());
            let v = m.add(step.frequency_stride);
            let mut at = Some((unit.rows.start, self.x.start));
            while let Some((y, x)) = at {
                let tiles = step.next_tiles(self.x.end - x);
                at = self.next_block(unit, y, x + tiles * TILE);
                let mut channel = 0;
                for &slot in &conv.inputs {
                    let map = &self.layout.maps[slot];
                    let mut rows = [null(); PATCH];
                    for (i, row) in rows.iter_mut().enumerate() {
                        let y = (y + i) as isize - 1;
                        *row = self
                            .row(map, y)
                            .add(x * map.pixel_stride)
                            .sub(map.pixel_stride);
                    }
                    (kernels.input_transform)(&InputTransform {
                        rows,
                        pixel_stride: map.pixel_stride,
                        vectors: map.pixel_stride / kernels.lanes,
                        tiles,
                        v: v.add(channel),
                        tile_stride: step.tile_stride,
                        frequency_stride: step.frequency_stride,
                    });
                    channel += map.pixel_stride;
                }
                let mut ahead = Ahead::new();
                self.output_ahead(&mut ahead, out, y, x, tiles);
                match at {
                    Some((y, x)) => {
                        let tiles = step.next_tiles(self.x.end - x);
                        self.inputs_ahead(&mut ahead, conv, y, x, tiles);
                    }
                    None => self.upcoming_ahead(&mut ahead),
                }
                let calls = |block: &Block| {
                    let rows = kernels.tile(block.vectors).rows;
                    fetches(tiles, rows, conv.depth)
                };
                ahead.spread(FREQUENCIES * conv.blocks.iter().map(calls).sum::<usize>());
                for f in 0..FREQUENCIES {
                    // All column blocks of a frequency before the next, whose products overwrite its `V`.
                    for block in &conv.blocks {
                        let width = block.vectors * kernels.lanes;
                        let first = block.first_vector * kernels.lanes;
                        (kernels.gemm[block.vectors - 1].run)(&mut Gemm {
                            src: v.add(f * step.frequency_stride),
                            src_stride: step.tile_stride,
                            dst: m.add(f * step.frequency_stride + first),
                            dst_stride: step.tile_stride,
                            weights: conv
                                .weights
                                .as_ptr()
                                .add(block.offset + f * conv.depth * width),
                            rows: tiles,
                            depth: conv.depth,
                            ahead: &mut ahead,
                        });
                    }
                }
                let valid_rows = (unit.rows.end - y).min(TILE);
                let mut rows = [std::ptr::null_mut(); TILE];
                let mut merges = [[null(); TILE]; MAX_MERGES];
                for i in 0..valid_rows {
                    rows[i] = self.row(out, (y + i) as isize).add(x * out.pixel_stride);
                    for (rows, pointer) in merges.iter_mut().zip(self.merges(conv, y + i, x)) {
                        rows[i] = pointer;
                    }
                }
                (kernels.output_transform)(&OutputTransform {
                    m,
                    tile_stride: step.tile_stride,
                    frequency_stride: step.frequency_stride,
                    tiles,
                    vectors: conv.vectors,
                    rows,
                    valid_rows,
                    valid_pixels: self.x.end - x,
                    pixel_stride: out.pixel_stride,
                    merges,
                    epilogue: &conv.epilogue,
                });
            }
        }
    }

    /// Row and pixel at which the next block begins, `x` being where the last one of row `y` ended.
    fn next_block(&self, unit: &Unit, y: usize, x: usize) -> Option<(usize, usize)> {
        if x < self.x.end {
            return Some((y, x));
        }
        (y + TILE < unit.rows.end).then_some((y + TILE, self.x.start))
    }

    /// Adds the inputs of the upcoming task's first block.
    unsafe fn upcoming_ahead(&self, ahead: &mut Ahead) {
        let Some((unit, x)) = &self.upcoming else {
            return;
        };
        let unit = &self.layout.schedule.units[*unit];
        if let Step::Conv(conv) = &self.compiled.steps[unit.step]
            && conv.algorithm == Algorithm::Winograd
        {
            let tiles = self.layout.winograd[unit.step].next_tiles(x.len());
            // SAFETY: see `Arena::run`.
            unsafe { self.inputs_ahead(ahead, conv, unit.rows.start, x.start, tiles) };
        }
    }

    /// Adds a block's output rows, so that the stores that end the block find their lines near.
    unsafe fn output_ahead(&self, ahead: &mut Ahead, out: &Map, y: usize, x: usize, tiles: usize) {
        for i in 0..TILE {
            // SAFETY: rows past the end of the map are the row of zeros.
            let row = unsafe { self.row(out, (y + i) as isize) };
            let stride = out.pixel_stride;
            let len = tiles * TILE * stride;
            ahead.add(row.wrapping_add(x * stride), len);
        }
    }

    /// Adds a block's input rows.
    unsafe fn inputs_ahead(
        &self,
        ahead: &mut Ahead,
        conv: &CompiledConv,
        y: usize,
        x: usize,
        tiles: usize,
    ) {
        for &slot in &conv.inputs {
            let map = &self.layout.maps[slot];
            for i in 0..PATCH {
                // SAFETY: rows outside the map are the row of zeros.
                let row = unsafe { self.row(map, (y + i) as isize - 1) };
                let stride = map.pixel_stride;
                let len = tiles * TILE * stride;
                ahead.add(row.wrapping_add(x * stride), len);
            }
        }
    }
}
