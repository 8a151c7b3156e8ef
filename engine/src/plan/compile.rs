//! A network made ready for an instruction set: an algorithm per convolution and its weights packed for it.

use super::check::check;
use super::cost::{self, Choice, Shape};
use super::pack::Packing;
use crate::Result;
use crate::buffer::Buffer;
use crate::kernel::epilogue::{Act, Epilogue, MergeStep};
use crate::kernel::table::Kernels;
use crate::kernel::winograd;
use crate::network::{
    Activation, Conv, INPUT, Input, Merge, ModelInfo, Network, Op, Output, SlotId,
};
use crate::simd::{Isa, Precision};
use rayon::prelude::*;

/// A column block: `vectors` vectors of output channels, with its weights at `offset` in the packed buffer.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub vectors: usize,
    pub first_vector: usize,
    pub offset: usize,
}

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Winograd's minimal filtering F(6x6, 3x3): 64 multiplications for 324 (Lavin & Gray, 2016).
    Winograd,
    /// One multiplication for each weight and pixel.
    Direct,
    /// The same in bf16 on AMX's matrix tiles.
    Amx,
}

/// A convolution with packed weights.
pub(crate) struct CompiledConv {
    pub name: String,
    pub inputs: Vec<SlotId>,
    pub output: SlotId,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub algorithm: Algorithm,
    /// Cycles per output pixel, by the model of `cost.rs`.
    pub cycles: f64,
    /// Channels reduced over, padding included.
    pub depth: usize,
    /// Vectors of output channels.
    pub vectors: usize,
    pub blocks: Vec<Block>,
    /// By [`Packing`].
    pub weights: Buffer,
    pub epilogue: Epilogue,
    pub merge_slots: Vec<SlotId>,
    /// For the last one: its rows go to the picture as soon as they are made, and `output` to no memory.
    pub emit: Option<Emit>,
}

/// Pixel shuffle and skip into the output rows.
pub(crate) struct Emit {
    pub shuffle: usize,
    pub skip: bool,
    /// `channel_of[(dy * shuffle + dx) * channels + c]`.
    pub channel_of: Vec<usize>,
}

/// One step of a compiled network.
pub(crate) enum Step {
    Conv(Box<CompiledConv>),
    Unshuffle {
        input: SlotId,
        output: SlotId,
        factor: usize,
    },
    DepthToSpace {
        input: SlotId,
        output: SlotId,
        factor: usize,
    },
    Nearest {
        input: SlotId,
        output: SlotId,
        factor: usize,
    },
    MaxPool {
        input: SlotId,
        output: SlotId,
        kernel: usize,
        stride: usize,
    },
    Bilinear {
        input: SlotId,
        output: SlotId,
        like: SlotId,
    },
    /// Where no convolution comes last.
    Emit {
        input: SlotId,
        emit: Emit,
    },
}

/// A network compiled for one instruction set; shared by all plans over it.
pub(crate) struct Compiled {
    pub info: ModelInfo,
    pub input: Input,
    pub output: Output,
    /// Channels of each slot, before padding.
    pub channels: Vec<usize>,
    /// Tile origins are multiples of this: Winograd's tile in the coarsest map.
    pub grid: usize,
    pub kernels: &'static Kernels,
    /// Channels of each slot as they lie in memory, whole vectors but for the input.
    pub padded: Vec<usize>,
    /// Whether a slot holds bf16: it is made on matrix tiles, and convolutions on matrix tiles are all that read it.
    pub bf16: Vec<bool>,
    pub steps: Vec<Step>,
}

impl CompiledConv {
    /// Bytes of its weights.
    pub fn packed_bytes(&self) -> u64 {
        size_of_val(self.weights.as_slice()) as u64
    }
}

impl Compiled {
    /// Bytes of the weights of all convolutions.
    pub fn packed_bytes(&self) -> u64 {
        let convs = self.steps.iter().filter_map(|step| match step {
            Step::Conv(conv) => Some(conv.packed_bytes()),
            _ => None,
        });
        convs.sum()
    }

    /// Packs the weights of `network`, which is not needed any more afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where sizes of weights and slots do not agree.
    pub fn new(network: &Network, isa: Isa, precision: Precision) -> Result<Compiled> {
        check(network)?;
        let kernels = Kernels::with(isa, precision);
        let lanes = kernels.lanes;
        // The input is read by broadcasts only, so it needs no padding.
        let padded: Vec<usize> = (0..network.slots.len())
            .map(|s| match s {
                INPUT => network.slots[s].channels,
                _ => network.slots[s].channels.next_multiple_of(lanes),
            })
            .collect();
        let out = network.output;
        let channels = network.info.out_channels;
        let area = out.shuffle * out.shuffle;
        // PyTorch's order is c * area + position; writing position * channels + c instead makes every row
        // of a shuffled block contiguous in the picture.
        let shuffled: Vec<usize> = (0..area * channels)
            .map(|n| (n % channels) * area + n / channels)
            .collect();
        let producer = network.ops.iter().rposition(|op| op.output() == out.slot);
        let reorder = match producer.map(|i| &network.ops[i]) {
            Some(Op::Conv(conv)) => {
                conv.merges.is_empty()
                    && !network.ops.iter().any(|op| op.reads().contains(&out.slot))
            }
            _ => false,
        };
        let compile_op = |(i, op): (usize, &Op)| {
            Ok(match *op {
                Op::Conv(ref conv) => {
                    let order = (reorder && producer == Some(i)).then_some(shuffled.as_slice());
                    Step::Conv(Box::new(compile_conv(
                        conv, network, &padded, kernels, order,
                    )?))
                }
                Op::PixelUnshuffle {
                    input,
                    output,
                    factor,
                } => Step::Unshuffle {
                    input,
                    output,
                    factor,
                },
                Op::DepthToSpace {
                    input,
                    output,
                    factor,
                } => Step::DepthToSpace {
                    input,
                    output,
                    factor,
                },
                Op::Nearest {
                    input,
                    output,
                    factor,
                } => Step::Nearest {
                    input,
                    output,
                    factor,
                },
                Op::MaxPool {
                    input,
                    output,
                    kernel,
                    stride,
                } => Step::MaxPool {
                    input,
                    output,
                    kernel,
                    stride,
                },
                Op::Bilinear {
                    input,
                    output,
                    like,
                } => Step::Bilinear {
                    input,
                    output,
                    like,
                },
            })
        };
        // On the engine's threads: a large model has two million filters to transform.
        let steps: Result<Vec<Step>> = network.ops.par_iter().enumerate().map(compile_op).collect();
        let mut steps = steps?;
        let channel_of = if reorder {
            (0..area * channels).collect()
        } else {
            shuffled
        };
        let emit = Emit {
            shuffle: out.shuffle,
            skip: out.skip,
            channel_of,
        };
        match steps.last_mut() {
            Some(Step::Conv(conv)) if conv.output == out.slot => conv.emit = Some(emit),
            _ => steps.push(Step::Emit {
                input: out.slot,
                emit,
            }),
        }
        Ok(Compiled {
            info: network.info.clone(),
            input: network.input.clone(),
            output: network.output,
            channels: network.slots.iter().map(|slot| slot.channels).collect(),
            grid: winograd::TILE * coarsest(network),
            kernels,
            bf16: bf16(&steps, padded.len()),
            padded,
            steps,
        })
    }
}

/// Input pixels along an axis for one of the coarsest map's.
fn coarsest(network: &Network) -> usize {
    let mut pixels = vec![1; network.slots.len()];
    for op in &network.ops {
        let from = op.reads().first().map_or(1, |&slot| pixels[slot]);
        pixels[op.output()] = match *op {
            Op::PixelUnshuffle { factor, .. } => from * factor,
            Op::DepthToSpace { factor, .. } | Op::Nearest { factor, .. } => (from / factor).max(1),
            Op::Conv(_) | Op::MaxPool { .. } | Op::Bilinear { .. } => from,
        };
    }
    pixels.into_iter().max().unwrap_or(1)
}

/// Which slots can hold bf16: what reads them would round them all the same.
fn bf16(steps: &[Step], slots: usize) -> Vec<bool> {
    let mut bf16 = vec![false; slots];
    for step in steps {
        if let (Step::Conv(conv), Some(output)) = (step, step.output()) {
            bf16[output] = conv.algorithm == Algorithm::Amx;
        }
    }
    for step in steps {
        let others = match step {
            Step::Conv(conv) if conv.algorithm == Algorithm::Amx => conv.merge_slots.clone(),
            _ => {
                let reads = step.reads(&(0..1)).into_iter();
                reads.map(|(slot, _)| slot).collect()
            }
        };
        for slot in others {
            bf16[slot] = false;
        }
    }
    bf16
}

fn compile_conv(
    conv: &Conv,
    network: &Network,
    stride: &[usize],
    kernels: &'static Kernels,
    order: Option<&[usize]>,
) -> Result<CompiledConv> {
    let lanes = kernels.lanes;
    let outputs = network.slots[conv.output].channels;
    let depth: usize = conv.inputs.iter().map(|&s| stride[s]).sum();
    let vectors = outputs.div_ceil(lanes);
    let Choice {
        algorithm,
        blocks: tiles,
        cycles,
    } = cost::choose(
        Shape {
            kernel: conv.kernel,
            depth,
            inputs: conv.inputs.len(),
            vectors,
            // Winograd loads whole vectors of channels, which the unpadded input has not.
            winograd: (conv.kernel, conv.stride, conv.padding) == (3, 1, 1)
                && !conv.inputs.contains(&INPUT),
            amx: conv.stride == 1 && !conv.inputs.contains(&INPUT),
        },
        kernels,
    );
    let source = |n: usize| order.map_or(n, |order| order[n]);
    let inputs: Vec<(usize, usize)> = conv
        .inputs
        .iter()
        .map(|&s| (network.slots[s].channels, stride[s]))
        .collect();
    let packing = Packing {
        conv,
        inputs: &inputs,
        outputs,
        source: &source,
        lanes,
        algorithm,
    };
    let (blocks, weights) = packing.pack(tiles.iter().map(|tile| tile.vectors))?;

    let padded = |values: &dyn Fn(usize) -> f32| -> Vec<f32> {
        (0..vectors * lanes)
            .map(|n| if n < outputs { values(source(n)) } else { 0.0 })
            .collect()
    };
    let slopes = |slopes: Vec<f32>| match slopes.iter().all(|&s| s <= 1.0) {
        true => Act::FlatSlopes(slopes),
        false => Act::Slopes(slopes),
    };
    let act = match &conv.activation {
        Activation::Identity => Act::Identity,
        Activation::LeakyRelu(slope) => slopes(padded(&|_| *slope)),
        Activation::PRelu(each) => slopes(padded(&|n| each[n])),
        Activation::Silu => Act::Silu,
    };
    let merges = conv.merges.iter().map(|merge| match *merge {
        Merge::Residual { scale, .. } => MergeStep::Residual { scale },
        Merge::SpanAttention { .. } => MergeStep::SpanAttention,
        Merge::Gate { .. } => MergeStep::Gate,
    });
    Ok(CompiledConv {
        name: conv.name.clone(),
        inputs: conv.inputs.clone(),
        output: conv.output,
        kernel: conv.kernel,
        stride: conv.stride,
        padding: conv.padding,
        algorithm,
        cycles,
        depth,
        vectors,
        blocks,
        weights,
        epilogue: Epilogue {
            bias: padded(&|n| conv.bias[n]),
            act,
            merges: merges.collect(),
        },
        merge_slots: conv.merges.iter().map(Merge::slot).collect(),
        emit: None,
    })
}
