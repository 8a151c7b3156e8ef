//! One pass of a network over a picture, pulled row by row: in one piece, or band of tiles by band of tiles.

use crate::engine::{Engine, Meter};
use crate::exec::Plan;
use crate::rows::Rows;
use crate::tile::{self, Tiling};
use crate::{Error, Result};
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
    /// With tiles: input rows, the output rows of the band at hand, and the first input row of the next.
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
            None => engine.plan(None, self.width, self.height)?,
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

    /// Runs the next band of tiles.
    fn advance_band(&mut self) -> Result<()> {
        let engine = self.engine;
        let (info, t) = (engine.info(), self.tiling);
        let (scale, inputs, outputs) = (info.scale, info.in_channels, info.out_channels);
        let y0 = self.next_band;
        let rows = t.height.min(self.height - y0);
        let (top, tall) = tile::extended(y0, rows, t.halo, self.height);
        self.window.advance(&mut *self.source, top, top + tall)?;
        let in_stride = self.width * inputs;
        let out_stride = self.width * scale * outputs;
        self.band.resize(rows * scale * out_stride, 0.0);
        for x0 in (0..self.width).step_by(t.width) {
            let columns = t.width.min(self.width - x0);
            let (left, wide) = tile::extended(x0, columns, t.halo, self.width);
            let mut plan = engine.plan(self.plan.take(), wide, tall)?;
            let mut input =
                self.window.rows[(top - self.window.start) * in_stride..].chunks_exact(in_stride);
            let mut source = |row: &mut [f32]| {
                let from = input
                    .next()
                    .ok_or_else(|| Error::Shape("a row too many".into()))?;
                row.copy_from_slice(&from[left * inputs..][..wide * inputs]);
                Ok(())
            };
            let skip = (x0 - left) * scale * outputs;
            let len = columns * scale * outputs;
            let kept = (y0 - top) * scale..(y0 - top + rows) * scale;
            while !plan.is_done() {
                let share = plan.advance(engine.pool(), &mut source)?;
                self.meter
                    .add(share * info.macs_per_pixel as f64 * (wide * tall) as f64)?;
                for y in plan.ready().filter(|y| kept.contains(y)) {
                    let at = (y - kept.start) * out_stride + x0 * scale * outputs;
                    let from = &plan.output_row(y)[skip..skip + len];
                    self.band[at..at + len].copy_from_slice(from);
                }
            }
            self.plan = Some(plan);
        }
        self.next_band += rows;
        Ok(())
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
        let row = match self.tiling.tiles {
            1 => self.next_of_whole(row),
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
