//! One pass of a network over a picture, pulled row by row: in one piece, or band of tiles by band of tiles, each in as many
//! orientations as are asked for.

use crate::engine::{Engine, Meter};
use crate::exec::Plan;
use crate::orientation::{Axis, Orientation};
use crate::rows::Rows;
use crate::tile::Tiling;
use crate::{Error, Result};
use rayon::prelude::*;
use std::sync::Arc;

/// The input rows that tiles still need.
#[derive(Default)]
struct Window {
    rows: Vec<f32>,
    /// First row held.
    start: usize,
    /// One past the last row held.
    end: usize,
}

impl Window {
    /// Forgets rows above `start` and reads up to `end`.
    fn advance(&mut self, source: &mut dyn Rows, start: usize, end: usize) -> Result<()> {
        let stride = source.width() * source.channels();
        let start = start.min(self.end);
        self.rows.copy_within((start - self.start) * stride.., 0);
        self.start = start;
        self.rows.resize((end - start) * stride, 0.0);
        while self.end < end {
            let at = (self.end - start) * stride;
            source.next_row(&mut self.rows[at..at + stride])?;
            self.end += 1;
        }
        Ok(())
    }
}

/// Output rows of a pass.
pub(crate) struct NetworkRows<'a> {
    engine: &'a Engine,
    tiling: Tiling,
    width: usize,
    height: usize,
    source: Box<dyn Rows + 'a>,
    meter: Arc<Meter<'a>>,
    plan: Option<Plan>,
    /// Next output row.
    next: usize,
    /// With tiles or orientations: input rows, the output rows of the band at hand, and the first input row of the next.
    window: Window,
    band: Vec<f32>,
    next_band: usize,
}

impl<'a> NetworkRows<'a> {
    pub fn new(
        engine: &'a Engine,
        tiling: Tiling,
        source: Box<dyn Rows + 'a>,
        meter: Arc<Meter<'a>>,
    ) -> NetworkRows<'a> {
        NetworkRows {
            engine,
            tiling,
            width: source.width(),
            height: source.height(),
            source,
            meter,
            plan: None,
            next: 0,
            window: Window::default(),
            band: Vec::new(),
            next_band: 0,
        }
    }

    /// Copies the next row of an image that is not cut, running the plan until it is there.
    fn next_of_whole(&mut self, row: &mut [f32]) -> Result<()> {
        let (engine, source) = (self.engine, &mut self.source);
        let mut plan = match self.plan.take() {
            Some(plan) => plan,
            None => engine.plan(None, (self.width, self.height), self.tiling.arena_bytes)?,
        };
        while !plan.ready().contains(&self.next) {
            let share = plan.advance(engine.pool(), &mut |row| source.next_row(row))?;
            self.meter
                .add(share * engine.work(&self.tiling, self.width, self.height))?;
        }
        row.copy_from_slice(plan.output_row(self.next));
        self.plan = Some(plan);
        Ok(())
    }

    /// Copies the next row of the band at hand, or of the next one.
    fn next_of_band(&mut self, row: &mut [f32]) -> Result<()> {
        let scale = self.engine.info().scale;
        if self.next == self.next_band * scale {
            self.advance_band()?;
        }
        let left = self.next_band * scale - self.next;
        let at = self.band.len() - left * row.len();
        row.copy_from_slice(&self.band[at..at + row.len()]);
        Ok(())
    }

    /// Runs the next band of tiles, in every orientation.
    fn advance_band(&mut self) -> Result<()> {
        let engine = self.engine;
        let (info, t, grid) = (engine.info(), self.tiling, engine.grid());
        let (scale, inputs, outputs) = (info.scale, info.in_channels, info.out_channels);
        let y0 = self.next_band;
        let rows = t.height.min(self.height - y0);
        let vertical = |mirror| Axis::new((y0, rows), (self.height, mirror), t.halo, grid);
        let needed = engine.orientations().iter().map(|o| vertical(o.mirror_y));
        let (top, bottom) = needed.fold((y0, y0), |(top, bottom), axis| {
            let rows = axis.computed();
            (top.min(rows.start), bottom.max(rows.end))
        });
        self.window.advance(&mut *self.source, top, bottom)?;
        let out_stride = self.width * scale * outputs;
        self.band.clear();
        self.band.resize(rows * scale * out_stride, 0.0);
        for x0 in (0..self.width).step_by(t.width) {
            let columns = t.width.min(self.width - x0);
            for &orientation in engine.orientations() {
                let Orientation {
                    mirror_x, mirror_y, ..
                } = orientation;
                let x = Axis::new((x0, columns), (self.width, mirror_x), t.halo, grid);
                let tile = Tile {
                    axes: (x, vertical(mirror_y)),
                    orientation,
                    scale,
                };
                let (wide, tall) = tile.size();
                let mut plan = engine.plan(self.plan.take(), (wide, tall), t.arena_bytes)?;
                let mut next = 0;
                let mut source = |row: &mut [f32]| {
                    tile.load(next, &self.window, (self.width, inputs), row);
                    next += 1;
                    Ok(())
                };
                let pixels = (wide * tall) as f64;
                let weight = 1.0 / engine.orientations().len() as f32;
                while !plan.is_done() {
                    let share = plan.advance(engine.pool(), &mut source)?;
                    self.meter
                        .add(share * info.macs_per_pixel as f64 * pixels)?;
                    let band = Band {
                        samples: &mut self.band,
                        stride: out_stride,
                        left: x0 * scale * outputs,
                        channels: outputs,
                    };
                    engine.pool().install(|| tile.add(&plan, band, weight));
                }
                self.plan = Some(plan);
            }
        }
        self.next_band += rows;
        Ok(())
    }
}

/// A tile of the picture in one of its orientations.
struct Tile {
    /// Columns and rows of the picture.
    axes: (Axis, Axis),
    orientation: Orientation,
    /// Output pixels for each input pixel along an axis.
    scale: usize,
}

/// Finished rows, and where in each a tile's begin.
struct Band<'a> {
    samples: &'a mut [f32],
    stride: usize,
    left: usize,
    channels: usize,
}

impl Tile {
    /// Width and height of what is computed.
    fn size(&self) -> (usize, usize) {
        let (x, y) = &self.axes;
        self.orientation.axes((x.extent(), y.extent()))
    }

    /// Row `index` of the turned input, from the picture's rows in `window`: `width` pixels of `channels` samples each.
    fn load(
        &self,
        index: usize,
        window: &Window,
        (width, channels): (usize, usize),
        row: &mut [f32],
    ) {
        let (x, y) = &self.axes;
        for (i, pixel) in row.chunks_exact_mut(channels).enumerate() {
            let (column, line) = self.orientation.axes((i, index));
            let at = (y.pixel(line) - window.start) * width + x.pixel(column);
            pixel.copy_from_slice(&window.rows[at * channels..][..channels]);
        }
    }

    /// Adds the output rows that `plan` has ready to where they belong.
    fn add(&self, plan: &Plan, band: Band, weight: f32) {
        let (x, y) = &self.axes;
        let ready = plan.ready();
        let (width, height) = (x.extent() * self.scale, y.extent() * self.scale);
        let (across, down) = match self.orientation.transpose {
            true => (ready, 0..height),
            false => (0..width, ready),
        };
        let (from_x, to_x) = x.kept(across, self.scale);
        let (from_y, to_y) = y.kept(down, self.scale);
        let Band {
            samples,
            stride,
            left,
            channels,
        } = band;
        let lines = samples[to_y.start * stride..to_y.end * stride].par_chunks_exact_mut(stride);
        lines.enumerate().for_each(|(line, samples)| {
            let line = match y.is_mirrored() {
                true => from_y.end - 1 - line,
                false => from_y.start + line,
            };
            let to = &mut samples[left + to_x.start * channels..left + to_x.end * channels];
            let to = to.chunks_exact_mut(channels);
            match self.orientation.transpose {
                true => {
                    let at = line * channels;
                    let column = from_x
                        .clone()
                        .map(|row| &plan.output_row(row)[at..at + channels]);
                    add(to, column, x.is_mirrored(), weight);
                }
                false => {
                    let row = &plan.output_row(line)[from_x.start * channels..];
                    let row = row[..from_x.len() * channels].chunks_exact(channels);
                    add(to, row, x.is_mirrored(), weight);
                }
            }
        });
    }
}

/// Adds pixels to others, from the last on where they are mirrored.
fn add<'a>(
    to: impl Iterator<Item = &'a mut [f32]>,
    from: impl DoubleEndedIterator<Item = &'a [f32]>,
    mirrored: bool,
    weight: f32,
) {
    let add = |(to, from): (&mut [f32], &[f32])| {
        for (to, from) in to.iter_mut().zip(from) {
            *to += weight * from;
        }
    };
    match mirrored {
        true => to.zip(from.rev()).for_each(add),
        false => to.zip(from).for_each(add),
    }
}

impl Rows for NetworkRows<'_> {
    fn width(&self) -> usize {
        self.width * self.engine.info().scale
    }

    fn height(&self) -> usize {
        self.height * self.engine.info().scale
    }

    fn channels(&self) -> usize {
        self.engine.info().out_channels
    }

    fn next_row(&mut self, row: &mut [f32]) -> Result<()> {
        if self.next >= self.height() {
            return Err(Error::Shape(
                "more rows asked for than the picture has".into(),
            ));
        }
        let row = match (self.tiling.tiles, self.engine.orientations()) {
            (1, [_]) => self.next_of_whole(row),
            _ => self.next_of_band(row),
        };
        // After a failure rows are missing: there is no way on.
        self.next = if row.is_ok() {
            self.next + 1
        } else {
            self.height()
        };
        row
    }
}

impl Drop for NetworkRows<'_> {
    fn drop(&mut self) {
        // After a failure the plan is not here, and nothing of it is kept.
        if let Some(plan) = self.plan.take() {
            self.engine.keep(plan);
        }
    }
}
