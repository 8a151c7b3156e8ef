//! What all families share: loading convolutions with their shapes checked, and numbering slots.

use std::collections::BTreeSet;

use super::info;
use crate::Result;
use crate::network::{
    Activation, Conv, Family, INPUT, Input, Merge, ModelInfo, Network, Op, Output, Slot, SlotId,
};
use crate::weights::{StateDict, shown};

/// A network under construction.
pub(super) struct Builder<'a> {
    dict: &'a StateDict,
    slots: Vec<Slot>,
    ops: Vec<Op>,
    /// Tensors that were read: what is left over at the end belongs to some other network.
    used: BTreeSet<String>,
}

impl Conv {
    /// With an activation in place of the present one.
    pub(super) fn activate(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// With a merge after those that it has.
    pub(super) fn merge(mut self, merge: Merge) -> Self {
        self.merges.push(merge);
        self
    }

    /// With `v * scale + slot` after its merges.
    pub(super) fn add(self, slot: SlotId, scale: f32) -> Self {
        self.merge(Merge::Residual { slot, scale })
    }
}

impl<'a> Builder<'a> {
    /// Starts with slot 0 of `channels` channels.
    pub(super) fn new(dict: &'a StateDict, channels: usize) -> Self {
        Builder {
            dict,
            slots: vec![Slot { channels }],
            ops: Vec::new(),
            used: BTreeSet::new(),
        }
    }

    /// Marks a tensor as read and returns its numbers, whose shape must be `shape`.
    pub(super) fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let values = self.dict.tensor_f32(name, shape)?;
        self.used.insert(name.to_string());
        Ok(values)
    }

    /// As [`Builder::tensor`] in double precision.
    pub(super) fn tensor_f64(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f64>> {
        let values = self.dict.tensor_f64(name, shape)?;
        self.used.insert(name.to_string());
        Ok(values)
    }

    /// Marks a tensor as known but of no effect.
    pub(super) fn ignore(&mut self, name: String) {
        self.used.insert(name);
    }

    /// The convolution stored as `name.weight` and, unless it has none, `name.bias`: stride 1, padded so
    /// that the size stays.
    pub(super) fn conv(
        &mut self,
        name: &str,
        inputs: &[SlotId],
        out: usize,
        kernel: usize,
    ) -> Result<Conv> {
        let channels = self.channels(inputs);
        let weight = self.tensor(&format!("{name}.weight"), &[out, channels, kernel, kernel])?;
        let bias = format!("{name}.bias");
        let bias = match self.dict.contains(&bias) {
            true => self.tensor(&bias, &[out])?,
            false => vec![0.0; out],
        };
        Ok(Conv {
            name: name.to_string(),
            inputs: inputs.to_vec(),
            output: INPUT,
            kernel,
            stride: 1,
            padding: kernel / 2,
            weight,
            bias,
            activation: Activation::Identity,
            merges: Vec::new(),
        })
    }

    /// Channels of slots in sum.
    pub(super) fn channels(&self, slots: &[SlotId]) -> usize {
        slots.iter().map(|slot| self.slots[*slot].channels).sum()
    }

    /// Appends a convolution; returns its output slot.
    pub(super) fn push(&mut self, mut conv: Conv) -> SlotId {
        let output = self.slot(conv.bias.len());
        conv.output = output;
        self.ops.push(Op::Conv(conv));
        output
    }

    /// Appends an operation that is no convolution; `op` gets the number of its output slot.
    pub(super) fn push_op(&mut self, channels: usize, op: impl FnOnce(SlotId) -> Op) -> SlotId {
        let output = self.slot(channels);
        self.ops.push(op(output));
        output
    }

    fn slot(&mut self, channels: usize) -> SlotId {
        self.slots.push(Slot { channels });
        self.slots.len() - 1
    }

    /// The finished network.
    ///
    /// # Errors
    /// `Unsupported` if the dictionary has tensors that were not read: the file then holds a variant of
    /// the family, and leaving part of it out would silently give a wrong picture.
    pub(super) fn finish(
        self,
        family: Family,
        affine: Option<Vec<(f32, f32)>>,
        output: Output,
        detail: String,
    ) -> Result<Network> {
        let left: Vec<_> = self
            .dict
            .names()
            .filter(|n| !self.used.contains(*n))
            .collect();
        if !left.is_empty() {
            let some: Vec<_> = left.iter().take(4).copied().map(shown).collect();
            return Err(self.dict.unsupported(format!(
                "a variant of {family} with {} tensors that the known form does not have: {}",
                left.len(),
                some.join(", ")
            )));
        }
        let channels = self.slots[INPUT].channels;
        let out_channels = self.slots[output.slot].channels / (output.shuffle * output.shuffle);
        for (what, n) in [("takes", channels), ("makes", out_channels)] {
            if !matches!(n, 1 | 3 | 4) {
                return Err(self.dict.unsupported(format!(
                    "it {what} images of {n} channels; supported are 1 (grey), 3 (RGB) and 4 (RGBA)"
                )));
            }
        }
        let facts = info::derive(&self.slots, &self.ops, output);
        let Some(scale) = facts.scale else {
            return Err(self
                .dict
                .unsupported("it does not enlarge by a whole factor".into()));
        };
        Ok(Network {
            info: ModelInfo {
                family,
                scale,
                in_channels: channels,
                out_channels,
                parameters: facts.parameters,
                macs_per_pixel: facts.macs_per_pixel,
                receptive_radius: facts.receptive_radius,
                detail,
            },
            input: Input {
                channels,
                multiple: facts.multiple,
                affine,
            },
            slots: self.slots,
            ops: self.ops,
            output,
        })
    }
}

/// The shape of a convolution's weight, `[out, in, rows, columns]`, none of them zero.
pub(super) fn kernel_shape(dict: &StateDict, name: &str) -> Result<[usize; 4]> {
    let name = format!("{name}.weight");
    let shape = dict
        .shape(&name)
        .ok_or_else(|| dict.damaged(format!("tensor {name} is missing")))?;
    match <[usize; 4]>::try_from(shape) {
        Ok(shape) if !shape.contains(&0) => Ok(shape),
        _ => Err(dict.damaged(format!(
            "tensor {name} has shape {shape:?}, expected the four sides of a convolution kernel"
        ))),
    }
}
