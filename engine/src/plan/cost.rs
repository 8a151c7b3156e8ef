//! Which algorithm and which register tiles a convolution gets: the cheapest by a small model of the processor.
//!
//! The model counts cycles per output pixel. A register tile of `R` rows and `J` vectors takes for every channel
//! of the reduction
//!
//! ```text
//! max(R * J multiply-adds, R broadcasts + J loads, one multiply-add's latency)
//! ```
//!
//! and twice that where its accumulators and weights exceed the registers: the compiler then spills (measured).
//! On matrix tiles (bf16) a product of two tiles takes sixteen cycles, and the rest is rounding and what follows the sums.
//!
//! Winograd's 64 products stand against the 324 of a direct 3x3 convolution, but its transforms cost arithmetic,
//! and what they write and read goes through the second-level cache. Everything works on whole vectors, so channels
//! that only pad are counted like others.
//!
//! Not counted, because it hardly depends on the choice: rows that do not fill a register tile, the epilogue, and
//! the memory beyond the second-level cache. How a row of tiles is cut into blocks (`blocks.rs`) depends on the first and the last,
//! so [`block`] counts them.

use super::compile::Algorithm;
use crate::kernel::amx;
use crate::kernel::table::{Kernels, RegisterTile, Throughput};
use crate::kernel::winograd::{FREQUENCIES, PATCH, TILE};

/// Arithmetic of the input transform for a tile and a vector of channels: 14 one-dimensional transforms (two
/// columns come from the tile before) of 26 operations.
const INPUT_OPERATIONS: usize = 14 * 26;
/// Its loads and stores: 6 new columns of 8, loaded for each pair of frequencies but for the outermost two, and 64
/// frequencies.
const INPUT_MOVES: usize = 6 * (8 + 3 * 6) + FREQUENCIES;
/// Arithmetic of the output transform for a tile and a vector: 8 columns and 6 rows of 20 operations, and the bias.
const OUTPUT_OPERATIONS: usize = 14 * 20 + 12;
/// Its loads and stores, those between the two axes included.
const OUTPUT_MOVES: usize = FREQUENCIES + 2 * PATCH * TILE + TILE * TILE;
/// Cycles in which a direct kernel begins a window position and misses the loop's end.
const WINDOW_CYCLES: f64 = 8.0;
/// Cycles in which a kernel begins a register tile.
const TILE_CYCLES: f64 = 12.0;
/// How much longer products of matrix tiles take that wait for one another in pairs: 52 cycles for two times 16.
const AMX_LATENCY: f64 = 52.0 / 32.0;
/// Operations of rounding a vector, rows that are rounded for two tasks included.
const ROUND_OPERATIONS: f64 = 6.0;
/// Operations from a vector's sums to its place in the map.
const FINISH_OPERATIONS: f64 = 8.0;
/// Bytes of weights in a cycle, from where those of a layer lie: the third-level cache at best.
const WEIGHT_BYTES: f64 = 16.0;

/// A convolution as the model sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Kernel side.
    pub kernel: usize,
    /// Channels that the kernels reduce over, padding included.
    pub depth: usize,
    /// Maps that are concatenated.
    pub inputs: usize,
    /// Vectors of output channels.
    pub vectors: usize,
    /// Whether Winograd is possible: 3x3, stride and padding 1, maps of whole vectors.
    pub winograd: bool,
    /// Whether matrix tiles are, where there are any: stride 1, maps of whole vectors.
    pub amx: bool,
}

/// How a convolution is computed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub algorithm: Algorithm,
    /// Column blocks, each as wide as its register tile.
    pub blocks: Vec<RegisterTile>,
    /// Estimated cycles per output pixel.
    pub cycles: f64,
}

/// The cheapest way to compute a convolution.
pub(crate) fn choose(shape: Shape, kernels: &Kernels) -> Choice {
    let winograd = shape.winograd.then(|| winograd(shape, kernels));
    let amx = (shape.amx && kernels.amx.is_some()).then(|| amx(shape, kernels));
    [winograd, amx]
        .into_iter()
        .flatten()
        .fold(direct(shape, kernels), |best, other| {
            match other.cycles < best.cycles {
                true => other,
                false => best,
            }
        })
}

/// Winograd F(6x6, 3x3).
fn winograd(shape: Shape, kernels: &Kernels) -> Choice {
    let t = &kernels.throughput;
    let vector_bytes = (kernels.lanes * size_of::<f32>()) as f64;
    let inputs = shape.depth as f64 / kernels.lanes as f64;
    let through_cache = FREQUENCIES as f64 * vector_bytes / t.cache_bytes;
    let tiles = kernels.gemm.iter().map(|kernel| kernel.tile);
    let (blocks, product) = columns(shape.vectors, tiles, |tile| {
        // Every column block reads all transformed maps and writes its own products.
        FREQUENCIES as f64 * product(t, tile, shape.depth)
            + through_cache * (inputs + tile.vectors as f64)
    });
    let transform = |operations: usize, moves: usize| {
        operations as f64 / t.arithmetic + moves as f64 / t.loads + through_cache
    };
    let tile = product
        + inputs * transform(INPUT_OPERATIONS, INPUT_MOVES)
        + shape.vectors as f64 * transform(OUTPUT_OPERATIONS, OUTPUT_MOVES);
    Choice {
        algorithm: Algorithm::Winograd,
        blocks,
        cycles: tile / (TILE * TILE) as f64,
    }
}

/// A direct convolution.
fn direct(shape: Shape, kernels: &Kernels) -> Choice {
    let t = &kernels.throughput;
    let taps = shape.kernel * shape.kernel;
    let tiles = kernels.direct_tiles.iter().copied();
    let (blocks, cycles) = columns(shape.vectors, tiles, |tile| {
        let windows = (taps * shape.inputs) as f64 * WINDOW_CYCLES / tile.rows as f64;
        // Every column block reads the maps again.
        let read = (shape.depth * size_of::<f32>()) as f64 / t.cache_bytes;
        product(t, tile, taps * shape.depth) + windows + read
    });
    Choice {
        algorithm: Algorithm::Direct,
        blocks,
        cycles,
    }
}

/// A direct convolution on matrix tiles. Chunks are counted as if all maps were one.
fn amx(shape: Shape, kernels: &Kernels) -> Choice {
    let t = &kernels.throughput;
    let chunks = shape.kernel * amx::chunks(shape.kernel, shape.depth);
    let (blocks, product) = columns(shape.vectors, amx::register_tiles(), |tile| {
        // A product of two tiles has sixteen pixels and takes as many cycles; with two sums only, each waits for itself.
        let wait = if tile.vectors == 1 { AMX_LATENCY } else { 1.0 };
        (chunks * tile.vectors) as f64 * wait
    });
    let vectors = (shape.depth / kernels.lanes) as f64 * ROUND_OPERATIONS
        + shape.vectors as f64 * FINISH_OPERATIONS;
    Choice {
        algorithm: Algorithm::Amx,
        blocks,
        cycles: product + vectors / t.arithmetic,
    }
}

/// Cycles of a block of `rows` tiles in all of Winograd's products, of `columns` of these register tiles: what is left over
/// where they are full gets a tile of its own height. The weights are read once a block.
pub(crate) fn block(kernels: &Kernels, columns: &[RegisterTile], rows: usize, depth: usize) -> f64 {
    let t = &kernels.throughput;
    let cycles = |tile: &RegisterTile| {
        let rest = RegisterTile {
            rows: rows % tile.rows,
            ..*tile
        };
        let full = (rows / tile.rows) as f64 * register_tile(t, *tile, depth);
        let rest = match rest.rows {
            0 => 0.0,
            _ => register_tile(t, rest, depth),
        };
        let weights = depth * tile.vectors * kernels.lanes * size_of::<f32>();
        full + rest + weights as f64 / WEIGHT_BYTES
    };
    FREQUENCIES as f64 * columns.iter().map(cycles).sum::<f64>()
}

/// Cycles per row of a product that reduces over `depth`.
fn product(t: &Throughput, tile: RegisterTile, depth: usize) -> f64 {
    register_tile(t, tile, depth) / tile.rows as f64
}

/// Cycles of a register tile that reduces over `depth`.
fn register_tile(t: &Throughput, tile: RegisterTile, depth: usize) -> f64 {
    let begin = TILE_CYCLES + (tile.rows * tile.vectors) as f64 / t.loads;
    depth as f64 * step(t, tile) + begin
}

/// Whether a register tile stays in registers.
fn fits(t: &Throughput, tile: RegisterTile) -> bool {
    (tile.rows + 1) * tile.vectors <= t.registers
}

/// Cycles in which a register tile reduces over one channel.
fn step(t: &Throughput, tile: RegisterTile) -> f64 {
    let accumulators = tile.rows * tile.vectors;
    let spill = if fits(t, tile) { 1.0 } else { 2.0 };
    let arithmetic = accumulators as f64 / t.arithmetic;
    let loads = (tile.rows + tile.vectors) as f64 / t.loads;
    spill * arithmetic.max(loads).max(t.latency)
}

/// Splits `vectors` output vectors into the column blocks that cost least, widest first, and their cost.
fn columns(
    vectors: usize,
    tiles: impl Iterator<Item = RegisterTile>,
    cost: impl Fn(RegisterTile) -> f64,
) -> (Vec<RegisterTile>, f64) {
    let tiles: Vec<(RegisterTile, f64)> = tiles.map(|tile| (tile, cost(tile))).collect();
    // The cheapest split of so many vectors, and the last block of it.
    let mut best: Vec<(f64, Option<RegisterTile>)> = vec![(0.0, None)];
    for width in 1..=vectors {
        let mut least = (f64::INFINITY, None);
        for &(tile, cost) in tiles.iter().filter(|(tile, _)| tile.vectors <= width) {
            let cost = best[width - tile.vectors].0 + cost;
            if cost < least.0 {
                least = (cost, Some(tile));
            }
        }
        best.push(least);
    }
    let mut blocks = Vec::new();
    let mut left = vectors;
    while let Some(tile) = best[left].1 {
        blocks.push(tile);
        left -= tile.vectors;
    }
    blocks.sort_by_key(|tile| std::cmp::Reverse(tile.vectors));
    (blocks, best[vectors].0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Precision};

    fn shape(isa: Isa, kernel: usize, inputs: &[usize], outputs: usize) -> Shape {
        let lanes = Kernels::of(isa).lanes;
        Shape {
            kernel,
            depth: inputs.iter().map(|c| c.next_multiple_of(lanes)).sum(),
            inputs: inputs.len(),
            vectors: outputs.div_ceil(lanes),
            winograd: kernel == 3,
            amx: true,
        }
    }

    fn chosen(isa: Isa, shape: Shape) -> (Algorithm, Vec<(usize, usize)>) {
        chosen_of(Kernels::of(isa), shape)
    }

    fn chosen_of(kernels: &Kernels, shape: Shape) -> (Algorithm, Vec<(usize, usize)>) {
        let choice = choose(shape, kernels);
        let blocks = choice.blocks.iter().map(|t| (t.rows, t.vectors));
        (choice.algorithm, blocks.collect())
    }

    /// What benchmarks found best, on every instruction set: choices are data, nothing is run.
    #[test]
    fn known_good_choices() {
        use Algorithm::{Direct, Winograd};
        let same = |inputs: usize| vec![inputs];
        #[cfg(target_arch = "x86_64")]
        for (kernel, inputs, outputs, algorithm, tiles) in [
            (3, same(64), 64, Winograd, vec![(6, 4)]),
            (3, same(48), 48, Winograd, vec![(8, 3)]),
            (3, same(32), 32, Winograd, vec![(12, 2)]),
            (3, same(16), 16, Winograd, vec![(12, 1)]),
            (3, same(8), 8, Winograd, vec![(12, 1)]),
            (3, same(64), 128, Winograd, vec![(6, 4); 2]),
            (3, same(80), 80, Winograd, vec![(8, 3), (12, 2)]),
            (3, vec![64, 32, 32], 32, Winograd, vec![(12, 2)]),
            (1, vec![48; 4], 48, Direct, vec![(8, 3)]),
            (5, same(32), 32, Direct, vec![(12, 2)]),
        ] {
            let shape = shape(Isa::Avx512, kernel, &inputs, outputs);
            assert_eq!(chosen(Isa::Avx512, shape), (algorithm, tiles), "{shape:?}");
        }
        #[cfg(target_arch = "x86_64")]
        for (kernel, inputs, outputs, algorithm, tiles) in [
            (3, same(64), 64, Winograd, vec![(6, 2); 4]),
            (3, same(48), 48, Winograd, vec![(6, 2); 3]),
            (3, same(32), 32, Winograd, vec![(6, 2); 2]),
            (3, same(16), 16, Winograd, vec![(6, 2)]),
            (3, same(8), 8, Winograd, vec![(12, 1)]),
            (1, vec![48; 4], 48, Direct, vec![(6, 2); 3]),
        ] {
            let shape = shape(Isa::Avx2, kernel, &inputs, outputs);
            assert_eq!(chosen(Isa::Avx2, shape), (algorithm, tiles), "{shape:?}");
        }
        for (kernel, inputs, outputs, algorithm) in [
            (3, same(64), 64, Winograd),
            (3, same(8), 8, Winograd),
            (1, same(64), 64, Direct),
            (5, same(64), 64, Direct),
        ] {
            let shape = shape(Isa::Portable, kernel, &inputs, outputs);
            assert_eq!(chosen(Isa::Portable, shape).0, algorithm, "{shape:?}");
        }
    }

    /// Matrix tiles take all that reads whole vectors; of their column blocks those of two and three vectors come first.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn matrix_tiles_are_chosen_for_bf16() {
        let kernels = Kernels::with(Isa::Avx512, Precision::Bf16);
        for (kernel, inputs, outputs, tiles) in [
            (3, vec![64], 64, vec![2, 2]),
            (3, vec![48], 48, vec![3]),
            (3, vec![64, 32, 32], 32, vec![2]),
            (3, vec![64], 80, vec![3, 2]),
            (3, vec![48], 12, vec![1]),
            (1, vec![48; 4], 48, vec![3]),
        ] {
            let shape = shape(Isa::Avx512, kernel, &inputs, outputs);
            let tiles = tiles.into_iter().map(|vectors| (amx::BLOCK, vectors));
            let (algorithm, blocks) = chosen_of(kernels, shape);
            assert_eq!((algorithm, blocks), (Algorithm::Amx, tiles.collect()));
        }
        let f32 = Kernels::with(Isa::Avx2, Precision::F32);
        assert!(f32.amx.is_none() && Kernels::of(Isa::Avx512).amx.is_none());
    }

    /// The first layer reads three channels, which Winograd cannot load.
    #[test]
    fn the_first_layer_is_direct() {
        for isa in [Isa::Avx512, Isa::Avx2, Isa::Portable] {
            let first = Shape {
                depth: 3,
                winograd: false,
                amx: false,
                ..shape(isa, 3, &[3], 48)
            };
            assert_eq!(chosen(isa, first).0, Algorithm::Direct);
        }
    }

    /// No table has a tile that the model takes to spill, or one that another height would beat by much.
    #[test]
    fn tables_hold_tiles_that_the_model_likes() {
        for isa in [Isa::Avx512, Isa::Avx2, Isa::Portable] {
            let kernels = Kernels::of(isa);
            let t = &kernels.throughput;
            let gemm = kernels.gemm.iter().map(|kernel| kernel.tile);
            for tile in gemm.chain(kernels.direct_tiles.iter().copied()) {
                assert!(fits(t, tile), "{isa}: {tile:?}");
                let best = (1..=32)
                    .map(|rows| product(t, RegisterTile { rows, ..tile }, 64))
                    .fold(f64::INFINITY, f64::min);
                assert!(product(t, tile, 64) <= 1.06 * best, "{isa}: {tile:?}");
            }
        }
    }

    /// A split covers all vectors, whatever their number.
    #[test]
    fn columns_add_up() {
        for isa in [Isa::Avx512, Isa::Avx2, Isa::Portable] {
            for outputs in 1..300 {
                let shape = shape(isa, 3, &[32], outputs);
                let choice = choose(shape, Kernels::of(isa));
                let vectors: usize = choice.blocks.iter().map(|tile| tile.vectors).sum();
                assert_eq!(vectors, shape.vectors);
            }
        }
    }
}
