//! Whether the disk can hold results, before the work for them begins.

use std::path::{Path, PathBuf};

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
    let what = format!("{name}: the result takes");
    refuse(&what, least_bytes(result), folder)
}

/// Refuses `least` bytes that a folder has no space for; `what` says what takes them.
pub fn refuse(what: &str, least: u64, folder: &Path) -> Result<(), Failure> {
    // Where the system does not say, trying tells.
    let Ok(free) = fs4::available_space(folder) else {
        return Ok(());
    };
    if least <= free {
        return Ok(());
    }
    Err(Failure::Limit(format!(
        "{what} at least {} MB and {} has {} MB of space left; \
         make room, choose another place or a smaller size, or try -f jpg",
        least.div_ceil(1_000_000),
        folder.display(),
        free / 1_000_000
    )))
}

/// A folder, or the next one above it that is there.
pub fn existing(folder: &Path) -> PathBuf {
    let there = folder.ancestors().find(|above| above.is_dir());
    there.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// What folders have in common that share their free space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Disk(String);

impl Disk {
    /// That of a folder that is there.
    #[cfg(unix)]
    pub fn of(folder: &Path) -> Disk {
        use std::os::unix::fs::MetadataExt;
        let device = std::fs::metadata(folder).map_or(0, |found| found.dev());
        Disk(device.to_string())
    }

    /// That of a folder that is there: its drive or share.
    #[cfg(not(unix))]
    pub fn of(folder: &Path) -> Disk {
        let whole = std::fs::canonicalize(folder).unwrap_or_default();
        let drive = whole.components().next();
        Disk(drive.map_or(String::new(), |drive| format!("{drive:?}")))
    }
}

/// A picture of which only the header was seen.
pub struct Unread {
    /// How it is stored.
    pub format: Format,
    /// Length of its file.
    pub bytes: u64,
    /// Whether some of what it holds is left out.
    pub loses: bool,
}

/// What is to be made of it.
pub struct Planned {
    /// How it is stored.
    pub format: Format,
    /// Its size without compression.
    pub bytes: u64,
    /// How many times longer its sides are than the picture's.
    pub factor: f64,
    /// Whether it has each pixel many times over.
    pub repeats_pixels: bool,
    /// Its quality, if its format has one.
    pub quality: u8,
    /// Most bytes that it may have.
    pub max_bytes: Option<u64>,
}

/// How the length of a compressed file grows with its sides. Of 24 photographs, drawings and screenshots, as PNG, WebP
/// and JPEG of two qualities, enlarged two and four times by filters and a network, PNG and WebP took this power of the
/// factor at least 0.9 times (of JPEGs 2.2 times), blocks of equal pixels 0.85 times the file itself (of JPEGs 2.2
/// times), and JPEG of quality 95 this power 0.29 times.
const GROWTH: f64 = 1.4;

impl Unread {
    /// Bytes that a result hardly stays below, by the length of the picture's file. Of many pictures the sum stays
    /// above theirs by far.
    pub fn least_bytes(&self, result: &Planned) -> u64 {
        if result.format == Format::Bmp {
            return result.bytes;
        }
        let share = match (self.format, result.format) {
            // The file's length says little of what is in it.
            (Format::Bmp | Format::Pnm | Format::Tiff | Format::Gif | Format::Qoi, _) => return 0,
            _ if self.loses => return 0,
            (_, Format::Jpeg) if result.quality >= 85 => 0.1,
            (_, Format::Jpeg | Format::Avif) => return 0,
            (Format::Jpeg, _) => 1.5,
            _ => 0.6,
        };
        let growth = match result.factor {
            factor if factor < 1.0 => factor * factor,
            _ if result.repeats_pixels => 1.0,
            factor => factor.powf(GROWTH),
        };
        let least = (self.bytes as f64 * share * growth) as u64;
        least
            .min(result.bytes)
            .min(result.max_bytes.unwrap_or(u64::MAX))
    }
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
