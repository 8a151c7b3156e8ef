//! A model made ready for this machine, and one pass of it over a picture.

use crate::exec::Plan;
use crate::model::Model;
use crate::network::{ModelInfo, Network};
use crate::plan::compile::Compiled;
use crate::rows::{Image, Rows};
use crate::simd::Isa;
use crate::tile::{self, Tiling};
use crate::{Error, Result};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Memory for feature maps where the caller sets no limit: 2 GiB.
pub const DEFAULT_MAX_MEMORY: u64 = 2 << 30;

/// How a model is run.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Instruction set; must be available.
    pub isa: Isa,
    /// Threads, at least 1. The result does not depend on it.
    pub threads: usize,
    /// Side of square tiles in input pixels; `None` cuts only what does not fit `max_memory`.
    pub tile: Option<usize>,
    /// Bytes for feature maps and rows in flight; `None` means [`DEFAULT_MAX_MEMORY`].
    pub max_memory: Option<u64>,
}

impl Default for EngineOptions {
    /// The best instruction set, every processor that this process may use, tiles by memory.
    fn default() -> Self {
        EngineOptions {
            isa: Isa::detect(),
            threads: std::thread::available_parallelism().map_or(1, |n| n.get()),
            tile: None,
            max_memory: None,
        }
    }
}

/// A network with its weights packed for an instruction set, and threads to run it on. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    compiled: Arc<Compiled>,
    pool: Arc<rayon::ThreadPool>,
    options: EngineOptions,
}

impl Engine {
    /// Packs the weights and starts the threads.
    ///
    /// # Errors
    ///
    /// [`Error::Limits`] if the instruction set is not available or threads or memory cannot be had,
    /// [`Error::Shape`] if the network is not well formed.
    pub fn new(model: &Model, options: &EngineOptions) -> Result<Engine> {
        Engine::from_network(model.network(), options)
    }

    /// As [`Engine::new`], for a network that did not come from a weight file.
    pub fn from_network(network: &Network, options: &EngineOptions) -> Result<Engine> {
        if !options.isa.is_available() {
            return Err(Error::Limits(format!(
                "this processor has no {}",
                options.isa
            )));
        }
        let threads = options.threads.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|n| format!("upwise-{n}"))
            .build()
            .map_err(|e| Error::Limits(format!("cannot start {threads} threads: {e}")))?;
        let compiled = pool.install(|| Compiled::new(network, options.isa))?;
        let options = EngineOptions {
            threads,
            ..options.clone()
        };
        Ok(Engine {
            compiled: Arc::new(compiled),
            pool: Arc::new(pool),
            options,
        })
    }

    /// What the model is.
    pub fn info(&self) -> &ModelInfo {
        &self.compiled.info
    }

    /// The options it was made with.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// How a pass over `width` x `height` pixels would be cut, and the memory it would hold.
    pub fn tiling(&self, width: usize, height: usize) -> Result<Tiling> {
        let max = self.options.max_memory.unwrap_or(DEFAULT_MAX_MEMORY);
        tile::choose(
            &self.compiled,
            width,
            height,
            self.options.threads,
            self.options.tile,
            max,
        )
    }

    /// Multiply-adds of a pass over `width` x `height` pixels, halos included, counted directly.
    pub(crate) fn work(&self, tiling: &Tiling, width: usize, height: usize) -> f64 {
        self.info().macs_per_pixel as f64 * (width * height) as f64 * tiling.overhead
    }

    /// One pass at the network's own factor over a picture held in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the picture has not the model's channels, [`Error::Limits`] if no tile fits the
    /// memory limit, [`Error::Cancelled`] once the observer breaks.
    pub fn run(&self, image: &Image, observer: Option<Observer<'_>>) -> Result<Image> {
        let tiling = self.tiling(image.width(), image.height())?;
        let meter = Meter::new(self.work(&tiling, image.width(), image.height()), observer);
        Image::read(&mut self.pass(Box::new(image.rows()), Arc::new(meter))?)
    }

    /// One pass: rows of `info().in_channels` samples in, rows `info().scale` times as long and as many out.
    pub(crate) fn pass<'a>(
        &'a self,
        source: Box<dyn Rows + 'a>,
        meter: Arc<Meter<'a>>,
    ) -> Result<NetworkRows<'a>> {
        let info = self.info();
        if source.channels() != info.in_channels {
            return Err(Error::Shape(format!(
                "the model takes {} channels, the picture has {}",
                info.in_channels,
                source.channels()
            )));
        }
        let tiling = self.tiling(source.width(), source.height())?;
        Ok(NetworkRows {
            engine: self,
            tiling,
            width: source.width(),
            height: source.height(),
            source,
            meter,
            plan: None,
            window: Window::default(),
            band: Vec::new(),
            band_row: 0,
            next_band: 0,
            running: false,
        })
    }
}

/// Called with the share of the work that is done, 0 to 1; `Break` stops with [`Error::Cancelled`].
pub type Observer<'a> = &'a (dyn Fn(f64) -> ControlFlow<()> + Sync);

/// Adds up the work of all passes and tells the observer.
pub(crate) struct Meter<'a> {
    observer: Option<Observer<'a>>,
    total: f64,
    /// Bits of an `f64`: only one thread adds.
    done: AtomicU64,
}

impl<'a> Meter<'a> {
    pub fn new(total: f64, observer: Option<Observer<'a>>) -> Meter<'a> {
        Meter {
            observer,
            total: total.max(1.0),
            done: AtomicU64::new(0),
        }
    }

    fn add(&self, work: f64) -> Result<()> {
        let done = f64::from_bits(self.done.load(Ordering::Relaxed)) + work;
        self.done.store(done.to_bits(), Ordering::Relaxed);
        match self
            .observer
            .map(|observer| observer((done / self.total).min(1.0)))
        {
            Some(ControlFlow::Break(())) => Err(Error::Cancelled),
            _ => Ok(()),
        }
    }
}

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
    fn advance(
        &mut self,
        source: &mut dyn Rows,
        stride: usize,
        start: usize,
        end: usize,
    ) -> Result<()> {
        let drop = (start.min(self.end) - self.start) * stride;
        self.rows.copy_within(drop.., 0);
        self.start = start.min(self.end);
        self.rows.resize((end - self.start) * stride, 0.0);
        while self.end < end {
            let at = (self.end - self.start) * stride;
            source.next_row(&mut self.rows[at..at + stride])?;
            self.end += 1;
        }
        Ok(())
    }
}

/// A pass of a network, pulled row by row.
pub(crate) struct NetworkRows<'a> {
    engine: &'a Engine,
    tiling: Tiling,
    width: usize,
    height: usize,
    source: Box<dyn Rows + 'a>,
    meter: Arc<Meter<'a>>,
    plan: Option<Plan>,
    window: Window,
    /// Output rows that are ready, and the next one to hand out.
    band: Vec<f32>,
    band_row: usize,
    /// First input row of the next band of tiles.
    next_band: usize,
    /// An uncut image is under way.
    running: bool,
}

impl NetworkRows<'_> {
    /// Runs the next part of an image that is not cut.
    fn advance_whole(&mut self) -> Result<()> {
        let (threads, compiled) = (self.engine.options.threads, &self.engine.compiled);
        if !self.running {
            self.plan = Some(Plan::new(
                compiled.clone(),
                self.width,
                self.height,
                threads,
            )?);
            self.running = true;
        }
        let Some(plan) = &mut self.plan else {
            return Ok(());
        };
        let (source, band) = (&mut self.source, &mut self.band);
        let share = plan.advance(
            &self.engine.pool,
            &mut |row| source.next_row(row),
            &mut |row| {
                band.extend_from_slice(row);
                Ok(())
            },
        )?;
        self.meter
            .add(share * self.engine.work(&self.tiling, self.width, self.height))
    }

    /// Runs the next band of tiles.
    fn advance_band(&mut self) -> Result<()> {
        let engine = self.engine;
        let (info, t) = (engine.info(), self.tiling);
        let (scale, inputs, outputs) = (info.scale, info.in_channels, info.out_channels);
        let y0 = self.next_band;
        let rows = t.height.min(self.height - y0);
        let (top, tall) = tile::extended(y0, rows, t.halo, self.height);
        let stride = self.width * inputs;
        self.window
            .advance(&mut *self.source, stride, top, top + tall)?;
        let out_stride = self.width * scale * outputs;
        self.band.resize(rows * scale * out_stride, 0.0);
        for x0 in (0..self.width).step_by(t.width) {
            let columns = t.width.min(self.width - x0);
            let (left, wide) = tile::extended(x0, columns, t.halo, self.width);
            let mut plan = match self.plan.take() {
                Some(plan) if plan.size() == (wide, tall) => plan,
                // Memory of another size is given back before more is taken.
                other => {
                    drop(other);
                    Plan::new(engine.compiled.clone(), wide, tall, engine.options.threads)?
                }
            };
            plan.start();
            let (window, band) = (&self.window, &mut self.band);
            let mut in_row = top - window.start;
            let mut out_row = 0usize;
            let (skip_rows, skip) = ((y0 - top) * scale, (x0 - left) * scale * outputs);
            let len = columns * scale * outputs;
            loop {
                let share = plan.advance(
                    &engine.pool,
                    &mut |row| {
                        row.copy_from_slice(
                            &window.rows[in_row * stride + left * inputs..][..wide * inputs],
                        );
                        in_row += 1;
                        Ok(())
                    },
                    &mut |row| {
                        if (skip_rows..skip_rows + rows * scale).contains(&out_row) {
                            let at = (out_row - skip_rows) * out_stride + x0 * scale * outputs;
                            band[at..at + len].copy_from_slice(&row[skip..skip + len]);
                        }
                        out_row += 1;
                        Ok(())
                    },
                )?;
                self.meter
                    .add(share * info.macs_per_pixel as f64 * (wide * tall) as f64)?;
                if plan.is_done() {
                    break;
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
        let stride = self.width() * self.channels();
        if self.band_row * stride >= self.band.len() {
            self.band.clear();
            self.band_row = 0;
            let done = if self.tiling.tiles > 1 {
                self.next_band >= self.height
            } else {
                self.plan.as_ref().is_some_and(Plan::is_done)
            };
            if done {
                return Err(Error::Shape(
                    "more rows asked for than the picture has".into(),
                ));
            }
            while self.band.is_empty() {
                if self.tiling.tiles > 1 {
                    self.advance_band()?;
                } else {
                    self.advance_whole()?;
                }
            }
        }
        row.copy_from_slice(&self.band[self.band_row * stride..][..stride]);
        self.band_row += 1;
        Ok(())
    }
}
