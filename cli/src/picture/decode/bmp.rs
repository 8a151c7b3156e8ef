//! Windows bitmaps: every depth, palettes and run lengths. The decoder gives the pixels; resolution and colour profile are read
//! from the header here.

use std::io::{Read, Seek, SeekFrom};

use image::codecs::bmp::BmpDecoder;
use image::error::ImageError;
use image::{ColorType, ImageDecoder};

use super::{Decoded, Shape, image_failure, layout_of};
use crate::picture::colour::is_of_colours;
use crate::picture::limits::{allocate, check_plausible};
use crate::picture::{Density, Format, Input, Limits, Metadata, PictureError, Samples};

/// Pixels that a stored byte can become: one bit each, or a run of 255 in two bytes. A run-length
/// "delta" of four bytes can skip up to 255 rows more.
const PIXELS_PER_BYTE: u64 = 1 << 14;
/// The file header, after which everything else is counted.
const FILE_HEADER: usize = 14;
/// Length of a BITMAPV5HEADER, which may name a profile, and of the oldest header, which ends before the resolution.
const V5_HEADER: u32 = 124;
const OLDEST_HEADER: u32 = 12;
/// Where the header states pixels per metre.
const DENSITY: usize = FILE_HEADER + 24;
/// Where it says what its colours are, and where their profile is: its place, counted from the header's start, and its length.
const COLOUR_SPACE: usize = FILE_HEADER + 56;
const PROFILE: usize = FILE_HEADER + 112;
const PROFILE_EMBEDDED: u32 = u32::from_be_bytes(*b"MBED");
const PROFILE_LINKED: u32 = u32::from_be_bytes(*b"LINK");

fn failure(error: ImageError) -> PictureError {
    image_failure(Format::Bmp, error)
}

pub fn probe(input: Input) -> Result<Shape, PictureError> {
    let decoder = BmpDecoder::new(input).map_err(failure)?;
    let (width, height) = decoder.dimensions();
    let layout = layout_of(decoder.color_type());
    Ok((width as usize, height as usize, layout))
}

pub fn decode(mut input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let stored = input.length();
    let header = header(&mut input)?;
    let mut warnings = Vec::new();
    let icc = profile(&mut input, &header, &mut warnings)?;
    let decoder = BmpDecoder::new(input).map_err(failure)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let alpha = match decoder.color_type() {
        ColorType::Rgb8 => false,
        ColorType::Rgba8 => true,
        other => {
            return Err(PictureError::Unsupported(format!(
                "a BMP of {other:?} pixels"
            )));
        }
    };
    let channels = if alpha { 4 } else { 3 };
    limits.check(width, height, channels)?;
    check_plausible(width as u64 * height as u64, stored, PIXELS_PER_BYTE)?;
    let mut data = allocate(width * height * channels)?;
    // A palette of greys is how a bitmap says that it is grey, unless its profile is one of colours.
    let grey = !icc.as_deref().is_some_and(is_of_colours)
        && decoder
            .get_palette()
            .is_some_and(|palette| palette.iter().all(|[r, g, b]| r == g && g == b));
    decoder.read_image(&mut data).map_err(failure)?;
    if grey && !alpha {
        for i in 0..width * height {
            data[i] = data[i * channels];
        }
        data.truncate(width * height);
    }
    Ok(Decoded {
        width,
        height,
        colour: alpha || !grey,
        alpha,
        samples: Samples::U8(data),
        metadata: Metadata {
            icc,
            density: density(&header),
            ..Metadata::default()
        },
        warnings,
    })
}

/// The file's first bytes, as far as the longest header goes.
fn header(input: &mut Input) -> Result<Vec<u8>, PictureError> {
    let mut header = Vec::new();
    input.rewind()?;
    input
        .by_ref()
        .take((FILE_HEADER as u32 + V5_HEADER).into())
        .read_to_end(&mut header)?;
    input.rewind()?;
    Ok(header)
}

fn field(header: &[u8], at: usize) -> Option<u32> {
    let bytes = header.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(bytes))
}

fn density(header: &[u8]) -> Option<Density> {
    if field(header, FILE_HEADER)? == OLDEST_HEADER {
        return None;
    }
    let per_inch = |at: usize| Some(f64::from(field(header, at)? as i32) * 0.0254);
    Density::new(per_inch(DENSITY)?, per_inch(DENSITY + 4)?)
}

/// The embedded colour profile (BITMAPV5HEADER); a warning where there should be one that cannot be had.
fn profile(
    input: &mut Input,
    header: &[u8],
    warnings: &mut Vec<String>,
) -> Result<Option<Vec<u8>>, PictureError> {
    if field(header, FILE_HEADER) != Some(V5_HEADER) {
        return Ok(None);
    }
    match field(header, COLOUR_SPACE) {
        Some(PROFILE_EMBEDDED) => {}
        Some(PROFILE_LINKED) => {
            let words = "its colour profile lies in another file; it was left out";
            warnings.push(words.into());
            return Ok(None);
        }
        _ => return Ok(None),
    }
    let place = field(header, PROFILE).zip(field(header, PROFILE + 4));
    let Some((at, length)) = place.filter(|&(_, length)| length > 0) else {
        return Ok(None);
    };
    let at = FILE_HEADER as u64 + u64::from(at);
    if at + u64::from(length) > input.length() {
        warnings.push("its colour profile is cut off; it was left out".into());
        return Ok(None);
    }
    let mut icc = Vec::new();
    input.seek(SeekFrom::Start(at))?;
    input.by_ref().take(length.into()).read_to_end(&mut icc)?;
    input.rewind()?;
    Ok(Some(icc))
}
