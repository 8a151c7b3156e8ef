//! A whole enlargement: as many passes of the network as the target needs, then a resample to its size.

use crate::Result;
use crate::engine::{Engine, Meter, Observer};
use crate::resample::{Filter, Light, Resample};
use crate::rows::{Image, Rows};
use crate::target::Target;
use std::sync::Arc;

/// How pictures are enlarged.
#[derive(Clone)]
pub enum Method {
    /// A network at its own factor, chained if the target is larger, then a Lanczos resample in linear
    /// light to the exact size.
    Network(Engine),
    /// A resampling filter alone. Nearest neighbour keeps pixel art blocky; the others work in linear light.
    Filter(Filter),
}

/// What an enlargement will cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Width of the result.
    pub width: usize,
    /// Height of the result.
    pub height: usize,
    /// Passes of the network.
    pub passes: usize,
    /// Bytes held at the same time for feature maps and rows in flight; the caller's own pictures not
    /// included.
    pub memory_bytes: u64,
    /// Multiply-adds of all passes, counted directly, halos of tiles included.
    pub macs: f64,
    /// Whether the result is the same, bit for bit, for every tile size and memory limit.
    pub exact: bool,
}

/// Enlarges pictures by one method. Networks run on their engine's threads, resampling on those of the
/// current rayon pool.
///
/// ```no_run
/// use upwise_engine::{Engine, EngineOptions, Image, Method, Model, Target, Upscaler};
///
/// let model = Model::open("4x.safetensors".as_ref())?;
/// let upscaler = Upscaler::new(Method::Network(Engine::new(&model, &EngineOptions::default())?));
/// let small = Image::new(2, 1, 3, vec![0.0, 0.5, 1.0, 1.0, 0.5, 0.0])?;
/// let big = upscaler.image(&small, &Target::Scale(4.0), None)?;
/// assert_eq!((big.width(), big.height()), (8, 4));
/// # Ok::<(), upwise_engine::Error>(())
/// ```
#[derive(Clone)]
pub struct Upscaler {
    method: Method,
}

impl Upscaler {
    /// An upscaler that uses `method` for every picture.
    pub fn new(method: Method) -> Upscaler {
        Upscaler { method }
    }

    /// The method it was made with.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// What enlarging `width` x `height` pixels to `target` will cost.
    ///
    /// # Errors
    ///
    /// [`Shape`](crate::Error::Shape) for a target out of range, [`Limits`](crate::Error::Limits) if no tile fits the memory limit.
    pub fn estimate(&self, width: usize, height: usize, target: &Target) -> Result<Estimate> {
        let (out_width, out_height) = target.size(width, height)?;
        let mut estimate = Estimate {
            width: out_width,
            height: out_height,
            passes: 0,
            memory_bytes: 0,
            macs: 0.0,
            exact: true,
        };
        let Method::Network(engine) = &self.method else {
            return Ok(estimate);
        };
        estimate.passes = passes(
            engine.info().scale,
            (width, height),
            (out_width, out_height),
        );
        let (mut w, mut h) = (width, height);
        for _ in 0..estimate.passes {
            let tiling = engine.tiling(w, h)?;
            estimate.memory_bytes += tiling.memory_bytes;
            estimate.macs += engine.work(&tiling, w, h);
            estimate.exact &= tiling.exact;
            w *= engine.info().scale;
            h *= engine.info().scale;
        }
        Ok(estimate)
    }

    /// Enlarges `source` to exactly `size` (width, height), row by row as rows are asked for.
    ///
    /// # Errors
    ///
    /// As [`Upscaler::estimate`]; [`Shape`](crate::Error::Shape) if the picture has not the model's channels. Rows report
    /// the source's errors and [`Cancelled`](crate::Error::Cancelled) once the observer breaks.
    pub fn rows<'a>(
        &'a self,
        source: Box<dyn Rows + 'a>,
        size: (usize, usize),
        observer: Option<Observer<'a>>,
    ) -> Result<Box<dyn Rows + 'a>> {
        let (width, height) = size;
        let engine = match &self.method {
            Method::Network(engine) => engine,
            Method::Filter(filter) => {
                let light = match filter {
                    Filter::Nearest => Light::Encoded,
                    _ => Light::Linear,
                };
                return Ok(Box::new(Resample::new(
                    source, width, height, *filter, light,
                )?));
            }
        };
        let from = (source.width(), source.height());
        let estimate = self.estimate(from.0, from.1, &Target::Size(width, height))?;
        let meter = Arc::new(Meter::new(estimate.macs, observer));
        let mut rows = source;
        for _ in 0..estimate.passes {
            rows = Box::new(engine.pass(rows, meter.clone())?);
        }
        if (rows.width(), rows.height()) != size {
            rows = Box::new(Resample::new(
                rows,
                width,
                height,
                Filter::Lanczos,
                Light::Linear,
            )?);
        }
        Ok(rows)
    }

    /// Enlarges a picture held in memory.
    ///
    /// # Errors
    ///
    /// As [`Upscaler::rows`].
    pub fn image(
        &self,
        image: &Image,
        target: &Target,
        observer: Option<Observer<'_>>,
    ) -> Result<Image> {
        let size = target.size(image.width(), image.height())?;
        Image::read(&mut *self.rows(Box::new(image.rows()), size, observer)?)
    }
}

/// Passes of a network of factor `scale` so that its result is at least as large as the target; at least
/// one, and one only for networks that do not enlarge.
fn passes(scale: usize, from: (usize, usize), to: (usize, usize)) -> usize {
    let mut reached = scale;
    let mut passes = 1;
    while scale > 1 && (from.0 * reached < to.0 || from.1 * reached < to.1) {
        reached *= scale;
        passes += 1;
    }
    passes
}
