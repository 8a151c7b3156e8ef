//! Where everything lies in the arena: maps, output rows, and each thread's scratch.

use super::blocks::Scratch;
use super::compile::{Algorithm, Compiled, Step};
use super::geometry::{Extent, extents};
use super::panels::Panels;
use super::schedule::Schedule;
use crate::Result;
use crate::buffer::LINE;
use crate::kernel::amx;
use crate::kernel::winograd::TILE;

/// Most tiles of a task: what a thread that waits can help with should be short.
pub(crate) const TASK_TILES: usize = 128;
/// Output that may wait in memory between two calls of the sink.
const BATCH_BYTES: usize = 16 << 20;
/// Feature maps up to this size stay near enough for one layer to run after the other.
const FRAME_BYTES: usize = 48 << 20;

/// All layers at once have to take this many times less than the whole frame: one layer at a time is faster, because its
/// weights stay nearer.
const STREAM_SAVES: usize = 2;
/// Rows of Winograd tiles that each layer advances by where all run at once, as long as the rings stay small: the more,
/// the less often weights change.
const STREAM_TILE_ROWS: usize = 3;
/// What small is.
const STREAM_BYTES: usize = 256 << 20;

/// Rows of a slot: a ring in the arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map {
    /// Offset of the ring's first row, margin included.
    pub base: usize,
    /// Rows in the ring.
    pub ring: usize,
    /// Floats between rows.
    pub row_stride: usize,
    /// Floats between pixels.
    pub pixel_stride: usize,
    /// Whether two bf16 take the place of each of them.
    pub bf16: bool,
    /// Zero pixels left of the first.
    pub left: usize,
    /// Zero pixels right of the last.
    pub right: usize,
    /// Pixels in a row, and rows of the whole map.
    pub extent: Extent,
}

/// Everything about a run that depends on the image size, before any memory is taken.
pub(crate) struct Layout {
    pub maps: Vec<Map>,
    /// Output rows: `out_channels` floats a pixel, no margins.
    pub output: Map,
    /// Offset of a row of zeros as long as the longest row.
    pub zeros: usize,
    /// Offset of the first thread's scratch, and floats between two threads'.
    pub scratch: usize,
    pub scratch_stride: usize,
    /// From a thread's scratch on: the rows that a task of the last convolution makes, on their way to the picture. The base is
    /// an offset from the scratch.
    pub band: Map,
    /// By step; of use to Winograd convolutions only.
    pub winograd: Vec<Scratch>,
    /// By step; of use to convolutions on matrix tiles only.
    pub panels: Vec<Panels>,
    pub schedule: Schedule,
    /// Whether all layers run at once ([`Schedule::stream`]).
    pub streams: bool,
    /// Threads that it was made for.
    pub threads: usize,
    /// Floats of the arena.
    pub floats: usize,
}

impl Layout {
    /// Lays out a run over `width` x `height` input pixels (multiples of the network's own) on `threads`
    /// threads: whole frames where they stay near the cache, or where all layers at once would hardly take less; in no more
    /// than `room` bytes if there is a way.
    pub fn new(
        compiled: &Compiled,
        (width, height): (usize, usize),
        threads: usize,
        room: u64,
    ) -> Result<Layout> {
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let frame = Layout::frame(compiled, width, height, threads)?;
        if frame.bytes() <= FRAME_BYTES.min(room) {
            return Ok(frame);
        }
        let worth = match frame.bytes() {
            bytes if bytes > room => bytes,
            bytes => bytes / STREAM_SAVES,
        };
        for tile_rows in (1..=STREAM_TILE_ROWS).rev() {
            let most = match tile_rows {
                1 => worth,
                _ => worth.min(STREAM_BYTES).min(room),
            };
            let unit = tile_rows * TILE;
            let stream = Layout::stream(compiled, width, height, threads, unit)?;
            if let Some(stream) = stream.filter(|stream| stream.bytes() <= most) {
                return Ok(stream);
            }
        }
        Ok(frame)
    }

    /// Arena size.
    pub fn bytes(&self) -> usize {
        self.floats * size_of::<f32>()
    }

    /// One layer after the other.
    pub fn frame(
        compiled: &Compiled,
        width: usize,
        height: usize,
        threads: usize,
    ) -> Result<Layout> {
        let extents = extents(compiled, width, height)?;
        let schedule = Schedule::frame(compiled, &extents, TILE);
        Ok(Layout::with(compiled, &extents, threads, schedule, false))
    }

    /// All layers at once, `unit` rows at a time; `None` for networks with a layer that needs all of its input.
    pub fn stream(
        compiled: &Compiled,
        width: usize,
        height: usize,
        threads: usize,
        unit: usize,
    ) -> Result<Option<Layout>> {
        let extents = extents(compiled, width, height)?;
        let scale = compiled.info.scale;
        let row_bytes = width * scale * compiled.info.out_channels * size_of::<f32>();
        let batch = (BATCH_BYTES / (unit * scale * row_bytes)).clamp(1, 64);
        let schedule = Schedule::stream(compiled, &extents, unit, batch);
        Ok(schedule.map(|schedule| Layout::with(compiled, &extents, threads, schedule, true)))
    }

    fn with(
        compiled: &Compiled,
        extents: &[Extent],
        threads: usize,
        schedule: Schedule,
        streams: bool,
    ) -> Layout {
        let mut floats = 0;
        let mut take = |len: usize| {
            let at = floats;
            floats += len.next_multiple_of(LINE);
            at
        };
        let mut maps = margins(compiled, extents);
        for (slot, map) in maps.iter_mut().enumerate() {
            map.ring = schedule.ring[slot].clamp(1, map.extent.height.max(1));
        }
        let longest = maps.iter().map(|m| m.row_stride).max().unwrap_or(0);
        let zeros = take(longest);
        let scale = compiled.output.shuffle;
        let channels = compiled.info.out_channels;
        let last = extents[compiled.output.slot];
        let output_row = last.width * scale * channels;
        let output = Map {
            base: take(schedule.output_ring * scale * output_row),
            ring: schedule.output_ring * scale,
            row_stride: output_row,
            pixel_stride: channels,
            bf16: false,
            left: 0,
            right: 0,
            extent: Extent {
                width: last.width * scale,
                height: last.height * scale,
            },
        };
        let winograd: Vec<Scratch> = compiled
            .steps
            .iter()
            .map(|step| match step {
                Step::Conv(conv) if conv.algorithm == Algorithm::Winograd => {
                    Scratch::new(conv, compiled.kernels, extents[conv.output].width)
                }
                _ => Scratch::default(),
            })
            .collect();
        let panels: Vec<Panels> = compiled
            .steps
            .iter()
            .map(|step| match step {
                Step::Conv(conv) if conv.algorithm == Algorithm::Amx => {
                    let width = extents[conv.output].width.min(TASK_TILES * TILE);
                    Panels::new(conv, compiled, width)
                }
                _ => Panels::default(),
            })
            .collect();
        let transformed = winograd
            .iter()
            .map(Scratch::len)
            .chain(panels.iter().map(|panels| panels.len))
            .max()
            .unwrap_or(0);
        let band = band(
            compiled,
            &maps,
            &schedule,
            transformed.next_multiple_of(LINE),
        );
        let scratch_stride =
            band.base + (band.ring * band.row_stride).next_multiple_of(LINE) + LINE;
        let scratch = take(scratch_stride * threads);
        if streams {
            for map in &mut maps {
                map.base = take(map.ring * map.row_stride);
            }
        } else {
            let (end, bases) = share(compiled, &maps, floats);
            floats = end;
            for (map, base) in maps.iter_mut().zip(bases) {
                map.base = base;
            }
        }
        // The last block of matrix tiles in a row of bf16 reads on behind it, to no effect.
        let read = maps.iter().filter(|map| map.bf16);
        let most = read.map(|map| map.pixel_stride).max().unwrap_or(0);
        floats += (amx::BLOCK * most).next_multiple_of(LINE);
        Layout {
            maps,
            output,
            zeros,
            scratch,
            scratch_stride,
            band,
            winograd,
            panels,
            schedule,
            streams,
            threads,
            floats,
        }
    }
}

/// Maps with the margins that their readers need, not yet placed.
fn margins(compiled: &Compiled, extents: &[Extent]) -> Vec<Map> {
    let mut sides = vec![(0usize, 0usize); extents.len()];
    for step in &compiled.steps {
        let Step::Conv(conv) = step else { continue };
        for &slot in &conv.inputs {
            let width = extents[slot].width;
            let right = match conv.algorithm {
                // The last tile reads its whole patch.
                Algorithm::Winograd => width.next_multiple_of(TILE) - width + 1,
                Algorithm::Direct => conv.padding,
                // A window's last chunk may reach into the pixel behind it.
                Algorithm::Amx => conv.padding + 1,
            };
            sides[slot] = (sides[slot].0.max(conv.padding), sides[slot].1.max(right));
        }
    }
    extents
        .iter()
        .zip(&sides)
        .zip(compiled.padded.iter().zip(&compiled.bf16))
        .map(|((&extent, &(left, right)), (&padded, &bf16))| {
            let pixel_stride = if bf16 { padded / 2 } else { padded };
            Map {
                base: 0,
                ring: 0,
                row_stride: ((left + extent.width + right) * pixel_stride).next_multiple_of(LINE),
                pixel_stride,
                bf16,
                left,
                right,
                extent,
            }
        })
        .collect()
}

/// What a task of the last convolution makes, at `base`; no rows if its map is no exception.
fn band(compiled: &Compiled, maps: &[Map], schedule: &Schedule, base: usize) -> Map {
    let last = compiled.steps.len() - 1;
    let map = maps[compiled.output.slot];
    let width = map.extent.width.min(TASK_TILES * TILE);
    let units = schedule.units.iter().filter(|unit| unit.step == last);
    Map {
        base,
        ring: match &compiled.steps[last] {
            Step::Conv(_) => units.map(|unit| unit.rows.len()).max().unwrap_or(0),
            _ => 0,
        },
        row_stride: (width * map.pixel_stride).next_multiple_of(LINE),
        left: 0,
        right: 0,
        ..map
    }
}

/// Places whole maps so that those whose lives do not overlap share memory: first fit in order of birth.
/// Returns the end of the arena and each map's base.
fn share(compiled: &Compiled, maps: &[Map], start: usize) -> (usize, Vec<usize>) {
    let slots = maps.len();
    let (mut birth, mut death) = (vec![0usize; slots], vec![0usize; slots]);
    for (i, step) in compiled.steps.iter().enumerate() {
        if let Some(output) = step.output() {
            birth[output] = i;
            death[output] = death[output].max(i);
        }
        for (slot, _) in step.reads(&(0..1)) {
            death[slot] = i;
        }
    }
    let mut order: Vec<usize> = (0..slots).collect();
    order.sort_by_key(|&s| (birth[s], s));
    let mut bases = vec![start; slots];
    let mut placed: Vec<usize> = Vec::new();
    let len = |s: usize| (maps[s].ring * maps[s].row_stride).next_multiple_of(LINE);
    let mut end = start;
    for &slot in &order {
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|&&p| birth[p] <= death[slot] && birth[slot] <= death[p])
            .map(|&p| (bases[p], bases[p] + len(p)))
            .collect();
        taken.sort_unstable();
        let mut at = start;
        for (a, b) in taken {
            if at + len(slot) <= a {
                break;
            }
            at = at.max(b);
        }
        bases[slot] = at;
        end = end.max(at + len(slot));
        placed.push(slot);
    }
    (end, bases)
}
