//! Winograd's minimal filtering F(4x4, 3x3): four by four outputs from six by six inputs with 36
//! multiplications a channel pair instead of 144 (Lavin & Gray, 2016).
//!
//! ```text
//! V = B^T d B        a 6x6 tile d of one input channel, 36 frequencies
//! M_f = V_f * U_f    for each frequency f a matrix product over the channels (kernel/gemm.rs)
//! y = A^T M A        4x4 outputs of one output channel
//! ```
//!
//! with `U = G g G^T` made once from the 3x3 filter g, in f64. The interpolation points are 0, +-sqrt(1/2),
//! +-sqrt(2) and infinity: symmetric about 1, so that the transforms' entries stay small and rounding grows
//! less than with the textbook points 0, +-1, +-2.

use super::epilogue::{Epilogue, MAX_MERGES, finish};
use crate::buffer::LINE;
use crate::simd::{Simd, opaque};
use std::f64::consts::SQRT_2;
use std::ops::Range;

/// Outputs of a tile along one axis.
pub(crate) const TILE: usize = 4;
/// Inputs of a tile along one axis.
const PATCH: usize = 6;
/// Frequencies.
pub(crate) const FREQUENCIES: usize = PATCH * PATCH;

/// `G`: the filter transform.
const G: [[f64; 3]; PATCH] = [
    [1.0, 0.0, 0.0],
    [-2.0 / 3.0, -SQRT_2 / 3.0, -1.0 / 3.0],
    [-2.0 / 3.0, SQRT_2 / 3.0, -1.0 / 3.0],
    [1.0 / 6.0, SQRT_2 / 6.0, 1.0 / 3.0],
    [1.0 / 6.0, -SQRT_2 / 6.0, 1.0 / 3.0],
    [0.0, 0.0, 1.0],
];

/// `G g G^T` of one 3x3 filter (row-major), in frequency order `vertical * 6 + horizontal`.
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

/// The outermost frequencies of `B^T` along one axis: 0, of the even inputs, and 5, of the odd ones.
#[inline(always)]
unsafe fn input_outer<S: Simd>(r: [S::V; 3]) -> S::V {
    // SAFETY: the caller's contract.
    unsafe { S::add(S::fma(S::splat(-2.5), r[1], r[0]), r[2]) }
}

/// A pair of middle frequencies of `B^T` along one axis from the inputs 1 to 4: 1 and 2, or 3 and 4.
#[inline(always)]
unsafe fn input_middle<S: Simd, const HIGH: bool>(r: [S::V; 4]) -> [S::V; 2] {
    // SAFETY: the caller's contract.
    unsafe {
        let root2 = S::splat(std::f32::consts::SQRT_2);
        let half_root = S::splat(-std::f32::consts::FRAC_1_SQRT_2);
        if HIGH {
            let odd = S::fma(half_root, r[0], S::mul(root2, r[2]));
            let even = S::fma(S::splat(-0.5), r[1], r[3]);
            [S::add(even, odd), S::sub(even, odd)]
        } else {
            let odd = S::fma(half_root, r[2], S::mul(root2, r[0]));
            let even = S::fma(S::splat(-2.0), r[1], r[3]);
            [S::sub(even, odd), S::add(even, odd)]
        }
    }
}

/// The even (0, 2) or odd (1, 3) outputs of `A^T` along one axis from the middle frequencies 1 to 4 and the
/// `outer` one: 0 for the even outputs, 5 for the odd ones. A `bias` is added to both.
#[inline(always)]
unsafe fn output_half<S: Simd, const ODD: bool>(
    outer: S::V,
    r: [S::V; 4],
    bias: Option<S::V>,
) -> [S::V; TILE / 2] {
    // SAFETY: the caller's contract.
    unsafe {
        let outer = match bias {
            Some(bias) => S::add(outer, bias),
            None => outer,
        };
        if ODD {
            let (near, far) = (S::sub(r[0], r[1]), S::sub(r[2], r[3]));
            let half_root = S::splat(std::f32::consts::FRAC_1_SQRT_2);
            let root2 = S::splat(std::f32::consts::SQRT_2);
            let quarter_root2 = S::splat(std::f32::consts::FRAC_1_SQRT_2 / 2.0);
            let two_root2 = S::splat(2.0 * std::f32::consts::SQRT_2);
            let inner = match bias {
                Some(bias) => S::fma(near, half_root, bias),
                None => S::mul(near, half_root),
            };
            [
                S::fma(far, root2, inner),
                S::fma(far, two_root2, S::fma(near, quarter_root2, outer)),
            ]
        } else {
            let (near, far) = (S::add(r[0], r[1]), S::add(r[2], r[3]));
            let half = S::splat(0.5);
            let inner = match bias {
                Some(bias) => S::fma(near, half, bias),
                None => S::mul(near, half),
            };
            [
                S::add(S::add(near, far), outer),
                S::fma(far, S::splat(2.0), inner),
            ]
        }
    }
}

/// A row of neighbouring tiles of one input map on its way into `V`.
pub(crate) struct InputTransform {
    /// For each of the six input rows, the first tile's leftmost pixel.
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

/// The vertical frequencies that one sweep over the tiles makes.
const OUTER: u8 = 0;
const NEAR: u8 = 1;
const FAR: u8 = 2;
/// Tiles of a sweep: a cache line of channels of their twelve frequencies (6 KiB) and of the rows that they
/// read (12 KiB) then stays in the first-level cache until all of its vectors and sweeps are done.
const STRIP: usize = 8;

/// `B^T d B` for every tile and channel.
///
/// The vertical frequencies are made two by two, (0, 5), (1, 2) and (3, 4): with the kept columns their twelve
/// intermediate vectors fit sixteen registers, 36 would not fit any. Neighbouring tiles share two of their six
/// columns, whose vertical transforms are kept.
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
                    input_rows::<S, NEAR>(a, strip.clone(), g * S::LANES);
                }
                for g in vectors {
                    input_rows::<S, FAR>(a, strip.clone(), g * S::LANES);
                }
            }
        }
    }
}

/// Two vertical frequencies of the column of pixels at `x` floats. A function and no closure: closures are
/// not sure to be inlined, and would then lack the instruction set.
#[inline(always)]
unsafe fn input_column<S: Simd, const ROWS: u8>(a: &InputTransform, x: usize) -> [S::V; 2] {
    // SAFETY: the caller's contract.
    unsafe {
        let r = a.rows.map(|row| row.wrapping_add(x));
        match ROWS {
            OUTER => [
                input_outer::<S>([S::load(r[0]), S::load(r[2]), S::load(r[4])]),
                input_outer::<S>([S::load(r[1]), S::load(r[3]), S::load(r[5])]),
            ],
            NEAR => input_middle::<S, false>([
                S::load(r[1]),
                S::load(r[2]),
                S::load(r[3]),
                S::load(r[4]),
            ]),
            _ => input_middle::<S, true>([
                S::load(r[1]),
                S::load(r[2]),
                S::load(r[3]),
                S::load(r[4]),
            ]),
        }
    }
}

#[inline(always)]
unsafe fn input_rows<S: Simd, const ROWS: u8>(
    a: &InputTransform,
    tiles: Range<usize>,
    channel: usize,
) {
    // SAFETY: the caller's contract.
    unsafe {
        let vertical = match ROWS {
            OUTER => [0, 5],
            NEAR => [1, 2],
            _ => [3, 4],
        };
        let mut x = tiles.start * TILE * a.pixel_stride + channel;
        let mut v = vertical.map(|f| {
            let v = f * PATCH * a.frequency_stride + tiles.start * a.tile_stride + channel;
            opaque(v)
        });
        let mut r = [[S::splat(0.0); PATCH]; 2];
        for j in 0..2 {
            [r[0][j], r[1][j]] = input_column::<S, ROWS>(a, x);
            x = opaque(x + a.pixel_stride);
        }
        for _ in tiles {
            for j in 2..PATCH {
                [r[0][j], r[1][j]] = input_column::<S, ROWS>(a, x);
                x = opaque(x + a.pixel_stride);
            }
            for i in 0..2 {
                let r = &mut r[i];
                let first = input_outer::<S>([r[0], r[2], r[4]]);
                let near = input_middle::<S, false>([r[1], r[2], r[3], r[4]]);
                let far = input_middle::<S, true>([r[1], r[2], r[3], r[4]]);
                let last = input_outer::<S>([r[1], r[3], r[5]]);
                let mut v = v[i];
                for frequency in [first, near[0], near[1], far[0], far[1], last] {
                    S::store(a.v.add(v), frequency);
                    v = opaque(v + a.frequency_stride);
                }
                [r[0], r[1]] = [r[4], r[5]];
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
    /// For each of the four output rows, the first tile's leftmost pixel.
    pub rows: [*mut f32; TILE],
    /// Rows that exist (1 to 4); the others are not written.
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

/// `A^T M A` and the epilogue for every tile and channel, in two halves that nearly fit the registers: even
/// output rows, then odd ones.
///
/// # Safety
///
/// The pointers cover what [`OutputTransform`] says, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn output_transform<S: Simd>(a: &OutputTransform) {
    // SAFETY: the caller's contract.
    unsafe {
        for tile in 0..a.tiles {
            for g in 0..a.vectors {
                output_rows::<S, false>(a, tile, g * S::LANES);
                output_rows::<S, true>(a, tile, g * S::LANES);
            }
        }
    }
}

#[inline(always)]
unsafe fn output_rows<S: Simd, const ODD: bool>(a: &OutputTransform, tile: usize, channel: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        let m = a.m.add(tile * a.tile_stride + channel);
        let zero = S::splat(0.0);
        let mut t = [[zero; PATCH]; TILE / 2];
        for j in 0..PATCH {
            let m = m.add(j * a.frequency_stride);
            let row = PATCH * a.frequency_stride;
            let outer = S::load(m.add(if ODD { (PATCH - 1) * row } else { 0 }));
            let mut middle = [zero; TILE];
            for i in 0..TILE {
                middle[i] = S::load(m.add((1 + i) * row));
            }
            let o = output_half::<S, ODD>(outer, middle, None);
            for i in 0..TILE / 2 {
                t[i][j] = o[i];
            }
        }
        let row = usize::from(ODD);
        output_row::<S>(a, tile, channel, row, t[0]);
        output_row::<S>(a, tile, channel, row + 2, t[1]);
    }
}

/// The horizontal half of `A^T M A` for one output row of a tile, and the epilogue. A function, so that the
/// rows' vectors have names and no indices: an array that a loop walks through lies in memory.
#[inline(always)]
unsafe fn output_row<S: Simd>(
    a: &OutputTransform,
    tile: usize,
    channel: usize,
    row: usize,
    t: [S::V; PATCH],
) {
    // SAFETY: the caller's contract.
    unsafe {
        if row >= a.valid_rows {
            return;
        }
        let bias = Some(S::load(a.epilogue.bias.as_ptr().add(channel)));
        let x = tile * TILE * a.pixel_stride + channel;
        let pixels = a.valid_pixels - (tile * TILE).min(a.valid_pixels);
        let middle = [t[1], t[2], t[3], t[4]];
        let even = output_half::<S, false>(t[0], middle, bias);
        let odd = output_half::<S, true>(t[5], middle, bias);
        let o = [even[0], odd[0], even[1], odd[1]];
        if pixels >= TILE {
            let merge = a.merges.map(|rows| rows[row].wrapping_add(x));
            let o = finish::<S, TILE>(a.epilogue, o, channel, merge, a.pixel_stride);
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
