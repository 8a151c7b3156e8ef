//! The matrix product of one Winograd frequency: `M[tiles][N] = V[tiles][K] * U[K][N]`.
//!
//! A register tile of `P` rows by `J` vectors is accumulated over all of `K` without touching memory:
//!
//! ```text
//! for k in 0..K:   w[0..J] <- U[k]          J loads
//!                  for p:  b <- V[p][k]     one broadcast
//!                          acc[p][0..J] += w * b
//! ```
//!
//! `P * J + J + 1` registers must be fewer than there are: with all of them taken the compiler spills one, and
//! an accumulator that waits for memory in every step halves the speed (24 accumulators of 32 registers on
//! AVX-512; on AVX2 6x2 of 16 runs at 96 % of the peak, 4x3 at 45 %).

use super::ahead::Ahead;
use crate::simd::Simd;

/// Arguments of one product.
pub(crate) struct Gemm<'a> {
    /// First row of `V`.
    pub src: *const f32,
    /// Floats between rows of `V`.
    pub src_stride: usize,
    /// First row of the column block of `M`.
    pub dst: *mut f32,
    /// Floats between rows of `M`.
    pub dst_stride: usize,
    /// Packed `[K][J * LANES]`.
    pub weights: *const f32,
    /// Rows. The last register tile may run up to [`MAX_TAIL`] - 1 rows past them: those must be readable
    /// and writable, and hold garbage afterwards.
    pub rows: usize,
    /// `K`.
    pub depth: usize,
    /// What is asked for meanwhile, after each register tile.
    pub ahead: &'a mut Ahead,
}

/// Most rows of the small register tile that finishes a product.
pub(crate) const MAX_TAIL: usize = 4;

/// The product by register tiles of `P` rows and `J` vectors; what is left, by tiles of `T` rows. The sums
/// are the same either way.
///
/// # Safety
///
/// The pointers cover what [`Gemm`] says, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn gemm<S: Simd, const P: usize, const T: usize, const J: usize>(a: &mut Gemm) {
    const { assert!(T <= MAX_TAIL) };
    // SAFETY: the caller's contract.
    unsafe {
        let mut row = 0;
        while row + P <= a.rows {
            tile::<S, P, J>(a, row);
            a.ahead.fetch();
            row += P;
        }
        while row < a.rows {
            tile::<S, T, J>(a, row);
            a.ahead.fetch();
            row += T;
        }
    }
}

#[inline(always)]
unsafe fn tile<S: Simd, const P: usize, const J: usize>(a: &Gemm, row: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        let src = a.src.add(row * a.src_stride);
        let mut acc = [[S::splat(0.0); J]; P];
        let mut w = a.weights;
        for k in 0..a.depth {
            let mut u = [S::splat(0.0); J];
            for j in 0..J {
                u[j] = S::load(w.add(j * S::LANES));
            }
            for p in 0..P {
                let v = S::splat(*src.add(p * a.src_stride + k));
                for j in 0..J {
                    acc[p][j] = S::fma(u[j], v, acc[p][j]);
                }
            }
            w = w.add(J * S::LANES);
        }
        let dst = a.dst.add(row * a.dst_stride);
        for p in 0..P {
            for j in 0..J {
                S::store(dst.add(p * a.dst_stride + j * S::LANES), acc[p][j]);
            }
        }
    }
}
