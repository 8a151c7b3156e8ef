//! Winograd's minimal filtering F(6x6, 3x3): six by six outputs from eight by eight inputs with 64
//! multiplications a channel pair instead of 324 (Lavin & Gray, 2016).
//!
//! ```text
//! V = B^T d B        an 8x8 patch d of one input channel, 64 frequencies
//! M_f = V_f * U_f    for each frequency f a matrix product over the channels (kernel/gemm.rs)
//! y = A^T M A        6x6 outputs of one output channel
//! ```
//!
//! with `U = G g G^T` made once from the 3x3 filter g, in f64. The interpolation points are 0, +-1, +-2, +-1/2 and
//! infinity. The two of a pair have the same even part and opposite odd ones, so both cost little more than one.

use super::epilogue::{Act, Epilogue, MAX_MERGES, finish, flat};
use crate::buffer::LINE;
use crate::simd::{Simd, opaque, prefetch_near};
use std::mem::MaybeUninit;
use std::ops::Range;

/// Outputs of a tile along one axis.
pub(crate) const TILE: usize = 6;
/// Inputs of a tile along one axis.
pub(crate) const PATCH: usize = 8;
/// Frequencies.
pub(crate) const FREQUENCIES: usize = PATCH * PATCH;

/// `G`: the filter transform.
const G: [[f64; 3]; PATCH] = [
    [1.0, 0.0, 0.0],
    [-2.0 / 9.0, -2.0 / 9.0, -2.0 / 9.0],
    [-2.0 / 9.0, 2.0 / 9.0, -2.0 / 9.0],
    [1.0 / 90.0, 2.0 / 90.0, 4.0 / 90.0],
    [1.0 / 90.0, -2.0 / 90.0, 4.0 / 90.0],
    [32.0 / 45.0, 16.0 / 45.0, 8.0 / 45.0],
    [32.0 / 45.0, -16.0 / 45.0, 8.0 / 45.0],
    [0.0, 0.0, 1.0],
];

/// `G g G^T` of one 3x3 filter (row-major), in frequency order `vertical * 8 + horizontal`.
pub(crate) fn transform_filter(g: &[f32]) -> [f64; FREQUENCIES] {
    let product = |a: &[f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let mut u = [0.0; FREQUENCIES];
    for (i, rows) in G.iter().enumerate() {
        let column = |q: usize| product(rows, [0, 1, 2].map(|p| f64::from(g[p * 3 + q])));
        let t = [column(0), column(1), column(2)];
        for (j, columns) in G.iter().enumerate() {
            u[i * PATCH + j] = product(columns, t);
        }
    }
    u
}

/// Pairs of frequencies that belong to opposite points: +-1, +-2 and +-1/2. The points 0 and infinity are no pair, but are
/// made together.
const OUTER: u8 = 0;
const ONE: u8 = 1;
const TWO: u8 = 2;
const HALF: u8 = 3;

/// The frequency of point 0 along one axis from the even inputs, or that of infinity from the odd ones in reverse order.
#[inline(always)]
unsafe fn input_outer<S: Simd>(r: [S::V; 4]) -> S::V {
    // SAFETY: the caller's contract.
    unsafe { S::fma(S::splat(5.25), S::sub(r[2], r[1]), S::sub(r[0], r[3])) }
}

/// A pair of frequencies of `B^T` along one axis from the inputs 1 to 6.
#[inline(always)]
unsafe fn input_pair<S: Simd, const PAIR: u8>(r: [S::V; 6]) -> [S::V; 2] {
    // SAFETY: the caller's contract.
    unsafe {
        let (even, odd) = match PAIR {
            ONE => {
                let factor = S::splat(-4.25);
                (
                    S::fma(factor, r[3], S::add(r[1], r[5])),
                    S::fma(factor, r[2], S::add(r[0], r[4])),
                )
            }
            TWO => {
                let even = S::fma(S::splat(-1.25), r[3], r[5]);
                let odd = S::fma(S::splat(-2.5), r[2], S::add(r[4], r[4]));
                (
                    S::fma(S::splat(0.25), r[1], even),
                    S::fma(S::splat(0.5), r[0], odd),
                )
            }
            _ => {
                let even = S::fma(S::splat(-5.0), r[3], r[5]);
                let odd = S::fma(S::splat(-2.5), r[2], S::add(r[0], r[0]));
                (
                    S::fma(S::splat(4.0), r[1], even),
                    S::fma(S::splat(0.5), r[4], odd),
                )
            }
        };
        [S::add(even, odd), S::sub(even, odd)]
    }
}

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

/// A row of neighbouring tiles of one input map on its way into `V`.
pub(crate) struct InputTransform {
    /// For each of the eight input rows, the first tile's leftmost pixel.
    pub rows: [*const f32; PATCH],
    /// Floats between pixels.
    pub pixel_stride: usize,
    /// Vectors of channels.
    pub vectors: usize,
    /// Tiles.
    pub tiles: usize,
    /// `V` at frequency 0, tile 0, this map's first channel.
    pub v: *mut f32,
    /// Floats between tiles in `V`.
    pub tile_stride: usize,
    /// Floats between frequencies in `V`.
    pub frequency_stride: usize,
}

/// Tiles of a sweep: a cache line of channels of the sixteen frequencies that it makes and of the rows that it reads
/// then stays in the first-level cache until all of its vectors and sweeps are done.
const STRIP: usize = 3;

/// `B^T d B` for every tile and channel.
///
/// The vertical frequencies are made two by two: with the kept columns their sixteen intermediate vectors fit the
/// registers of AVX-512, 64 would fit none. Neighbouring tiles share two of their eight columns, whose vertical
/// transforms are kept.
///
/// # Safety
///
/// The pointers cover what [`InputTransform`] says, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn input_transform<S: Simd>(a: &InputTransform) {
    // SAFETY: the caller's contract.
    unsafe {
        let line = (LINE / S::LANES).max(1);
        for tile in (0..a.tiles).step_by(STRIP) {
            let strip = tile..(tile + STRIP).min(a.tiles);
            for first in (0..a.vectors).step_by(line) {
                let vectors = first..(first + line).min(a.vectors);
                for g in vectors.clone() {
                    input_rows::<S, OUTER>(a, strip.clone(), g * S::LANES);
                }
                for g in vectors.clone() {
                    input_rows::<S, ONE>(a, strip.clone(), g * S::LANES);
                }
                for g in vectors.clone() {
                    input_rows::<S, TWO>(a, strip.clone(), g * S::LANES);
                }
                for g in vectors {
                    input_rows::<S, HALF>(a, strip.clone(), g * S::LANES);
                }
            }
        }
    }
}

/// Two vertical frequencies of the column of pixels at `x` floats. A function and no closure: closures are
/// not sure to be inlined, and would then lack the instruction set.
#[inline(always)]
unsafe fn input_column<S: Simd, const PAIR: u8>(a: &InputTransform, x: usize) -> [S::V; 2] {
    // SAFETY: the caller's contract.
    unsafe {
        let r = a.rows.map(|row| row.wrapping_add(x));
        if PAIR == OUTER {
            let even = [S::load(r[0]), S::load(r[2]), S::load(r[4]), S::load(r[6])];
            let odd = [S::load(r[7]), S::load(r[5]), S::load(r[3]), S::load(r[1])];
            return [input_outer::<S>(even), input_outer::<S>(odd)];
        }
        input_pair::<S, PAIR>([
            S::load(r[1]),
            S::load(r[2]),
            S::load(r[3]),
            S::load(r[4]),
            S::load(r[5]),
            S::load(r[6]),
        ])
    }
}

#[inline(always)]
unsafe fn input_rows<S: Simd, const PAIR: u8>(
    a: &InputTransform,
    tiles: Range<usize>,
    channel: usize,
) {
    // SAFETY: the caller's contract.
    unsafe {
        let vertical = match PAIR {
            OUTER => [0, 7],
            ONE => [1, 2],
            TWO => [3, 4],
            _ => [5, 6],
        };
        let mut x = tiles.start * TILE * a.pixel_stride + channel;
        let mut v = vertical.map(|f| {
            let v = f * PATCH * a.frequency_stride + tiles.start * a.tile_stride + channel;
            opaque(v)
        });
        let mut r = [[S::splat(0.0); PATCH]; 2];
        for j in 0..2 {
            [r[0][j], r[1][j]] = input_column::<S, PAIR>(a, x);
            x = opaque(x + a.pixel_stride);
        }
        for _ in tiles {
            for j in 2..PATCH {
                [r[0][j], r[1][j]] = input_column::<S, PAIR>(a, x);
                x = opaque(x + a.pixel_stride);
            }
            for i in 0..2 {
                let r = &mut r[i];
                let first = input_outer::<S>([r[0], r[2], r[4], r[6]]);
                let last = input_outer::<S>([r[7], r[5], r[3], r[1]]);
                let middle = [r[1], r[2], r[3], r[4], r[5], r[6]];
                let one = input_pair::<S, ONE>(middle);
                let two = input_pair::<S, TWO>(middle);
                let half = input_pair::<S, HALF>(middle);
                let mut v = v[i];
                for frequency in [
                    first, one[0], one[1], two[0], two[1], half[0], half[1], last,
                ] {
                    S::store(a.v.add(v), frequency);
                    v = opaque(v + a.frequency_stride);
                }
                [r[0], r[1]] = [r[6], r[7]];
            }
            v = v.map(|v| opaque(v + a.tile_stride));
        }
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
