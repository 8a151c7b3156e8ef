//! GIF: the first frame, on the canvas that the header states.

use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::{Decoded, Shape, layout};
use crate::picture::colour::is_of_colours;
use crate::picture::limits::{allocate, check_plausible};
use crate::picture::{Format, Input, Limits, Metadata, PictureError, Samples};

/// Pixels that a byte of LZW can become: a code of 12 bits is a run of at most 4096.
const PIXELS_PER_BYTE: u64 = 2731;
/// Pixels of a canvas of which the first frame covers next to nothing: legal, so it cannot be measured by the file.
const EMPTY_CANVAS: u64 = 1 << 22;

fn failure(error: DecodingError) -> PictureError {
    match error {
        DecodingError::Io(e) => PictureError::from_read(e),
        other => PictureError::damaged(Format::Gif, other),
    }
}

fn options(limits: &Limits) -> DecodeOptions {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(match NonZeroU64::new(limits.bytes) {
        Some(bytes) => MemoryLimit::Bytes(bytes),
        None => MemoryLimit::Unlimited,
    });
    options
}

pub fn probe(input: Input) -> Result<Shape, PictureError> {
    let decoder = DecodeOptions::new().read_info(input).map_err(failure)?;
    let layout = layout(true, false, false);
    Ok((decoder.width().into(), decoder.height().into(), layout))
}

pub fn decode(input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let stored = input.length();
    let mut decoder = options(limits).read_info(input).map_err(failure)?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    // The canvas in four channels, and the frame's indices twice.
    limits.check(width, height, 6)?;
    let pixels = width as u64 * height as u64;
    if pixels > EMPTY_CANVAS {
        check_plausible(pixels, stored, PIXELS_PER_BYTE)?;
    }
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    let frame = decoder
        .read_next_frame()
        .map_err(failure)?
        .ok_or_else(PictureError::truncated)?
        .clone();
    let palette = match (&frame.palette, &global) {
        (Some(local), _) => local,
        (None, Some(global)) => global,
        (None, None) => {
            return Err(PictureError::damaged(Format::Gif, "its palette is missing"));
        }
    };
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (across, down) = (usize::from(frame.width), usize::from(frame.height));
    let covered = left == 0 && top == 0 && across >= width && down >= height;
    let alpha = !covered
        || frame
            .transparent
            .is_some_and(|index| frame.buffer.contains(&index));
    let (icc, xmp) = (decoder.icc_profile(), decoder.xmp_metadata());
    let metadata = Metadata {
        icc: icc.map(<[u8]>::to_vec),
        xmp: xmp.map(<[u8]>::to_vec),
        ..Metadata::default()
    };
    // A palette of greys is how a GIF says that it is grey, unless its profile is one of colours.
    let colour = metadata.icc.as_deref().is_some_and(is_of_colours)
        || palette
            .chunks_exact(3)
            .any(|rgb| rgb[0] != rgb[1] || rgb[1] != rgb[2]);
    let colours = if colour { 3 } else { 1 };
    let channels = colours + usize::from(alpha);
    let mut data: Vec<u8> = allocate(width * height * channels)?;
    for (y, indices) in frame.buffer.chunks_exact(across.max(1)).enumerate() {
        // What lies beside the canvas is cut off, as in every viewer.
        if top + y >= height || left >= width {
            break;
        }
        let row =
            &mut data[((top + y) * width + left) * channels..(top + y + 1) * width * channels];
        for (pixel, &index) in row.chunks_exact_mut(channels).zip(indices) {
            if frame.transparent == Some(index) {
                continue;
            }
            // Viewers show an index beyond the palette as black.
            let rgb = palette.get(usize::from(index) * 3..usize::from(index) * 3 + 3);
            pixel[..colours].copy_from_slice(&rgb.unwrap_or(&[0; 3])[..colours]);
            if alpha {
                pixel[colours] = 255;
            }
        }
    }
    let mut left_out = 0;
    while let Ok(Some(_)) = decoder.next_frame_info() {
        left_out += 1;
    }
    let mut warnings = Vec::new();
    if left_out > 0 {
        warnings.push(super::only_first("frame", left_out + 1));
    }
    Ok(Decoded {
        width,
        height,
        colour,
        alpha,
        samples: Samples::U8(data),
        metadata,
        warnings,
    })
}
