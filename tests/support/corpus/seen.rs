//! What other programs see in a file.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// What other programs see in a file.
pub struct Seen {
    pub width: usize,
    pub height: usize,
    pub bands: usize,
    /// `uchar`, `ushort`, `float`.
    pub format: String,
    /// libvips's name for the colour space.
    pub interpretation: String,
    /// The ICC profile in base 64.
    pub profile: Option<String>,
    /// Every tag, as `Group:Name`.
    pub tags: BTreeMap<String, Value>,
    /// Upright pixels.
    pub pixels: Shown,
}

impl Seen {
    /// Tags that an enlargement has to have as well.
    pub fn kept_tags(&self, name: &str) -> Vec<(String, Value)> {
        let output = output_name(name);
        let has_exif = !output.ends_with(".bmp");
        let has_iptc = output.ends_with(".jpg") || output.ends_with(".tif");
        const MAIN: [&str; 7] = [
            "Make",
            "Model",
            "Artist",
            "Copyright",
            "ImageDescription",
            "Software",
            "ModifyDate",
        ];
        const PIXELS: [&str; 3] = ["Orientation", "ExifImageWidth", "ExifImageHeight"];
        let keeps = |tag: &str| {
            let Some((group, name)) = tag.split_once(':') else {
                return false;
            };
            if PIXELS.contains(&name) {
                return false;
            }
            match group {
                "IFD0" => has_exif && MAIN.contains(&name),
                "ExifIFD" | "GPS" => has_exif,
                "IPTC" => has_iptc,
                _ => has_exif && group.starts_with("XMP-"),
            }
        };
        self.tags
            .iter()
            .filter(|(tag, _)| keeps(tag))
            .map(|(tag, value)| (tag.clone(), value.clone()))
            .collect()
    }

    /// Pixels per inch, wherever a format says it.
    pub fn dpi(&self) -> Option<(f64, f64)> {
        let number = |tag: &str| self.tags.get(tag).and_then(Value::as_f64);
        let pair = |x: &str, y: &str, scale: f64| Some((number(x)? * scale, number(y)? * scale));
        let scale = |tag: &str, inch: f64, cm: f64| match number(tag) {
            Some(unit) if unit == inch => Some(1.0),
            Some(unit) if unit == cm => Some(2.54),
            _ => None,
        };
        scale("JFIF:ResolutionUnit", 1.0, 2.0)
            .and_then(|s| pair("JFIF:XResolution", "JFIF:YResolution", s))
            .or_else(|| {
                number("PNG-pHYs:PixelUnits").filter(|&unit| unit == 1.0)?;
                pair("PNG-pHYs:PixelsPerUnitX", "PNG-pHYs:PixelsPerUnitY", 0.0254)
            })
            .or_else(|| {
                pair("File:PixelsPerMeterX", "File:PixelsPerMeterY", 0.0254).filter(|d| d.0 > 0.0)
            })
            .or_else(|| {
                let s = scale("IFD0:ResolutionUnit", 2.0, 3.0)?;
                pair("IFD0:XResolution", "IFD0:YResolution", s)
            })
    }
}

/// Red, green, blue and alpha, 0 to 1.
pub struct Shown {
    pub width: usize,
    pub height: usize,
    pub samples: Vec<[f64; 4]>,
}

impl Shown {
    /// Reads the "portable arbitrary map" that ImageMagick writes.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let end = bytes.windows(8).position(|w| w == b"\nENDHDR\n")?;
        let header = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let value = |key: &str| {
            let line = header.lines().find(|line| line.starts_with(key))?;
            line[key.len()..].trim().parse::<usize>().ok()
        };
        let (width, height, depth) = (value("WIDTH")?, value("HEIGHT")?, value("DEPTH")?);
        let largest = value("MAXVAL")?;
        let wide = if largest > 255 { 2 } else { 1 };
        let numbers: Vec<f64> = bytes[end + 8..]
            .chunks_exact(wide)
            .map(|b| b.iter().fold(0, |sum, &b| sum * 256 + usize::from(b)) as f64 / largest as f64)
            .collect();
        let samples = numbers.chunks_exact(depth).map(|p| match *p {
            [v] => [v, v, v, 1.0],
            [v, a] => [v, v, v, a],
            [r, g, b] => [r, g, b, 1.0],
            _ => [p[0], p[1], p[2], p[3]],
        });
        let samples: Vec<_> = samples.collect();
        (samples.len() == width * height).then_some(Shown {
            width,
            height,
            samples,
        })
    }

    /// Every four pixels averaged, colours by their alpha.
    pub fn halved(&self) -> Shown {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut samples = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let four = [(0, 0), (1, 0), (0, 1), (1, 1)]
                    .map(|(dx, dy)| self.samples[(2 * y + dy) * self.width + 2 * x + dx]);
                let alpha: f64 = four.iter().map(|p| p[3]).sum();
                let mut mean = [0.0, 0.0, 0.0, alpha / 4.0];
                for channel in 0..3 {
                    let sum: f64 = four.iter().map(|p| p[channel] * p[3]).sum();
                    mean[channel] = if alpha > 0.0 { sum / alpha } else { 0.0 };
                }
                samples.push(mean);
            }
        }
        Shown {
            width,
            height,
            samples,
        }
    }

    /// Mean differences of colour, where it shows in both, and of alpha.
    pub fn distance(&self, other: &Shown) -> (f64, f64) {
        let (mut colour, mut weight, mut alpha) = (0.0, 0.0, 0.0);
        for (a, b) in self.samples.iter().zip(&other.samples) {
            let shows = a[3].min(b[3]);
            weight += shows;
            let sum: f64 = (0..3).map(|c| (a[c] - b[c]).abs()).sum();
            colour += sum / 3.0 * shows;
            alpha += (a[3] - b[3]).abs();
        }
        (
            if weight > 0.0 { colour / weight } else { 0.0 },
            alpha / self.samples.len() as f64,
        )
    }
}

/// The name under which an input's enlargement is found: a format that is only read becomes PNG.
pub fn output_name(name: &str) -> String {
    let (stem, suffix) = name.split_once('.').expect("a suffix");
    match suffix {
        "png" | "jpg" | "webp" | "tif" | "bmp" => name.to_string(),
        _ => format!("{stem}.png"),
    }
}

/// Whether a format has a place for pixels per inch. That of WebP is EXIF, which is left as it is.
pub fn holds_density(name: &str) -> bool {
    !name.ends_with(".webp")
}
