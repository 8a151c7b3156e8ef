//! Whether the disk can hold a result, before the work for it begins.

use std::path::Path;

use crate::failure::Failure;
use crate::picture::{Format, Picture, Samples};

/// Rows of the picture that are looked at.
const ROWS: usize = 64;
/// How far below the estimate a result may stay: of 35 photographs, drawings and screenshots, by a network and by filters,
/// PNG, TIFF and WebP stayed at 0.99 of it at the least, and took one and a half times as much in the middle.
const MARGIN: f64 = 0.75;

/// A result that is about to be made.
pub struct Coming<'a> {
    /// What it is made of.
    pub picture: &'a Picture,
    /// How it is stored.
    pub format: Format,
    /// Its size without compression.
    pub bytes: u64,
    /// How many times longer its sides are than the picture's.
    pub factor: f64,
    /// Whether it has each pixel many times over.
    pub repeats_pixels: bool,
}

/// Refuses a result that a folder has no space for; `name` is its input.
pub fn check(folder: &Path, name: &str, result: &Coming) -> Result<(), Failure> {
    // Where the system does not say, trying tells.
    let Ok(free) = fs4::available_space(folder) else {
        return Ok(());
    };
    let least = least_bytes(result);
    if least <= free {
        return Ok(());
    }
    let mb = |bytes: u64| bytes.div_ceil(1_000_000);
    Err(Failure::Limit(format!(
        "{name}: the result takes at least {} MB and {} has {} MB of space left; \
         make room, choose another place or a smaller size, or try -f jpg",
        mb(least),
        folder.display(),
        free / 1_000_000
    )))
}

/// Bytes that a result hardly stays below.
///
/// Lossless formats store how neighbours differ, so the entropy of the differences in the picture tells what they will
/// take. Enlarged, neighbours are closer by the factor, which is its logarithm in bits, and flat areas stay flat.
fn least_bytes(result: &Coming) -> u64 {
    let share = match result.format {
        Format::Bmp => return result.bytes,
        Format::Png | Format::Tiff => 1.0,
        Format::WebP => 0.5,
        _ => 0.05,
    };
    let entropy = entropy(result.picture);
    let flat = entropy / (2.0 * result.factor * result.factor);
    let bits = match result.repeats_pixels {
        true => flat,
        false => flat.max(entropy - result.factor.log2() - 1.0),
    };
    (result.bytes as f64 * bits / 8.0 * share * MARGIN) as u64
}

/// Bits of the difference between neighbours in a row, from 0 to 8, in the upper eight of a sample.
fn entropy(picture: &Picture) -> f64 {
    fn count<T: Copy>(
        rows: std::slice::ChunksExact<T>,
        channels: usize,
        upper: impl Fn(T) -> u8,
    ) -> [u64; 256] {
        let mut counts = [0; 256];
        let step = rows.len().div_ceil(ROWS).max(1);
        for row in rows.step_by(step) {
            for (sample, next) in row.iter().zip(row.iter().skip(channels)) {
                counts[usize::from(upper(*next).wrapping_sub(upper(*sample)))] += 1;
            }
        }
        counts
    }
    let channels = picture.layout().channels();
    let row = picture.width * channels;
    let counts = match &picture.samples {
        Samples::U8(data) => count(data.chunks_exact(row), channels, |v| v),
        Samples::U16(data) => count(data.chunks_exact(row), channels, |v| (v >> 8) as u8),
    };
    let all = counts.iter().sum::<u64>().max(1) as f64;
    let bits = counts.iter().filter(|&&count| count > 0).map(|&count| {
        let share = count as f64 / all;
        -share * share.log2()
    });
    bits.sum()
}
