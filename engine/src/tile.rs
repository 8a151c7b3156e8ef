//! How an image is cut so that the work fits the memory it was given.
//!
//! A tile is computed together with a halo as wide as the network's receptive radius, and its origin lies
//! on the grid that the kernels share, so its pixels are the same bits as in one piece. Networks that look
//! further than [`MAX_HALO`], or at the whole image, get a halo of that width: [`Tiling::exact`] is false.

use crate::exec::footprint;
use crate::network::ReceptiveRadius;
use crate::plan::compile::Compiled;
use crate::{Error, Result};

/// Widest halo, in input pixels: an ESRGAN of 23 blocks looks about 350 pixels far, and with such a halo a
/// tile would cost ten times its own pixels.
pub(crate) const MAX_HALO: usize = 96;

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
    let (halo, exact) = match info.receptive_radius {
        ReceptiveRadius::Pixels(r) => (r.min(MAX_HALO).next_multiple_of(grid), r <= MAX_HALO),
        ReceptiveRadius::WholeImage => (MAX_HALO.next_multiple_of(grid), false),
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
            memory_bytes: footprint(compiled, wide, tall, threads)? + waiting,
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
