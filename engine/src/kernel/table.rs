//! The kernels of each instruction set, compiled for it and reachable only through its table.

use super::amx::AmxKernels;
#[cfg(target_arch = "x86_64")]
use super::amx::tiles;
use super::direct::{self, Direct};
use super::gemm::{self, Gemm};
use super::winograd::{self, InputTransform, OutputTransform};
use crate::simd::{self, Isa, Precision};

/// The outputs that a kernel keeps in registers while it reduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterTile {
    /// Rows of a matrix product; neighbouring pixels of a direct convolution.
    pub rows: usize,
    /// Vectors of output channels.
    pub vectors: usize,
}

/// A matrix product kernel.
pub(crate) struct GemmKernel {
    pub tile: RegisterTile,
    /// Runs it; the processor must have the table's instruction set.
    pub run: unsafe fn(&mut Gemm),
}

/// What a core does in a cycle, in vectors of the table's length: the numbers that `plan/cost.rs` reckons with.
/// They need to rank choices, not to predict seconds.
pub(crate) struct Throughput {
    /// Multiply-adds, or other arithmetic.
    pub arithmetic: f64,
    /// Loads that hit the first-level cache, broadcasts included.
    pub loads: f64,
    /// Bytes to or from the second-level cache.
    pub cache_bytes: f64,
    /// Cycles until a multiply-add's result can be added to.
    pub latency: f64,
    /// Accumulators and weights that the compiler keeps in registers together.
    pub registers: usize,
}

/// Everything that a plan calls, and what it has to know to choose.
pub(crate) struct Kernels {
    /// Floats in a vector.
    pub lanes: usize,
    pub throughput: Throughput,
    pub input_transform: unsafe fn(&InputTransform),
    pub output_transform: unsafe fn(&OutputTransform),
    /// Matrix products by the vectors of their register tiles: the first has one, the next two, and so on.
    pub gemm: &'static [GemmKernel],
    /// Direct convolutions, likewise.
    pub direct: &'static [unsafe fn(&Direct)],
    /// Their register tiles.
    pub direct_tiles: &'static [RegisterTile],
    /// Convolutions in bf16 on matrix tiles.
    pub amx: Option<AmxKernels>,
}

impl Kernels {
    /// The table of an instruction set.
    pub fn of(isa: Isa) -> &'static Kernels {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => &AVX512,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => &AVX2,
            _ => &PORTABLE,
        }
    }

    /// The table of an instruction set and a precision; the same as for f32 where there is none of its own.
    pub fn with(isa: Isa, precision: Precision) -> &'static Kernels {
        match (isa, precision) {
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, Precision::Bf16) => &AVX512_BF16,
            _ => Kernels::of(isa),
        }
    }

    /// The register tile of matrix products that are so many vectors wide.
    pub fn tile(&self, vectors: usize) -> RegisterTile {
        self.gemm[vectors - 1].tile
    }
}

macro_rules! kernels {
    ($module:ident, $simd:ident, $(#[$feature:meta])?
     throughput: $throughput:expr,
     gemm: [$(($gp:literal, $gj:literal)),*], direct: [$(($dp:literal, $dj:literal)),*]) => {
        mod $module {
            use super::*;

            $(#[$feature])?
            unsafe fn input_transform(a: &InputTransform) {
                // SAFETY: passed on.
                unsafe { winograd::input_transform::<simd::$simd>(a) }
            }
            $(#[$feature])?
            unsafe fn output_transform(a: &OutputTransform) {
                // SAFETY: passed on.
                unsafe { winograd::output_transform::<simd::$simd>(a) }
            }
            $(#[$feature])?
            unsafe fn gemm<const P: usize, const J: usize>(a: &mut Gemm) {
                // SAFETY: passed on.
                unsafe { gemm::gemm::<simd::$simd, P, J>(a) }
            }
            $(#[$feature])?
            unsafe fn direct<const P: usize, const J: usize>(a: &Direct) {
                // SAFETY: passed on.
                unsafe { direct::direct::<simd::$simd, P, J>(a) }
            }

            pub(super) const TABLE: Kernels = Kernels {
                lanes: <simd::$simd as simd::Simd>::LANES,
                throughput: $throughput,
                input_transform,
                output_transform,
                gemm: &[$(GemmKernel {
                    tile: RegisterTile { rows: $gp, vectors: $gj },
                    run: gemm::<$gp, $gj>,
                }),*],
                direct: &[$(direct::<$dp, $dj>),*],
                direct_tiles: &[$(RegisterTile { rows: $dp, vectors: $dj }),*],
                amx: None,
            };
        }
    };
}

// The numbers are those of Intel's server cores from Skylake on (two ports of either width; Intel's optimization
// reference manual) and of AMD's from Zen 2 on, where 512-bit operations take both halves of a port.
#[cfg(target_arch = "x86_64")]
kernels!(avx512, Avx512, #[target_feature(enable = "avx512f")]
    throughput: Throughput { arithmetic: 2.0, loads: 2.0, cache_bytes: 32.0, latency: 4.0, registers: 28 },
    gemm: [(12, 1), (12, 2), (8, 3), (6, 4)], direct: [(12, 1), (12, 2), (8, 3), (6, 4)]);
#[cfg(target_arch = "x86_64")]
kernels!(avx2, Avx2, #[target_feature(enable = "avx2,fma")]
    throughput: Throughput { arithmetic: 2.0, loads: 2.0, cache_bytes: 32.0, latency: 4.0, registers: 14 },
    gemm: [(12, 1), (6, 2)], direct: [(12, 1), (6, 2)]);
// Plain x86-64: two registers a vector, and a multiplication and an addition for each.
kernels!(portable, Portable,
    throughput: Throughput { arithmetic: 0.5, loads: 1.0, cache_bytes: 32.0, latency: 8.0, registers: 7 },
    gemm: [(6, 1)], direct: [(6, 1)]);

static PORTABLE: Kernels = portable::TABLE;
#[cfg(target_arch = "x86_64")]
static AVX2: Kernels = avx2::TABLE;
#[cfg(target_arch = "x86_64")]
static AVX512: Kernels = avx512::TABLE;
/// AVX-512's kernels for whatever matrix tiles do not suit.
#[cfg(target_arch = "x86_64")]
static AVX512_BF16: Kernels = Kernels {
    amx: Some(AmxKernels {
        begin: tiles::begin,
        end: tiles::end,
        round: tiles::round,
        products: [tiles::product_1, tiles::product_2, tiles::product_3],
        finish: tiles::finish_block,
    }),
    ..avx512::TABLE
};
