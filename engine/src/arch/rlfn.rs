//! RLFN (Kong et al., "Residual Local Feature Network", NTIRE 2022).
//!
//! A convolution, blocks of three leaky-ReLU convolutions with a residual, a 1x1 convolution and enhanced
//! spatial attention (ESA), a convolution with a long residual, and a pixel shuffle. ESA pools a strided
//! map and stretches it back over the picture, so the network looks at the whole image.

use super::builder::{Builder, kernel_shape};
use super::shuffle_factor;
use crate::Result;
use crate::network::{Activation, Family, INPUT, Merge, Network, Op, Output, SlotId};
use crate::weights::StateDict;

/// The published networks take and make pixels of 0 to 255.
const RANGE: f64 = 255.0;
const SLOPE: f32 = 0.05;

pub(super) fn detect(dict: &StateDict) -> bool {
    dict.contains("block_1.esa.conv1.weight")
        && dict.contains("block_1.c5.weight")
        && dict.contains("upsampler.0.weight")
}

pub(super) fn build(dict: &StateDict) -> Result<Network> {
    let [features, channels, ..] = kernel_shape(dict, "conv_1")?;
    let [middle, ..] = kernel_shape(dict, "block_1.c1_r")?;
    let [attention, ..] = kernel_shape(dict, "block_1.esa.conv1")?;
    let [out, ..] = kernel_shape(dict, "upsampler.0")?;
    let blocks = super::count(dict, 1, |i| format!("block_{i}.c1_r.weight"));
    let shuffle = shuffle_factor(dict, "upsampler.0", out, channels)?;

    let mut b = Builder::new(dict, channels);
    let conv = b.conv("conv_1", &[INPUT], features, 3)?;
    let feature = b.push(conv);
    let mut slot = feature;
    for i in 1..=blocks {
        slot = block(&mut b, &format!("block_{i}"), slot, middle, attention)?;
    }
    let conv = b.conv("conv_2", &[slot], features, 3)?;
    slot = b.push(conv.add(feature, 1.0));

    let mut conv = b.conv("upsampler.0", &[slot], out, 3)?;
    for v in conv.weight.iter_mut().chain(&mut conv.bias) {
        *v = (f64::from(*v) / RANGE) as f32;
    }
    let output = Output {
        slot: b.push(conv),
        shuffle,
        skip: false,
    };
    let affine = vec![(RANGE as f32, 0.0); channels];
    let detail = format!("{features} features, {blocks} blocks, attention over {attention}");
    b.finish(Family::Rlfn, Some(affine), output, detail)
}

fn block(
    b: &mut Builder,
    name: &str,
    input: SlotId,
    middle: usize,
    attention: usize,
) -> Result<SlotId> {
    let features = b.channels(&[input]);
    let leaky = || Activation::LeakyRelu(SLOPE);
    let conv = b.conv(&format!("{name}.c1_r"), &[input], middle, 3)?;
    let mut slot = b.push(conv.activate(leaky()));
    let conv = b.conv(&format!("{name}.c2_r"), &[slot], middle, 3)?;
    slot = b.push(conv.activate(leaky()));
    let conv = b.conv(&format!("{name}.c3_r"), &[slot], features, 3)?;
    slot = b.push(conv.activate(leaky()).add(input, 1.0));
    let conv = b.conv(&format!("{name}.c5"), &[slot], features, 1)?;
    slot = b.push(conv);
    spatial_attention(b, &format!("{name}.esa"), slot, attention)
}

/// ESA: the gate is computed at a sixth of the resolution, then stretched to the map that it gates.
fn spatial_attention(b: &mut Builder, name: &str, input: SlotId, n: usize) -> Result<SlotId> {
    let features = b.channels(&[input]);
    let conv = b.conv(&format!("{name}.conv1"), &[input], n, 1)?;
    let reduced = b.push(conv);
    let mut conv = b.conv(&format!("{name}.conv2"), &[reduced], n, 3)?;
    conv.stride = 2;
    conv.padding = 0;
    let strided = b.push(conv);
    let pooled = b.push_op(n, |output| Op::MaxPool {
        input: strided,
        output,
        kernel: 7,
        stride: 3,
    });
    let conv = b.conv(&format!("{name}.conv3"), &[pooled], n, 3)?;
    let coarse = b.push(conv);
    let stretched = b.push_op(n, |output| Op::Bilinear {
        input: coarse,
        output,
        like: reduced,
    });
    let conv = b.conv(&format!("{name}.conv_f"), &[reduced], n, 1)?;
    let sum = b.push(conv.add(stretched, 1.0));
    let conv = b.conv(&format!("{name}.conv4"), &[sum], features, 1)?;
    Ok(b.push(conv.merge(Merge::Gate { slot: input })))
}
