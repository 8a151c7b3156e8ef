//! Stands in for the engine's resampler until it is there: nearest neighbour for every filter.
#![allow(missing_docs, dead_code)]

use upwise_engine::{Engine, Error, Observer, Result, Rows};

pub enum Filter {
    Nearest,
    Bicubic,
    Lanczos,
}
pub enum Method {
    Network(Engine),
    Filter(Filter),
}
pub enum Target {
    Scale(f64),
    Width(usize),
    Height(usize),
    Size(usize, usize),
    Megapixels(f64),
}
pub struct Estimate {
    pub width: usize,
    pub height: usize,
    pub passes: usize,
    pub memory_bytes: u64,
}
pub struct Upscaler {
    method: Method,
}
impl Upscaler {
    pub fn new(method: Method) -> Self {
        Upscaler { method }
    }
    pub fn estimate(&self, w: usize, h: usize, target: &Target) -> Result<Estimate> {
        let scaled = |f: f64| {
            (
                ((w as f64 * f).round() as usize).max(1),
                ((h as f64 * f).round() as usize).max(1),
            )
        };
        let (width, height) = match *target {
            Target::Scale(f) => scaled(f),
            Target::Width(to) => (to, scaled(to as f64 / w as f64).1),
            Target::Height(to) => (scaled(to as f64 / h as f64).0, to),
            Target::Size(w, h) => (w, h),
            Target::Megapixels(mp) => scaled((mp * 1e6 / (w * h) as f64).sqrt()),
        };
        Ok(Estimate {
            width,
            height,
            passes: 0,
            memory_bytes: 0,
        })
    }
    pub fn rows<'a>(
        &'a self,
        source: Box<dyn Rows + 'a>,
        size: (usize, usize),
        _observer: Option<Observer<'a>>,
    ) -> Result<Box<dyn Rows + 'a>> {
        if matches!(self.method, Method::Network(_)) {
            return Err(Error::Limits("networks are not there yet".into()));
        }
        let row = vec![0.0; source.width() * source.channels()];
        Ok(Box::new(Nearest {
            source,
            size,
            row,
            read: 0,
            y: 0,
        }))
    }
}
struct Nearest<'a> {
    source: Box<dyn Rows + 'a>,
    size: (usize, usize),
    row: Vec<f32>,
    read: usize,
    y: usize,
}
impl Rows for Nearest<'_> {
    fn width(&self) -> usize {
        self.size.0
    }
    fn height(&self) -> usize {
        self.size.1
    }
    fn channels(&self) -> usize {
        self.source.channels()
    }
    fn next_row(&mut self, out: &mut [f32]) -> Result<()> {
        let from = self.y * self.source.height() / self.size.1;
        while self.read <= from {
            self.source.next_row(&mut self.row)?;
            self.read += 1;
        }
        let n = self.channels();
        for (x, out) in out.chunks_exact_mut(n).enumerate() {
            let at = x * self.source.width() / self.size.0 * n;
            out.copy_from_slice(&self.row[at..at + n]);
        }
        self.y += 1;
        Ok(())
    }
}
