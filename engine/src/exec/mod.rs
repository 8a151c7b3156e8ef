//! Runs a plan: input rows in, output rows out, all threads busy in between.
//!
//! Every float is written by one task, and what a task computes does not depend on which thread runs it or when: any number
//! of threads gives the same bits.

mod amx;
mod shares;
mod task;
mod winograd;
mod worker;

use crate::buffer::Buffer;
use crate::network::INPUT;
use crate::plan::compile::{Compiled, Step};
use crate::plan::layout::Layout;
use crate::{Error, Result};
use shares::Shares;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use task::Arena;
use worker::Worker;

/// A compiled network laid out for one image size, with its memory.
pub(crate) struct Plan {
    compiled: Arc<Compiled>,
    layout: Layout,
    arena: Buffer,
    shares: Shares,
    /// Real input size; the layout's is rounded up to the network's multiple.
    width: usize,
    height: usize,
    /// Input rows loaded, and next batch.
    loaded: usize,
    batch: usize,
    /// Output rows that the last part of the run completed.
    ready: Range<usize>,
}

/// Bytes that a plan would take for `width` x `height` input pixels: no more than `room` if there is a way.
pub(crate) fn footprint(
    compiled: &Compiled,
    (width, height): (usize, usize),
    threads: usize,
    room: u64,
) -> Result<u64> {
    let multiple = compiled.input.multiple;
    let (w, h) = (
        width.next_multiple_of(multiple),
        height.next_multiple_of(multiple),
    );
    Ok(Layout::new(compiled, (w, h), threads, room)?.bytes() as u64)
}

impl Plan {
    /// Takes the memory for images of `width` x `height` pixels: no more than `room` bytes if there is a way.
    pub fn new(
        compiled: Arc<Compiled>,
        (width, height): (usize, usize),
        threads: usize,
        room: u64,
    ) -> Result<Plan> {
        let multiple = compiled.input.multiple;
        let (w, h) = (
            width.next_multiple_of(multiple),
            height.next_multiple_of(multiple),
        );
        let layout = Layout::new(&compiled, (w, h), threads, room)?;
        Plan::with_layout(compiled, layout, width, height)
    }

    /// As [`Plan::new`], in a layout of the caller's choice.
    fn with_layout(
        compiled: Arc<Compiled>,
        layout: Layout,
        width: usize,
        height: usize,
    ) -> Result<Plan> {
        let arena = Buffer::zeroed(layout.floats)?;
        let shares = Shares::new(&compiled, &layout);
        let mut plan = Plan {
            compiled,
            layout,
            arena,
            shares,
            width,
            height,
            loaded: 0,
            batch: 0,
            ready: 0..0,
        };
        plan.start();
        Ok(plan)
    }

    /// Bytes of its memory.
    pub fn bytes(&self) -> u64 {
        self.layout.bytes() as u64
    }

    /// Width and height of the images it was made for.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Begins an image, the first or another of the same size.
    pub fn start(&mut self) {
        (self.loaded, self.batch, self.ready) = (0, 0, 0..0);
        self.shares.start();
    }

    /// Runs the next part of the image: `source` fills the input rows (interleaved, `width` pixels) in order
    /// from the top. Output rows that are complete then lie in [`Plan::ready`] until the next call. Returns
    /// the share of all work that this part was; nothing happens once the image is complete.
    pub fn advance(
        &mut self,
        pool: &rayon::ThreadPool,
        source: &mut dyn FnMut(&mut [f32]) -> Result<()>,
    ) -> Result<f64> {
        self.advance_to(pool, source, None)
    }

    /// As [`Plan::advance`], with the output rows written to where they belong in `image`, by all threads: one image from the
    /// start until the plan is done, empty until then, with room for [`Plan::output_len`] floats. None of them is in
    /// [`Plan::output_row`].
    pub fn advance_into(
        &mut self,
        pool: &rayon::ThreadPool,
        source: &mut dyn FnMut(&mut [f32]) -> Result<()>,
        image: &mut Vec<f32>,
    ) -> Result<f64> {
        assert!(image.is_empty());
        let len = self.output_len().unwrap_or(0);
        let room = &mut image.spare_capacity_mut()[..len];
        let share = self.advance_to(pool, source, Some(room))?;
        if self.is_done() {
            // SAFETY: this call and those before it have written every sample of every row.
            unsafe { image.set_len(len) };
        }
        Ok(share)
    }

    /// Floats of the whole output; `None` if it cannot be written in one piece, because the layout is larger than the
    /// image.
    pub fn output_len(&self) -> Option<usize> {
        let input = self.layout.maps[INPUT].extent;
        let exact = (input.width, input.height) == (self.width, self.height);
        let rows = self.height * self.compiled.info.scale;
        exact.then_some(rows * self.layout.output.row_stride)
    }

    fn advance_to(
        &mut self,
        pool: &rayon::ThreadPool,
        source: &mut dyn FnMut(&mut [f32]) -> Result<()>,
        image: Option<&mut [MaybeUninit<f32>]>,
    ) -> Result<f64> {
        let Some(batch) = self.layout.schedule.batches.get(self.batch).cloned() else {
            return Ok(0.0);
        };
        for y in self.loaded..batch.input_end {
            self.load(y, source)?;
        }
        self.loaded = batch.input_end;
        self.run(pool, &batch.ticks, image)?;
        let rows = batch.output_end * self.compiled.output.shuffle;
        self.ready = self.ready.end..rows.min(self.height * self.compiled.info.scale);
        self.batch += 1;
        let tasks = self.shares.count(&batch.ticks);
        Ok(tasks as f64 / self.shares.count(&(0..self.shares.ticks())) as f64)
    }

    /// The output rows that [`Plan::output_row`] can give now.
    pub fn ready(&self) -> Range<usize> {
        self.ready.clone()
    }

    /// Output row `y`, interleaved; one of those that are ready.
    pub fn output_row(&self, y: usize) -> &[f32] {
        debug_assert!(self.ready.contains(&y));
        let map = self.layout.output;
        let at = map.base + y % map.ring * map.row_stride;
        let samples = self.width * self.compiled.info.scale * self.compiled.info.out_channels;
        &self.arena.as_slice()[at..at + samples]
    }

    /// Whether all rows of the image have been handed out.
    pub fn is_done(&self) -> bool {
        self.batch >= self.layout.schedule.batches.len()
    }

    /// Puts input row `y` into its slot, mirrored beyond the real image, with zero margins.
    fn load(&mut self, y: usize, source: &mut dyn FnMut(&mut [f32]) -> Result<()>) -> Result<()> {
        let map = self.layout.maps[INPUT];
        let input = &self.compiled.input;
        let channels = input.channels;
        let at = |y: usize| map.base + y % map.ring * map.row_stride;
        let arena = self.arena.as_mut_slice();
        if y >= self.height {
            let mirrored = (2 * (self.height - 1)).saturating_sub(y);
            arena.copy_within(at(mirrored)..at(mirrored) + map.row_stride, at(y));
            return Ok(());
        }
        let row = &mut arena[at(y)..at(y) + map.row_stride];
        let (left, pixels) = (map.left * channels, map.extent.width * channels);
        row[..left].fill(0.0);
        row[left + pixels..].fill(0.0);
        let row = &mut row[left..left + pixels];
        source(&mut row[..self.width * channels])?;
        if let Some(affine) = &input.affine {
            for pixel in row.chunks_exact_mut(channels) {
                for (value, &(scale, offset)) in pixel.iter_mut().zip(affine) {
                    *value = *value * scale + offset;
                }
            }
        }
        for x in self.width..map.extent.width {
            let mirrored = (2 * (self.width - 1)).saturating_sub(x);
            row.copy_within(mirrored * channels..(mirrored + 1) * channels, x * channels);
        }
        Ok(())
    }

    /// Runs all tasks of a range of ticks on the pool.
    fn run(
        &mut self,
        pool: &rayon::ThreadPool,
        ticks: &Range<usize>,
        image: Option<&mut [MaybeUninit<f32>]>,
    ) -> Result<()> {
        let abandoned = AtomicBool::new(false);
        let arena = Arena::new(&mut self.arena, &self.layout, image);
        let worker = Worker {
            compiled: &self.compiled,
            layout: &self.layout,
            shares: &self.shares,
            ticks: ticks.clone(),
            abandoned: &abandoned,
            arena,
        };
        if pool.current_num_threads() == 1 {
            worker.work(0);
        } else {
            pool.broadcast(|context| worker.work(context.index()));
        }
        if abandoned.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        Ok(())
    }
}

impl Layout {
    /// Pixels of a row of a step's output; of the last step's, before the shuffle.
    pub fn row_pixels(&self, step: &Step) -> usize {
        self.maps[step.makes()].extent.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::winograd::TILE;
    use crate::model::Model;
    use crate::simd::{Isa, Precision};

    fn run(
        compiled: &Arc<Compiled>,
        layout: Layout,
        (width, height): (usize, usize),
        threads: usize,
    ) -> Vec<f32> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let mut plan = Plan::with_layout(compiled.clone(), layout, width, height).unwrap();
        let channels = compiled.input.channels;
        let mut last = Vec::new();
        // Twice: what an image leaves behind must not show in the next.
        for _ in 0..2 {
            plan.start();
            let mut seed = 3u32;
            let mut output = Vec::new();
            while !plan.is_done() {
                let mut source = |row: &mut [f32]| {
                    assert_eq!(row.len(), width * channels);
                    row.fill_with(|| {
                        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        (seed >> 8) as f32 / (1 << 24) as f32
                    });
                    Ok(())
                };
                plan.advance(&pool, &mut source).unwrap();
                plan.ready()
                    .for_each(|y| output.extend_from_slice(plan.output_row(y)));
            }
            assert!(last.is_empty() || last == output);
            last = output;
        }
        last
    }

    #[test]
    fn streamed_rows_equal_whole_frames() {
        for (name, width, height) in [
            ("compact-8x2-x2", 61usize, 150usize),
            ("compact-6x2-x1-rgba", 3, 97),
            ("span-6-x2", 40, 203),
            ("rrdb-8-x4", 29, 121),
            ("rrdb-6-x2", 31, 181),
            ("drunet-4", 45, 181),
        ] {
            let model = Model::golden(name);
            for isa in Isa::available() {
                let compiled =
                    Arc::new(Compiled::new(model.network(), isa, Precision::F32).unwrap());
                let multiple = compiled.input.multiple;
                let (w, h) = (
                    width.next_multiple_of(multiple),
                    height.next_multiple_of(multiple),
                );
                let frame = Layout::frame(&compiled, w, h, 1).unwrap();
                let expected = run(&compiled, frame, (width, height), 1);
                let scale = compiled.info.scale;
                let samples = width * height * scale * scale * compiled.info.out_channels;
                assert_eq!(expected.len(), samples, "{name}");
                for (threads, unit) in [(1, TILE), (2, TILE), (5, 2 * TILE)] {
                    let stream = Layout::stream(&compiled, w, h, threads, unit)
                        .unwrap()
                        .unwrap();
                    let rows: usize = stream.maps.iter().map(|m| m.ring).sum();
                    let whole: usize = stream.maps.iter().map(|m| m.extent.height).sum();
                    assert!(
                        rows < whole,
                        "{name}: rings as large as the frames prove nothing"
                    );
                    let output = run(&compiled, stream, (width, height), threads);
                    assert!(output == expected, "{name} on {isa}, {threads} threads");
                }
            }
        }
    }
}
