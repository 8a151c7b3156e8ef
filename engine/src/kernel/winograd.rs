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
//! +-sqrt(2) and infinity: symmetric about 1, so that the transforms' entries stay small and the error is an
//! order of magnitude below that of the textbook points 0, +-1, +-2 (Barabasz et al., 2020).

use super::epilogue::{Epilogue, MAX_MERGES, finish};
use crate::simd::Simd;
use std::f64::consts::SQRT_2;

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

/// `B^T` along one axis.
#[inline(always)]
unsafe fn input_1d<S: Simd>(r: [S::V; PATCH]) -> [S::V; PATCH] {
    // SAFETY: the caller's contract.
    unsafe {
        let root2 = S::splat(std::f32::consts::SQRT_2);
        let neg_half_root = S::splat(-std::f32::consts::FRAC_1_SQRT_2);
        let neg2 = S::splat(-2.0);
        let neg_half = S::splat(-0.5);
        let neg_5_2 = S::splat(-2.5);
        let a = S::fma(neg_half_root, r[3], S::mul(root2, r[1]));
        let b = S::fma(neg2, r[2], r[4]);
        let c = S::fma(neg_half_root, r[1], S::mul(root2, r[3]));
        let d = S::fma(neg_half, r[2], r[4]);
        [
            S::add(S::fma(neg_5_2, r[2], r[0]), r[4]),
            S::sub(b, a),
            S::add(b, a),
            S::add(d, c),
            S::sub(d, c),
            S::add(S::fma(neg_5_2, r[3], r[1]), r[5]),
        ]
    }
}

/// `A^T` along one axis.
#[inline(always)]
unsafe fn output_1d<S: Simd>(r: [S::V; PATCH]) -> [S::V; TILE] {
    // SAFETY: the caller's contract.
    unsafe {
        let root2 = S::splat(std::f32::consts::SQRT_2);
        let half_root = S::splat(std::f32::consts::FRAC_1_SQRT_2);
        let two_root2 = S::splat(2.0 * std::f32::consts::SQRT_2);
        let quarter_root2 = S::splat(std::f32::consts::FRAC_1_SQRT_2 / 2.0);
        let half = S::splat(0.5);
        let two = S::splat(2.0);
        let near_sum = S::add(r[1], r[2]);
        let near_diff = S::sub(r[1], r[2]);
        let far_sum = S::add(r[3], r[4]);
        let far_diff = S::sub(r[3], r[4]);
        [
            S::add(S::add(r[0], near_sum), far_sum),
            S::fma(far_diff, root2, S::mul(near_diff, half_root)),
            S::fma(far_sum, two, S::mul(near_sum, half)),
            S::fma(far_diff, two_root2, S::fma(near_diff, quarter_root2, r[5])),
        ]
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

/// `B^T d B` for every tile and channel.
///
/// Neighbouring tiles share two of their six columns: their vertical transforms are kept.
///
/// # Safety
///
/// The pointers cover what [`InputTransform`] says, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn input_transform<S: Simd>(a: &InputTransform) {
    // SAFETY: the caller's contract.
    unsafe {
        for g in 0..a.vectors {
            let channel = g * S::LANES;
            let mut columns = [[S::splat(0.0); PATCH]; PATCH];
            let mut first = 0;
            for tile in 0..a.tiles {
                let x = (tile * TILE) * a.pixel_stride + channel;
                for j in first..PATCH {
                    let mut r = [S::splat(0.0); PATCH];
                    for i in 0..PATCH {
                        r[i] = S::load(a.rows[i].add(x + j * a.pixel_stride));
                    }
                    columns[j] = input_1d::<S>(r);
                }
                let v = a.v.add(tile * a.tile_stride + channel);
                for i in 0..PATCH {
                    let mut r = [S::splat(0.0); PATCH];
                    for j in 0..PATCH {
                        r[j] = columns[j][i];
                    }
                    let o = input_1d::<S>(r);
                    for j in 0..PATCH {
                        S::store(v.add((i * PATCH + j) * a.frequency_stride), o[j]);
                    }
                }
                columns[0] = columns[TILE];
                columns[1] = columns[TILE + 1];
                first = PATCH - TILE;
            }
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

/// `A^T M A` and the epilogue for every tile and channel.
///
/// # Safety
///
/// The pointers cover what [`OutputTransform`] says, and the processor has `S`.
#[inline(always)]
pub(crate) unsafe fn output_transform<S: Simd>(a: &OutputTransform) {
    // SAFETY: the caller's contract.
    unsafe {
        for tile in 0..a.tiles {
            let pixels = a.valid_pixels - (tile * TILE).min(a.valid_pixels);
            for g in 0..a.vectors {
                let channel = g * S::LANES;
                let m = a.m.add(tile * a.tile_stride + channel);
                let mut t = [[S::splat(0.0); PATCH]; TILE];
                for j in 0..PATCH {
                    let mut r = [S::splat(0.0); PATCH];
                    for i in 0..PATCH {
                        r[i] = S::load(m.add((i * PATCH + j) * a.frequency_stride));
                    }
                    let o = output_1d::<S>(r);
                    for i in 0..TILE {
                        t[i][j] = o[i];
                    }
                }
                let x = tile * TILE * a.pixel_stride + channel;
                for i in 0..a.valid_rows {
                    let o = output_1d::<S>(t[i]);
                    let row = a.rows[i].add(x);
                    if pixels >= TILE {
                        let merge = a.merges.map(|rows| rows[i].wrapping_add(x));
                        let o = finish::<S, TILE>(a.epilogue, o, channel, merge, a.pixel_stride);
                        for (j, o) in o.into_iter().enumerate() {
                            S::store(row.add(j * a.pixel_stride), o);
                        }
                    } else {
                        for (j, o) in o.into_iter().enumerate().take(pixels) {
                            let x = x + j * a.pixel_stride;
                            let merge = a.merges.map(|rows| rows[i].wrapping_add(x));
                            let [o] =
                                finish::<S, 1>(a.epilogue, [o], channel, merge, a.pixel_stride);
                            S::store(a.rows[i].add(x), o);
                        }
                    }
                }
            }
        }
    }
}
