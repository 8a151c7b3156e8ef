//! A model made ready for this machine, and one pass of it over a picture.

use crate::buffer;
use crate::exec::Plan;
use crate::model::Model;
use crate::network::{ModelInfo, Network};
use crate::orientation::Orientation;
use crate::pass::NetworkRows;
use crate::plan::compile::Compiled;
use crate::plan::explain::{self, Explanation};
use crate::rows::{Image, Rows};
use crate::simd::{Isa, Precision};
use crate::tile::{self, Tiling};
use crate::{Error, Result};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Memory for feature maps where the caller sets no limit: 2 GiB.
pub const DEFAULT_MAX_MEMORY: u64 = 2 << 30;

/// How a model is run.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Instruction set; must be available.
    pub isa: Isa,
    /// Arithmetic of the convolutions; must be available with it.
    pub precision: Precision,
    /// Threads, at least 1. The result does not depend on it.
    pub threads: usize,
    /// Side of square tiles in input pixels; `None` cuts only what does not fit `max_memory`.
    pub tile: Option<usize>,
    /// Bytes for feature maps and rows in flight; `None` means [`DEFAULT_MAX_MEMORY`].
    pub max_memory: Option<u64>,
    /// Whether the result is the mean over the picture's eight orientations (Timofte, Rothe & Van Gool, "Seven ways to
    /// improve example-based single image super resolution", 2016): finer, for eight times the work.
    pub self_ensemble: bool,
}

impl EngineOptions {
    /// Bytes for feature maps and rows in flight.
    pub(crate) fn max_memory(&self) -> u64 {
        self.max_memory.unwrap_or(DEFAULT_MAX_MEMORY)
    }
}

impl Default for EngineOptions {
    /// The best instruction set, every processor that this process may use, tiles by memory, one orientation.
    fn default() -> Self {
        EngineOptions {
            isa: Isa::detect(),
            precision: Precision::F32,
            threads: std::thread::available_parallelism().map_or(1, |n| n.get()),
            tile: None,
            max_memory: None,
            self_ensemble: false,
        }
    }
}

/// A network with its weights packed for an instruction set, and threads to run it on. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    compiled: Arc<Compiled>,
    pool: Arc<rayon::ThreadPool>,
    options: EngineOptions,
    /// The last pass's plan: pictures of one size follow each other without taking memory again.
    spare: Arc<Mutex<Option<Plan>>>,
}

impl Engine {
    /// Packs the weights and starts the threads.
    ///
    /// # Errors
    ///
    /// [`Error::Limits`] if the instruction set or the precision is not available or threads or memory cannot be had,
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
        options.precision.check(options.isa)?;
        let threads = options.threads.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|n| format!("upwise-{n}"))
            .build()
            .map_err(|e| Error::Limits(format!("cannot start {threads} threads: {e}")))?;
        let compiled = pool.install(|| Compiled::new(network, options.isa, options.precision))?;
        let options = EngineOptions {
            threads,
            ..options.clone()
        };
        Ok(Engine {
            compiled: Arc::new(compiled),
            pool: Arc::new(pool),
            options,
            spare: Arc::default(),
        })
    }

    /// What the model is.
    pub fn info(&self) -> &ModelInfo {
        &self.compiled.info
    }

    /// Bytes of the weights as they are multiplied with, which it holds beside the memory of each pass.
    pub fn packed_bytes(&self) -> u64 {
        self.compiled.packed_bytes()
    }

    /// The same weights and threads with another memory limit.
    pub fn with_max_memory(&self, bytes: u64) -> Engine {
        let mut engine = self.clone();
        engine.options.max_memory = Some(bytes);
        engine
    }

    /// The options it was made with.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// The orientations that the result is the mean of.
    pub(crate) fn orientations(&self) -> &'static [Orientation] {
        let count = if self.options.self_ensemble { 8 } else { 1 };
        &Orientation::ALL[..count]
    }

    /// How a pass over `width` x `height` pixels would be cut, and the memory it would hold.
    ///
    /// # Errors
    ///
    /// [`Error::Limits`] if no tile fits the memory limit, [`Error::Shape`] if the picture is too small for the
    /// network.
    pub fn tiling(&self, width: usize, height: usize) -> Result<Tiling> {
        tile::choose(&self.compiled, (width, height), &self.options)
    }

    /// Multiply-adds of a pass over `width` x `height` pixels, halos of tiles and all orientations included, counted directly.
    ///
    /// # Errors
    ///
    /// As [`Engine::tiling`].
    pub fn macs(&self, width: usize, height: usize) -> Result<f64> {
        Ok(self.work(&self.tiling(width, height)?, width, height))
    }

    /// How a pass over `width` x `height` pixels would be computed: what was decided for each layer, and why the
    /// memory is what it is. Nothing is run.
    ///
    /// # Errors
    ///
    /// As [`Engine::tiling`].
    pub fn explain(&self, width: usize, height: usize) -> Result<Explanation> {
        let tiling = self.tiling(width, height)?;
        explain::explain(&self.compiled, &self.options, tiling)
    }

    /// A plan for `width` x `height` pixels in no more than `room` bytes if there is a way: the spare one if it fits, else a
    /// new one once the memory of `old` and of the spare is given back.
    pub(crate) fn plan(
        &self,
        old: Option<Plan>,
        (width, height): (usize, usize),
        room: u64,
    ) -> Result<Plan> {
        let fits = |plan: &Plan| plan.size() == (width, height);
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut plan) = old
            .filter(fits)
            .or(spare.filter(|plan| fits(plan) && plan.bytes() <= room))
        {
            plan.start();
            return Ok(plan);
        }
        let threads = self.options.threads;
        Plan::new(self.compiled.clone(), (width, height), threads, room)
    }

    /// Keeps a plan for the next picture.
    pub(crate) fn keep(&self, plan: Plan) {
        *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
    }

    pub(crate) fn pool(&self) -> &rayon::ThreadPool {
        &self.pool
    }

    /// Where tiles may begin: at multiples of it.
    pub(crate) fn grid(&self) -> usize {
        self.compiled.grid
    }

    /// Multiply-adds of a pass over `width` x `height` pixels, halos and all orientations included, counted directly.
    pub(crate) fn work(&self, tiling: &Tiling, width: usize, height: usize) -> f64 {
        let once = self.info().macs_per_pixel as f64 * (width * height) as f64;
        once * tiling.overhead * self.orientations().len() as f64
    }

    /// One pass at the network's own factor over a picture held in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the picture has not the model's channels, [`Error::Limits`] if no tile fits the
    /// memory limit, [`Error::Cancelled`] once the observer breaks.
    pub fn run(&self, image: &Image, observer: Option<Observer<'_>>) -> Result<Image> {
        self.run_reusing(image, observer, None)
    }

    /// As [`Engine::run`], into the memory of `spent`, an earlier result that is no longer needed. For pictures one after the
    /// other: the system has to find and clear the memory of a large result anew each time, which costs up to a twentieth of
    /// the run. Where `spent` has not room enough, or the picture is run in tiles, it is given back and new memory taken; also
    /// after an error.
    ///
    /// # Errors
    ///
    /// As [`Engine::run`].
    pub fn run_reusing(
        &self,
        image: &Image,
        observer: Option<Observer<'_>>,
        spent: Option<Image>,
    ) -> Result<Image> {
        let spent = spent.map_or_else(Vec::new, Image::into_data);
        self.check_channels(image.channels())?;
        let (width, height) = (image.width(), image.height());
        let tiling = self.tiling(width, height)?;
        let work = self.work(&tiling, width, height);
        let meter = Meter::new(work, observer);
        if tiling.tiles == 1 && !self.options.self_ensemble {
            let mut plan = self.plan(None, (width, height), tiling.arena_bytes)?;
            if let Some(len) = plan.output_len() {
                let mut rows = image.rows();
                let mut data = buffer::room_in(spent, len)?;
                while !plan.is_done() {
                    let mut source = |row: &mut [f32]| rows.next_row(row);
                    let share = plan.advance_into(&self.pool, &mut source, &mut data)?;
                    meter.add(share * work)?;
                }
                self.keep(plan);
                let (scale, channels) = (self.info().scale, self.info().out_channels);
                return Image::new(width * scale, height * scale, channels, data);
            }
            self.keep(plan);
        }
        drop(spent);
        Image::read(&mut self.pass(Box::new(image.rows()), Arc::new(meter))?)
    }

    /// One pass: rows of `info().in_channels` samples in, rows `info().scale` times as long and as many out.
    pub(crate) fn pass<'a>(
        &'a self,
        source: Box<dyn Rows + 'a>,
        meter: Arc<Meter<'a>>,
    ) -> Result<NetworkRows<'a>> {
        self.check_channels(source.channels())?;
        let tiling = self.tiling(source.width(), source.height())?;
        Ok(NetworkRows::new(self, tiling, source, meter))
    }

    fn check_channels(&self, channels: usize) -> Result<()> {
        let taken = self.info().in_channels;
        if channels == taken {
            return Ok(());
        }
        Err(Error::Shape(format!(
            "the model takes {taken} channels, the picture has {channels}"
        )))
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

    pub fn add(&self, work: f64) -> Result<()> {
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
