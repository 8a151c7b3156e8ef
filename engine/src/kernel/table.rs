//! The kernels of each instruction set, compiled for it and reachable only through its table.

use super::direct::{self, Direct};
use super::gemm::{self, Gemm};
use super::winograd::{self, InputTransform, OutputTransform};
use crate::simd::{self, Isa};

/// A matrix product kernel.
pub(crate) struct GemmKernel {
    /// Rows of the register tile.
    pub pixels: usize,
    /// Runs it; the processor must have the table's instruction set.
    pub run: unsafe fn(&Gemm),
}

/// Everything that a plan calls.
pub(crate) struct Kernels {
    /// Floats in a vector.
    pub lanes: usize,
    pub input_transform: unsafe fn(&InputTransform),
    pub output_transform: unsafe fn(&OutputTransform),
    /// Matrix products by the vectors of their register tiles: the first has one, the next two, and so on.
    pub gemm: &'static [GemmKernel],
    /// Direct convolutions, likewise.
    pub direct: &'static [unsafe fn(&Direct)],
}

impl Kernels {
    /// The table of an instruction set.
    pub fn of(isa: Isa) -> &'static Kernels {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => &avx512::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => &avx2::KERNELS,
            _ => &portable::KERNELS,
        }
    }

    /// Splits `vectors` output vectors into as few and as even column blocks as the register tiles allow.
    pub fn column_blocks(widest: usize, vectors: usize) -> Vec<usize> {
        let blocks = vectors.div_ceil(widest);
        (0..blocks).map(|i| (vectors + i) / blocks).collect()
    }
}

macro_rules! kernels {
    ($module:ident, $simd:ident, $(#[$feature:meta])?
     gemm: [$(($gp:literal, $gt:literal, $gj:literal)),*], direct: [$(($dp:literal, $dj:literal)),*]) => {
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
            unsafe fn gemm<const P: usize, const T: usize, const J: usize>(a: &Gemm) {
                // SAFETY: passed on.
                unsafe { gemm::gemm::<simd::$simd, P, T, J>(a) }
            }
            $(#[$feature])?
            unsafe fn direct<const P: usize, const J: usize>(a: &Direct) {
                // SAFETY: passed on.
                unsafe { direct::direct::<simd::$simd, P, J>(a) }
            }

            pub(super) static KERNELS: Kernels = Kernels {
                lanes: <simd::$simd as simd::Simd>::LANES,
                input_transform,
                output_transform,
                gemm: &[$(GemmKernel { pixels: $gp, run: gemm::<$gp, $gt, $gj> }),*],
                direct: &[$(direct::<$dp, $dj>),*],
            };
        }
    };
}

#[cfg(target_arch = "x86_64")]
kernels!(avx512, Avx512, #[target_feature(enable = "avx512f")]
    gemm: [(12, 4, 1), (12, 4, 2), (8, 4, 3), (6, 2, 4)], direct: [(12, 1), (12, 2), (8, 3), (6, 4)]);
#[cfg(target_arch = "x86_64")]
kernels!(avx2, Avx2, #[target_feature(enable = "avx2,fma")]
    gemm: [(12, 4, 1), (6, 4, 2)], direct: [(12, 1), (6, 2)]);
kernels!(portable, Portable, gemm: [(6, 2, 1), (3, 1, 2)], direct: [(6, 1), (3, 2)]);
