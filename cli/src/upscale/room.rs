//! The size of a result and the memory that it takes; refused where its format or the memory cannot have it.

use upwise_engine::Error as EngineError;

use super::planes::passes;
use super::scaler::{Plan, Scaler};
use crate::args::values::TargetSize;
use crate::failure::Failure;
use crate::picture::encode;
use crate::picture::{Format, Layout};

/// Memory that there is for a picture.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Bytes that one picture may take in all.
    pub memory: u64,
    /// Bytes that the network may take of them.
    pub engine: u64,
}

/// A picture, as far as its size matters.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// What a pixel consists of.
    pub layout: Layout,
}

impl Extent {
    /// Bytes of all samples.
    pub fn bytes(&self) -> u64 {
        self.width as u64 * self.height as u64 * self.layout.pixel_bytes() as u64
    }
}

impl Room {
    /// How the picture called `name` gets its size, and the bytes that it takes in all.
    pub fn plan(
        &self,
        scaler: &Scaler,
        picture: &Extent,
        target: TargetSize,
        format: Format,
        name: &str,
    ) -> Result<(Plan, u64), Failure> {
        let Extent { width, height, .. } = *picture;
        // Groups of channels go through the network side by side, each with memory of its own.
        let layout = picture.layout;
        let groups = passes(layout.colour, layout.alpha, scaler.channels()).len() as u64;
        let left = self.memory.saturating_sub(picture.bytes()) / groups;
        let plan = scaler
            .plan(width, height, target, left.min(self.engine))
            .map_err(|error| match error {
                // A size that no picture of this one can have.
                EngineError::Shape(words) => Failure::Limit(format!("{name}: {words}")),
                EngineError::Limits(words) => {
                    Failure::Limit(format!("{name}: {words} (--max-memory)"))
                }
                error => Failure::engine(name, error),
            })?;
        format
            .check_size(plan.width, plan.height)
            .map_err(|error| Failure::decode(name, error))?;
        let memory = picture.bytes()
            + plan.memory * groups
            + encode::memory(format, plan.width, plan.height);
        if memory > self.memory {
            return Err(Failure::Limit(format!(
                "{name}: {} MiB are needed, {} MiB are allowed; raise --max-memory, \
                 set a smaller size or tile, or use -f png",
                memory.div_ceil(1 << 20),
                self.memory >> 20
            )));
        }
        Ok((plan, memory))
    }
}
