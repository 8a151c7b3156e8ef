//! The network as the engine takes it, and the two layers on top, from the file that `recipe/glance.py` writes.

use upwise_engine::Result;
use upwise_engine::network::{
    Activation, Conv, Family, Input, ModelInfo, Network, Op, Output, ReceptiveRadius, Slot,
};
use upwise_engine::weights::StateDict;

use crate::report::Utilities;

static FILE: &[u8] = include_bytes!("glance.safetensors");

/// Added to a variance before its logarithm.
pub(super) const FLOOR: f64 = 1e-4;
/// Of leaky ReLU, after every convolution but the last.
const SLOPE: f32 = 0.1;
/// Side of the blocks of pixels that the first convolution takes for one.
const UNSHUFFLE: usize = 2;
/// The convolution that halves its map.
const STRIDED: usize = 2;
/// Output channels of the convolutions.
const CHANNELS: [usize; 6] = [32, 32, 48, 48, 48, 48];
/// Pixels along a side for one of the last map; pictures' sides are multiples of it.
pub(super) const BLOCK: usize = 4;
/// Width of the first layer on top, and of the second.
const HIDDEN: usize = 64;
const ANSWERS: usize = 6;

/// The layers on top.
pub(super) struct Head {
    hidden: Layer,
    answer: Layer,
}

struct Layer {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Layer {
    fn read(file: &StateDict, name: &str, inputs: usize, outputs: usize) -> Result<Layer> {
        Ok(Layer {
            weight: file.tensor_f32(&format!("{name}.weight"), &[outputs, inputs])?,
            bias: file.tensor_f32(&format!("{name}.bias"), &[outputs])?,
        })
    }

    fn run(&self, inputs: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(inputs.len()).zip(&self.bias);
        rows.map(|(row, bias)| row.iter().zip(inputs).map(|(w, v)| w * v).sum::<f32>() + bias)
            .collect()
    }
}

impl Head {
    /// Channels of the last map.
    pub(super) fn channels(&self) -> usize {
        CHANNELS[CHANNELS.len() - 1]
    }

    /// By 2 and by 4, from means and logarithms of variances of the channels.
    pub(super) fn answers(&self, pooled: &[f32]) -> [Utilities; 2] {
        let hidden: Vec<f32> = self.hidden.run(pooled).iter().map(|v| v.max(0.0)).collect();
        let answers = self.answer.run(&hidden);
        // What is learned are gains.
        [0, 3].map(|at| Utilities {
            filter: answers[at],
            network: answers[at] + answers[at + 1],
            fix: answers[at] + answers[at + 1] + answers[at + 2],
        })
    }
}

/// Reads the embedded file.
pub(super) fn read() -> Result<(Network, Head)> {
    let file = StateDict::from_bytes("glance", FILE)?;
    let mut ops = vec![Op::PixelUnshuffle {
        input: 0,
        output: 1,
        factor: UNSHUFFLE,
    }];
    let mut inputs = 3 * UNSHUFFLE * UNSHUFFLE;
    let mut slots = vec![Slot { channels: 3 }, Slot { channels: inputs }];
    let (mut parameters, mut per_pixel) = (0, 0.0);
    for (i, &outputs) in CHANNELS.iter().enumerate() {
        let last = i + 1 == CHANNELS.len();
        ops.push(Op::Conv(Conv {
            name: format!("body.{i}"),
            inputs: vec![i + 1],
            output: i + 2,
            kernel: 3,
            stride: if i == STRIDED { 2 } else { 1 },
            padding: 1,
            weight: file.tensor_f32(&format!("body.{i}.weight"), &[outputs, inputs, 3, 3])?,
            bias: file.tensor_f32(&format!("body.{i}.bias"), &[outputs])?,
            activation: match last {
                true => Activation::Identity,
                false => Activation::LeakyRelu(SLOPE),
            },
            merges: Vec::new(),
        }));
        slots.push(Slot { channels: outputs });
        let side = if i < STRIDED { UNSHUFFLE } else { BLOCK };
        parameters += outputs * (inputs * 9 + 1);
        per_pixel += (outputs * inputs * 9) as f64 / (side * side) as f64;
        inputs = outputs;
    }
    let network = Network {
        info: ModelInfo {
            family: Family::Compact,
            scale: 1,
            in_channels: 3,
            out_channels: inputs / (BLOCK * BLOCK),
            parameters,
            macs_per_pixel: per_pixel.round() as u64,
            // One pixel of a map on each side for each convolution.
            receptive_radius: ReceptiveRadius::Pixels(2 * UNSHUFFLE + UNSHUFFLE + 4 * BLOCK),
            detail: format!("{} convolutions", CHANNELS.len()),
        },
        input: Input {
            channels: 3,
            multiple: BLOCK,
            affine: Some(vec![(1.0, -0.5); 3]),
        },
        output: Output {
            slot: slots.len() - 1,
            shuffle: BLOCK,
            skip: false,
        },
        slots,
        ops,
    };
    let head = Head {
        hidden: Layer::read(&file, "hidden", 2 * inputs, HIDDEN)?,
        answer: Layer::read(&file, "answer", HIDDEN, ANSWERS)?,
    };
    Ok((network, head))
}

#[cfg(test)]
mod tests {
    use upwise_engine::{Engine, EngineOptions};

    #[test]
    fn the_embedded_network_is_well_formed() {
        let (network, _) = super::read().expect("the file has every tensor");
        let engine = Engine::from_network(&network, &EngineOptions::default());
        engine.expect("the engine takes it");
    }
}
