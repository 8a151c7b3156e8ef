//! `B^T d B`: patches of a map to frequencies.

use super::{PATCH, TILE};
use crate::buffer::LINE;
use crate::simd::{Simd, opaque};
use std::ops::Range;

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
