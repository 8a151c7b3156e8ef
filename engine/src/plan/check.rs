//! Whether a network is well formed. The kernels trust what passes here: a network is public data, and a
//! wrong slot number must be an error and not a stray pointer.

use crate::kernel::direct::MAX_KERNEL;
use crate::kernel::epilogue::MAX_MERGES;
use crate::network::{Activation, Conv, INPUT, Network, Op, SlotId};
use crate::{Error, Result};

/// Largest factor by which anything is shuffled, repeated, strided or pooled.
const MAX_FACTOR: usize = 64;

/// Most pixels of a map for a pixel of the input along one axis, and the other way around.
const MAX_DENSITY: usize = 1 << 20;

fn wrong<T>(what: impl Into<String>) -> Result<T> {
    Err(Error::Shape(format!(
        "the network is not well formed: {}",
        what.into()
    )))
}

/// # Errors
///
/// [`Error::Shape`] names the first thing that does not fit.
pub(crate) fn check(network: &Network) -> Result<()> {
    let slots = &network.slots;
    if slots.is_empty() || slots.iter().any(|s| s.channels == 0) {
        return wrong("a slot without channels");
    }
    let (info, input, output) = (&network.info, &network.input, network.output);
    if input.channels != slots[INPUT].channels || info.in_channels != input.channels {
        return wrong("the input's channels disagree");
    }
    if input
        .affine
        .as_ref()
        .is_some_and(|a| a.len() != input.channels)
    {
        return wrong("one scale and offset per input channel are needed");
    }
    if !(1..=MAX_FACTOR).contains(&input.multiple) || info.scale == 0 {
        return wrong("a multiple or scale out of range");
    }
    // Each slot's pixels per input pixel along one axis, as a fraction; None until it is written.
    let mut density: Vec<Option<(usize, usize)>> = vec![None; slots.len()];
    density[INPUT] = Some((1, 1));
    for op in &network.ops {
        let to = op.output();
        if to >= slots.len() || density[to].is_some() {
            return wrong(format!("slot {to} is written twice or does not exist"));
        }
        let read = |slot: SlotId| match density.get(slot) {
            Some(Some(density)) => Ok((slots[slot].channels, *density)),
            _ => wrong(format!("slot {slot} is read before it is written")),
        };
        let same = |from: SlotId| match read(from)? {
            (channels, density) if channels == slots[to].channels => Ok(density),
            _ => wrong(format!("slots {from} and {to} differ in channels")),
        };
        let factor_fits = |f: usize| match (1..=MAX_FACTOR).contains(&f) {
            true => Ok(()),
            false => wrong(format!("a factor of {f}")),
        };
        let (n, d) = match *op {
            Op::Conv(ref conv) => {
                for slot in op.reads() {
                    read(slot)?;
                }
                check_conv(conv, network)?;
                for merge in &conv.merges {
                    same(merge.slot())?;
                }
                let (n, d) = read(conv.inputs[0])?.1;
                (n, d * conv.stride)
            }
            Op::PixelUnshuffle { input, factor, .. } => {
                factor_fits(factor)?;
                let (channels, (n, d)) = read(input)?;
                if channels * factor * factor != slots[to].channels {
                    return wrong("an unshuffle whose channels do not fit");
                }
                (n, d * factor)
            }
            Op::DepthToSpace { input, factor, .. } => {
                factor_fits(factor)?;
                let (channels, (n, d)) = read(input)?;
                if channels != slots[to].channels * factor * factor {
                    return wrong("a shuffle whose channels do not fit");
                }
                (n * factor, d)
            }
            Op::Nearest { input, factor, .. } => {
                factor_fits(factor)?;
                let (n, d) = same(input)?;
                (n * factor, d)
            }
            Op::MaxPool {
                input,
                kernel,
                stride,
                ..
            } => {
                factor_fits(kernel)?;
                factor_fits(stride)?;
                let (n, d) = same(input)?;
                (n, d * stride)
            }
            Op::Bilinear { input, like, .. } => {
                same(input)?;
                read(like)?.1
            }
        };
        if n.max(d) > MAX_DENSITY {
            return wrong(format!("slot {to} is too large or too small"));
        }
        density[to] = Some((n, d));
    }
    let Some(&Some((n, d))) = density.get(output.slot) else {
        return wrong("the output slot is never written");
    };
    if !(1..=MAX_FACTOR).contains(&output.shuffle)
        || slots[output.slot].channels != info.out_channels * output.shuffle * output.shuffle
    {
        return wrong("the output's channels disagree");
    }
    if n * output.shuffle != d * info.scale {
        return wrong("the output is not the input's size times the scale");
    }
    if output.skip && (input.affine.is_some() || input.channels != info.out_channels || n != d) {
        return wrong("a skip connection needs the plain input picture");
    }
    Ok(())
}

fn check_conv(conv: &Conv, network: &Network) -> Result<()> {
    let channels = |slot: SlotId| network.slots[slot].channels;
    let name = &conv.name;
    if conv.inputs.is_empty()
        || !(1..=MAX_KERNEL).contains(&conv.kernel)
        || !(1..=MAX_FACTOR).contains(&conv.stride)
        || conv.padding >= conv.kernel
        || conv.merges.len() > MAX_MERGES
    {
        return wrong(format!(
            "{name}: kernels up to {MAX_KERNEL}, strides up to {MAX_FACTOR} and {MAX_MERGES} merges are \
             supported"
        ));
    }
    if conv.merges.iter().any(|merge| merge.slot() == INPUT) {
        return wrong(format!(
            "{name}: the input picture cannot be merged into a map"
        ));
    }
    let inputs: usize = conv.inputs.iter().map(|&s| channels(s)).sum();
    let outputs = channels(conv.output);
    let slopes = match &conv.activation {
        Activation::PRelu(slopes) => slopes.len(),
        _ => outputs,
    };
    if conv.weight.len() != outputs * inputs * conv.kernel * conv.kernel
        || conv.bias.len() != outputs
        || slopes != outputs
    {
        return wrong(format!("{name}: its weights do not fit its slots"));
    }
    Ok(())
}
