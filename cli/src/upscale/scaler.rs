//! The engine as this command uses it: the only file that knows its types by name.

use std::sync::OnceLock;
use std::time::Instant;

use upwise_engine::{
    Engine, EngineOptions, Filter, Image, Isa, Method, Observer, Result, Rows, Target, Upscaler,
};
use upwise_weights::Family;

use crate::args::upscale::RunArgs;
use crate::args::values::TargetSize;
use crate::digest::Digest;
use crate::failure::Failure;
use crate::models::{self, Choice, Found, Resampler, Source};

/// The factor of a filter when none is asked for.
const FILTER_SCALE: f64 = 2.0;
/// Multiply-adds of a trial of the network: some hundredths of a second.
const TRIAL_MACS: f64 = 4e9;
/// Multiply-adds that are worth a trial: many seconds.
const WORTH_A_TRIAL: f64 = 1e12;

/// Bytes of a pixel of four channels between the network and the encoder.
const BYTES_PER_PIXEL: usize = 16;
/// Rows on their way to the encoder.
const ROWS_IN_FLIGHT: usize = 8;
/// Rows that a filter holds besides, on both sides: a few batches.
const ROWS_OF_FILTER: usize = 64;

/// A network or a filter, ready for any number of pictures.
pub struct Scaler {
    choice: Choice,
    weights: OnceLock<Option<Digest>>,
    network: Option<Network>,
    filter: Upscaler,
}

struct Network {
    engine: Engine,
    scale: usize,
    channels: usize,
    /// Multiply-adds a second, once it was tried.
    speed: OnceLock<Option<f64>>,
}

/// How one picture is enlarged, and what it takes.
pub struct Plan {
    /// The network within the memory that this picture leaves.
    network: Option<Upscaler>,
    /// Pixels in a row of the result.
    pub width: usize,
    /// Rows of the result.
    pub height: usize,
    /// Passes of the network over the picture.
    pub passes: usize,
    /// Bytes that the engine holds for one group of channels.
    pub memory: u64,
    /// Multiply-adds for one group of channels.
    pub macs: f64,
}

/// How the engine is run with these options and this much memory.
///
/// # Errors
///
/// [`Failure::Usage`] if they exclude one another.
pub fn engine_options(
    args: &RunArgs,
    max_memory: u64,
) -> std::result::Result<EngineOptions, Failure> {
    let isa = args.machine.isa.unwrap_or_else(Isa::detect);
    let (precision, checked) = (args.precision, args.precision.check(isa));
    checked.map_err(|e| Failure::Usage(e.to_string()))?;
    Ok(EngineOptions {
        isa,
        precision,
        threads: args.machine.threads(),
        tile: (args.tile > 0).then_some(args.tile),
        max_memory: Some(max_memory),
        self_ensemble: args.self_ensemble,
    })
}

impl Network {
    /// Multiply-adds a second on a small picture.
    fn try_out(&self) -> Option<f64> {
        let macs_per_pixel = self.engine.info().macs_per_pixel as f64;
        let side = (TRIAL_MACS / macs_per_pixel).sqrt().clamp(32.0, 256.0) as usize;
        let grey = vec![0.5; side * side * self.channels];
        let picture = Image::new(side, side, self.channels, grey).ok()?;
        let mut seconds = 0.0;
        // The first run also takes memory and warms the caches.
        for _ in 0..2 {
            let start = Instant::now();
            self.engine.run(&picture, None).ok()?;
            seconds = start.elapsed().as_secs_f64();
        }
        Some(self.engine.macs(side, side).ok()? / seconds.max(1e-9))
    }
}

impl Scaler {
    /// Opens the model, if it is one, and packs its weights.
    pub fn new(choice: &Choice, options: &EngineOptions) -> std::result::Result<Self, Failure> {
        let filter = match choice {
            Choice::Resampler(Resampler::Nearest) => Filter::Nearest,
            Choice::Resampler(Resampler::Bicubic) => Filter::Bicubic,
            Choice::Resampler(Resampler::Lanczos) | Choice::Model(_) => Filter::Lanczos,
        };
        let network = match choice {
            Choice::Resampler(_) => None,
            Choice::Model(found) => {
                let model = models::open(found)?;
                let info = model.info();
                let (scale, channels) = (info.scale, info.in_channels);
                if info.out_channels != channels || ![1, 3].contains(&channels) {
                    return Err(Failure::Model(format!(
                        "model {}: {} channels in and {} out; pictures take models of 1 or 3",
                        found.name, channels, info.out_channels
                    )));
                }
                let engine = Engine::new(&model, options)
                    .map_err(|error| Failure::engine(&found.name, error))?;
                Some(Network {
                    engine,
                    scale,
                    channels,
                    speed: OnceLock::new(),
                })
            }
        };
        Ok(Scaler {
            choice: choice.clone(),
            weights: OnceLock::new(),
            network,
            filter: Upscaler::new(Method::Filter(filter)),
        })
    }

    /// The model's or the filter's name.
    pub fn name(&self) -> &str {
        self.choice.name()
    }

    /// What `-n` takes to find the same again.
    pub fn wish(&self) -> String {
        match &self.choice {
            Choice::Model(Found {
                source: Source::File(path),
                ..
            }) => path.display().to_string(),
            choice => choice.name().to_string(),
        }
    }

    /// The digest of the model's file; `None` for a filter.
    pub fn weights(&self) -> std::result::Result<Option<Digest>, Failure> {
        match self.weights.get() {
            Some(weights) => Ok(*weights),
            None => {
                let weights = models::weights_digest(&self.choice)?;
                Ok(*self.weights.get_or_init(|| weights))
            }
        }
    }

    /// Bytes that it holds whatever the picture: the network's weights as they are multiplied with.
    pub fn held(&self) -> u64 {
        let network = self.network.as_ref();
        network.map_or(0, |network| network.engine.packed_bytes())
    }

    /// The factor of the network.
    pub fn scale(&self) -> Option<f64> {
        self.network.as_ref().map(|network| network.scale as f64)
    }

    /// Channels that the network takes at a time; `None` for a filter, which takes any.
    pub fn channels(&self) -> Option<usize> {
        self.network.as_ref().map(|network| network.channels)
    }

    /// Whether the model knows its pictures only as they stand: letters have no other orientations.
    pub fn is_upright(&self) -> bool {
        match &self.choice {
            Choice::Model(Found {
                source: Source::Embedded(model),
                ..
            }) => model.family == Family::Text,
            _ => false,
        }
    }

    /// Whether the result has each pixel of the picture many times over.
    pub fn repeats_pixels(&self) -> bool {
        let nearest = matches!(self.filter.method(), Method::Filter(Filter::Nearest));
        self.network.is_none() && nearest
    }

    /// The size where none is asked for.
    pub fn default_target(&self) -> TargetSize {
        TargetSize::Scale(self.scale().unwrap_or(FILTER_SCALE))
    }

    /// How `width` x `height` pixels get the size that was asked for, with at most `memory` bytes for
    /// each group of channels that goes through the network.
    pub fn plan(&self, width: usize, height: usize, size: TargetSize, memory: u64) -> Result<Plan> {
        // Smaller than the picture: nothing for a network to do.
        if let Some((w, h)) = size.delivered(width, height)
            && (w < width || h < height)
        {
            let rows = ROWS_OF_FILTER * (width + w);
            return Ok(Plan {
                network: None,
                width: w,
                height: h,
                passes: 0,
                memory: (rows * BYTES_PER_PIXEL) as u64,
                macs: 0.0,
            });
        }
        let target = match size {
            TargetSize::Scale(factor) => Target::Scale(factor),
            TargetSize::Width(width) => Target::Width(width),
            TargetSize::Height(height) => Target::Height(height),
            TargetSize::Size(width, height) => Target::Size(width, height),
            TargetSize::Megapixels(megapixels) => Target::Megapixels(megapixels),
            TargetSize::Longest(_) | TargetSize::Cover { .. } => {
                let (width, height) = size.delivered(width, height).unwrap_or_default();
                Target::Size(width, height)
            }
        };
        let within = |memory| {
            let network = self.network.as_ref().map(|network| {
                let engine = network.engine.with_max_memory(memory);
                Upscaler::new(Method::Network(engine))
            });
            let method = network.as_ref().unwrap_or(&self.filter);
            let estimate = method.estimate(width, height, &target)?;
            Ok((network, estimate))
        };
        // Sizes do not depend on the memory, and what the rows in flight take of it is not the network's.
        let (_, estimate) = within(u64::MAX)?;
        let scale = self.network.as_ref().map_or(1, |network| network.scale);
        let enlarged = [width, height].map(|side| side * scale.pow(estimate.passes as u32));
        let rows = match enlarged == [estimate.width, estimate.height] {
            true => ROWS_IN_FLIGHT * estimate.width,
            false => ROWS_OF_FILTER * (enlarged[0] + estimate.width),
        };
        let rows = (rows * BYTES_PER_PIXEL) as u64;
        let (network, estimate) = within(memory.saturating_sub(rows))?;
        Ok(Plan {
            network,
            width: estimate.width,
            height: estimate.height,
            passes: estimate.passes,
            memory: estimate.memory_bytes + rows,
            macs: estimate.macs,
        })
    }

    /// Seconds that the network will take for so many multiply-adds, by a short trial of it on this machine; `None`
    /// where they are too few for the trial, or there is no network.
    pub fn seconds(&self, macs: f64) -> Option<f64> {
        let worth = macs >= WORTH_A_TRIAL;
        worth.then(|| self.seconds_tried(macs)).flatten()
    }

    /// The same, however few they are.
    pub fn seconds_tried(&self, macs: f64) -> Option<f64> {
        let network = self.network.as_ref()?;
        let speed = network.speed.get_or_init(|| network.try_out());
        speed.map(|speed| macs / speed)
    }

    /// Runs the network over rows of [`Scaler::channels`], at its own factor as often as the plan says.
    /// What is left to the exact size waits until colour and alpha are together again, because alpha is
    /// not resampled in linear light.
    pub fn network_rows<'a>(
        &self,
        source: Box<dyn Rows + 'a>,
        plan: &'a Plan,
        observer: Observer<'a>,
    ) -> Result<Box<dyn Rows + 'a>> {
        let (Some(network), Some(upscaler)) = (&self.network, &plan.network) else {
            return Ok(source);
        };
        let mut rows = source;
        for pass in 1..=plan.passes {
            let size = (rows.width() * network.scale, rows.height() * network.scale);
            // Each pass pulls the one before it, so the last tells how far all are; it is also by far
            // the largest.
            let observer = (pass == plan.passes).then_some(observer);
            rows = upscaler.rows(rows, size, observer)?;
        }
        Ok(rows)
    }

    /// Brings rows of colour, with alpha or without, to the plan's final size.
    pub fn final_rows<'a>(
        &'a self,
        source: Box<dyn Rows + 'a>,
        plan: &Plan,
    ) -> Result<Box<dyn Rows + 'a>> {
        let size = (plan.width, plan.height);
        if (source.width(), source.height()) == size {
            return Ok(source);
        }
        self.filter.rows(source, size, None)
    }
}
