//! Picture files to pixels and back, with nothing lost on the way that the format can hold.
//!
//! A [`Picture`] keeps its samples as the file had them, 8 or 16 bits wide, grey or colour, with or
//! without alpha; nothing is widened to `f32` here. Orientation is applied while decoding. What a
//! file carries beside its pixels (ICC profile, EXIF, XMP, IPTC, density, PNG text) is its
//! [`Metadata`], and every encoder writes as much of it as its format knows.
//!
//! Samples stay in the encoding that the ICC profile describes: nothing is converted to another
//! colour space, and the profile goes into the output unchanged. There are two exceptions: CMYK, which
//! no network takes, becomes sRGB while decoding, through its own profile where it has one; and what is
//! to carry no profile is converted by [`colour::to_srgb`].

pub mod alpha;
mod budget;
pub mod colour;
mod crop;
mod declared;
pub mod decode;
pub mod encode;
pub mod exif;
pub mod foreign;
mod format;
mod input;
mod limits;
mod metadata;
mod orientation;
pub mod part;
mod photoshop;
pub mod save;

pub use format::Format;
pub use input::Input;
pub use limits::Limits;
pub use metadata::{Density, Metadata, PngExtras};

/// What can be wrong with a picture file, without the file's name: the caller knows it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// Damaged, cut off, or not a picture at all.
    #[error("{0}")]
    Malformed(String),
    /// A sound file of a kind that is not read or written here.
    #[error("{0}")]
    Unsupported(String),
    /// Larger than the limits that were given.
    #[error("{0}")]
    Limit(String),
    /// The operating system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl PictureError {
    /// A reading error: an early end is the file's fault, and so is what a decompressor cannot make sense of;
    /// everything else is the system's.
    pub(crate) fn from_read(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => PictureError::truncated(),
            _ if error.raw_os_error().is_none() => PictureError::Malformed(format!(
                "the file is damaged ({error}); get another copy of it"
            )),
            // What a system says of a place that no file has.
            std::io::ErrorKind::InvalidInput => PictureError::Malformed(
                "the file is damaged: it refers to a place beyond all files; get another copy of it".into(),
            ),
            _ => PictureError::Io(error),
        }
    }

    /// A decoder's own words about a damaged file.
    pub(crate) fn damaged(format: Format, words: impl std::fmt::Display) -> Self {
        PictureError::Malformed(format!(
            "damaged {format} ({words}); get another copy of it"
        ))
    }

    /// The file ends before its pixels do.
    pub(crate) fn truncated() -> Self {
        PictureError::Malformed("the file is cut off; get a complete copy of it".into())
    }
}

/// The system's words for an error, without its number and without the path that some libraries add.
pub fn reason(error: &std::io::Error) -> String {
    let words = error.to_string();
    match words.find(" (os error ") {
        Some(at) => words[..at].to_string(),
        None => words,
    }
}

/// Samples of a whole picture, rows from the top, channels interleaved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// 8 bits a sample, 0 to 255.
    U8(Vec<u8>),
    /// 16 bits a sample, 0 to 65535.
    U16(Vec<u16>),
}

impl Samples {
    /// Number of samples.
    pub fn len(&self) -> usize {
        match self {
            Samples::U8(data) => data.len(),
            Samples::U16(data) => data.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How wide a sample is.
    pub fn depth(&self) -> Depth {
        match self {
            Samples::U8(_) => Depth::Eight,
            Samples::U16(_) => Depth::Sixteen,
        }
    }
}

/// Bits of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 0 to 255.
    Eight,
    /// 0 to 65535.
    Sixteen,
}

impl Depth {
    /// Bytes that a sample takes.
    pub fn bytes(self) -> usize {
        match self {
            Depth::Eight => 1,
            Depth::Sixteen => 2,
        }
    }
}

/// What a pixel consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// RGB rather than grey.
    pub colour: bool,
    /// An alpha sample follows the colour; it is not multiplied into it.
    pub alpha: bool,
    /// Bits of every sample.
    pub depth: Depth,
}

impl Layout {
    /// Samples of colour in a pixel: 1 or 3.
    pub fn colour_channels(self) -> usize {
        if self.colour { 3 } else { 1 }
    }

    /// Samples in a pixel, alpha included.
    pub fn channels(self) -> usize {
        self.colour_channels() + usize::from(self.alpha)
    }

    /// Bytes in a pixel.
    pub fn pixel_bytes(self) -> usize {
        self.channels() * self.depth.bytes()
    }
}

/// A decoded picture, upright.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Grey, or red, green and blue.
    pub colour: bool,
    /// Whether an alpha sample follows the colour, not multiplied into it.
    pub alpha: bool,
    /// `width * height` pixels.
    pub samples: Samples,
    /// The file format that it came in.
    pub format: Format,
    /// What came with the pixels.
    pub metadata: Metadata,
    /// What could not be kept, or was taken for granted, in words for people.
    pub warnings: Vec<String>,
}

impl Picture {
    /// What its pixels consist of.
    pub fn layout(&self) -> Layout {
        Layout {
            colour: self.colour,
            alpha: self.alpha,
            depth: self.samples.depth(),
        }
    }

    /// The value of the alpha sample if it is the same everywhere, as a fraction of 1.
    pub fn constant_alpha(&self) -> Option<f32> {
        fn constant<T: PartialEq + Copy>(data: &[T], channels: usize) -> Option<T> {
            let mut alpha = data.iter().skip(channels - 1).step_by(channels).copied();
            let first = alpha.next()?;
            alpha.all(|value| value == first).then_some(first)
        }
        if !self.alpha {
            return None;
        }
        let channels = self.layout().channels();
        match &self.samples {
            Samples::U8(data) => constant(data, channels).map(|v| f32::from(v) / 255.0),
            Samples::U16(data) => constant(data, channels).map(|v| f32::from(v) / 65535.0),
        }
    }
}
