//! A network as plain data: a straight line of operations over numbered slots.
//!
//! `arch/` builds it from a state dict, `plan.rs` decides how to run it, `exec.rs` runs it. A slot is
//! written by exactly one operation and read by any number of later ones. Slot 0 holds the input pixels.
//! Nothing here depends on an instruction set or on an image size.

use std::fmt;

/// Index into [`Network::slots`].
pub type SlotId = usize;

/// The slot that holds the input pixels, after [`Input::affine`].
pub const INPUT: SlotId = 0;

/// Families of networks that the crate recognises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// SRVGGNetCompact (Wang et al., Real-ESRGAN, 2021).
    Compact,
    /// Swift Parameter-free Attention Network (Wan et al., NTIRE 2024).
    Span,
    /// ESRGAN / Real-ESRGAN / BSRGAN generator, RRDBNet (Wang et al., 2018).
    Esrgan,
    /// Residual Local Feature Network (Kong et al., NTIRE 2022).
    Rlfn,
    /// DRUNet of DPIR (Zhang et al., 2021), which cleans pictures and leaves their size.
    Drunet,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Family::Compact => "Compact",
            Family::Span => "SPAN",
            Family::Esrgan => "ESRGAN",
            Family::Rlfn => "RLFN",
            Family::Drunet => "DRUNet",
        })
    }
}

/// How far an output pixel looks, in input pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceptiveRadius {
    /// At most this many input pixels in each direction.
    Pixels(usize),
    /// Pooling or resizing ties every output pixel to the size and origin of the whole image.
    WholeImage,
}

/// What is known of a model without running it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// The network family.
    pub family: Family,
    /// Output pixels per input pixel along one axis.
    pub scale: usize,
    /// Channels of the input image (1, 3 or 4).
    pub in_channels: usize,
    /// Channels of the output image.
    pub out_channels: usize,
    /// Learned numbers, as the network runs (branches merged).
    pub parameters: usize,
    /// Multiply-adds of all convolutions per input pixel, counted directly (not after Winograd).
    pub macs_per_pixel: u64,
    /// How far an output pixel looks.
    pub receptive_radius: ReceptiveRadius,
    /// Hyper-parameters in the family's own words, for people: "48 features, 9 convolutions".
    pub detail: String,
}

/// What happens to pixels before the first operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Channels of slot 0.
    pub channels: usize,
    /// Width and height must be multiples of this; the border is mirrored up to it and cropped again.
    pub multiple: usize,
    /// `(scale, offset)` per channel: slot 0 holds `pixel * scale + offset`. Zero padding happens after it.
    pub affine: Option<Vec<(f32, f32)>>,
}

/// One feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Channels, before any padding to the vector length.
    pub channels: usize,
}

/// A point-wise function applied to a convolution's result.
#[derive(Clone, Debug, PartialEq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// `max(v, 0) + slope * min(v, 0)`; slope 0 is ReLU.
    LeakyRelu(f32),
    /// As leaky ReLU with a slope per output channel.
    PRelu(Vec<f32>),
    /// `v * sigmoid(v)`.
    Silu,
}

/// A step that brings another slot of the output's shape into a convolution's result, after the activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Merge {
    /// `v * scale + slot`.
    Residual {
        /// The map that is added.
        slot: SlotId,
        /// Factor on the value so far.
        scale: f32,
    },
    /// `(v + slot) * (sigmoid(v) - 1/2)`: SPAN's parameter-free attention.
    SpanAttention {
        /// The block's input.
        slot: SlotId,
    },
    /// `slot * sigmoid(v)`: the gate of an attention branch.
    Gate {
        /// The map that is gated.
        slot: SlotId,
    },
}

impl Merge {
    /// The slot that the step reads.
    pub fn slot(&self) -> SlotId {
        match *self {
            Merge::Residual { slot, .. } | Merge::SpanAttention { slot } | Merge::Gate { slot } => {
                slot
            }
        }
    }
}

/// A square convolution with zero padding and everything that is fused behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Name in the state dict, for profiles and errors.
    pub name: String,
    /// Inputs, concatenated along channels in this order.
    pub inputs: Vec<SlotId>,
    /// Output slot.
    pub output: SlotId,
    /// Kernel side.
    pub kernel: usize,
    /// Step between output pixels.
    pub stride: usize,
    /// Zero pixels added on each side.
    pub padding: usize,
    /// `[out][in][kernel][kernel]`, PyTorch's order.
    pub weight: Vec<f32>,
    /// One per output channel.
    pub bias: Vec<f32>,
    /// Applied to `convolution + bias`.
    pub activation: Activation,
    /// Applied after the activation, in order.
    pub merges: Vec<Merge>,
}

/// One step of a network.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Convolution.
    Conv(Conv),
    /// Space to depth: `[C][H*f][W*f] -> [C*f*f][H][W]`, channel `c*f*f + dy*f + dx` (PyTorch's order).
    PixelUnshuffle {
        /// Read from.
        input: SlotId,
        /// Written to.
        output: SlotId,
        /// Side of the block.
        factor: usize,
    },
    /// `[f*f*C][H][W] -> [C][H*f][W*f]`, from channel `(dy*f + dx)*C + c`: TensorFlow's order, in which the channels of a pixel lie together.
    DepthToSpace {
        /// Read from.
        input: SlotId,
        /// Written to.
        output: SlotId,
        /// Side of the block.
        factor: usize,
    },
    /// Each pixel repeated `factor` times in both directions.
    Nearest {
        /// Read from.
        input: SlotId,
        /// Written to.
        output: SlotId,
        /// Repetitions.
        factor: usize,
    },
    /// Maximum over a window, no padding.
    MaxPool {
        /// Read from.
        input: SlotId,
        /// Written to.
        output: SlotId,
        /// Side of the window.
        kernel: usize,
        /// Step between windows.
        stride: usize,
    },
    /// Bilinear resize to the size of another slot, `align_corners = false`.
    Bilinear {
        /// Read from.
        input: SlotId,
        /// Written to.
        output: SlotId,
        /// Slot whose width and height the output takes.
        like: SlotId,
    },
}

/// How the last slot becomes the output image: a pixel shuffle, then an optional skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// The slot that is shuffled; it has `out_channels * shuffle^2` channels, `c*f*f + dy*f + dx`.
    pub slot: SlotId,
    /// Depth to space by this factor; 1 leaves the map as it is.
    pub shuffle: usize,
    /// Adds the input image, enlarged by nearest neighbour (Compact's skip connection).
    pub skip: bool,
}

/// A network, ready to be planned.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// What it is.
    pub info: ModelInfo,
    /// How pixels enter.
    pub input: Input,
    /// Feature maps; slot 0 is the input.
    pub slots: Vec<Slot>,
    /// Steps in order of execution.
    pub ops: Vec<Op>,
    /// How pixels leave.
    pub output: Output,
}

impl Op {
    /// The slot that this operation writes.
    pub fn output(&self) -> SlotId {
        match self {
            Op::Conv(conv) => conv.output,
            Op::PixelUnshuffle { output, .. }
            | Op::DepthToSpace { output, .. }
            | Op::Nearest { output, .. }
            | Op::MaxPool { output, .. }
            | Op::Bilinear { output, .. } => *output,
        }
    }

    /// Every slot that this operation reads, merges included. `like` of a resize counts for its size only.
    pub fn reads(&self) -> Vec<SlotId> {
        match self {
            Op::Conv(conv) => conv
                .inputs
                .iter()
                .copied()
                .chain(conv.merges.iter().map(Merge::slot))
                .collect(),
            Op::PixelUnshuffle { input, .. }
            | Op::DepthToSpace { input, .. }
            | Op::Nearest { input, .. }
            | Op::MaxPool { input, .. }
            | Op::Bilinear { input, .. } => vec![*input],
        }
    }
}
