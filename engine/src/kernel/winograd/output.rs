//! `A^T M A`: products of frequencies to outputs, and what follows the convolution.

use super::{PATCH, TILE};
use crate::buffer::LINE;
use crate::kernel::epilogue::{Act, Epilogue, MAX_MERGES, finish, flat};
use crate::simd::{Simd, prefetch_near};
use std::mem::MaybeUninit;

/// The even (0, 2, 4) or odd (1, 3, 5) outputs of `A^T` along one axis from the three pairs of frequencies and the `outer`
/// one: that of point 0 for the even outputs, of infinity for the odd ones. A `bias` is added to all of them.
#[inline(always)]
unsafe fn output_half<S: Simd, const ODD: bool>(
    outer: S::V,
    r: [S::V; 6],
    bias: Option<S::V>,
) -> [S::V; TILE / 2] {
    // SAFETY: the caller's contract.
    unsafe {
        let [mut one, two, half] = if ODD {
            [S::sub(r[0], r[1]), S::sub(r[2], r[3]), S::sub(r[4], r[5])]
        } else {
            [S::add(r[0], r[1]), S::add(r[2], r[3]), S::add(r[4], r[5])]
        };
        if let Some(bias) = bias {
            one = S::add(one, bias);
        }
        if ODD {
            [
                powers::<S>(one, two, half, 2.0),
                powers::<S>(one, two, half, 8.0),
                S::add(powers::<S>(one, two, half, 32.0), outer),
            ]
        } else {
            [
                S::add(S::add(one, two), S::add(half, outer)),
                powers::<S>(one, two, half, 4.0),
                powers::<S>(one, two, half, 16.0),
            ]
        }
    }
}

/// `one + power * two + half / power`.
#[inline(always)]
unsafe fn powers<S: Simd>(one: S::V, two: S::V, half: S::V, power: f32) -> S::V {
    // SAFETY: the caller's contract.
    unsafe {
        S::fma(
            half,
            S::splat(1.0 / power),
            S::fma(two, S::splat(power), one),
        )
    }
}

/// A row of neighbouring tiles on its way from `M` to the output map.
pub(crate) struct OutputTransform<'a> {
    /// `M` at frequency 0, tile 0, channel 0.
    pub m: *const f32,
    /// Floats between tiles in `M`.
    pub tile_stride: usize,
    /// Floats between frequencies in `M`.
    pub frequency_stride: usize,
    /// Tiles.
    pub tiles: usize,
    /// Vectors of output channels.
    pub vectors: usize,
    /// For each of the six output rows, the first tile's leftmost pixel.
    pub rows: [*mut f32; TILE],
    /// Rows that exist (1 to 6); the others are not written.
    pub valid_rows: usize,
    /// Pixels that exist from the first tile's leftmost on; the others are not written.
    pub valid_pixels: usize,
    /// Floats between pixels of the output, and of the merged maps.
    pub pixel_stride: usize,
    /// The same pixels in the merged maps.
    pub merges: [[*const f32; TILE]; MAX_MERGES],
    /// What follows the convolution.
    pub epilogue: &'a Epilogue,
}

/// `A^T M A` and the epilogue for every tile and channel. The 48 vectors between the two axes fit no registers: they
/// pass through the first-level cache, one by one, rather than where the compiler would spill them.
///
/// # Safety
///
/// The pointers cover what [`OutputTransform`] says, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn output_transform<S: Simd>(a: &OutputTransform) {
    let mut half = MaybeUninit::<[f32; TILE * PATCH * LINE]>::uninit();
    let half = half.as_mut_ptr().cast::<f32>();
    // SAFETY: the caller's contract; a vector is no longer than a cache line.
    unsafe {
        for tile in 0..a.tiles {
            for g in 0..a.vectors {
                let channel = g * S::LANES;
                let m = a.m.add(tile * a.tile_stride + channel);
                output_columns::<S>(m, a.frequency_stride, half);
                match (&a.epilogue.act, a.epilogue.merges.is_empty()) {
                    (Act::FlatSlopes(_), true) => output_rows::<S, FLAT>(a, tile, channel, half),
                    (Act::Identity, true) => output_rows::<S, PLAIN>(a, tile, channel, half),
                    _ => output_rows::<S, ANY>(a, tile, channel, half),
                }
            }
        }
    }
}

/// The vertical half of `A^T M A`: columns from `m` on to rows of vectors in `out`.
#[inline(always)]
unsafe fn output_columns<S: Simd>(mut m: *const f32, frequency_stride: usize, mut out: *mut f32) {
    // SAFETY: the caller's contract.
    unsafe {
        for _ in 0..PATCH {
            let mut r = [S::splat(0.0); PATCH];
            for i in 0..PATCH {
                let at = m.add(i * PATCH * frequency_stride);
                r[i] = S::load(at);
                // What the next vector of channels needs of this frequency.
                prefetch_near(at.wrapping_add(S::LANES));
            }
            let middle = [r[1], r[2], r[3], r[4], r[5], r[6]];
            let even = output_half::<S, false>(r[0], middle, None);
            let odd = output_half::<S, true>(r[7], middle, None);
            for i in 0..TILE / 2 {
                S::store(out.add(2 * i * PATCH * S::LANES), even[i]);
                S::store(out.add((2 * i + 1) * PATCH * S::LANES), odd[i]);
            }
            m = m.add(frequency_stride);
            out = out.add(S::LANES);
        }
    }
}

/// What follows the bias, where it is known when a tile's rows begin: nothing, the flat slopes of a PReLU, or whatever the
/// epilogue says. To choose in every row would take the sums of a row out of AVX2's registers and back.
const PLAIN: u8 = 0;
const FLAT: u8 = 1;
const ANY: u8 = 2;

/// The horizontal half of `A^T M A` for a tile, its vectors at `half`, and the epilogue.
#[inline(always)]
unsafe fn output_rows<S: Simd, const AFTER: u8>(
    a: &OutputTransform,
    tile: usize,
    channel: usize,
    half: *const f32,
) {
    // SAFETY: the caller's contract.
    unsafe {
        for row in 0..a.valid_rows {
            let t = half.add(row * PATCH * S::LANES);
            output_row::<S, AFTER>(a, tile, channel, row, t);
        }
    }
}

/// The horizontal half of `A^T M A` for one output row of a tile, its vectors at `t`, and the epilogue.
#[inline(always)]
unsafe fn output_row<S: Simd, const AFTER: u8>(
    a: &OutputTransform,
    tile: usize,
    channel: usize,
    row: usize,
    t: *const f32,
) {
    // SAFETY: the caller's contract.
    unsafe {
        let mut r = [S::splat(0.0); PATCH];
        for j in 0..PATCH {
            r[j] = S::load(t.add(j * S::LANES));
        }
        let bias = Some(S::load(a.epilogue.bias.as_ptr().add(channel)));
        let x = tile * TILE * a.pixel_stride + channel;
        let pixels = a.valid_pixels - (tile * TILE).min(a.valid_pixels);
        let middle = [r[1], r[2], r[3], r[4], r[5], r[6]];
        let even = output_half::<S, false>(r[0], middle, bias);
        let odd = output_half::<S, true>(r[7], middle, bias);
        let o = [even[0], odd[0], even[1], odd[1], even[2], odd[2]];
        if pixels >= TILE {
            let o = match (AFTER, &a.epilogue.act) {
                (PLAIN, _) => o,
                (FLAT, Act::FlatSlopes(slopes)) => flat::<S, TILE>(slopes, o, channel),
                _ => {
                    let merge = a.merges.map(|rows| rows[row].wrapping_add(x));
                    finish::<S, TILE>(a.epilogue, o, channel, merge, a.pixel_stride)
                }
            };
            let out = a.rows[row].add(x);
            for j in 0..TILE {
                S::store(out.add(j * a.pixel_stride), o[j]);
            }
        } else {
            // Through memory of its own: what is read by index would be kept there for whole tiles too.
            let mut edge = [0.0; TILE * LINE];
            for j in 0..TILE {
                S::store(edge.as_mut_ptr().add(j * S::LANES), o[j]);
            }
            for j in 0..pixels {
                let x = x + j * a.pixel_stride;
                let merge = a.merges.map(|rows| rows[row].wrapping_add(x));
                let o = S::load(edge.as_ptr().add(j * S::LANES));
                let [o] = finish::<S, 1>(a.epilogue, [o], channel, merge, a.pixel_stride);
                S::store(a.rows[row].add(x), o);
            }
        }
    }
}
