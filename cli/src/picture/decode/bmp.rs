//! Windows bitmaps: every depth, palettes and run lengths.

use image::codecs::bmp::BmpDecoder;
use image::error::ImageError;
use image::{ColorType, ImageDecoder};

use super::{Decoded, Shape, image_failure, layout_of};
use crate::picture::limits::{allocate, check_plausible};
use crate::picture::{Density, Format, Input, Limits, Metadata, PictureError, Samples};

/// Pixels that a stored byte can become: one bit each, or a run of 255 in two bytes. A run-length
/// "delta" of four bytes can skip up to 255 rows more.
const PIXELS_PER_BYTE: u64 = 1 << 14;
/// Where the header states pixels per metre.
const DENSITY: usize = 38;

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
    let density = density(&mut input)?;
    let mut decoder = BmpDecoder::new(input).map_err(failure)?;
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
    let icc = decoder.icc_profile().map_err(failure)?;
    // A palette of greys is how a bitmap says that it is grey.
    let grey = decoder
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
            density,
            ..Metadata::default()
        },
        warnings: Vec::new(),
    })
}

fn density(input: &mut Input) -> Result<Option<Density>, PictureError> {
    use std::io::{Read, Seek};
    let mut header = Vec::new();
    input.rewind()?;
    input
        .by_ref()
        .take(DENSITY as u64 + 8)
        .read_to_end(&mut header)?;
    input.rewind()?;
    let inch = |at: usize| {
        let bytes = header.get(at..at + 4)?.try_into().ok()?;
        Some(f64::from(i32::from_le_bytes(bytes)) * 0.0254)
    };
    // The oldest header ends before these fields.
    if header.get(14) == Some(&12) {
        return Ok(None);
    }
    Ok(inch(DENSITY)
        .zip(inch(DENSITY + 4))
        .and_then(|(x, y)| Density::new(x, y)))
}
