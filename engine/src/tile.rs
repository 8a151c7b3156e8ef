//! How an image is cut so that the work fits the memory it was given.
//!
//! A tile is computed together with a halo, and its origin lies on the grid that the kernels share. For the
//! result to be the same bits as in one piece the halo must cover more than the receptive radius: a Winograd
//! tile of 6x6 outputs is rounded through all of its 8x8 inputs, also those that an output does not depend
//! on mathematically, so every such layer takes six pixels and not one ([`reach`]).
//!
//! Deep networks (an ESRGAN of 23 blocks would need 1,400 pixels) and networks that look at the whole image
//! get [`INEXACT_HALO`] instead, and [`Tiling::exact`] is false. They are cut only if they must.

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
    /// Pixels computed for each pixel kept, at least 1.
    pub overhead: f64,
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
            &Step::Nearest {
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

/// Origin and length of a tile with its halo along one axis: `origin` and both ends that are not the
/// image's own lie on the grid.
pub(crate) fn extended(start: usize, len: usize, halo: usize, total: usize) -> (usize, usize) {
    let origin = start.saturating_sub(halo);
    (origin, (start + len + halo).min(total) - origin)
}

/// Chooses the tiling of `width` x `height` pixels: no cut if it fits `max_memory`, else the one that
/// computes least twice. `tile` forces the side of square tiles.
pub(crate) fn choose(
    compiled: &Compiled,
    width: usize,
    height: usize,
    threads: usize,
    tile: Option<usize>,
    max_memory: u64,
) -> Result<Tiling> {
    let (info, grid) = (&compiled.info, compiled.grid);
    let (halo, exact) = match reach(compiled) {
        Some(reach) if reach <= MAX_HALO => (reach.next_multiple_of(grid), true),
        _ => (INEXACT_HALO.next_multiple_of(grid), false),
    };
    let measure = |w: usize, h: usize| -> Result<Tiling> {
        let (w, h) = (w.min(width), h.min(height));
        let tiles = width.div_ceil(w) * height.div_ceil(h);
        let (wide, tall) = ((w + 2 * halo).min(width), (h + 2 * halo).min(height));
        let scale = info.scale;
        let rows = if tiles == 1 {
            0
        } else {
            let input = tall * width * info.in_channels;
            input + h * scale * width * scale * info.out_channels
        };
        let waiting = rows as u64 * size_of::<f32>() as u64;
        let mut computed = 0.0;
        for x in (0..width).step_by(w) {
            computed += extended(x, w.min(width - x), halo, width).1 as f64;
        }
        let across = computed / width as f64;
        computed = 0.0;
        for y in (0..height).step_by(h) {
            computed += extended(y, h.min(height - y), halo, height).1 as f64;
        }
        Ok(Tiling {
            width: w,
            height: h,
            halo,
            tiles,
            exact: exact || tiles == 1,
            memory_bytes: footprint(compiled, (wide, tall), threads, max_memory)? + waiting,
            overhead: across * computed / height as f64,
        })
    };
    if let Some(side) = tile {
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
