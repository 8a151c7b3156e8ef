//! What a plan decided, as plain data for people and for tests.

use super::compile::{Algorithm, Compiled, Step};
use super::geometry::extents;
use super::layout::Layout;
use crate::Result;
use crate::kernel::table::RegisterTile;
use crate::simd::Isa;
use crate::tile::Tiling;

/// The order in which the rows of the feature maps are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// One layer after the other.
    Frame,
    /// All layers at once, each a little behind the one that feeds it.
    Stream,
}

/// How one convolution is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPlan {
    /// Name in the state dict.
    pub name: String,
    /// Channels in, all concatenated maps together; and out.
    pub channels: (usize, usize),
    /// Kernel side.
    pub kernel: usize,
    /// Input pixels between output pixels.
    pub stride: usize,
    /// Width and height of the output, of a tile with its halo where the picture is cut.
    pub size: (usize, usize),
    /// Chosen by the cost model.
    pub algorithm: Algorithm,
    /// One for each block of output channels.
    pub register_tiles: Vec<RegisterTile>,
    /// Part of the estimated cycles of all convolutions, 0 to 1.
    pub cost_share: f64,
    /// Bytes of its weights as packed for the kernels.
    pub packed_bytes: u64,
}

/// How a pass over a picture is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Whose kernels run.
    pub isa: Isa,
    /// Floats in a vector; register tiles are counted in them.
    pub lanes: usize,
    /// How the picture is cut.
    pub tiling: Tiling,
    /// How the rows of a tile are ordered.
    pub order: Order,
    /// Bytes of the arena: feature maps, scratch and finished rows of a tile.
    pub arena_bytes: u64,
    /// Bytes of all packed weights.
    pub packed_bytes: u64,
    /// Convolutions in the order of the network.
    pub layers: Vec<LayerPlan>,
}

/// Explains a pass over `size` (width, height) pixels that is cut as `tiling` says.
pub(crate) fn explain(
    compiled: &Compiled,
    isa: Isa,
    threads: usize,
    tiling: Tiling,
    size: (usize, usize),
) -> Result<Explanation> {
    let multiple = compiled.input.multiple;
    // The largest tile, as the tiling reckons its memory.
    let side = |tile: usize, total: usize| match tiling.tiles {
        1 => total.next_multiple_of(multiple),
        _ => (tile + 2 * tiling.halo)
            .min(total)
            .next_multiple_of(multiple),
    };
    let (width, height) = (side(tiling.width, size.0), side(tiling.height, size.1));
    let layout = Layout::new(compiled, width, height, threads)?;
    let extents = extents(compiled, width, height)?;
    let mut cycles = Vec::new();
    let mut layers = Vec::new();
    for step in &compiled.steps {
        let Step::Conv(conv) = step else { continue };
        let extent = extents[conv.output];
        cycles.push(conv.cycles * (extent.width * extent.height) as f64);
        let inputs = conv.inputs.iter().map(|&slot| compiled.channels[slot]);
        let tile = |vectors: usize| match conv.algorithm {
            Algorithm::Winograd => compiled.kernels.gemm[vectors - 1].tile,
            Algorithm::Direct => compiled.kernels.direct_tiles[vectors - 1],
        };
        layers.push(LayerPlan {
            name: conv.name.clone(),
            channels: (inputs.sum(), compiled.channels[conv.output]),
            kernel: conv.kernel,
            stride: conv.stride,
            size: (extent.width, extent.height),
            algorithm: conv.algorithm,
            register_tiles: conv.blocks.iter().map(|b| tile(b.vectors)).collect(),
            cost_share: 0.0,
            packed_bytes: size_of_val(conv.weights.as_slice()) as u64,
        });
    }
    let all: f64 = cycles.iter().sum();
    for (layer, cycles) in layers.iter_mut().zip(cycles) {
        layer.cost_share = cycles / all;
    }
    Ok(Explanation {
        isa,
        lanes: compiled.kernels.lanes,
        tiling,
        order: if layout.streams {
            Order::Stream
        } else {
            Order::Frame
        },
        arena_bytes: (layout.floats * size_of::<f32>()) as u64,
        packed_bytes: layers.iter().map(|layer| layer.packed_bytes).sum(),
        layers,
    })
}
