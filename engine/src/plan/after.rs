//! Which units of a frame wait for which of the tick before.

use super::compile::Compiled;
use super::layout::{Layout, Map};
use super::schedule::Unit;
use crate::network::SlotId;
use std::ops::Range;

/// What a unit reads and writes, as places in the arena.
struct Touched {
    reads: Vec<Range<usize>>,
    write: Option<Range<usize>>,
}

impl Touched {
    fn new(compiled: &Compiled, maps: &[Map], unit: &Unit) -> Touched {
        let place = |slot: SlotId, rows: Range<isize>| {
            let map = &maps[slot];
            let at = |y: isize| {
                map.base + y.clamp(0, map.extent.height as isize) as usize * map.row_stride
            };
            at(rows.start)..at(rows.end)
        };
        let step = &compiled.steps[unit.step];
        let rows = unit.rows.start as isize..unit.rows.end as isize;
        Touched {
            reads: step
                .reads(&unit.rows)
                .into_iter()
                .map(|(slot, rows)| place(slot, rows))
                .collect(),
            write: step.output().map(|slot| place(slot, rows)),
        }
    }
}

/// For each unit, the units of the tick before that write what it reads, or touch what it writes: in a frame, maps that are
/// not needed any more share memory with new ones. Units of a stream touch nothing of the tick before.
pub(crate) fn after(compiled: &Compiled, layout: &Layout) -> Vec<Range<usize>> {
    let (schedule, maps) = (&layout.schedule, &layout.maps);
    let mut after = vec![0..0; schedule.units.len()];
    if layout.streams {
        return after;
    }
    let touched = |units: &Range<usize>| -> Vec<Touched> {
        let units = &schedule.units[units.clone()];
        let touched = |unit| Touched::new(compiled, maps, unit);
        units.iter().map(touched).collect()
    };
    let mut ticks = schedule.ticks.iter();
    let Some(mut before) = ticks.next().map(|tick| (tick.start, touched(tick))) else {
        return after;
    };
    for tick in ticks {
        let now = touched(tick);
        let (first, earlier) = &before;
        for (unit, now) in tick.clone().zip(&now) {
            let mut hull: Option<Range<usize>> = None;
            // Units of one step go down its maps, so those that meet a place are neighbours.
            let mut meets = |place: &Range<usize>, of: &dyn Fn(&Touched) -> Range<usize>| {
                let start = earlier.partition_point(|t| of(t).end <= place.start);
                let end = earlier.partition_point(|t| of(t).start < place.end);
                if start < end {
                    let all = hull.get_or_insert(start..end);
                    *all = all.start.min(start)..all.end.max(end);
                }
            };
            let write = |t: &Touched| t.write.clone().unwrap_or(0..0);
            if earlier[0].write.is_some() {
                now.reads
                    .iter()
                    .chain(&now.write)
                    .for_each(|place| meets(place, &write));
            }
            for read in 0..earlier[0].reads.len() {
                now.write
                    .iter()
                    .for_each(|place| meets(place, &|t| t.reads[read].clone()));
            }
            after[unit] = hull.map_or(0..0, |hull| first + hull.start..first + hull.end);
        }
        before = (tick.start, now);
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::simd::{Isa, Precision};

    /// Whether some float of the arena is written by one of two units and touched by the other, float by float.
    fn meet(compiled: &Compiled, maps: &[Map], a: &Unit, b: &Unit) -> bool {
        let floats = |slot: SlotId, y: isize| {
            let map = &maps[slot];
            let inside = usize::try_from(y).is_ok_and(|y| y < map.extent.height);
            let start = map.base + y.max(0) as usize * map.row_stride;
            if inside {
                start..start + map.row_stride
            } else {
                0..0
            }
        };
        let touched = |unit: &Unit| {
            let (mut read, mut written) = (Vec::new(), Vec::new());
            let step = &compiled.steps[unit.step];
            for (slot, rows) in step.reads(&unit.rows) {
                let end = rows.end.min(maps[slot].extent.height as isize);
                read.extend((rows.start..end).map(|y| floats(slot, y)));
            }
            if let Some(slot) = step.output() {
                written.extend(unit.rows.clone().map(|y| floats(slot, y as isize)));
            }
            (read, written)
        };
        let overlap = |a: &[Range<usize>], b: &[Range<usize>]| {
            let overlaps = |x: &Range<usize>| b.iter().any(|y| x.start < y.end && y.start < x.end);
            a.iter().any(overlaps)
        };
        let ((read_a, written_a), (read_b, written_b)) = (touched(a), touched(b));
        overlap(&written_a, &read_b)
            || overlap(&read_a, &written_b)
            || overlap(&written_a, &written_b)
    }

    #[test]
    fn units_wait_for_all_that_they_touch_and_for_little_more() {
        for (name, width, height) in [
            ("compact-8x2-x2", 40usize, 90usize),
            ("span-6-x2", 20, 61),
            ("rrdb-8-x4", 17, 50),
            ("rrdb-6-x2", 22, 64),
            ("drunet-4", 24, 96),
        ] {
            let model = Model::golden(name);
            let compiled = Compiled::new(model.network(), Isa::detect(), Precision::F32).unwrap();
            let layout = Layout::frame(&compiled, width, height, 2).unwrap();
            let (units, after) = (&layout.schedule.units, after(&compiled, &layout));
            let (mut pairs, mut waits, mut meetings) = (0, 0, 0);
            for ticks in layout.schedule.ticks.windows(2) {
                for now in ticks[1].clone() {
                    for before in ticks[0].clone() {
                        let waiting = after[now].contains(&before);
                        let meeting = meet(&compiled, &layout.maps, &units[now], &units[before]);
                        assert!(
                            waiting || !meeting,
                            "{name}: {:?} {:?}",
                            units[now],
                            units[before]
                        );
                        pairs += 1;
                        waits += usize::from(waiting);
                        meetings += usize::from(meeting);
                    }
                }
            }
            assert!(
                meetings > 0 && waits <= 2 * meetings,
                "{name}: {waits} for {meetings}"
            );
            assert!(waits < pairs * 2 / 3, "{name}: {waits} of {pairs}");
        }
    }
}
