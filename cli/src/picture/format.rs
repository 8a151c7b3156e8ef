//! The file formats: names, suffixes, signatures, and what each can hold.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::{Depth, PictureError};

/// A picture file format. All but AVIF are read; [`Format::is_written`] says which are written.
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
    /// AV1 Image File Format.
    Avif,
    /// JPEG XL (ISO/IEC 18181), a bare codestream or in its container.
    Jxl,
    /// Graphics Interchange Format; the first frame.
    Gif,
    /// Portable anymap: PBM, PGM, PPM and PAM, plain or raw.
    Pnm,
    /// Quite OK Image Format.
    Qoi,
}

/// The first box of a JPEG XL file that is no bare codestream.
const JXL_CONTAINER: &[u8] = b"\0\0\0\x0cJXL \r\n\x87\n";

/// Bytes that [`Format::sniff`] wants to see.
pub const SIGNATURE_LENGTH: usize = 16;

impl Format {
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
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            Some(Format::Gif)
        } else if bytes.starts_with(b"qoif") {
            Some(Format::Qoi)
        } else if bytes.starts_with(&[0xff, 0x0a]) || bytes.starts_with(JXL_CONTAINER) {
            Some(Format::Jxl)
        } else if let [b'P', b'1'..=b'7', b' ' | b'\t' | b'\r' | b'\n' | b'#', ..] = bytes {
            Some(Format::Pnm)
        } else if bytes.get(4..8) == Some(b"ftyp")
            && matches!(bytes.get(8..12), Some(b"avif" | b"avis"))
        {
            Some(Format::Avif)
        } else {
            None
        }
    }

    /// The format that a file name speaks of, by its suffix.
    pub fn of_path(path: &Path) -> Option<Format> {
        Format::by_name(path.extension()?.to_str()?)
    }

    fn by_name(name: &str) -> Option<Format> {
        Some(match name.to_ascii_lowercase().as_str() {
            "png" | "apng" => Format::Png,
            "jpg" | "jpeg" | "jpe" | "jfif" => Format::Jpeg,
            "webp" => Format::WebP,
            "tif" | "tiff" => Format::Tiff,
            "bmp" | "dib" => Format::Bmp,
            "avif" => Format::Avif,
            "jxl" => Format::Jxl,
            "gif" => Format::Gif,
            "pbm" | "pgm" | "ppm" | "pnm" | "pam" => Format::Pnm,
            "qoi" => Format::Qoi,
            _ => return None,
        })
    }

    /// Whether results can be of this format.
    pub fn is_written(self) -> bool {
        !matches!(self, Format::Jxl | Format::Gif | Format::Pnm | Format::Qoi)
    }

    /// The format of a result where none was asked for: the input's, or PNG where that is not written.
    pub fn of_result(self) -> Format {
        match self.is_written() {
            true => self,
            false => Format::Png,
        }
    }

    /// The usual suffix, without the dot.
    pub fn suffix(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Jpeg => "jpg",
            Format::WebP => "webp",
            Format::Tiff => "tif",
            Format::Bmp => "bmp",
            Format::Avif => "avif",
            Format::Jxl => "jxl",
            Format::Gif => "gif",
            Format::Pnm => "pnm",
            Format::Qoi => "qoi",
        }
    }

    /// Whether a quality can be chosen: it is lossy.
    pub fn has_quality(self) -> bool {
        matches!(self, Format::Jpeg | Format::Avif)
    }

    /// Whether an ICC profile can be stored.
    pub fn holds_profile(self) -> bool {
        self != Format::Avif
    }

    /// Whether grey is stored as one channel, and not as three, which its profile does not fit.
    pub fn holds_grey(self) -> bool {
        self != Format::WebP
    }

    /// Whether alpha can be stored.
    pub fn holds_alpha(self) -> bool {
        self != Format::Jpeg
    }

    /// The widest samples that can be stored.
    pub fn deepest(self) -> Depth {
        match self {
            Format::Png | Format::Tiff => Depth::Sixteen,
            _ => Depth::Eight,
        }
    }

    /// The longest side that can be stored, in pixels.
    pub fn longest_side(self) -> usize {
        match self {
            // Its headers have room for 65535, libjpeg and all that is built on it end here.
            Format::Jpeg => 65_500,
            // Likewise for libavif.
            Format::Avif => 32_768,
            // One more is written as 0 in 14 bits by some, and not read again.
            Format::WebP => 16_383,
            _ => i32::MAX as usize,
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
            Format::Avif => "AVIF",
            Format::Jxl => "JPEG XL",
            Format::Gif => "GIF",
            Format::Pnm => "PNM",
            Format::Qoi => "QOI",
        })
    }
}

impl FromStr for Format {
    type Err = String;

    /// A format that is written.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        const WRITTEN: &str = "png, jpg, webp, tiff, bmp and avif are written";
        match Format::by_name(name) {
            Some(format) if format.is_written() => Ok(format),
            Some(format) => Err(format!("{format} is only read; {WRITTEN}")),
            None => Err(WRITTEN.into()),
        }
    }
}
