//! The size of a result and the memory that it takes; refused where its format or the memory cannot have it.

use upwise_engine::{DEFAULT_MAX_MEMORY, Error as EngineError};

use super::planes::passes;
use super::scaler::{Plan, Scaler};
use crate::args::machine::MachineArgs;
use crate::args::values::TargetSize;
use crate::failure::Failure;
use crate::memory;
use crate::picture::encode;
use crate::picture::{Format, Layout};

/// Memory that there is for a picture.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Bytes that the process may take in all, with one picture.
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
    /// What is allowed, or else most of what is free: no reason for the network to take more than is of use to it.
    pub fn new(machine: &MachineArgs) -> Room {
        Room {
            memory: machine.max_memory(),
            engine: machine.max_memory.unwrap_or(DEFAULT_MAX_MEMORY),
        }
    }

    /// Bytes that the network of `scaler` may take for each of `groups` of channels beside pictures of so many bytes.
    pub fn of_network(&self, scaler: &Scaler, pictures: u64, groups: u64) -> u64 {
        let held = memory::OF_PROGRAM + scaler.held() + pictures;
        (self.memory.saturating_sub(held) / groups).min(self.engine)
    }

    /// How the picture called `name` gets its size, and the bytes that the process then takes in all: program, weights,
    /// picture, and what is computed.
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
        let held = memory::OF_PROGRAM + scaler.held() + picture.bytes();
        let left = self.of_network(scaler, picture.bytes(), groups);
        let plan = scaler
            .plan(width, height, target, left)
            .map_err(|error| match error {
                // A size that no picture of this one can have.
                EngineError::Shape(words) => Failure::Limit(format!("{name}: {words}")),
                EngineError::Limits(words) => Failure::Limit(format!(
                    "{name}: {words} (--max-memory is {} MiB, of which program, weights and picture take {})",
                    self.memory >> 20,
                    held.div_ceil(1 << 20)
                )),
                error => Failure::engine(name, error),
            })?;
        format
            .check_size(plan.width, plan.height)
            .map_err(|error| Failure::decode(name, error))?;
        let memory = held + plan.memory * groups + encode::memory(format, plan.width, plan.height);
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
