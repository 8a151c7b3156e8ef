//! One task: a stretch of a few rows of one step's output.

use crate::buffer::Buffer;
use crate::kernel::direct::{Direct, MAX_KERNEL, Source};
use crate::kernel::epilogue::MAX_MERGES;
use crate::kernel::pixels;
use crate::network::INPUT;
use crate::plan::compile::{Algorithm, Compiled, CompiledConv, Emit, Step};
use crate::plan::layout::{Layout, Map};
use crate::plan::schedule::Unit;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::null;

/// The arena as the tasks see it. The schedule keeps them apart: no float is written by one task while
/// another reads or writes it.
#[derive(Clone, Copy)]
pub(super) struct Arena<'a> {
    pub base: *mut f32,
    /// First output row, and how many there are before they start again.
    output: *mut f32,
    output_ring: usize,
    memory: PhantomData<&'a mut Buffer>,
}

// SAFETY: shared between the threads of one batch, whose tasks touch disjoint floats (see above).
unsafe impl Send for Arena<'_> {}
// SAFETY: as above.
unsafe impl Sync for Arena<'_> {}

impl<'a> Arena<'a> {
    /// The arena of a layout. Output rows go into `image`, which holds all of them, or into their ring.
    pub fn new(
        buffer: &'a mut Buffer,
        layout: &Layout,
        image: Option<&'a mut [MaybeUninit<f32>]>,
    ) -> Arena<'a> {
        let out = &layout.output;
        let base = buffer.as_mut_ptr();
        let (output, output_ring) = match image {
            Some(image) => {
                assert_eq!(image.len() % out.row_stride, 0, "whole rows");
                (image.as_mut_ptr().cast(), image.len() / out.row_stride)
            }
            None => (base.wrapping_add(out.base), out.ring),
        };
        Arena {
            base,
            output,
            output_ring,
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
                Step::Conv(conv) => {
                    let out = task.target(conv);
                    match conv.algorithm {
                        Algorithm::Winograd => task.winograd(conv, &out, unit),
                        Algorithm::Amx => task.amx(conv, &out, unit),
                        Algorithm::Direct => task.direct(conv, &out, unit),
                    }
                    if let Some(emit) = &conv.emit {
                        task.emit(&out, emit, unit);
                    }
                }
                Step::Emit { input, emit } => task.emit(&layout.maps[*input], emit, unit),
                _ => task.move_pixels(step, unit),
            }
            if let Some(output) = step.output() {
                task.clear_margins(&layout.maps[output], unit);
            }
        }
    }
}

pub(super) struct Task<'a> {
    pub arena: Arena<'a>,
    pub compiled: &'a Compiled,
    pub layout: &'a Layout,
    pub thread: usize,
    pub x: Range<usize>,
    pub upcoming: Option<(usize, Range<usize>)>,
}

impl Task<'_> {
    /// Offset of this thread's scratch.
    pub fn scratch(&self) -> usize {
        self.layout.scratch + self.thread * self.layout.scratch_stride
    }

    /// Where a convolution's rows go: its map, or this thread's band if they go on to the picture at once.
    fn target(&self, conv: &CompiledConv) -> Map {
        if conv.emit.is_none() {
            return self.layout.maps[conv.output];
        }
        let band = self.layout.band;
        Map {
            // The task's first pixel begins a row of the band. The row of zeros before the scratch is longer than what is
            // taken off.
            base: self.scratch() + band.base - self.x.start * band.pixel_stride,
            ..band
        }
    }

    /// First pixel of row `y` of a map; of the row of zeros if there is no such row.
    pub unsafe fn row(&self, map: &Map, y: isize) -> *mut f32 {
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
    pub unsafe fn merges(
        &self,
        conv: &CompiledConv,
        y: usize,
        x: usize,
    ) -> [*const f32; MAX_MERGES] {
        let mut merges = [null(); MAX_MERGES];
        for (pointer, &slot) in merges.iter_mut().zip(&conv.merge_slots) {
            let map = &self.layout.maps[slot];
            // SAFETY: `x` is a pixel of the row.
            *pointer = unsafe { self.row(map, y as isize).add(x * map.pixel_stride) };
        }
        merges
    }

    unsafe fn direct(&self, conv: &CompiledConv, out: &Map, unit: &Unit) {
        let kernels = self.compiled.kernels;
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

    unsafe fn emit(&self, map: &Map, emit: &Emit, unit: &Unit) {
        let factor = emit.shuffle;
        let picture = &self.layout.maps[INPUT];
        let out = &self.layout.output;
        let channels = self.compiled.info.out_channels;
        // SAFETY: see `Arena::run`.
        unsafe {
            for y in unit.rows.clone() {
                let row = &*self.pixels_mut(map, y);
                let base_pixels = emit
                    .skip
                    .then(|| &self.pixels(picture, y)[self.x.start * picture.pixel_stride..]);
                for dy in 0..factor {
                    let at = (y * factor + dy) % self.arena.output_ring * out.row_stride
                        + self.x.start * factor * channels;
                    let out_row = std::slice::from_raw_parts_mut(
                        self.arena.output.add(at).cast::<MaybeUninit<f32>>(),
                        self.x.len() * factor * channels,
                    );
                    let order = &emit.channel_of[dy * factor * channels..][..factor * channels];
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
                Step::DepthToSpace {
                    input,
                    output,
                    factor,
                } => {
                    let (from, to) = (&maps[input], &maps[output]);
                    let channels = self.compiled.channels[output];
                    for y in unit.rows.clone() {
                        let row = self.pixels(from, y / factor);
                        let start = y % factor * factor * channels;
                        let out = self.pixels_mut(to, y);
                        let at = (factor, self.x.start);
                        let strides = (from.pixel_stride, to.pixel_stride);
                        pixels::depth_to_space(row, out, strides, channels, start, at);
                    }
                }
                Step::Nearest {
                    input,
                    output,
                    factor,
                } => {
                    let (from, to) = (&maps[input], &maps[output]);
                    for y in unit.rows.clone() {
                        // A stretch starts on a multiple of a Winograd tile, not of the factor.
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
