//! The file formats: names, suffixes, signatures, and what each can hold.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::{Depth, PictureError};

/// A picture file format that is both read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Portable Network Graphics (ISO/IEC 15948).
    Png,
    /// JPEG (ITU-T T.81) in a JFIF or EXIF file.
    Jpeg,
    /// WebP (RFC 9649); written lossless.
    WebP,
    /// TIFF 6.0 and BigTIFF.
    Tiff,
    /// Windows bitmap.
    Bmp,
}

/// Bytes that [`Format::sniff`] wants to see.
pub const SIGNATURE_LENGTH: usize = 16;

impl Format {
    /// All of them.
    pub const ALL: [Format; 5] = [
        Format::Png,
        Format::Jpeg,
        Format::WebP,
        Format::Tiff,
        Format::Bmp,
    ];

    /// The format by the first bytes of a file; its name does not count.
    pub fn sniff(bytes: &[u8]) -> Option<Format> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Format::Png)
        } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Format::Jpeg)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Format::WebP)
        } else if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
            .iter()
            .any(|magic| bytes.starts_with(*magic))
        {
            Some(Format::Tiff)
        } else if bytes.starts_with(b"BM") {
            Some(Format::Bmp)
        } else {
            None
        }
    }

    /// The format that a file name asks for, by its suffix.
    pub fn of_path(path: &Path) -> Option<Format> {
        path.extension()?.to_str()?.parse().ok()
    }

    /// The usual suffix, without the dot.
    pub fn suffix(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Jpeg => "jpg",
            Format::WebP => "webp",
            Format::Tiff => "tif",
            Format::Bmp => "bmp",
        }
    }

    /// Whether alpha can be stored.
    pub fn holds_alpha(self) -> bool {
        self != Format::Jpeg
    }

    /// The widest samples that can be stored.
    pub fn deepest(self) -> Depth {
        match self {
            Format::Png | Format::Tiff => Depth::Sixteen,
            Format::Jpeg | Format::WebP | Format::Bmp => Depth::Eight,
        }
    }

    /// The longest side that can be stored, in pixels.
    pub fn longest_side(self) -> usize {
        match self {
            Format::Jpeg => 65_535,
            Format::WebP => 16_384,
            Format::Png | Format::Tiff | Format::Bmp => i32::MAX as usize,
        }
    }

    /// [`PictureError::Limit`] if a picture of this size cannot be stored.
    pub fn check_size(self, width: usize, height: usize) -> Result<(), PictureError> {
        let longest = self.longest_side();
        if width.max(height) > longest {
            return Err(PictureError::Limit(format!(
                "{width}x{height} pixels do not fit {self}, which ends at {longest} a side; \
                 choose a smaller size or -f png or -f tiff"
            )));
        }
        // A bitmap's header counts bytes in 32 bits.
        if self == Format::Bmp && (width as u64 + 1) * height as u64 * 4 > u64::from(u32::MAX) - 256
        {
            return Err(PictureError::Limit(format!(
                "{width}x{height} pixels do not fit {self}, which ends at 4 GiB; \
                 choose a smaller size or -f png or -f tiff"
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Png => "PNG",
            Format::Jpeg => "JPEG",
            Format::WebP => "WebP",
            Format::Tiff => "TIFF",
            Format::Bmp => "BMP",
        })
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name.to_ascii_lowercase().as_str() {
            "png" | "apng" => Ok(Format::Png),
            "jpg" | "jpeg" | "jpe" | "jfif" => Ok(Format::Jpeg),
            "webp" => Ok(Format::WebP),
            "tif" | "tiff" => Ok(Format::Tiff),
            "bmp" | "dib" => Ok(Format::Bmp),
            _ => Err("known formats are png, jpg, webp, tiff and bmp".into()),
        }
    }
}
