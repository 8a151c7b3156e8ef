//! One task: a stretch of a few rows of one step's output.

use crate::buffer::{Buffer, LINE};
use crate::kernel::direct::{Direct, MAX_KERNEL, Source};
use crate::kernel::epilogue::MAX_MERGES;
use crate::kernel::gemm::Gemm;
use crate::kernel::pixels;
use crate::kernel::winograd::{FREQUENCIES, InputTransform, OutputTransform, TILE};
use crate::network::{INPUT, SlotId};
use crate::plan::compile::{Algorithm, Compiled, CompiledConv, Step};
use crate::plan::layout::{Layout, Map, Scratch};
use crate::plan::schedule::Unit;
use crate::simd::prefetch;
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::null;

/// The arena as the tasks see it. The schedule keeps them apart: no float is written by one task while
/// another reads or writes it.
#[derive(Clone, Copy)]
pub(super) struct Arena<'a> {
    base: *mut f32,
    memory: PhantomData<&'a mut Buffer>,
}

// SAFETY: shared between the threads of one batch, whose tasks touch disjoint floats (see above).
unsafe impl Send for Arena<'_> {}
// SAFETY: as above.
unsafe impl Sync for Arena<'_> {}

impl<'a> Arena<'a> {
    pub fn new(buffer: &'a mut Buffer) -> Arena<'a> {
        Arena {
            base: buffer.as_mut_ptr(),
            memory: PhantomData,
        }
    }

    /// Runs a task: a unit's index, and the output pixels (before the shuffle for the last step). `upcoming`
    /// is the task that this thread will likely run next.
    pub fn run(
        &self,
        compiled: &Compiled,
        layout: &Layout,
        thread: usize,
        (unit, x): (usize, Range<usize>),
        upcoming: Option<(usize, Range<usize>)>,
    ) {
        let unit = &layout.schedule.units[unit];
        let task = Task {
            arena: *self,
            compiled,
            layout,
            thread,
            x,
            upcoming,
        };
        let step = &compiled.steps[unit.step];
        // SAFETY: the layout placed every map, ring and scratch inside the arena with the margins that the
        // steps' windows need, the schedule gives each task its own rows and pixels, and the kernel table
        // is that of an instruction set that was checked when it was chosen.
        unsafe {
            match step {
                Step::Conv(conv) if conv.algorithm == Algorithm::Winograd => {
                    task.winograd(conv, unit);
                }
                Step::Conv(conv) => task.direct(conv, unit),
                Step::Emit {
                    input,
                    skip,
                    channel_of,
                    shuffle,
                } => {
                    task.emit(*input, *skip, channel_of, *shuffle, unit);
                }
                _ => task.move_pixels(step, unit),
            }
            if let Some(output) = step.output() {
                task.clear_margins(&layout.maps[output], unit);
            }
        }
    }
}

/// Tiles of the next block where `pixels` are left: even blocks rather than full ones and a small rest, in
/// whole register tiles.
fn block_tiles(step: Scratch, pixels: usize) -> usize {
    let left = pixels.div_ceil(TILE);
    let even = left.div_ceil(left.div_ceil(step.tiles));
    even.next_multiple_of(step.grain).min(left)
}

/// Asks for the `f`-th of [`FREQUENCIES`] parts of `len` floats from `row + start` on.
fn fetch(row: *const f32, start: usize, len: usize, f: usize) {
    let part = len.div_ceil(FREQUENCIES).next_multiple_of(LINE);
    for at in (f * part..((f + 1) * part).min(len)).step_by(LINE) {
        prefetch(row.wrapping_add(start + at));
    }
}

struct Task<'a> {
    arena: Arena<'a>,
    compiled: &'a Compiled,
    layout: &'a Layout,
    thread: usize,
    x: Range<usize>,
    upcoming: Option<(usize, Range<usize>)>,
}

impl Task<'_> {
    /// First pixel of row `y` of a map; of the row of zeros if there is no such row.
    unsafe fn row(&self, map: &Map, y: isize) -> *mut f32 {
        let at = match usize::try_from(y) {
            Ok(y) if y < map.extent.height => map.base + y % map.ring * map.row_stride,
            _ => self.layout.zeros,
        };
        // SAFETY: inside the arena by the layout.
        unsafe { self.arena.base.add(at + map.left * map.pixel_stride) }
    }

    /// All pixels of row `y`, without margins.
    unsafe fn pixels(&self, map: &Map, y: usize) -> &[f32] {
        // SAFETY: inside the arena by the layout; nobody writes it now by the schedule.
        unsafe {
            let row = self.row(map, y as isize);
            std::slice::from_raw_parts(row, map.extent.width * map.pixel_stride)
        }
    }

    /// This task's pixels of output row `y`.
    #[allow(clippy::mut_from_ref)]
    unsafe fn pixels_mut(&self, map: &Map, y: usize) -> &mut [f32] {
        // SAFETY: inside the arena by the layout; this task's alone by the schedule.
        unsafe {
            let row = self
                .row(map, y as isize)
                .add(self.x.start * map.pixel_stride);
            std::slice::from_raw_parts_mut(row, self.x.len() * map.pixel_stride)
        }
    }

    /// Pointers to pixel `x` of row `y` in the maps that are merged.
    unsafe fn merges(&self, conv: &CompiledConv, y: usize, x: usize) -> [*const f32; MAX_MERGES] {
        let mut merges = [null(); MAX_MERGES];
        for (pointer, &slot) in merges.iter_mut().zip(&conv.merge_slots) {
            let map = &self.layout.maps[slot];
            // SAFETY: `x` is a pixel of the row.
            *pointer = unsafe { self.row(map, y as isize).add(x * map.pixel_stride) };
        }
        merges
    }

    unsafe fn winograd(&self, conv: &CompiledConv, unit: &Unit) {
        let kernels = self.compiled.kernels;
        let step = self.layout.winograd[unit.step];
        let out = &self.layout.maps[conv.output];
        // SAFETY: see `Arena::run`.
        unsafe {
            let v = self
                .arena
                .base
                .add(self.layout.scratch + self.thread * self.layout.scratch_stride);
            let m = v.add(step.m_offset);
            let mut at = Some((unit.rows.start, self.x.start));
            while let Some((y, x)) = at {
                let tiles = block_tiles(step, self.x.end - x);
                at = self.next_block(unit, y, x + tiles * TILE);
                let mut channel = 0;
                for &slot in &conv.inputs {
                    let map = &self.layout.maps[slot];
                    let mut rows = [null(); 6];
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
                for block in &conv.blocks {
                    let width = block.vectors * kernels.lanes;
                    let gemm = &kernels.gemm[block.vectors - 1];
                    let first = block.first_vector * kernels.lanes;
                    for f in 0..FREQUENCIES {
                        if block.first_vector == 0 {
                            self.fetch_output(out, y, x, tiles, f);
                            match at {
                                Some((y, x)) => self.fetch_inputs(
                                    conv,
                                    y,
                                    x,
                                    block_tiles(step, self.x.end - x),
                                    f,
                                ),
                                None => self.fetch_upcoming(f),
                            }
                        }
                        (gemm.run)(&Gemm {
                            src: v.add(f * step.frequency_stride),
                            src_stride: step.tile_stride,
                            dst: m.add(f * step.m_frequency_stride + first),
                            dst_stride: step.m_tile_stride,
                            weights: conv
                                .weights
                                .as_ptr()
                                .add(block.offset + f * conv.depth * width),
                            rows: tiles,
                            depth: conv.depth,
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
                    tile_stride: step.m_tile_stride,
                    frequency_stride: step.m_frequency_stride,
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

    /// Asks for the part of the upcoming task's first block that belongs to frequency `f`.
    unsafe fn fetch_upcoming(&self, f: usize) {
        let Some((unit, x)) = &self.upcoming else {
            return;
        };
        let unit = &self.layout.schedule.units[*unit];
        if let Step::Conv(conv) = &self.compiled.steps[unit.step]
            && conv.algorithm == Algorithm::Winograd
        {
            let tiles = block_tiles(self.layout.winograd[unit.step], x.len());
            // SAFETY: see `Arena::run`.
            unsafe { self.fetch_inputs(conv, unit.rows.start, x.start, tiles, f) };
        }
    }

    /// Asks for the part of a block's output rows that belongs to frequency `f`, so that the stores that end
    /// the block find their lines near.
    unsafe fn fetch_output(&self, out: &Map, y: usize, x: usize, tiles: usize, f: usize) {
        for i in 0..TILE {
            // SAFETY: rows past the end of the map are the row of zeros.
            let row = unsafe { self.row(out, (y + i) as isize) };
            fetch(
                row,
                x * out.pixel_stride,
                tiles * TILE * out.pixel_stride,
                f,
            );
        }
    }

    /// Asks for the part of a block's input rows that belongs to frequency `f`.
    unsafe fn fetch_inputs(&self, conv: &CompiledConv, y: usize, x: usize, tiles: usize, f: usize) {
        for &slot in &conv.inputs {
            let map = &self.layout.maps[slot];
            for i in 0..TILE + 2 {
                // SAFETY: rows outside the map are the row of zeros.
                let row = unsafe { self.row(map, (y + i) as isize - 1) };
                fetch(
                    row,
                    x * map.pixel_stride,
                    tiles * TILE * map.pixel_stride,
                    f,
                );
            }
        }
    }

    unsafe fn direct(&self, conv: &CompiledConv, unit: &Unit) {
        let kernels = self.compiled.kernels;
        let out = &self.layout.maps[conv.output];
        let empty = Source {
            rows: [null(); MAX_KERNEL],
            pixel_stride: 0,
            channels: 0,
        };
        let mut few = [empty; 8];
        let mut many;
        let sources: &mut [Source] = match few.get_mut(..conv.inputs.len()) {
            Some(few) => few,
            None => {
                many = vec![empty; conv.inputs.len()];
                &mut many
            }
        };
        // SAFETY: see `Arena::run`.
        unsafe {
            for y in unit.rows.clone() {
                for (source, &slot) in sources.iter_mut().zip(&conv.inputs) {
                    let map = &self.layout.maps[slot];
                    source.pixel_stride = map.pixel_stride;
                    source.channels = map.pixel_stride;
                    for ky in 0..conv.kernel {
                        let y = (y * conv.stride + ky) as isize - conv.padding as isize;
                        let x = (self.x.start * conv.stride) as isize - conv.padding as isize;
                        source.rows[ky] = self.row(map, y).offset(x * map.pixel_stride as isize);
                    }
                }
                for block in &conv.blocks {
                    let channel = block.first_vector * kernels.lanes;
                    let merges = self.merges(conv, y, self.x.start);
                    (kernels.direct[block.vectors - 1])(&Direct {
                        sources,
                        kernel: conv.kernel,
                        stride: conv.stride,
                        weights: conv.weights.as_ptr().add(block.offset),
                        pixels: self.x.len(),
                        channel,
                        out: self
                            .row(out, y as isize)
                            .add(self.x.start * out.pixel_stride + channel),
                        out_stride: out.pixel_stride,
                        merges: merges.map(|m| m.wrapping_add(channel)),
                        epilogue: &conv.epilogue,
                    });
                }
            }
        }
    }

    unsafe fn emit(
        &self,
        input: SlotId,
        skip: bool,
        channel_of: &[usize],
        factor: usize,
        unit: &Unit,
    ) {
        let map = &self.layout.maps[input];
        let picture = &self.layout.maps[INPUT];
        let out = &self.layout.output;
        let channels = self.compiled.info.out_channels;
        // SAFETY: see `Arena::run`.
        unsafe {
            let base = self.arena.base.add(out.base);
            for y in unit.rows.clone() {
                let row = &self.pixels(map, y)[self.x.start * map.pixel_stride..];
                let row = &row[..self.x.len() * map.pixel_stride];
                let base_pixels =
                    skip.then(|| &self.pixels(picture, y)[self.x.start * picture.pixel_stride..]);
                for dy in 0..factor {
                    let at = (y * factor + dy) % out.ring * out.row_stride
                        + self.x.start * factor * channels;
                    let out_row = std::slice::from_raw_parts_mut(
                        base.add(at),
                        self.x.len() * factor * channels,
                    );
                    let order = &channel_of[dy * factor * channels..][..factor * channels];
                    pixels::emit(
                        row,
                        map.pixel_stride,
                        base_pixels,
                        order,
                        factor,
                        channels,
                        out_row,
                    );
                }
            }
        }
    }

    unsafe fn move_pixels(&self, step: &Step, unit: &Unit) {
        let maps = &self.layout.maps;
        // SAFETY: see `Arena::run`.
        unsafe {
            match *step {
                Step::Unshuffle {
                    input,
                    output,
                    factor,
                } => {
                    let (from, to) = (&maps[input], &maps[output]);
                    let channels = self.compiled.channels[input];
                    for y in unit.rows.clone() {
                        let rows: Vec<&[f32]> = (0..factor)
                            .map(|dy| {
                                &self.pixels(from, y * factor + dy)
                                    [self.x.start * factor * from.pixel_stride..]
                            })
                            .collect();
                        let out = self.pixels_mut(to, y);
                        pixels::unshuffle(&rows, from.pixel_stride, channels, out, to.pixel_stride);
                    }
                }
                Step::Nearest {
                    input,
                    output,
                    factor,
                } => {
                    let (from, to) = (&maps[input], &maps[output]);
                    for y in unit.rows.clone() {
                        // A stretch starts on a multiple of four pixels, not of the factor.
                        let row = self.pixels(from, y / factor);
                        let out = self.pixels_mut(to, y);
                        pixels::nearest(row, out, to.pixel_stride, factor, self.x.start);
                    }
                }
                Step::MaxPool {
                    input,
                    output,
                    kernel,
                    stride,
                } => {
                    let (from, to) = (&maps[input], &maps[output]);
                    for y in unit.rows.clone() {
                        let rows: Vec<&[f32]> = (0..kernel)
                            .map(|dy| {
                                &self.pixels(from, y * stride + dy)
                                    [self.x.start * stride * from.pixel_stride..]
                            })
                            .collect();
                        pixels::max_pool(&rows, self.pixels_mut(to, y), to.pixel_stride, stride);
                    }
                }
                Step::Bilinear { input, output, .. } => {
                    let (from, to) = (&maps[input], &maps[output]);
                    for y in unit.rows.clone() {
                        let (a, b, w) =
                            pixels::bilinear_tap(y, from.extent.height, to.extent.height);
                        let rows = [self.pixels(from, a), self.pixels(from, b)];
                        let widths = (from.extent.width, to.extent.width);
                        let out = self.pixels_mut(to, y);
                        pixels::bilinear(rows, w, out, to.pixel_stride, self.x.start, widths);
                    }
                }
                Step::Conv(_) | Step::Emit { .. } => {}
            }
        }
    }

    /// Writes the zeros left and right of the rows that this task completed on that side.
    unsafe fn clear_margins(&self, map: &Map, unit: &Unit) {
        for y in unit.rows.clone() {
            // SAFETY: see `Arena::run`.
            unsafe {
                let row = self.row(map, y as isize);
                if self.x.start == 0 {
                    let left = map.left * map.pixel_stride;
                    std::slice::from_raw_parts_mut(row.sub(left), left).fill(0.0);
                }
                if self.x.end == map.extent.width {
                    let pixels = map.extent.width * map.pixel_stride;
                    let right = map.right * map.pixel_stride;
                    std::slice::from_raw_parts_mut(row.add(pixels), right).fill(0.0);
                }
            }
        }
    }
}
