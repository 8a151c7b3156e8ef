//! Compact (SRVGGNetCompact; Wang et al., "Real-ESRGAN", 2021).
//!
//! A chain at input resolution: 3x3 convolution, PReLU, and so on; the last convolution feeds a pixel
//! shuffle, and the input enlarged by nearest neighbour is added. `body` numbers convolutions and
//! activations alike: 0, 2, 4, ... are convolutions, 1, 3, 5, ... slopes.

use super::builder::{Builder, kernel_shape};
use super::shuffle_factor;
use crate::Result;
use crate::network::{Activation, Family, INPUT, Network, Output};
use crate::weights::StateDict;

pub(super) fn detect(dict: &StateDict) -> bool {
    let rank = |name| dict.shape(name).map(<[usize]>::len);
    rank("body.0.weight") == Some(4) && rank("body.2.weight") == Some(4)
}

pub(super) fn build(dict: &StateDict) -> Result<Network> {
    let [features, channels, ..] = kernel_shape(dict, "body.0")?;
    let depth = super::count(dict, 0, |i| format!("body.{}.weight", 2 * i));
    let last = 2 * (depth - 1);
    let [out, ..] = kernel_shape(dict, &format!("body.{last}"))?;
    let shuffle = shuffle_factor(dict, &format!("body.{last}"), out, channels)?;

    let mut b = Builder::new(dict, channels);
    let fixed = fixed_activation(dict)?;
    let mut slot = INPUT;
    for i in 0..depth - 1 {
        let conv = b.conv(&format!("body.{}", 2 * i), &[slot], features, 3)?;
        let activation = match &fixed {
            Some(activation) => activation.clone(),
            None => Activation::PRelu(slopes(&mut b, dict, 2 * i + 1, features)?),
        };
        slot = b.push(conv.activate(activation));
    }
    let conv = b.conv(&format!("body.{last}"), &[slot], out, 3)?;
    let output = Output {
        slot: b.push(conv),
        shuffle,
        skip: true,
    };
    let detail = format!("{features} features, {depth} convolutions");
    b.finish(Family::Compact, None, output, detail)
}

/// One slope per channel; a single slope holds for all.
fn slopes(b: &mut Builder, dict: &StateDict, index: usize, features: usize) -> Result<Vec<f32>> {
    let name = format!("body.{index}.weight");
    if dict.shape(&name) == Some(&[1]) {
        return Ok(vec![b.tensor(&name, &[1])?[0]; features]);
    }
    b.tensor(&name, &[features])
}

/// The activation of a network without slope tensors.
///
/// ReLU and leaky ReLU leave no trace among the tensors, so the file's metadata has to say which it is:
/// `act_type`, in the words of the reference implementation.
fn fixed_activation(dict: &StateDict) -> Result<Option<Activation>> {
    if dict.contains("body.1.weight") {
        return Ok(None);
    }
    match dict.metadata("act_type") {
        Some("relu") => Ok(Some(Activation::LeakyRelu(0.0))),
        Some("leakyrelu") => Ok(Some(Activation::LeakyRelu(0.1))),
        _ => Err(dict.unsupported(
            "a Compact network without PReLU slopes: its tensors do not tell ReLU from leaky ReLU. \
             Save it as .safetensors with the metadata act_type = relu or leakyrelu"
                .into(),
        )),
    }
}
