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
use crate::simd::{Simd, opaque_pointer};

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
    /// Rows.
    pub rows: usize,
    /// `K`: whole vectors.
    pub depth: usize,
    /// What is asked for meanwhile: [`fetches`] times.
    pub ahead: &'a mut Ahead,
}

/// Channels that are written out one after the other where register tiles are two vectors wide or more: in narrow ones
/// the compiler moves accumulators about and spills one. Depths are whole vectors, of which this is a part.
const UNROLL: usize = 4;

/// Channels that a register tile of one vector reduces over before it asks for what [`UNROLL`] channels each would have asked for.
const NARROW_DEPTH: usize = 32;

/// Requests during a product of `rows` rows by register tiles of `tile` rows: one for every [`UNROLL`] channels.
pub(crate) fn fetches(rows: usize, tile: usize, depth: usize) -> usize {
    rows.div_ceil(tile) * depth / UNROLL
}

/// Rows of `V` for each pointer that walks along them. The two after the pointer's own are reached by an index, and
/// the unrolled channels by a constant, so that nothing is computed but one step per pointer and [`UNROLL`] channels:
/// where a core shares its front end with another thread, an instruction costs as much as a multiply-add.
const POINTER_ROWS: usize = 3;

/// Most rows of a register tile.
const MAX_ROWS: usize = 12;

/// The product by register tiles of `P` rows and `J` vectors, and one of just the rows that are left.
///
/// # Safety
///
/// The pointers cover what [`Gemm`] says, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn gemm<S: Simd, const P: usize, const J: usize>(a: &mut Gemm) {
    const { assert!(P <= MAX_ROWS && S::LANES.is_multiple_of(UNROLL)) };
    debug_assert!(a.depth.is_multiple_of(UNROLL));
    // SAFETY: the caller's contract.
    unsafe {
        let mut row = 0;
        while row + P <= a.rows {
            tile::<S, P, J>(a, row);
            row += P;
        }
        match a.rows - row {
            1 => tile::<S, 1, J>(a, row),
            2 => tile::<S, 2, J>(a, row),
            3 => tile::<S, 3, J>(a, row),
            4 => tile::<S, 4, J>(a, row),
            5 => tile::<S, 5, J>(a, row),
            6 if P > 6 => tile::<S, 6, J>(a, row),
            7 if P > 7 => tile::<S, 7, J>(a, row),
            8 if P > 8 => tile::<S, 8, J>(a, row),
            9 if P > 9 => tile::<S, 9, J>(a, row),
            10 if P > 10 => tile::<S, 10, J>(a, row),
            11 if P > 11 => tile::<S, 11, J>(a, row),
            _ => {}
        }
    }
}

#[inline(always)]
unsafe fn tile<S: Simd, const P: usize, const J: usize>(a: &mut Gemm, row: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        let unroll = if J == 1 { 1 } else { UNROLL };
        let stride = a.src_stride;
        let mut src = [a.src; MAX_ROWS / POINTER_ROWS];
        for g in 0..P.div_ceil(POINTER_ROWS) {
            src[g] = opaque_pointer(a.src.add((row + g * POINTER_ROWS) * stride));
        }
        let mut acc = [[S::splat(0.0); J]; P];
        let mut w = a.weights;
        let part = if J == 1 { NARROW_DEPTH } else { UNROLL };
        for from in (0..a.depth).step_by(part) {
            // Left to be found out, also where it is always `UNROLL`: where the compiler knows, it spills.
            let part = part.min(a.depth - from);
            for _ in 0..part / unroll {
                for k in 0..unroll {
                    let mut u = [S::splat(0.0); J];
                    for j in 0..J {
                        u[j] = S::load(w.add((k * J + j) * S::LANES));
                    }
                    for p in 0..P {
                        let row = src[p / POINTER_ROWS].add(p % POINTER_ROWS * stride);
                        let v = S::splat(*row.add(k));
                        for j in 0..J {
                            acc[p][j] = S::fma(u[j], v, acc[p][j]);
                        }
                    }
                }
                for g in 0..P.div_ceil(POINTER_ROWS) {
                    src[g] = opaque_pointer(src[g].add(unroll));
                }
                w = w.add(unroll * J * S::LANES);
            }
            for _ in 0..part / UNROLL {
                a.ahead.fetch();
            }
        }
        let dst = a.dst.add(row * a.dst_stride);
        for p in 0..P {
            for j in 0..J {
                S::store(dst.add(p * a.dst_stride + j * S::LANES), acc[p][j]);
            }
        }
    }
}
