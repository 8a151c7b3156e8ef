//! Files to pixels: one file per format, and what they share.
//!
//! A decoder checks the size that a header states against the [`Limits`] and against the length of
//! the file before it allocates, and refuses a file whose pixels end early: a picture that is grey
//! from the middle down is an error, never a result.

mod bmp;
mod convert;
mod jpeg;
mod jpeg_markers;
mod png;
mod tiff;
mod webp;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::limits::reserve;
use super::{Format, Input, Limits, Metadata, Picture, PictureError, Samples, orientation};

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
    })?;
    let mut metadata = decoded.metadata;
    metadata.complete_density();
    let orientation = metadata.take_orientation();
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
    Ok(Picture {
        width,
        height,
        colour: decoded.colour,
        alpha: decoded.alpha,
        samples,
        format,
        metadata,
        warnings: decoded.warnings,
    })
}

/// Width, height and format of a picture file, from its header alone.
pub fn probe(mut input: Input) -> Result<(Format, usize, usize), PictureError> {
    let format = input.sniff()?;
    let (width, height) = guarded(|| match format {
        Format::Png => png::probe(input),
        Format::Jpeg => jpeg::probe(input),
        Format::WebP => webp::probe(input),
        Format::Tiff => tiff::probe(input),
        Format::Bmp => bmp::probe(input),
    })?;
    Ok((format, width, height))
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
