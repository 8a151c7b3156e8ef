//! Direct convolution of any kernel size and stride: for few input channels, 1x1 layers, and whatever
//! Winograd does not fit.
//!
//! The register tile is `P` neighbouring output pixels by `J` vectors of output channels; the loops over
//! source maps, kernel rows, kernel columns and channels form one long reduction (see kernel/gemm.rs).

use super::epilogue::{Epilogue, MAX_MERGES, finish};
use crate::simd::Simd;

/// Largest kernel side.
pub(crate) const MAX_KERNEL: usize = 9;

/// One input map of a convolution.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// For each kernel row, the leftmost pixel under the first output pixel's window.
    pub rows: [*const f32; MAX_KERNEL],
    /// Floats between pixels.
    pub pixel_stride: usize,
    /// Channels to reduce over.
    pub channels: usize,
}

/// A run of output pixels of one row, one column block of `J` vectors.
pub(crate) struct Direct<'a> {
    /// Input maps in the order of the weights.
    pub sources: &'a [Source],
    /// Kernel side.
    pub kernel: usize,
    /// Input pixels between output pixels.
    pub stride: usize,
    /// Packed `[source][ky][kx][channel][J * LANES]`.
    pub weights: *const f32,
    /// Output pixels.
    pub pixels: usize,
    /// First output channel of the block.
    pub channel: usize,
    /// First output pixel, at `channel`.
    pub out: *mut f32,
    /// Floats between pixels of the output, and of the merged maps.
    pub out_stride: usize,
    /// The first output pixel in the merged maps, at `channel`.
    pub merges: [*const f32; MAX_MERGES],
    /// What follows the convolution.
    pub epilogue: &'a Epilogue,
}

/// All pixels of the run: tiles of `P`, the rest one by one. Either way every output is the same sum in the
/// same order.
///
/// # Safety
///
/// The pointers cover what [`Direct`] says, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn direct<S: Simd, const P: usize, const J: usize>(a: &Direct) {
    // SAFETY: the caller's contract.
    unsafe {
        let mut x = 0;
        while x + P <= a.pixels {
            tile::<S, P, J>(a, x);
            x += P;
        }
        while x < a.pixels {
            tile::<S, 1, J>(a, x);
            x += 1;
        }
    }
}

#[inline(always)]
unsafe fn tile<S: Simd, const P: usize, const J: usize>(a: &Direct, x: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        let mut acc = [[S::splat(0.0); J]; P];
        let mut w = a.weights;
        for source in a.sources {
            let step = a.stride * source.pixel_stride;
            for ky in 0..a.kernel {
                for kx in 0..a.kernel {
                    let src = source.rows[ky].add(x * step + kx * source.pixel_stride);
                    for c in 0..source.channels {
                        let mut u = [S::splat(0.0); J];
                        for j in 0..J {
                            u[j] = S::load(w.add(j * S::LANES));
                        }
                        for p in 0..P {
                            let v = S::splat(*src.add(p * step + c));
                            for j in 0..J {
                                acc[p][j] = S::fma(u[j], v, acc[p][j]);
                            }
                        }
                        w = w.add(J * S::LANES);
                    }
                }
            }
        }
        let out = a.out.add(x * a.out_stride);
        for p in 0..P {
            for j in 0..J {
                S::store(out.add(p * a.out_stride + j * S::LANES), acc[p][j]);
            }
        }
        // From the map and not from `acc`: what a loop that is not unrolled reads by index lies in memory, and
        // the reduction above would store its sums in every step.
        for p in 0..P {
            let at = (x + p) * a.out_stride;
            for j in 0..J {
                let at = at + j * S::LANES;
                let merge = a.merges.map(|m| m.wrapping_add(at));
                let channel = a.channel + j * S::LANES;
                let bias = S::load(a.epilogue.bias.as_ptr().add(channel));
                let v = S::add(S::load(a.out.add(at)), bias);
                let [o] = finish::<S, 1>(a.epilogue, [v], channel, merge, a.out_stride);
                S::store(a.out.add(at), o);
            }
        }
    }
}
