//! What is fused behind a convolution: bias, activation, and up to two merges with other maps.

use crate::simd::Simd;

/// Most merges that one convolution carries (RRDB's last convolution has two residuals).
pub(crate) const MAX_MERGES: usize = 2;

/// The activation, with slopes packed per channel.
pub(crate) enum Act {
    Identity,
    /// `max(v, 0) + slope * min(v, 0)`, one slope per padded channel.
    Slopes(Vec<f32>),
    /// The same where no slope exceeds 1: `max(v, slope * v)`.
    FlatSlopes(Vec<f32>),
    Silu,
}

/// One merge; the map it reads is given per call.
#[derive(Clone, Copy)]
pub(crate) enum MergeStep {
    Residual { scale: f32 },
    SpanAttention,
    Gate,
}

/// Constants of an epilogue. The kernels add the bias where it costs least. Vectors are padded with zeros to the vector length.
pub(crate) struct Epilogue {
    pub bias: Vec<f32>,
    pub act: Act,
    pub merges: Vec<MergeStep>,
}

/// PReLU of `N` neighbouring pixels by [`Act::FlatSlopes`].
///
/// # Safety
///
/// `channel + LANES` slopes exist, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn flat<S: Simd, const N: usize>(
    slopes: &[f32],
    v: [S::V; N],
    channel: usize,
) -> [S::V; N] {
    // SAFETY: the caller's contract.
    unsafe {
        let slope = S::load(slopes.as_ptr().add(channel));
        let mut after = v;
        for i in 0..N {
            after[i] = S::max(v[i], S::mul(slope, v[i]));
        }
        after
    }
}

/// Applies what follows the bias to `N` neighbouring pixels of the channels from `channel` on.
///
/// `merge[i]` points at those channels of the first pixel in the i-th merged map, whose pixels lie
/// `stride` floats apart. Pad lanes stay zero: their bias is zero and every step maps (0, 0) to 0.
///
/// # Safety
///
/// `channel + LANES` channels exist, the merge pointers cover `N` pixels, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn finish<S: Simd, const N: usize>(
    e: &Epilogue,
    mut v: [S::V; N],
    channel: usize,
    merge: [*const f32; MAX_MERGES],
    stride: usize,
) -> [S::V; N] {
    // SAFETY: the caller's contract.
    unsafe {
        match &e.act {
            Act::Identity => {}
            Act::Slopes(slopes) => {
                let slope = S::load(slopes.as_ptr().add(channel));
                let zero = S::splat(0.0);
                for v in &mut v {
                    *v = S::fma(slope, S::min(*v, zero), S::max(*v, zero));
                }
            }
            Act::FlatSlopes(slopes) => v = flat::<S, N>(slopes, v, channel),
            Act::Silu => {
                for v in &mut v {
                    *v = S::mul(*v, S::sigmoid(*v));
                }
            }
        }
        for (step, other) in e.merges.iter().zip(merge) {
            for (i, v) in v.iter_mut().enumerate() {
                let x = S::load(other.add(i * stride));
                *v = match *step {
                    MergeStep::Residual { scale } => S::fma(*v, S::splat(scale), x),
                    MergeStep::SpanAttention => {
                        S::mul(S::add(*v, x), S::sub(S::sigmoid(*v), S::splat(0.5)))
                    }
                    MergeStep::Gate => S::mul(x, S::sigmoid(*v)),
                };
            }
        }
        v
    }
}
