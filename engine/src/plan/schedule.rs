//! In which order the rows of the feature maps are made.
//!
//! Work is cut into *units* of a few rows of one step's output. A schedule is a list of *ticks*; units in
//! one tick do not depend on each other. A unit may start when all ticks up to [`LAG`] before its own are complete, and
//! those units of the tick before that it touches ([`after`]): no barrier shows.
//!
//! - **Frame**: a tick is one step over the whole image. Maps are whole, memory is shared by liveness. Best
//!   for small images, where a layer's weights stay in the cache.
//! - **Stream**: in every tick each step advances by one unit, a little behind the step that feeds it, so
//!   rows flow through all layers at once. A map is a ring of the few rows that are still needed: memory
//!   grows with the width only, nothing is computed twice. A unit touches nothing of the tick before.

use super::compile::{Compiled, Step};
use super::geometry::Extent;
use crate::network::INPUT;
use std::ops::Range;

/// Layers that run between two reports of progress where the whole frame goes through one after the other.
const FRAME_BATCH: usize = 24;

/// Ticks between a unit and those that are surely complete when it starts.
pub(crate) const LAG: usize = 2;

/// One unit of work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unit {
    /// Index into [`Compiled::steps`].
    pub step: usize,
    /// Output rows (for the last step: rows before the shuffle).
    pub rows: Range<usize>,
}

/// Ticks that run without returning to the caller, and the input rows that must be loaded before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Batch {
    pub ticks: Range<usize>,
    /// Input rows present once this batch starts.
    pub input_end: usize,
    /// Rows before the shuffle that are complete once this batch ends.
    pub output_end: usize,
}

/// A complete order of execution.
pub(crate) struct Schedule {
    pub units: Vec<Unit>,
    /// For each tick, its range of `units`.
    pub ticks: Vec<Range<usize>>,
    pub batches: Vec<Batch>,
    /// Rows that each slot's ring must hold.
    pub ring: Vec<usize>,
    /// Rows before the shuffle that the output must hold.
    pub output_ring: usize,
}

/// Height of a step's output; the last step counts rows before the shuffle.
fn height(step: &Step, extents: &[Extent]) -> usize {
    extents[step.makes()].height
}

impl Schedule {
    /// One step after another, each over all of its rows.
    pub fn frame(compiled: &Compiled, extents: &[Extent], unit: usize) -> Schedule {
        let mut units = Vec::new();
        let mut ticks = Vec::new();
        for (i, step) in compiled.steps.iter().enumerate() {
            let (first, rows) = (units.len(), height(step, extents));
            units.extend((0..rows).step_by(unit).map(|y| Unit {
                step: i,
                rows: y..(y + unit).min(rows),
            }));
            ticks.push(first..units.len());
        }
        let rows = compiled
            .steps
            .last()
            .map_or(0, |step| height(step, extents));
        // Deep networks return to the caller now and then, so that it can show progress and stop.
        let batches: Vec<Batch> = (0..ticks.len())
            .step_by(FRAME_BATCH)
            .map(|first| {
                let end = (first + FRAME_BATCH).min(ticks.len());
                let output_end = if end == ticks.len() { rows } else { 0 };
                Batch {
                    ticks: first..end,
                    input_end: extents[INPUT].height,
                    output_end,
                }
            })
            .collect();
        Schedule {
            units,
            ticks,
            batches,
            ring: extents
                .iter()
                .enumerate()
                .map(|(slot, extent)| match slot {
                    INPUT => extent.height,
                    _ if compiled.steps.iter().any(|s| s.output() == Some(slot)) => extent.height,
                    _ => 0,
                })
                .collect(),
            output_ring: rows,
        }
    }

    /// All steps at once; `None` where a step needs the whole of its input. `unit` is the rows a unit has
    /// in the lowest map, `batch` the units that are loaded before a batch of ticks.
    pub fn stream(
        compiled: &Compiled,
        extents: &[Extent],
        unit: usize,
        batch: usize,
    ) -> Option<Schedule> {
        if compiled
            .steps
            .iter()
            .any(|s| matches!(s, Step::Bilinear { .. } | Step::MaxPool { .. }))
            || compiled
                .steps
                .iter()
                .any(|s| matches!(s, Step::Conv(c) if c.stride != 1))
        {
            return None;
        }
        let input_height = extents[INPUT].height;
        let lowest = extents.iter().map(|e| e.height).min()?;
        // Every step's unit covers the same part of the picture.
        let rows_of = |h: usize| unit * h.div_ceil(lowest);
        let heights: Vec<usize> = compiled.steps.iter().map(|s| height(s, extents)).collect();
        let unit_rows: Vec<usize> = heights.iter().map(|&h| rows_of(h)).collect();
        let input_unit = rows_of(input_height);

        let slots = extents.len();
        let steps = compiled.steps.len();
        let writer: Vec<Option<usize>> = (0..slots)
            .map(|s| {
                compiled
                    .steps
                    .iter()
                    .position(|step| step.output() == Some(s))
            })
            .collect();
        // Next output row of every step, and what it was up to LAG ticks ago.
        let mut next = vec![0usize; steps];
        let mut history = vec![next.clone(); LAG];
        let mut loaded = 0;
        let mut ring = vec![0usize; slots];
        let mut emitted = 0;
        let (mut units, mut ticks, mut batches) = (Vec::new(), Vec::new(), Vec::new());
        let mut output_ring = 0;
        while next[steps - 1] < heights[steps - 1] {
            let first_tick = ticks.len();
            loaded = (loaded + batch * input_unit).min(input_height);
            for _ in 0..batch {
                let visible = &history[0];
                let before = next.clone();
                let first = units.len();
                for (i, step) in compiled.steps.iter().enumerate() {
                    let rows = before[i]..(before[i] + unit_rows[i]).min(heights[i]);
                    if rows.is_empty() {
                        continue;
                    }
                    let ready = step.reads(&rows).into_iter().all(|(slot, need)| {
                        let end = need.end.clamp(0, extents[slot].height as isize) as usize;
                        end <= writer[slot].map_or(loaded, |w| visible[w])
                    });
                    if ready {
                        next[i] = rows.end;
                        units.push(Unit { step: i, rows });
                    }
                }
                ticks.push(first..units.len());
                // Units of the last LAG - 1 ticks may still be reading their rows while this tick writes.
                let reading = &history[0];
                let mut oldest: Vec<usize> = (0..slots).map(|s| extents[s].height).collect();
                for (i, step) in compiled.steps.iter().enumerate() {
                    if reading[i] < heights[i] {
                        let rows = reading[i]..(reading[i] + unit_rows[i]).min(heights[i]);
                        for (slot, need) in step.reads(&rows) {
                            oldest[slot] = oldest[slot].min(need.start.max(0) as usize);
                        }
                    }
                }
                for slot in 0..slots {
                    let end = writer[slot].map_or(loaded, |w| next[w]);
                    ring[slot] = ring[slot].max(end.saturating_sub(oldest[slot]));
                }
                history.remove(0);
                history.push(next.clone());
            }
            output_ring = output_ring.max(next[steps - 1] - emitted);
            emitted = next[steps - 1];
            batches.push(Batch {
                ticks: first_tick..ticks.len(),
                input_end: loaded,
                output_end: emitted,
            });
        }
        Some(Schedule {
            units,
            ticks,
            batches,
            ring,
            output_ring,
        })
    }
}
