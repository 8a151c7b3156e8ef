//! DRUNet (Zhang et al., "Plug-and-Play Image Restoration with Deep Denoiser Prior", 2021; DPIR).
//!
//! A convolution, residual blocks at four resolutions on the way down and at three of them on the way up, additive skips
//! between the two, and a convolution: the size stays, and nothing has a bias. Between resolutions lie a convolution of 2x2
//! pixels at a stride of two and its transpose, which here are a fold or an unfold of blocks of 2x2 pixels beside a convolution
//! of 1x1.
//!
//! The picture has one channel more, which tells the level of its noise. It is the same everywhere: [`LEVEL`].

use super::builder::{Builder, kernel_shape};
use super::count;
use crate::Result;
use crate::network::{Activation, Conv, Family, INPUT, Network, Op, Output, SlotId};
use crate::weights::StateDict;

/// Standard deviation of the noise that the network is told of: what spandrel tells it.
const LEVEL: f32 = 15.0 / 255.0;
/// Resolutions above the lowest.
const LEVELS: usize = 3;
/// Pixels of a level for one of the next, along an axis.
const FACTOR: usize = 2;

pub(super) fn detect(dict: &StateDict) -> bool {
    dict.contains("m_head.weight")
        && dict.contains("m_down1.0.res.0.weight")
        && dict.contains("m_tail.weight")
}

pub(super) fn build(dict: &StateDict) -> Result<Network> {
    let [features, inputs, ..] = kernel_shape(dict, "m_head")?;
    let [channels, ..] = kernel_shape(dict, "m_tail")?;
    if inputs != channels + 1 {
        return Err(dict.unsupported(format!(
            "a DRUNet that takes {inputs} channels and makes {channels}; it takes one more, for the level of the noise"
        )));
    }
    let blocks = count(dict, 0, |i| format!("m_body.{i}.res.0.weight"));

    let mut b = Builder::new(dict, channels);
    // The same everywhere, whatever the picture.
    let level = pointwise(
        "level of the noise",
        INPUT,
        vec![0.0; channels],
        vec![LEVEL],
    );
    let level = b.push(level);
    let conv = b.conv("m_head", &[INPUT, level], features, 3)?;
    let mut slot = b.push(conv);
    let mut skips = vec![slot];
    let mut widths = vec![features];
    for level in 1..=LEVELS {
        let way = format!("m_down{level}");
        slot = residual_blocks(&mut b, &way, 0..blocks, slot, None)?;
        slot = down(&mut b, dict, &format!("{way}.{blocks}"), slot)?;
        widths.push(b.channels(&[slot]));
        skips.push(slot);
    }
    slot = residual_blocks(&mut b, "m_body", 0..blocks, slot, skips.pop())?;
    for level in (1..=LEVELS).rev() {
        let way = format!("m_up{level}");
        slot = up(&mut b, &format!("{way}.0"), slot, widths[level - 1])?;
        slot = residual_blocks(&mut b, &way, 1..blocks + 1, slot, skips.pop())?;
    }
    let conv = b.conv("m_tail", &[slot], channels, 3)?;
    let output = Output {
        slot: b.push(conv),
        shuffle: 1,
        skip: false,
    };
    let widths: Vec<_> = widths.iter().map(usize::to_string).collect();
    let detail = format!(
        "{} features, {blocks} blocks a level, told a noise of sigma 15",
        widths.join("-")
    );
    b.finish(Family::Drunet, None, output, detail)
}

/// Blocks `way.i`: a convolution, ReLU, a convolution, and what the block began with. The last one's result gets `skip` as well.
fn residual_blocks(
    b: &mut Builder,
    way: &str,
    blocks: std::ops::Range<usize>,
    mut slot: SlotId,
    skip: Option<SlotId>,
) -> Result<SlotId> {
    let features = b.channels(&[slot]);
    let last = blocks.end;
    for i in blocks {
        let conv = b.conv(&format!("{way}.{i}.res.0"), &[slot], features, 3)?;
        let inner = b.push(conv.activate(Activation::LeakyRelu(0.0)));
        let mut conv = b.conv(&format!("{way}.{i}.res.2"), &[inner], features, 3)?;
        conv = conv.add(slot, 1.0);
        if let Some(skip) = skip.filter(|_| i + 1 == last) {
            conv = conv.add(skip, 1.0);
        }
        slot = b.push(conv);
    }
    Ok(slot)
}

/// A convolution of 2x2 pixels at a stride of two: of 1x1 over the folded map, whose channels lie in the order of the kernel's numbers.
fn down(b: &mut Builder, dict: &StateDict, name: &str, input: SlotId) -> Result<SlotId> {
    let [out, ..] = kernel_shape(dict, name)?;
    let channels = b.channels(&[input]);
    let folded = channels * FACTOR * FACTOR;
    let shape = [out, channels, FACTOR, FACTOR];
    let weight = b.tensor(&format!("{name}.weight"), &shape)?;
    let slot = b.push_op(folded, |output| Op::PixelUnshuffle {
        input,
        output,
        factor: FACTOR,
    });
    Ok(b.push(pointwise(name, slot, weight, vec![0.0; out])))
}

/// Its transpose: a convolution of 1x1 that makes the four pixels of a block one after the other, and their unfolding.
fn up(b: &mut Builder, name: &str, input: SlotId, out: usize) -> Result<SlotId> {
    let channels = b.channels(&[input]);
    let area = FACTOR * FACTOR;
    let shape = [channels, out, FACTOR, FACTOR];
    let transposed = b.tensor(&format!("{name}.weight"), &shape)?;
    let mut weight = vec![0.0; transposed.len()];
    for (n, value) in transposed.into_iter().enumerate() {
        let (from, to, place) = (n / (out * area), n / area % out, n % area);
        weight[(place * out + to) * channels + from] = value;
    }
    let input = b.push(pointwise(name, input, weight, vec![0.0; out * area]));
    Ok(b.push_op(out, |output| Op::DepthToSpace {
        input,
        output,
        factor: FACTOR,
    }))
}

/// A convolution of 1x1.
fn pointwise(name: &str, input: SlotId, weight: Vec<f32>, bias: Vec<f32>) -> Conv {
    Conv {
        name: name.into(),
        inputs: vec![input],
        output: INPUT,
        kernel: 1,
        stride: 1,
        padding: 0,
        weight,
        bias,
        activation: Activation::Identity,
        merges: Vec::new(),
    }
}
