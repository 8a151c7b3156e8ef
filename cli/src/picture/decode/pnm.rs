//! Portable anymaps: PBM, PGM, PPM and PAM, plain or raw, of 1 to 16 bits.

use image::codecs::pnm::PnmDecoder;
use image::{ColorType, ExtendedColorType, ImageDecoder};

use super::{Decoded, Shape, image_failure, layout_of};
use crate::picture::limits::{allocate, check_plausible};
use crate::picture::{Format, Input, Limits, Metadata, PictureError, Samples};

pub fn probe(input: Input) -> Result<Shape, PictureError> {
    let decoder = PnmDecoder::new(input).map_err(|e| image_failure(Format::Pnm, e))?;
    let (width, height) = decoder.dimensions();
    let layout = layout_of(decoder.color_type());
    Ok((width as usize, height as usize, layout))
}

pub fn decode(input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let failure = |e| image_failure(Format::Pnm, e);
    let stored = input.length();
    let decoder = PnmDecoder::new(input).map_err(failure)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let (colour, alpha, sixteen) = match decoder.color_type() {
        ColorType::L8 => (false, false, false),
        ColorType::La8 => (false, true, false),
        ColorType::Rgb8 => (true, false, false),
        ColorType::Rgba8 => (true, true, false),
        ColorType::L16 => (false, false, true),
        ColorType::La16 => (false, true, true),
        ColorType::Rgb16 => (true, false, true),
        ColorType::Rgba16 => (true, true, true),
        other => {
            return Err(PictureError::Unsupported(format!(
                "a PNM of {other:?} pixels"
            )));
        }
    };
    let channels = if colour { 3 } else { 1 } + usize::from(alpha);
    let pixel_bytes = channels * if sixteen { 2 } else { 1 };
    // Wide samples are read as bytes first.
    limits.check(width, height, pixel_bytes * 2)?;
    let bits = decoder.original_color_type() == ExtendedColorType::L1;
    let samples = width as u64 * height as u64 * channels as u64;
    check_plausible(samples, stored, if bits { 8 } else { 1 })?;
    let mut data: Vec<u8> = allocate(width * height * pixel_bytes)?;
    decoder.read_image(&mut data).map_err(failure)?;
    let samples = if sixteen {
        let mut wide = allocate(data.len() / 2)?;
        for (wide, bytes) in wide.iter_mut().zip(data.chunks_exact(2)) {
            *wide = u16::from_ne_bytes([bytes[0], bytes[1]]);
        }
        Samples::U16(wide)
    } else {
        Samples::U8(data)
    };
    Ok(Decoded {
        width,
        height,
        colour,
        alpha,
        samples,
        metadata: Metadata::default(),
        warnings: Vec::new(),
    })
}
