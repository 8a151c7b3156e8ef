//! What a plan decided, as plain data for people and for tests.

use super::compile::{Algorithm, Compiled, Step};
use super::geometry::extents;
use super::layout::Layout;
use crate::Result;
use crate::engine::EngineOptions;
use crate::kernel::amx;
use crate::kernel::table::RegisterTile;
use crate::simd::{Isa, Precision};
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
    /// How exactly they compute.
    pub precision: Precision,
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

/// Explains a pass over a picture that is cut as `tiling` says.
pub(crate) fn explain(
    compiled: &Compiled,
    options: &EngineOptions,
    tiling: Tiling,
) -> Result<Explanation> {
    // The largest tile, as the tiling reckons its memory.
    let side = |side: usize| side.next_multiple_of(compiled.input.multiple);
    let (width, height) = (side(tiling.extended.0), side(tiling.extended.1));
    let layout = Layout::new(
        compiled,
        (width, height),
        options.threads,
        options.max_memory(),
    )?;
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
            Algorithm::Amx => RegisterTile {
                rows: amx::BLOCK,
                vectors,
            },
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
            packed_bytes: conv.packed_bytes(),
        });
    }
    let all: f64 = cycles.iter().sum();
    for (layer, cycles) in layers.iter_mut().zip(cycles) {
        layer.cost_share = cycles / all;
    }
    Ok(Explanation {
        isa: options.isa,
        precision: options.precision,
        lanes: compiled.kernels.lanes,
        tiling,
        order: if layout.streams {
            Order::Stream
        } else {
            Order::Frame
        },
        arena_bytes: layout.bytes() as u64,
        packed_bytes: compiled.packed_bytes(),
        layers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::tile;
    use std::path::Path;

    fn compiled(isa: Isa) -> Compiled {
        compiled_in(isa, Precision::F32)
    }

    fn compiled_in(isa: Isa, precision: Precision) -> Compiled {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../weights/photo-fast-x4.safetensors"
        );
        let model = Model::open(Path::new(path)).unwrap();
        Compiled::new(model.network(), isa, precision).unwrap()
    }

    fn explained(compiled: &Compiled, isa: Isa, side: usize, tile: Option<usize>) -> Explanation {
        within(compiled, isa, side, tile, 1 << 30)
    }

    fn within(
        compiled: &Compiled,
        isa: Isa,
        side: usize,
        tile: Option<usize>,
        room: u64,
    ) -> Explanation {
        let options = EngineOptions {
            isa,
            threads: 2,
            tile,
            max_memory: Some(room),
            ..EngineOptions::default()
        };
        let tiling = tile::choose(compiled, (side, side), &options).unwrap();
        explain(compiled, &options, tiling).unwrap()
    }

    /// The shipped model on every instruction set, whether this machine has it or not.
    #[test]
    fn the_default_model() {
        for (isa, tile) in [
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, (8, 3)),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, (6, 2)),
            (Isa::Portable, (6, 1)),
        ] {
            let plan = explained(&compiled(isa), isa, 64, None);
            assert_eq!((plan.order, plan.tiling.tiles), (Order::Frame, 1));
            let (first, rest) = plan.layers.split_first().unwrap();
            assert_eq!(
                (first.algorithm, first.channels),
                (Algorithm::Direct, (3, 48))
            );
            for layer in rest {
                assert_eq!(layer.algorithm, Algorithm::Winograd, "{isa}: {layer:?}");
                let tiles = layer.register_tiles.iter().map(|t| (t.rows, t.vectors));
                assert!(tiles.clone().all(|t| t == tile), "{isa}: {layer:?}");
                let vectors: usize = tiles.map(|t| t.1).sum();
                assert_eq!(vectors * plan.lanes, 48);
                // 64 frequencies of 48 by 48 channels, and what keeps blocks on cache lines apart.
                let bytes = (64 * 48 * 48 * size_of::<f32>()) as u64;
                assert_eq!(layer.packed_bytes, bytes);
            }
            let shares: f64 = plan.layers.iter().map(|layer| layer.cost_share).sum();
            assert!((shares - 1.0).abs() < 1e-9);
        }
    }

    /// What is explained is what the tiling counted, and what would run.
    #[test]
    fn memory_and_order_follow_the_size() {
        let isa = Isa::Portable;
        let compiled = compiled(isa);
        let large = explained(&compiled, isa, 1000, None);
        assert_eq!(large.order, Order::Stream);
        assert_eq!(large.arena_bytes, large.tiling.memory_bytes);
        assert_eq!(large.layers[1].size, (1000, 1000));
        let cut = explained(&compiled, isa, 1000, Some(102));
        let side = 102 + 2 * cut.tiling.halo;
        assert_eq!((cut.tiling.tiles, cut.layers[1].size), (100, (side, side)));
        // Beside the arena a cut picture has rows waiting on both sides: of a row of tiles with its halo, and of
        // the finished pixels of one.
        let waiting = (side * 1000 * 3 + 4 * 102 * 4000 * 3) * size_of::<f32>();
        assert_eq!(cut.arena_bytes + waiting as u64, cut.tiling.memory_bytes);
    }

    /// Small rings are slower than large ones, but no pixel is computed twice.
    #[test]
    fn rings_shrink_before_a_picture_is_cut() {
        let isa = Isa::Portable;
        let compiled = compiled(isa);
        let roomy = explained(&compiled, isa, 1000, None).arena_bytes;
        let tight = within(&compiled, isa, 1000, None, roomy - 1);
        assert_eq!((tight.order, tight.tiling.tiles), (Order::Stream, 1));
        assert!(tight.arena_bytes < roomy);
        assert_eq!(tight.arena_bytes, tight.tiling.memory_bytes);
        // A frame that has to give way takes rings that hardly save anything.
        let frame = explained(&compiled, isa, 200, None);
        let small = within(&compiled, isa, 200, None, frame.arena_bytes - 1);
        assert_eq!((frame.order, small.order), (Order::Frame, Order::Stream));
        let cut = within(&compiled, isa, 1000, None, tight.arena_bytes / 2);
        assert!(cut.tiling.tiles > 1 && cut.tiling.memory_bytes <= tight.arena_bytes / 2);
    }

    /// The largest photo that the project promises for: what the engine holds leaves room for the decoded picture
    /// and the rest of the process in a gigabyte, on machines of any size.
    #[test]
    fn a_photo_of_64_megapixels_fits_a_gigabyte() {
        let f32 = [Isa::Avx512, Isa::Avx2, Isa::Portable].map(|isa| (isa, Precision::F32));
        for (isa, precision) in f32.into_iter().chain([(Isa::Avx512, Precision::Bf16)]) {
            let compiled = compiled_in(isa, precision);
            for threads in [1, 2, 16, 128] {
                let options = EngineOptions {
                    threads,
                    ..EngineOptions::default()
                };
                let tiling = tile::choose(&compiled, (8000, 8000), &options).unwrap();
                let decoded = 8000 * 8000 * 3;
                let rest = 50_000_000;
                let all = tiling.memory_bytes + decoded + rest;
                assert!(
                    all < 1_000_000_000,
                    "{isa}, {precision}, {threads} threads: {all}"
                );
                assert_eq!(tiling.tiles, 1);
            }
        }
    }
}
