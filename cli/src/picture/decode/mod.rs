//! Files to pixels: one file per format, and what they share.
//!
//! A decoder checks the size that a header states against the [`Limits`] and against the length of
//! the file before it allocates, and refuses a file whose pixels end early: a picture that is grey
//! from the middle down is an error, never a result.

mod avif;
mod bmp;
mod convert;
mod gif;
mod jpeg;
mod jpeg_markers;
mod jxl;
mod png;
mod pnm;
mod qoi;
mod tiff;
mod tiff_samples;
mod webp;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::error::ImageError;

use super::limits::reserve;
use super::{
    Depth, Format, Input, Layout, Limits, Metadata, Picture, PictureError, Samples, colour,
    orientation,
};

/// What a format's decoder hands over; the rest is the same for all.
struct Decoded {
    width: usize,
    height: usize,
    colour: bool,
    alpha: bool,
    samples: Samples,
    metadata: Metadata,
    warnings: Vec<String>,
}

/// Decodes the first picture of a file, upright.
///
/// Errors say what is wrong with the file: [`PictureError::Malformed`] and
/// [`PictureError::Unsupported`] are the file's, [`PictureError::Limit`] that of the limits given.
pub fn decode(mut input: Input, limits: &Limits) -> Result<Picture, PictureError> {
    let format = input.sniff()?;
    let decoded = guarded(|| match format {
        Format::Png => png::decode(input, limits),
        Format::Jpeg => jpeg::decode(input, limits),
        Format::WebP => webp::decode(input, limits),
        Format::Tiff => tiff::decode(input, limits),
        Format::Bmp => bmp::decode(input, limits),
        Format::Gif => gif::decode(input, limits),
        Format::Jxl => jxl::decode(input, limits),
        Format::Pnm => pnm::decode(input, limits),
        Format::Qoi => qoi::decode(input, limits),
        Format::Avif => Err(PictureError::Unsupported(
            "AVIF is written but not read; convert it to PNG first".into(),
        )),
    })?;
    let (mut metadata, mut warnings) = (decoded.metadata, decoded.warnings);
    metadata.complete_density();
    let orientation = metadata.take_orientation(&mut warnings);
    let channels = if decoded.colour { 3 } else { 1 } + usize::from(decoded.alpha);
    let (samples, (width, height)) = orientation::apply(
        decoded.samples,
        (decoded.width, decoded.height),
        channels,
        orientation,
    )?;
    if orientation >= 5 {
        metadata.density = metadata.density.map(|d| super::Density { x: d.y, y: d.x });
        if let Some(table) = &mut metadata.luma_quantisation {
            *table = (0..64).map(|i| table[i % 8 * 8 + i / 8]).collect();
        }
    }
    let mut picture = Picture {
        width,
        height,
        colour: decoded.colour,
        alpha: decoded.alpha,
        samples,
        format,
        metadata,
        warnings,
    };
    colour::fit_profile(&mut picture);
    Ok(picture)
}

/// What a file says of its picture before the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// How it is stored.
    pub format: Format,
    /// Pixels in a row, as stored: EXIF may turn it.
    pub width: usize,
    /// Rows, as stored.
    pub height: usize,
    /// What a pixel becomes; transparency that is only said later is not counted.
    pub layout: Layout,
}

/// Width, height and layout, as a format's file has them.
type Shape = (usize, usize, Layout);

/// The outline of a picture file. Of a JPEG all of it is read, to see that it has an end.
pub fn probe(mut input: Input) -> Result<Outline, PictureError> {
    let format = input.sniff()?;
    let (width, height, layout) = guarded(|| match format {
        Format::Png => png::probe(input),
        Format::Jpeg => jpeg::probe(input),
        Format::WebP => webp::probe(input),
        Format::Tiff => tiff::probe(input),
        Format::Bmp => bmp::probe(input),
        Format::Gif => gif::probe(input),
        Format::Jxl => jxl::probe(input),
        Format::Pnm => pnm::probe(input),
        Format::Qoi => qoi::probe(input),
        Format::Avif => avif::probe(input),
    })?;
    Ok(Outline {
        format,
        width,
        height,
        layout,
    })
}

/// The same from the file's header alone.
pub fn outline(mut input: Input) -> Result<Outline, PictureError> {
    let format = input.sniff()?;
    if format != Format::Jpeg {
        return probe(input);
    }
    let (width, height, layout) = guarded(|| jpeg::outline(input))?;
    Ok(Outline {
        format,
        width,
        height,
        layout,
    })
}

fn layout(colour: bool, alpha: bool, sixteen: bool) -> Layout {
    Layout {
        colour,
        alpha,
        depth: match sixteen {
            true => Depth::Sixteen,
            false => Depth::Eight,
        },
    }
}

/// That of a decoder of `image`.
fn layout_of(colour: image::ColorType) -> Layout {
    let sixteen = colour.bytes_per_pixel() / colour.channel_count() > 1;
    layout(colour.has_color(), colour.has_alpha(), sixteen)
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a decoder whose panic becomes an error; a panic hook keeps quiet then.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs a decoder; a panic in it, which only a damaged file can cause, is an error of the file.
fn guarded<T>(decode: impl FnOnce() -> Result<T, PictureError>) -> Result<T, PictureError> {
    GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(decode));
    GUARDED.set(false);
    result.unwrap_or_else(|_| {
        Err(PictureError::Malformed(
            "the file is damaged in a way that its decoder did not survive".into(),
        ))
    })
}

/// What the decoders of `image` say.
fn image_failure(format: Format, error: ImageError) -> PictureError {
    match error {
        ImageError::IoError(e) => PictureError::from_read(e),
        ImageError::Unsupported(e) => PictureError::Unsupported(format!("a {format}: {e}")),
        other => PictureError::damaged(format, other),
    }
}

/// The warning that one of several pictures in a file is used.
fn only_first(what: &str, count: usize) -> String {
    format!("{count} {what}s: only the first is used")
}

/// Big-endian bytes to 16-bit samples, appended.
fn extend_from_big_endian(samples: &mut Vec<u16>, bytes: &[u8]) {
    samples.extend(
        bytes
            .chunks_exact(2)
            .map(|b| u16::from_be_bytes([b[0], b[1]])),
    );
}

/// Samples that are filled row by row; its room is reserved, not yet touched.
fn empty_samples(sixteen: bool, count: usize) -> Result<Samples, PictureError> {
    Ok(if sixteen {
        Samples::U16(reserve(count)?)
    } else {
        Samples::U8(reserve(count)?)
    })
}
