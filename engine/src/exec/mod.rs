//! Runs a plan: input rows in, output rows out, all threads busy in between.
//!
//! Threads draw tasks in schedule order from one counter. A task of tick `t` starts once all tasks up to
//! tick `t - lag` are complete; that is the only synchronisation. Every float is written by one task, and
//! what a task computes does not depend on which thread runs it or when: any number of threads gives the
//! same bits.

mod task;
mod winograd;

use crate::buffer::Buffer;
use crate::network::INPUT;
use crate::plan::compile::{Compiled, Step};
use crate::plan::layout::Layout;
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use task::Arena;

/// A compiled network laid out for one image size, with its memory.
pub(crate) struct Plan {
    compiled: Arc<Compiled>,
    layout: Layout,
    arena: Buffer,
    /// For each unit, the number of tasks before it; one more at the end.
    first_task: Vec<usize>,
    /// For each unit, its tick.
    tick_of: Vec<usize>,
    /// For each tick, tasks that are not complete.
    remaining: Vec<AtomicUsize>,
    /// Real input size; the layout's is rounded up to the network's multiple.
    width: usize,
    height: usize,
    /// Input rows loaded, and next batch.
    loaded: usize,
    batch: usize,
    /// Output rows that the last part of the run completed.
    ready: Range<usize>,
}

/// Bytes that a plan would take for `width` x `height` input pixels.
pub(crate) fn footprint(
    compiled: &Compiled,
    width: usize,
    height: usize,
    threads: usize,
) -> Result<u64> {
    let multiple = compiled.input.multiple;
    let (w, h) = (
        width.next_multiple_of(multiple),
        height.next_multiple_of(multiple),
    );
    Ok(Layout::new(compiled, w, h, threads)?.bytes() as u64)
}

impl Plan {
    /// Takes the memory for images of `width` x `height` pixels.
    pub fn new(
        compiled: Arc<Compiled>,
        width: usize,
        height: usize,
        threads: usize,
    ) -> Result<Plan> {
        let multiple = compiled.input.multiple;
        let (w, h) = (
            width.next_multiple_of(multiple),
            height.next_multiple_of(multiple),
        );
        let layout = Layout::new(&compiled, w, h, threads)?;
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
        let mut first_task = Vec::with_capacity(layout.schedule.units.len() + 1);
        let mut tasks = 0;
        for unit in &layout.schedule.units {
            first_task.push(tasks);
            tasks += layout
                .row_pixels(&compiled.steps[unit.step])
                .div_ceil(layout.chunk[unit.step]);
        }
        first_task.push(tasks);
        let mut tick_of = vec![0; layout.schedule.units.len()];
        for (tick, units) in layout.schedule.ticks.iter().enumerate() {
            tick_of[units.clone()].fill(tick);
        }
        let remaining = layout
            .schedule
            .ticks
            .iter()
            .map(|_| AtomicUsize::new(0))
            .collect();
        let mut plan = Plan {
            compiled,
            layout,
            arena,
            first_task,
            tick_of,
            remaining,
            width,
            height,
            loaded: 0,
            batch: 0,
            ready: 0..0,
        };
        plan.start();
        Ok(plan)
    }

    /// Width and height of the images it was made for.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Begins an image, the first or another of the same size.
    pub fn start(&mut self) {
        (self.loaded, self.batch, self.ready) = (0, 0, 0..0);
        for (tick, units) in self.layout.schedule.ticks.iter().enumerate() {
            let tasks = self.first_task[units.end] - self.first_task[units.start];
            *self.remaining[tick].get_mut() = tasks;
        }
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

    /// As [`Plan::advance`], with the output rows written to where they belong in `image`, by all threads:
    /// [`Plan::output_len`] floats. None of them is in [`Plan::output_row`].
    pub fn advance_into(
        &mut self,
        pool: &rayon::ThreadPool,
        source: &mut dyn FnMut(&mut [f32]) -> Result<()>,
        image: &mut [f32],
    ) -> Result<f64> {
        assert_eq!(Some(image.len()), self.output_len());
        self.advance_to(pool, source, Some(image))
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
        image: Option<&mut [f32]>,
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
        let ticks = &self.layout.schedule.ticks;
        let units = ticks[batch.ticks.start].start..ticks[batch.ticks.end - 1].end;
        let tasks = self.first_task[units.end] - self.first_task[units.start];
        Ok(tasks as f64 / self.first_task[self.first_task.len() - 1] as f64)
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
        image: Option<&mut [f32]>,
    ) -> Result<()> {
        let schedule = &self.layout.schedule;
        let units = schedule.ticks[ticks.start].start..schedule.ticks[ticks.end - 1].end;
        let next = AtomicUsize::new(self.first_task[units.start]);
        let abandoned = AtomicBool::new(false);
        let arena = Arena::new(&mut self.arena, &self.layout, image);
        let worker = Worker {
            compiled: &self.compiled,
            layout: &self.layout,
            first_task: &self.first_task,
            tick_of: &self.tick_of,
            remaining: &self.remaining,
            next: &next,
            end: self.first_task[units.end],
            first_tick: ticks.start,
            abandoned: &abandoned,
            arena,
        };
        if pool.current_num_threads() == 1 {
            worker.work(0, units);
        } else {
            pool.broadcast(|context| worker.work(context.index(), units.clone()));
        }
        if abandoned.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        Ok(())
    }
}

/// What the threads of one batch share.
struct Worker<'a> {
    compiled: &'a Compiled,
    layout: &'a Layout,
    first_task: &'a [usize],
    tick_of: &'a [usize],
    remaining: &'a [AtomicUsize],
    next: &'a AtomicUsize,
    end: usize,
    first_tick: usize,
    abandoned: &'a AtomicBool,
    arena: Arena<'a>,
}

/// Tells the other threads not to wait for one that panicked.
struct Alarm<'a>(&'a AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

impl Worker<'_> {
    /// Draws tasks until none is left.
    fn work(&self, thread: usize, units: Range<usize>) {
        let _alarm = Alarm(self.abandoned);
        let mut unit = units.start;
        let mut settled = self.first_tick;
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= self.end {
                return;
            }
            while self.first_task[unit + 1] <= task {
                unit += 1;
            }
            let tick = self.tick_of[unit];
            if !self.wait_for(tick, &mut settled) {
                return;
            }
            // The task after the ones that the other threads will have drawn by then: a guess, for prefetching.
            let threads = self.layout.threads;
            let upcoming = self.next.load(Ordering::Relaxed) + threads - 1;
            let upcoming = (upcoming < self.end).then(|| self.place(unit, upcoming));
            let (_, pixels) = self.place(unit, task);
            self.arena
                .run(self.compiled, self.layout, thread, (unit, pixels), upcoming);
            self.remaining[tick].fetch_sub(1, Ordering::Release);
        }
    }

    /// The unit and the output pixels of a task that belongs to `unit` or a later one.
    fn place(&self, mut unit: usize, task: usize) -> (usize, Range<usize>) {
        while self.first_task[unit + 1] <= task {
            unit += 1;
        }
        let step = self.layout.schedule.units[unit].step;
        let chunk = self.layout.chunk[step];
        let x = (task - self.first_task[unit]) * chunk;
        let width = self.layout.row_pixels(&self.compiled.steps[step]);
        (unit, x..(x + chunk).min(width))
    }

    /// Waits until every task up to `tick - lag` is complete; false if a thread died. Ticks before
    /// `settled` are known to be complete.
    fn wait_for(&self, tick: usize, settled: &mut usize) -> bool {
        while *settled + self.layout.schedule.lag <= tick {
            let mut spins = 0u32;
            while self.remaining[*settled].load(Ordering::Acquire) != 0 {
                if self.abandoned.load(Ordering::Relaxed) {
                    return false;
                }
                spins += 1;
                if spins < 4096 {
                    std::hint::spin_loop();
                } else {
                    std::thread::yield_now();
                }
            }
            *settled += 1;
        }
        true
    }
}

impl Layout {
    /// Pixels of a row of a step's output; of the last step's, before the shuffle.
    pub fn row_pixels(&self, step: &Step) -> usize {
        match step {
            Step::Emit { input, .. } => self.maps[*input].extent.width,
            _ => step.output().map_or(0, |slot| self.maps[slot].extent.width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::winograd::TILE;
    use crate::model::Model;
    use crate::simd::Isa;
    use std::path::Path;

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
        ] {
            let path = format!(
                "{}/../tests/goldens/{name}.safetensors",
                env!("CARGO_MANIFEST_DIR")
            );
            let model = Model::open(Path::new(&path)).unwrap();
            for isa in Isa::available() {
                let compiled = Arc::new(Compiled::new(model.network(), isa).unwrap());
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
