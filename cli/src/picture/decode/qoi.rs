//! QOI (the Quite OK Image format, version 1.0).

use std::io::{Read, Seek};

use image::codecs::qoi::QoiDecoder;
use image::{ColorType, ImageDecoder};

use super::{Decoded, Shape, image_failure, layout_of};
use crate::picture::limits::{allocate, check_plausible};
use crate::picture::{Format, Input, Limits, Metadata, PictureError, Samples};

/// The longest run that a byte stands for.
const PIXELS_PER_BYTE: u64 = 62;
/// Where the header says that all channels are linear.
const COLOUR_SPACE: usize = 13;

pub fn probe(input: Input) -> Result<Shape, PictureError> {
    let decoder = QoiDecoder::new(input).map_err(|e| image_failure(Format::Qoi, e))?;
    let (width, height) = decoder.dimensions();
    let layout = layout_of(decoder.color_type());
    Ok((width as usize, height as usize, layout))
}

pub fn decode(mut input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let failure = |e| image_failure(Format::Qoi, e);
    let stored = input.length();
    let mut header = Vec::new();
    input
        .by_ref()
        .take(COLOUR_SPACE as u64 + 1)
        .read_to_end(&mut header)?;
    input.rewind()?;
    let decoder = QoiDecoder::new(input).map_err(failure)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let alpha = decoder.color_type() == ColorType::Rgba8;
    let channels = if alpha { 4 } else { 3 };
    // The decoder makes a buffer of its own of all of it.
    limits.check(width, height, 2 * channels)?;
    check_plausible(width as u64 * height as u64, stored, PIXELS_PER_BYTE)?;
    let mut data = allocate(width * height * channels)?;
    decoder.read_image(&mut data).map_err(failure)?;
    let mut warnings = Vec::new();
    if header.get(COLOUR_SPACE) == Some(&1) {
        warnings.push("its samples are linear light, which no other format will say".into());
    }
    Ok(Decoded {
        width,
        height,
        colour: true,
        alpha,
        samples: Samples::U8(data),
        metadata: Metadata::default(),
        warnings,
    })
}
