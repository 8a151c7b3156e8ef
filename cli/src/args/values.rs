//! Values of options: sizes, amounts and factors, each with an error that says what is accepted.

use std::fmt;

use crate::picture::Depth;

/// How large the result is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TargetSize {
    /// Both sides times this.
    Scale(f64),
    /// This many pixels in a row; rows in proportion.
    Width(usize),
    /// This many rows; pixels in a row in proportion.
    Height(usize),
    /// Exactly this many pixels in a row and rows.
    Size(usize, usize),
    /// About this many million pixels, in proportion.
    Megapixels(f64),
    /// This many pixels along the longest side, the other in proportion; smaller than the picture is possible.
    Longest(usize),
    /// Exactly this many pixels, covered by the picture's middle; smaller than the picture is possible.
    Cover {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Whether both change places where the picture lies the other way.
        turns: bool,
    },
}

impl TargetSize {
    /// How many times longer the side that grows most becomes.
    pub fn factor(self, width: usize, height: usize) -> f64 {
        let (width, height) = (width as f64, height as f64);
        match self {
            TargetSize::Scale(factor) => factor,
            TargetSize::Width(w) => w as f64 / width,
            TargetSize::Height(h) => h as f64 / height,
            TargetSize::Size(w, h) => (w as f64 / width).max(h as f64 / height),
            TargetSize::Megapixels(megapixels) => (megapixels * 1e6 / (width * height)).sqrt(),
            TargetSize::Longest(longest) => longest as f64 / width.max(height),
            TargetSize::Cover { .. } => {
                let (w, h) = self
                    .sheet(width as usize, height as usize)
                    .unwrap_or((1, 1));
                (w as f64 / width).max(h as f64 / height)
            }
        }
    }

    /// The sheet that a picture of this size has to cover, lying as the picture does where it may be turned.
    pub fn sheet(self, width: usize, height: usize) -> Option<(usize, usize)> {
        let TargetSize::Cover {
            width: across,
            height: down,
            turns,
        } = self
        else {
            return None;
        };
        let lies_otherwise = width != height && (width > height) != (across > down);
        Some(match turns && lies_otherwise {
            true => (down, across),
            false => (across, down),
        })
    }

    /// The size of the result where it is given in pixels and may be smaller than the picture.
    pub fn delivered(self, width: usize, height: usize) -> Option<(usize, usize)> {
        match self {
            TargetSize::Longest(longest) => {
                let side = |side: usize| {
                    let exact = side as f64 * longest as f64 / width.max(height) as f64;
                    (exact.round() as usize).max(1)
                };
                Some((side(width), side(height)))
            }
            _ => self.sheet(width, height),
        }
    }
}

impl fmt::Display for TargetSize {
    /// As it appears in default file names: `4x`, `1920w`, `1080h`, `800x600`, `24mp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetSize::Scale(factor) => write!(f, "{factor}x"),
            TargetSize::Width(width) => write!(f, "{width}w"),
            TargetSize::Height(height) => write!(f, "{height}h"),
            TargetSize::Size(width, height) => write!(f, "{width}x{height}"),
            TargetSize::Megapixels(megapixels) => write!(f, "{megapixels}mp"),
            TargetSize::Longest(longest) => write!(f, "{longest}px"),
            TargetSize::Cover { width, height, .. } => write!(f, "{width}x{height}"),
        }
    }
}

/// A factor from 1 to 8, fractions allowed.
pub fn scale(word: &str) -> Result<f64, String> {
    let number = word.strip_suffix(['x', 'X']).unwrap_or(word);
    match number.parse::<f64>() {
        Ok(factor) if (1.0..=8.0).contains(&factor) => Ok(factor),
        _ => Err("a factor from 1 to 8, such as 2 or 2.5".into()),
    }
}

/// A file's name or a part of one. A folder in it is refused: those are `-o`'s.
pub fn name_part(word: &str) -> Result<String, String> {
    match word.contains(['/', '\\']) {
        true => Err("it names files, not folders; the folder is for -o".into()),
        false => Ok(word.to_owned()),
    }
}

/// A number of pixels along a side, at least 1.
pub fn side(word: &str) -> Result<usize, String> {
    match word.parse::<usize>() {
        Ok(side) if (1..=i32::MAX as usize).contains(&side) => Ok(side),
        _ => Err("a number of pixels, at least 1".into()),
    }
}

/// `WxH` in pixels.
pub fn size(word: &str) -> Result<(usize, usize), String> {
    word.split_once(['x', 'X'])
        .and_then(|(width, height)| Some((side(width).ok()?, side(height).ok()?)))
        .ok_or_else(|| "a width and a height in pixels, such as 1920x1080".into())
}

/// A part of the work: this one, from 1, of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, 1 to `count`.
    pub index: u64,
    /// Of how many.
    pub count: u64,
}

/// `i/n`, counted from 1.
pub fn shard(word: &str) -> Result<Shard, String> {
    let parts = word.split_once('/');
    let number = |part: &str| part.parse::<u64>().ok();
    parts
        .and_then(|(index, count)| Some((number(index)?, number(count)?)))
        .filter(|(index, count)| (1..=*count).contains(index))
        .map(|(index, count)| Shard { index, count })
        .ok_or_else(|| "a part and the number of parts, such as 1/8 to 8/8".into())
}

/// Millions of pixels.
pub fn megapixels(word: &str) -> Result<f64, String> {
    match word.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 1e6 => Ok(value),
        _ => Err("millions of pixels, such as 24 or 0.5".into()),
    }
}

/// Bytes: a number with an optional K, M, G or T, which are powers of 1024.
pub fn bytes(word: &str) -> Result<u64, String> {
    amount(word, 1024.0).ok_or_else(|| "an amount of memory, such as 512M, 1.5G or 8G".into())
}

/// A count of pixels: a number with an optional K, M, G or T, which are powers of 1000.
pub fn pixels(word: &str) -> Result<u64, String> {
    amount(word, 1000.0).ok_or_else(|| "a number of pixels, such as 50000000, 50M or 1G".into())
}

/// Bytes of a file: a number with an optional K, M, G or T, which are powers of 1000.
pub fn file_bytes(word: &str) -> Result<u64, String> {
    amount(word, 1000.0).ok_or_else(|| "an amount of bytes, such as 300k or 1.5M".into())
}

/// Bits of a sample.
pub fn depth(word: &str) -> Result<Depth, String> {
    match word {
        "8" => Ok(Depth::Eight),
        "16" => Ok(Depth::Sixteen),
        _ => Err("8 or 16".into()),
    }
}

fn amount(word: &str, base: f64) -> Option<u64> {
    let upper = word.trim().to_ascii_uppercase();
    let number = upper.trim_end_matches("IB").trim_end_matches('B');
    let (number, power) = match number.chars().last()? {
        'K' => (&number[..number.len() - 1], 1),
        'M' => (&number[..number.len() - 1], 2),
        'G' => (&number[..number.len() - 1], 3),
        'T' => (&number[..number.len() - 1], 4),
        _ => (number, 0),
    };
    let value = number.trim().parse::<f64>().ok()? * base.powi(power);
    (1.0..1e18).contains(&value).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory() {
        assert_eq!(bytes("512M"), Ok(512 << 20));
        assert_eq!(bytes("1G"), Ok(1 << 30));
        assert_eq!(bytes("1.5GiB"), Ok(3 << 29));
        assert_eq!(bytes("2gb"), Ok(2 << 30));
        assert_eq!(bytes("4096"), Ok(4096));
        for wrong in ["", "G", "-1G", "0", "1X", "nan", "1e99", "inf"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(pixels("1G"), Ok(1_000_000_000));
    }

    #[test]
    fn factors_and_sizes() {
        assert_eq!(scale("2.5"), Ok(2.5));
        assert_eq!(scale("4x"), Ok(4.0));
        for wrong in ["0.5", "9", "0", "-2", "nan", "x", ""] {
            assert!(scale(wrong).is_err(), "{wrong}");
        }
        assert_eq!(size("1920x1080"), Ok((1920, 1080)));
        for wrong in ["1920", "x", "0x5", "5x0", "1x2x3", "-1x5"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(shard("2/8"), Ok(Shard { index: 2, count: 8 }));
        for wrong in ["0/8", "9/8", "8", "1/0", "a/b", "-1/2", "1/2/3"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
        assert_eq!(TargetSize::Scale(4.0).to_string(), "4x");
        assert_eq!(TargetSize::Scale(2.5).to_string(), "2.5x");
        assert_eq!(TargetSize::Width(300).factor(100, 50), 3.0);
        assert_eq!(TargetSize::Height(100).factor(100, 50), 2.0);
        assert_eq!(TargetSize::Size(200, 150).factor(100, 50), 3.0);
        assert_eq!(TargetSize::Megapixels(0.02).factor(100, 50), 2.0);
        assert_eq!(TargetSize::Longest(50).delivered(100, 33), Some((50, 17)));
        assert_eq!(TargetSize::Longest(3).delivered(1000, 1), Some((3, 1)));
        let sheet = |turns| TargetSize::Cover {
            width: 300,
            height: 400,
            turns,
        };
        assert_eq!(sheet(true).delivered(100, 50), Some((400, 300)));
        assert_eq!(sheet(false).delivered(100, 50), Some((300, 400)));
        assert_eq!(sheet(true).delivered(50, 50), Some((300, 400)));
        assert_eq!(sheet(true).factor(100, 50), 6.0);
        assert_eq!(TargetSize::Scale(2.0).delivered(100, 50), None);
    }
}
