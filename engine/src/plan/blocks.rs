//! Winograd's blocks: how many tiles are transformed, multiplied and transformed back together, and where their scratch lies.

use super::compile::CompiledConv;
use super::cost;
use super::layout::TASK_TILES;
use crate::buffer::LINE;
use crate::kernel::table::{Kernels, RegisterTile};
use crate::kernel::winograd::{FREQUENCIES, TILE};
use crate::simd::second_level_bytes;

/// Most that a block's transformed maps may take of the second-level cache, where the weights of the frequency at work and
/// the rows that are asked for have to stay beside them.
const SHARE: (usize, usize) = (3, 8);
/// And in any case: more was not faster with a cache of 1 MiB, and slower with one of 2 MiB, where weights of 1 MiB have to stay as well.
const MOST_BYTES: usize = 192 << 10;
/// Tiles that a block has even where they do not fit that: all weights are read again for each block, and those
/// of deep layers do not stay in the second-level cache.
const MIN_BLOCK_TILES: usize = 12;
/// Estimated costs that differ by less are equal.
const EQUAL: f64 = 1e-6;

/// How Winograd's scratch is laid out for one convolution: one place more than there are frequencies. `V_f`
/// lies in place `f + 1` and its product `M_f` goes to place `f`, whose `V` is used up by then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    /// Floats between tiles.
    pub tile_stride: usize,
    /// Floats between frequencies.
    pub frequency_stride: usize,
    /// Tiles of the next block, by how many are left in a row of the task.
    next: Vec<u8>,
}

impl Scratch {
    /// That of a convolution over rows of `width` pixels.
    pub fn new(conv: &CompiledConv, kernels: &Kernels, width: usize) -> Scratch {
        let tile_stride = conv.depth.max(conv.vectors * kernels.lanes);
        let fit = scratch_bytes() / (FREQUENCIES * tile_stride * size_of::<f32>());
        let row = width.div_ceil(TILE).min(TASK_TILES);
        let most = fit.max(MIN_BLOCK_TILES).min(row);
        // An odd number of cache lines between frequencies: the transforms touch all of them at once, and
        // powers of two would put them into the same few sets.
        let lines = (most * tile_stride).div_ceil(LINE) | 1;
        let blocks: Vec<RegisterTile> = conv
            .blocks
            .iter()
            .map(|b| kernels.tile(b.vectors))
            .collect();
        Scratch {
            tile_stride,
            frequency_stride: lines * LINE,
            next: split(row, most, |tiles| {
                cost::block(kernels, &blocks, tiles, conv.depth)
            }),
        }
    }

    /// Floats in all.
    pub fn len(&self) -> usize {
        (FREQUENCIES + 1) * self.frequency_stride
    }

    /// Tiles of the next block where `pixels` of a task's row are left.
    pub fn next_tiles(&self, pixels: usize) -> usize {
        self.next[pixels.div_ceil(TILE)].into()
    }
}

/// Bytes that a block's transformed maps may take.
fn scratch_bytes() -> usize {
    (second_level_bytes() * SHARE.0 / SHARE.1).min(MOST_BYTES)
}

/// For up to `row` tiles that are left, how many go into the next block of at most `most`, so that all blocks together cost
/// least. Of equals the one that comes nearest to an even split.
fn split(row: usize, most: usize, cost: impl Fn(usize) -> f64) -> Vec<u8> {
    let costs: Vec<f64> = (0..=most).map(cost).collect();
    let (mut total, mut next) = (vec![0.0], vec![0]);
    for left in 1..=row {
        let even = left.div_ceil(left.div_ceil(most));
        let mut best = (f64::INFINITY, 0);
        let mut near: Vec<usize> = (1..=most.min(left)).collect();
        near.sort_by_key(|&tiles| tiles.abs_diff(even));
        for tiles in near {
            let cost = costs[tiles] + total[left - tiles];
            if cost < best.0 * (1.0 - EQUAL) {
                best = (cost, tiles);
            }
        }
        total.push(best.0);
        next.push(best.1 as u8);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    /// The blocks of a row of `left` tiles where 64 channels become 64.
    fn blocks(isa: Isa, most: usize, mut left: usize) -> Vec<usize> {
        let kernels = Kernels::of(isa);
        let vectors = 64 / kernels.lanes;
        let widest = vectors.min(kernels.gemm.len());
        let tiles = vec![kernels.tile(widest); vectors / widest];
        let next = split(left, most, |n| cost::block(kernels, &tiles, n, 64));
        let mut found = Vec::new();
        while left > 0 {
            found.push(usize::from(next[left]));
            left -= usize::from(next[left]);
        }
        found
    }

    /// AVX2's register tiles have six rows. Fewer than four leave its multiply-adds waiting for one another.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn blocks_fill_register_tiles() {
        for left in [43, 64, 86, 128] {
            let found = blocks(Isa::Avx2, 24, left);
            assert_eq!(found.len(), left.div_ceil(24), "{found:?}");
            let rest: Vec<usize> = found.iter().map(|n| n % 6).collect();
            let waiting = rest.iter().filter(|&&rest| (1..4).contains(&rest)).count();
            assert!(waiting <= 1, "{found:?}");
        }
        assert_eq!(blocks(Isa::Avx2, 12, 36), [12; 3]);
    }

    /// Every tile is in a block, no block is larger than its scratch, and there is at most one block more than needed.
    #[test]
    fn blocks_cover_a_row() {
        for isa in [Isa::Portable, Isa::Avx2, Isa::Avx512] {
            for most in [1, 5, 12, 24, 31] {
                for left in 1..=TASK_TILES {
                    let found = blocks(isa, most, left);
                    assert_eq!(found.iter().sum::<usize>(), left);
                    assert!(found.iter().all(|&n| (1..=most).contains(&n)), "{found:?}");
                    assert!(
                        found.len() <= left.div_ceil(most) + 1,
                        "{isa} {most}: {found:?}"
                    );
                }
            }
        }
    }
}
