//! How an image is cut so that the work fits the memory it was given.
//!
//! A tile is computed together with a halo, and its origin lies on the grid that the kernels share. For the
//! result to be the same bits as in one piece the halo must cover more than the receptive radius: a Winograd
//! tile of 6x6 outputs is rounded through all of its 8x8 inputs, also those that an output does not depend
//! on mathematically, so every such layer takes six pixels and not one ([`reach`]).
//!
//! Deep networks (an ESRGAN of 23 blocks would need 1,400 pixels) and networks that look at the whole image
//! get [`INEXACT_HALO`] instead, and [`Tiling::exact`] is false. They are cut only if they must.

use crate::engine::EngineOptions;
use crate::exec::footprint;
use crate::kernel::winograd::TILE;
use crate::network::INPUT;
use crate::plan::compile::{Algorithm, Compiled, Step};
use crate::{Error, Result};

/// Widest halo for which tiles are exact.
const MAX_HALO: usize = 256;

/// Halo where an exact one is out of reach.
const INEXACT_HALO: usize = 64;

/// Smallest side of a tile without its halo.
const MIN_TILE: usize = 32;

/// How one pass over an image is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tiling {
    /// Width of a tile in input pixels, without its halo.
    pub width: usize,
    /// Height of a tile in input pixels, without its halo.
    pub height: usize,
    /// Pixels computed around a tile, on sides where the image goes on.
    pub halo: usize,
    /// Tiles in all; 1 means that the image is not cut.
    pub tiles: usize,
    /// Whether the result equals that of the uncut image, bit for bit.
    pub exact: bool,
    /// Bytes that the pass holds: feature maps, scratch, rows waiting on both sides. Weights not included.
    pub memory_bytes: u64,
    /// What of them the feature maps and scratch of the largest tile take: no other takes more, if there is a way.
    pub(crate) arena_bytes: u64,
    /// Pixels computed for each pixel kept, at least 1.
    pub overhead: f64,
    /// Width and height of the largest tile with its halo.
    pub(crate) extended: (usize, usize),
}

/// Input pixels beyond a cut that an output pixel's bits depend on; `None` if on the whole image.
fn reach(compiled: &Compiled) -> Option<usize> {
    // For each slot, the first pixel that a wrong pixel at -1 of the input does not touch, and the slot's
    // pixels per input pixel.
    let mut clean = vec![0usize; compiled.channels.len()];
    let mut density = vec![1.0f64; compiled.channels.len()];
    let mut last = INPUT;
    for step in &compiled.steps {
        let (output, first, per_pixel) = match step {
            Step::Conv(conv) => {
                let inputs = conv.inputs.iter().map(|&s| clean[s]).max().unwrap_or(0);
                let first = match conv.algorithm {
                    // The first tile whose patch begins at `inputs` or later.
                    Algorithm::Winograd => (inputs + 1).next_multiple_of(TILE),
                    Algorithm::Amx => inputs + conv.padding,
                    Algorithm::Direct if conv.stride == 1 => inputs + conv.padding,
                    Algorithm::Direct => return None,
                };
                let merged = conv
                    .merge_slots
                    .iter()
                    .map(|&s| clean[s])
                    .max()
                    .unwrap_or(0);
                (conv.output, first.max(merged), density[conv.inputs[0]])
            }
            &Step::Unshuffle {
                input,
                output,
                factor,
            } => (
                output,
                clean[input].div_ceil(factor),
                density[input] / factor as f64,
            ),
            &Step::DepthToSpace {
                input,
                output,
                factor,
            }
            | &Step::Nearest {
                input,
                output,
                factor,
            } => (
                output,
                clean[input] * factor,
                density[input] * factor as f64,
            ),
            Step::MaxPool { .. } | Step::Bilinear { .. } => return None,
            &Step::Emit { input, .. } => (input, clean[input], density[input]),
        };
        (clean[output], density[output]) = (first, per_pixel);
        last = output;
    }
    Some((clean[last] as f64 / density[last]).ceil() as usize)
}

/// A stretch of one axis of the image, and what is computed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// First pixel that is kept, and how many are.
    pub start: usize,
    pub len: usize,
    /// First pixel that is computed, and how many are.
    pub origin: usize,
    pub extent: usize,
}

impl Cut {
    /// With a halo on sides where an image of `total` pixels goes on. `origin` lies on the grid.
    pub fn new(start: usize, len: usize, halo: usize, total: usize, grid: usize) -> Cut {
        let origin = start.saturating_sub(halo) / grid * grid;
        let extent = (start + len + halo).min(total) - origin;
        Cut {
            start,
            len,
            origin,
            extent,
        }
    }
}

/// Chooses the tiling of `width` x `height` pixels: that of the options, or no cut if it fits the memory, or else the one
/// that computes least twice.
pub(crate) fn choose(
    compiled: &Compiled,
    (width, height): (usize, usize),
    options: &EngineOptions,
) -> Result<Tiling> {
    let (info, grid) = (&compiled.info, compiled.grid);
    let (threads, max_memory) = (options.threads, options.max_memory());
    // A mirrored image's tiles begin where they may, and the grid up to a step before.
    let slack = if options.self_ensemble { grid } else { 0 };
    let (halo, exact) = match reach(compiled) {
        Some(reach) if reach <= MAX_HALO => (reach.next_multiple_of(grid), true),
        _ => (INEXACT_HALO.next_multiple_of(grid), false),
    };
    let measure = |w: usize, h: usize| -> Result<Tiling> {
        let (w, h) = (w.min(width), h.min(height));
        let tiles = width.div_ceil(w) * height.div_ceil(h);
        let around = 2 * halo + slack;
        let (wide, tall) = ((w + around).min(width), (h + around).min(height));
        let scale = info.scale;
        let rows = if tiles == 1 && !options.self_ensemble {
            0
        } else {
            let input = tall * width * info.in_channels;
            input + h * scale * width * scale * info.out_channels
        };
        let waiting = rows as u64 * size_of::<f32>() as u64;
        let mut arena = footprint(compiled, (wide, tall), threads, max_memory)?;
        if options.self_ensemble {
            arena = arena.max(footprint(compiled, (tall, wide), threads, max_memory)?);
        }
        let computed = |side: usize, total: usize| {
            let cuts = (0..total).step_by(side);
            let cuts = cuts.map(|at| Cut::new(at, side.min(total - at), halo, total, grid));
            cuts.map(|cut| cut.extent as f64).sum::<f64>() / total as f64
        };
        Ok(Tiling {
            width: w,
            height: h,
            halo,
            tiles,
            exact: exact || tiles == 1,
            memory_bytes: arena + waiting,
            arena_bytes: arena,
            overhead: computed(w, width) * computed(h, height),
            extended: (wide, tall),
        })
    };
    if let Some(side) = options.tile {
        let side = side.max(1).next_multiple_of(grid);
        return measure(side, side);
    }
    let whole = measure(width, height)?;
    if whole.memory_bytes <= max_memory {
        return Ok(whole);
    }
    let sides = |total: usize| {
        let mut sides = vec![total];
        let mut side = MIN_TILE.next_multiple_of(grid);
        while side < total {
            sides.push(side);
            side = (side * 3 / 2).next_multiple_of(grid);
        }
        sides
    };
    let mut best: Option<Tiling> = None;
    let mut least = whole.memory_bytes;
    for h in sides(height) {
        for w in sides(width) {
            let tiling = measure(w, h)?;
            least = least.min(tiling.memory_bytes);
            let better = best.is_none_or(|best| tiling.overhead < best.overhead);
            if tiling.memory_bytes <= max_memory && better {
                best = Some(tiling);
            }
        }
    }
    best.ok_or_else(|| {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        Error::Limits(format!(
            "an image of {width}x{height} pixels needs at least {} MiB with this model, {} MiB are allowed; \
             raise the memory limit",
            mib(least),
            mib(max_memory)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::simd::{Isa, Precision};
    use std::path::Path;

    /// What a tile at an edge may take is not what the pass may: it is smaller, and could afford a faster order.
    #[test]
    fn no_tile_takes_more_than_the_largest() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../weights/photo-best-x4.safetensors"
        );
        let model = Model::open(Path::new(path)).unwrap();
        let compiled = Compiled::new(model.network(), Isa::Portable, Precision::F32).unwrap();
        let (width, height) = (2200, 2000);
        let mut edges = 0;
        for mib in [150, 250, 350, 450] {
            let options = EngineOptions {
                threads: 2,
                max_memory: Some(mib << 20),
                ..EngineOptions::default()
            };
            let tiling = choose(&compiled, (width, height), &options).unwrap();
            assert!(tiling.memory_bytes <= mib << 20);
            let cuts = |side: usize, total: usize| -> Vec<usize> {
                let starts = (0..total).step_by(side);
                starts
                    .map(|at| Cut::new(at, side.min(total - at), tiling.halo, total, compiled.grid))
                    .map(|cut| cut.extent)
                    .collect()
            };
            for h in cuts(tiling.height, height) {
                for w in cuts(tiling.width, width) {
                    let bytes = |room| footprint(&compiled, (w, h), 2, room).unwrap();
                    let within = bytes(tiling.arena_bytes);
                    assert!(
                        within <= tiling.arena_bytes,
                        "{mib} MiB: {w}x{h} in {tiling:?}"
                    );
                    edges += usize::from(bytes(mib << 20) > tiling.arena_bytes);
                }
            }
        }
        assert!(edges > 0, "none would have taken more: this proves nothing");
    }
}
