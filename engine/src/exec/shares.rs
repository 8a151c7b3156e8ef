//! Which thread runs which task, and in which order.
//!
//! Every tick's tasks are split into one share a thread, the same part of the picture in every tick: what a thread reads
//! is what it wrote itself in the ticks before, and lies in its own core's caches. Where cores sit on different dies this
//! is worth a third of the time. A thread whose share is used up helps with what it has to wait for, from the far end.

use crate::kernel::winograd::TILE;
use crate::plan::after::after;
use crate::plan::compile::Compiled;
use crate::plan::layout::{Layout, TASK_TILES};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// Fewest tiles of a task, where a row has that many: short ones fill no register tile.
const MIN_TILES: usize = 8;

/// A stretch of a unit's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TaskId {
    /// Index into the schedule's units.
    pub unit: u32,
    /// First output pixel and the one after the last; for the last step, before the shuffle.
    start: u32,
    end: u32,
}

impl TaskId {
    pub fn pixels(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The tasks of one tick for each thread, in order.
struct Dealt<'a> {
    compiled: &'a Compiled,
    layout: &'a Layout,
    shares: Vec<Vec<TaskId>>,
}

impl Dealt<'_> {
    /// Pixels and tiles of a row of a unit's output.
    fn row(&self, unit: usize) -> (usize, usize) {
        let step = &self.compiled.steps[self.layout.schedule.units[unit].step];
        let pixels = self.layout.row_pixels(step);
        (pixels, pixels.div_ceil(TILE))
    }

    /// Adds a stretch of tiles of a unit's rows to a share.
    fn add(&mut self, thread: usize, unit: usize, tiles: Range<usize>) {
        let (pixels, _) = self.row(unit);
        let pieces = tiles.len().div_ceil(TASK_TILES);
        let edge = |piece: usize| {
            let tile = tiles.start + tiles.len() * piece / pieces;
            (tile * TILE).min(pixels) as u32
        };
        self.shares[thread].extend((0..pieces).map(|piece| TaskId {
            unit: unit as u32,
            start: edge(piece),
            end: edge(piece + 1),
        }));
    }

    /// Units one below the other, of one map: to each thread as many tiles, cut within rows.
    fn by_rows(&mut self, units: Range<usize>) {
        let threads = self.shares.len();
        let (_, columns) = self.row(units.start);
        let edge = |thread: usize| {
            let tile = units.len() * columns * thread / threads;
            let column = tile % columns;
            match () {
                () if column < MIN_TILES => tile - column,
                () if columns - column < MIN_TILES => tile - column + columns,
                () => tile,
            }
        };
        for thread in 0..threads {
            let (mut tile, end) = (edge(thread), edge(thread + 1));
            while tile < end {
                let first = tile % columns;
                let len = (columns - first).min(end - tile);
                self.add(thread, units.start + tile / columns, first..first + len);
                tile += len;
            }
        }
    }

    /// Units of many maps at about the same height: to each thread the same columns of all of them, or some of the units
    /// of the same columns where rows are too short.
    fn by_columns(&mut self, units: Range<usize>) {
        let threads = self.shares.len();
        for (at, unit) in units.clone().enumerate() {
            let (_, columns) = self.row(unit);
            let pieces = (columns / MIN_TILES).clamp(1, threads);
            for piece in 0..pieces {
                let tiles = columns * piece / pieces..columns * (piece + 1) / pieces;
                let thread = (piece * units.len() + at) * threads / (pieces * units.len());
                self.add(thread, unit, tiles);
            }
        }
    }
}

/// The tasks of a whole image, and how far they are.
pub(super) struct Shares {
    threads: usize,
    /// By tick, thread, and order of execution.
    tasks: Vec<TaskId>,
    /// By tick and thread: where its share starts in `tasks`; one more at the end.
    first: Vec<usize>,
    /// By tick and thread: what has not been drawn of its share, as indices relative to its start: the first in the low
    /// half, the end in the high half.
    undrawn: Vec<AtomicU64>,
    /// By unit: the units of the tick before that must be complete when it starts.
    after: Vec<Range<usize>>,
    /// By tick: tasks that are not complete.
    incomplete: Vec<AtomicUsize>,
    /// By unit: as well.
    incomplete_of_unit: Vec<AtomicU32>,
}

fn range(undrawn: u64) -> Range<usize> {
    (undrawn & u64::from(u32::MAX)) as usize..(undrawn >> 32) as usize
}

fn packed(range: &Range<usize>) -> u64 {
    range.start as u64 | (range.end as u64) << 32
}

impl Shares {
    /// All tasks of a layout, none of them done.
    pub fn new(compiled: &Compiled, layout: &Layout) -> Shares {
        let (threads, schedule) = (layout.threads, &layout.schedule);
        let mut tasks = Vec::new();
        let mut first = Vec::with_capacity(schedule.ticks.len() * threads + 1);
        let mut dealt = Dealt {
            compiled,
            layout,
            shares: vec![Vec::new(); threads],
        };
        for (index, tick) in schedule.ticks.iter().enumerate() {
            if layout.streams {
                dealt.by_columns(tick.clone());
            } else {
                dealt.by_rows(tick.clone());
            }
            for share in &mut dealt.shares {
                // What was written last is nearest.
                if !layout.streams && index % 2 == 1 {
                    share.reverse();
                }
                first.push(tasks.len());
                tasks.append(share);
            }
        }
        first.push(tasks.len());
        let mut shares = Shares {
            threads,
            tasks,
            undrawn: first[1..].iter().map(|_| AtomicU64::new(0)).collect(),
            first,
            after: after(compiled, layout),
            incomplete: schedule.ticks.iter().map(|_| AtomicUsize::new(0)).collect(),
            incomplete_of_unit: schedule.units.iter().map(|_| AtomicU32::new(0)).collect(),
        };
        shares.start();
        shares
    }

    /// Nothing is done any more.
    pub fn start(&mut self) {
        let lengths = self.first.windows(2).map(|pair| pair[1] - pair[0]);
        for (undrawn, len) in self.undrawn.iter_mut().zip(lengths) {
            *undrawn.get_mut() = packed(&(0..len));
        }
        let ticks = self.first.iter().step_by(self.threads);
        let lengths = ticks.clone().zip(ticks.skip(1)).map(|(a, b)| b - a);
        for (incomplete, len) in self.incomplete.iter_mut().zip(lengths) {
            *incomplete.get_mut() = len;
        }
        for incomplete in &mut self.incomplete_of_unit {
            *incomplete.get_mut() = 0;
        }
        for task in &self.tasks {
            *self.incomplete_of_unit[task.unit as usize].get_mut() += 1;
        }
    }

    /// Tasks of some ticks.
    pub fn count(&self, ticks: &Range<usize>) -> usize {
        self.first[ticks.end * self.threads] - self.first[ticks.start * self.threads]
    }

    /// Ticks.
    pub fn ticks(&self) -> usize {
        self.incomplete.len()
    }

    /// The next task of a thread's own share.
    pub fn draw(&self, tick: usize, thread: usize) -> Option<TaskId> {
        self.take(tick, thread, |range| range.next())
    }

    /// What [`Shares::draw`] gives next, in this tick or else at the start of the one after.
    pub fn upcoming(&self, tick: usize, thread: usize) -> Option<TaskId> {
        let share = tick * self.threads + thread;
        let undrawn = range(self.undrawn[share].load(Ordering::Relaxed));
        let at = match undrawn.is_empty() {
            false => self.first[share] + undrawn.start,
            true => *self.first.get(share + self.threads)?,
        };
        self.tasks.get(at).copied()
    }

    /// The last task of the longest share that is left in a tick.
    pub fn help(&self, tick: usize) -> Option<TaskId> {
        loop {
            let left = |&thread: &usize| {
                range(self.undrawn[tick * self.threads + thread].load(Ordering::Relaxed)).len()
            };
            let longest = (0..self.threads).max_by_key(left)?;
            if left(&longest) == 0 {
                return None;
            }
            if let Some(task) = self.take(tick, longest, |range| range.next_back()) {
                return Some(task);
            }
        }
    }

    fn take(
        &self,
        tick: usize,
        thread: usize,
        from: impl Fn(&mut Range<usize>) -> Option<usize>,
    ) -> Option<TaskId> {
        let share = tick * self.threads + thread;
        let mut taken = None;
        // Tasks are read from memory that no thread writes, and what they need was waited for: nothing to order here.
        let drawn =
            self.undrawn[share].fetch_update(Ordering::Relaxed, Ordering::Relaxed, |undrawn| {
                let mut left = range(undrawn);
                taken = from(&mut left);
                taken.map(|_| packed(&left))
            });
        drawn.ok()?;
        taken.map(|at| self.tasks[self.first[share] + at])
    }

    /// The units of the tick before that must be complete when a task starts.
    pub fn after(&self, task: TaskId) -> Range<usize> {
        self.after[task.unit as usize].clone()
    }

    /// A task of the tick has been run.
    pub fn complete(&self, tick: usize, task: TaskId) {
        self.incomplete_of_unit[task.unit as usize].fetch_sub(1, Ordering::Release);
        self.incomplete[tick].fetch_sub(1, Ordering::Release);
    }

    /// Whether all tasks of a unit have been run.
    pub fn is_unit_complete(&self, unit: usize) -> bool {
        self.incomplete_of_unit[unit].load(Ordering::Acquire) == 0
    }

    /// Whether all tasks of a tick have been run; what they wrote can be read then.
    pub fn is_complete(&self, tick: usize) -> bool {
        self.incomplete[tick].load(Ordering::Acquire) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::simd::{Isa, Precision};

    fn compiled() -> Compiled {
        let model = Model::golden("compact-8x2-x2");
        Compiled::new(model.network(), Isa::detect(), Precision::F32).unwrap()
    }

    fn layouts(compiled: &Compiled, threads: usize) -> [Layout; 2] {
        let stream = Layout::stream(compiled, 331, 200, threads, TILE).unwrap();
        let frame = Layout::frame(compiled, 331, 200, threads).unwrap();
        [frame, stream.unwrap()]
    }

    #[test]
    fn every_pixel_is_dealt_once_in_tiles_and_evenly() {
        let compiled = compiled();
        for threads in [1, 2, 3, 7, 64] {
            for layout in layouts(&compiled, threads) {
                let shares = Shares::new(&compiled, &layout);
                let mut dealt = vec![Vec::new(); layout.schedule.units.len()];
                let mut pixels = vec![0; threads];
                for tick in 0..shares.ticks() {
                    for (thread, pixels) in pixels.iter_mut().enumerate() {
                        while let Some(task) = shares.draw(tick, thread) {
                            assert!(layout.schedule.ticks[tick].contains(&(task.unit as usize)));
                            assert_eq!(task.pixels().start % TILE, 0);
                            dealt[task.unit as usize].push(task.pixels());
                            *pixels += task.pixels().len();
                        }
                    }
                    assert_eq!(shares.help(tick), None);
                }
                for (unit, mut pieces) in layout.schedule.units.iter().zip(dealt) {
                    pieces.sort_by_key(|piece| piece.start);
                    let width = layout.row_pixels(&compiled.steps[unit.step]);
                    let ends = pieces.iter().map(|piece| piece.end);
                    let starts = pieces.iter().map(|piece| piece.start);
                    assert!(starts.chain([width]).eq([0].into_iter().chain(ends)));
                }
                let (least, most) = (pixels.iter().min().unwrap(), pixels.iter().max().unwrap());
                if threads <= 3 {
                    assert!(least * 20 > most * 18, "{threads} threads: {pixels:?}");
                }
            }
        }
    }

    #[test]
    fn a_thread_has_the_same_part_of_the_picture_in_every_tick() {
        let compiled = compiled();
        for layout in layouts(&compiled, 2) {
            let shares = Shares::new(&compiled, &layout);
            let full = |tick: &usize| layout.schedule.ticks[*tick].len() > 2;
            for tick in (0..shares.ticks()).filter(full) {
                while let Some(task) = shares.draw(tick, 0) {
                    let unit = &layout.schedule.units[task.unit as usize];
                    match layout.streams {
                        true => assert!(task.pixels().start < 331 / 2),
                        false => assert!(unit.rows.start < 200 / 2),
                    }
                }
            }
        }
    }

    #[test]
    fn help_comes_from_the_far_end_of_the_longest_share() {
        let compiled = compiled();
        let [layout, _] = layouts(&compiled, 2);
        let shares = Shares::new(&compiled, &layout);
        let own = shares.draw(0, 0).unwrap();
        let help = shares.help(0).unwrap();
        let last = &layout.schedule.units[help.unit as usize];
        assert_eq!(last.rows.end, 200, "thread 1 has one task more");
        assert!(!shares.is_unit_complete(own.unit as usize));
        let (before, tasks) = (shares.upcoming(0, 0), shares.count(&(0..1)));
        assert_eq!(before, shares.draw(0, 0));
        let mut drawn = vec![own, help, before.unwrap()];
        drawn.extend(std::iter::from_fn(|| shares.help(0)));
        assert_eq!(drawn.len(), tasks);
        for task in &drawn {
            assert!(!shares.is_complete(0));
            shares.complete(0, *task);
        }
        assert!(shares.is_complete(0) && shares.is_unit_complete(own.unit as usize));
    }
}
