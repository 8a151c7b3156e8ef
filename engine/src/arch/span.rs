//! SPAN (Wan et al., "Swift Parameter-free Attention Network", NTIRE 2024).
//!
//! A convolution, blocks of three convolutions with parameter-free attention, a convolution, a 1x1
//! convolution over four of the maps, and a pixel shuffle. Checkpoints come in two forms. In training
//! form each 3x3 convolution is a 1x1 shortcut `sk` plus a chain `conv.0` (1x1), `conv.1` (3x3), `conv.2`
//! (1x1), which are merged here; a stored `eval_conv` is then a copy that training did not update, and is
//! not used. The slim form has `eval_conv` alone.

use super::builder::{Builder, kernel_shape};
use super::shuffle_factor;
use crate::Result;
use crate::network::{Activation, Conv, Family, INPUT, Merge, Network, Output, SlotId};
use crate::weights::StateDict;

/// Mean of DIV2K, subtracted unless the file has a tensor `no_norm`.
const MEAN: [f64; 3] = [0.4488, 0.4371, 0.4040];
const RANGE: f64 = 255.0;

pub(super) fn detect(dict: &StateDict) -> bool {
    dict.contains("conv_cat.weight")
        && (dict.contains("block_1.c1_r.sk.weight")
            || dict.contains("block_1.c1_r.eval_conv.weight"))
}

pub(super) fn build(dict: &StateDict) -> Result<Network> {
    let first = match dict.contains("conv_1.sk.weight") {
        true => "conv_1.sk",
        false => "conv_1.eval_conv",
    };
    let [features, channels, ..] = kernel_shape(dict, first)?;
    let [out, ..] = kernel_shape(dict, "upsampler.0")?;
    let blocks = super::count(dict, 1, |i| format!("block_{i}.c1_r.sk.weight")).max(super::count(
        dict,
        1,
        |i| format!("block_{i}.c1_r.eval_conv.weight"),
    ));
    if blocks < 2 {
        return Err(dict.unsupported("a SPAN network with fewer than two blocks".into()));
    }

    let mut b = Builder::new(dict, channels);
    let affine = normalisation(&mut b, dict, channels)?;
    let conv = conv3(&mut b, dict, "conv_1", INPUT, features)?;
    let feature = b.push(conv);
    let mut block = (feature, feature);
    let mut first_block = feature;
    for i in 1..=blocks {
        block = attention_block(&mut b, dict, &format!("block_{i}"), block.0, features)?;
        if i == 1 {
            first_block = block.0;
        }
    }
    let (body, last_inner) = block;
    let conv = conv3(&mut b, dict, "conv_2", body, features)?;
    let body = b.push(conv);
    let maps = [feature, body, first_block, last_inner];
    let conv = b.conv("conv_cat", &maps, features, 1)?;
    let merged = b.push(conv);
    let conv = b.conv("upsampler.0", &[merged], out, 3)?;
    let slot = b.push(conv);

    let shuffle = shuffle_factor(dict, "upsampler.0", out, channels)?;
    let output = Output {
        slot,
        shuffle,
        skip: false,
    };
    let detail = format!("{features} features, {blocks} blocks");
    b.finish(Family::Span, affine, output, detail)
}

/// `(pixel - mean) * 255`, applied to the pixels and not folded into `conv_1`: that convolution pads with
/// zeros after the subtraction.
fn normalisation(
    b: &mut Builder,
    dict: &StateDict,
    channels: usize,
) -> Result<Option<Vec<(f32, f32)>>> {
    if dict.contains("no_norm") {
        b.ignore("no_norm".into());
        return Ok(None);
    }
    if channels != MEAN.len() {
        return Err(dict.unsupported(format!(
            "a SPAN network of {channels} channels that subtracts the mean of RGB pictures"
        )));
    }
    let affine = MEAN.map(|mean| (RANGE as f32, (-mean * RANGE) as f32));
    Ok(Some(affine.to_vec()))
}

/// One block; returns its output and its first convolution's activated result.
fn attention_block(
    b: &mut Builder,
    dict: &StateDict,
    name: &str,
    input: SlotId,
    features: usize,
) -> Result<(SlotId, SlotId)> {
    let conv = conv3(b, dict, &format!("{name}.c1_r"), input, features)?;
    let inner = b.push(conv.activate(Activation::Silu));
    let conv = conv3(b, dict, &format!("{name}.c2_r"), inner, features)?;
    let second = b.push(conv.activate(Activation::Silu));
    let conv = conv3(b, dict, &format!("{name}.c3_r"), second, features)?;
    let out = b.push(conv.merge(Merge::SpanAttention { slot: input }));
    Ok((out, inner))
}

/// A 3x3 convolution in whichever form the file has it.
fn conv3(b: &mut Builder, dict: &StateDict, name: &str, input: SlotId, out: usize) -> Result<Conv> {
    let stored = format!("{name}.eval_conv");
    if !dict.contains(&format!("{name}.sk.weight")) {
        return b.conv(&stored, &[input], out, 3);
    }
    b.ignore(format!("{stored}.weight"));
    b.ignore(format!("{stored}.bias"));
    let channels = b.channels(&[input]);
    let (weight, bias) = merge(b, dict, name, channels, out)?;
    Ok(Conv {
        name: name.to_string(),
        inputs: vec![input],
        output: INPUT,
        kernel: 3,
        stride: 1,
        padding: 1,
        weight: weight.into_iter().map(|v| v as f32).collect(),
        bias: bias.into_iter().map(|v| v as f32).collect(),
        activation: Activation::Identity,
        merges: Vec::new(),
    })
}

/// The one convolution that equals the shortcut plus the chain of three.
///
/// In training the input is padded with zeros before `conv.0`, whose bias therefore also holds on the
/// border: the merged convolution is exact everywhere.
fn merge(
    b: &mut Builder,
    dict: &StateDict,
    name: &str,
    channels: usize,
    out: usize,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let [wide, ..] = kernel_shape(dict, &format!("{name}.conv.0"))?;
    let [wider, ..] = kernel_shape(dict, &format!("{name}.conv.1"))?;
    let first = b.tensor_f64(&format!("{name}.conv.0.weight"), &[wide, channels, 1, 1])?;
    let second = b.tensor_f64(&format!("{name}.conv.1.weight"), &[wider, wide, 3, 3])?;
    let third = b.tensor_f64(&format!("{name}.conv.2.weight"), &[out, wider, 1, 1])?;
    let shortcut = b.tensor_f64(&format!("{name}.sk.weight"), &[out, channels, 1, 1])?;
    let mut bias = |part: &str, n: usize| {
        let name = format!("{name}.{part}.bias");
        match dict.contains(&name) {
            true => b.tensor_f64(&name, &[n]),
            false => Ok(vec![0.0; n]),
        }
    };
    let first_bias = bias("conv.0", wide)?;
    let second_bias = bias("conv.1", wider)?;
    let third_bias = bias("conv.2", out)?;
    let shortcut_bias = bias("sk", out)?;

    // conv.2 after conv.1: [out][wide][9].
    let tail = matmul(&third, &second, wider);
    // That after conv.0: contract `wide`, which lies in the middle of `tail`.
    let mut weight = vec![0.0; out * channels * 9];
    for o in 0..out {
        for m in 0..wide {
            let taps = &tail[(o * wide + m) * 9..][..9];
            for c in 0..channels {
                let factor = first[m * channels + c];
                for (w, tap) in weight[(o * channels + c) * 9..][..9].iter_mut().zip(taps) {
                    *w += tap * factor;
                }
            }
        }
        for c in 0..channels {
            weight[(o * channels + c) * 9 + 4] += shortcut[o * channels + c];
        }
    }

    let mut total = matmul(&third, &second_bias, wider);
    for (o, total) in total.iter_mut().enumerate() {
        let taps = tail[o * wide * 9..][..wide * 9].chunks(9).zip(&first_bias);
        *total += taps
            .map(|(taps, b)| taps.iter().sum::<f64>() * b)
            .sum::<f64>();
        *total += third_bias[o] + shortcut_bias[o];
    }
    Ok((weight, total))
}

/// `a` of shape `[n][inner]` times `b` of shape `[inner][m]`.
fn matmul(a: &[f64], b: &[f64], inner: usize) -> Vec<f64> {
    let columns = b.len() / inner;
    let mut product = vec![0.0; a.len() / inner * columns];
    for (row, out) in a.chunks(inner).zip(product.chunks_mut(columns)) {
        for (factor, b) in row.iter().zip(b.chunks(columns)) {
            for (out, b) in out.iter_mut().zip(b) {
                *out += factor * b;
            }
        }
    }
    product
}
