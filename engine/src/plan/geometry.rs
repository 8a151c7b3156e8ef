//! Sizes: how many rows and pixels every slot has, and which rows a step needs to write others.

use super::compile::{Compiled, Emit, Step};
use crate::network::{INPUT, SlotId};
use crate::{Error, Result};
use std::ops::Range;

/// Longest side of an input. Sizes of maps computed from it stay far below what an integer can hold.
const MAX_SIDE: usize = 1 << 20;

/// Width and height of a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub width: usize,
    pub height: usize,
}

impl Step {
    /// The slot whose rows and pixels are made; for the last step, before the shuffle.
    pub fn makes(&self) -> SlotId {
        match self {
            Step::Conv(conv) => conv.output,
            Step::Unshuffle { output, .. }
            | Step::DepthToSpace { output, .. }
            | Step::Nearest { output, .. }
            | Step::MaxPool { output, .. }
            | Step::Bilinear { output, .. } => *output,
            Step::Emit { input, .. } => *input,
        }
    }

    /// What the last step does with its rows, which go to the picture.
    pub fn emit(&self) -> Option<&Emit> {
        match self {
            Step::Conv(conv) => conv.emit.as_ref(),
            Step::Emit { emit, .. } => Some(emit),
            _ => None,
        }
    }

    /// The slot that is written; `None` for the last step, which writes the picture.
    pub fn output(&self) -> Option<SlotId> {
        self.emit().is_none().then(|| self.makes())
    }

    /// Slots that are read, each with the rows of it that `rows` of the output need (before clamping to
    /// the slot's height). The last step counts its rows before the shuffle.
    pub fn reads(&self, rows: &Range<usize>) -> Vec<(SlotId, Range<isize>)> {
        let (a, b) = (rows.start as isize, rows.end as isize);
        let mut reads = match self {
            Step::Conv(conv) => {
                let (k, s, p) = (
                    conv.kernel as isize,
                    conv.stride as isize,
                    conv.padding as isize,
                );
                let window = a * s - p..(b - 1) * s - p + k;
                let inputs = conv.inputs.iter().map(|&slot| (slot, window.clone()));
                inputs
                    .chain(conv.merge_slots.iter().map(|&slot| (slot, a..b)))
                    .collect::<Vec<_>>()
            }
            &Step::Unshuffle { input, factor, .. } => {
                vec![(input, a * factor as isize..b * factor as isize)]
            }
            &Step::DepthToSpace { input, factor, .. } | &Step::Nearest { input, factor, .. } => {
                let f = factor as isize;
                vec![(input, a / f..(b - 1) / f + 1)]
            }
            &Step::MaxPool {
                input,
                kernel,
                stride,
                ..
            } => {
                let (k, s) = (kernel as isize, stride as isize);
                vec![(input, a * s..(b - 1) * s + k)]
            }
            &Step::Bilinear { input, .. } => vec![(input, 0..isize::MAX)],
            &Step::Emit { input, .. } => vec![(input, a..b)],
        };
        if self.emit().is_some_and(|emit| emit.skip) {
            reads.push((INPUT, a..b));
        }
        reads
    }
}

/// Extents of all slots for an input of `width` x `height`, both multiples of the network's own.
pub(crate) fn extents(compiled: &Compiled, width: usize, height: usize) -> Result<Vec<Extent>> {
    if width.max(height) > MAX_SIDE {
        return Err(Error::Limits(format!(
            "an image of {width}x{height} pixels is too large: sides may have {MAX_SIDE} pixels"
        )));
    }
    let mut extents = vec![
        Extent {
            width: 0,
            height: 0
        };
        compiled.channels.len()
    ];
    extents[INPUT] = Extent { width, height };
    for step in &compiled.steps {
        let output = step.makes();
        let each = |f: &dyn Fn(usize) -> Option<usize>, from: SlotId| {
            let e: Extent = extents[from];
            match (f(e.width), f(e.height)) {
                (Some(width), Some(height)) if width > 0 && height > 0 => {
                    Ok(Extent { width, height })
                }
                _ => Err(Error::Shape(format!(
                    "an image of {width}x{height} pixels is too small for this network"
                ))),
            }
        };
        extents[output] = match step {
            Step::Conv(c) => each(
                &|n| {
                    (n + 2 * c.padding)
                        .checked_sub(c.kernel)
                        .map(|n| n / c.stride + 1)
                },
                c.inputs[0],
            )?,
            &Step::Unshuffle { input, factor, .. } => each(&|n| Some(n / factor), input)?,
            &Step::DepthToSpace { input, factor, .. } | &Step::Nearest { input, factor, .. } => {
                each(&|n| Some(n * factor), input)?
            }
            &Step::MaxPool {
                input,
                kernel,
                stride,
                ..
            } => each(&|n| n.checked_sub(kernel).map(|n| n / stride + 1), input)?,
            &Step::Bilinear { like, .. } => extents[like],
            Step::Emit { .. } => continue,
        };
        let agree = |slot: &SlotId| extents[*slot] == extents[output];
        if let Step::Conv(c) = step {
            let inputs = c.inputs.iter().all(|s| extents[*s] == extents[c.inputs[0]]);
            if !inputs || !c.merge_slots.iter().all(agree) {
                return Err(Error::Shape(format!(
                    "convolution {}: its maps differ in size",
                    c.name
                )));
            }
        }
    }
    let last = extents[compiled.output.slot];
    let (shuffle, scale) = (compiled.output.shuffle, compiled.info.scale);
    if (last.width * shuffle, last.height * shuffle) != (width * scale, height * scale) {
        return Err(Error::Shape(
            "the network's output is not its input's size times the scale".into(),
        ));
    }
    Ok(extents)
}
