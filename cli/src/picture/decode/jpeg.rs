//! JPEG: baseline and progressive; grey, YCbCr, RGB, and CMYK or YCCK as Adobe writes them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::jpeg_markers::Markers;
use super::{Decoded, Shape, convert, layout};
use crate::picture::limits::{allocate, check_plausible};
use crate::picture::metadata::COMMENT;
use crate::picture::{Format, Input, Limits, Metadata, PictureError, Samples};

/// Bytes in which the size of most files is found.
const HEADER_BYTES: u64 = 1 << 16;
/// Pixels that a byte of coded data can become: a block of 64 takes at least a bit in one scan.
const PIXELS_PER_BYTE: u64 = 512;

/// What the samples of the decoder are.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Grey,
    Rgb,
    Cmyk,
    Ycck,
}

pub fn probe(input: Input) -> Result<Shape, PictureError> {
    let markers = Markers::scan(&input.into_bytes(u64::MAX)?)?;
    match markers.end {
        Some(_) => Ok(shape(&markers)),
        None => Err(PictureError::truncated()),
    }
}

/// From as much of the file as it takes: metadata of any length stands before the size.
pub fn outline(mut input: Input) -> Result<Shape, PictureError> {
    let mut start = Vec::new();
    let mut more = HEADER_BYTES;
    loop {
        let read = input.by_ref().take(more).read_to_end(&mut start)? as u64;
        match Markers::scan(&start) {
            Ok(markers) => return Ok(shape(&markers)),
            Err(error) if read < more => return Err(error),
            Err(_) => more = start.len() as u64,
        }
    }
}

fn shape(markers: &Markers) -> Shape {
    let layout = layout(markers.components.len() > 1, false, false);
    (markers.width, markers.height, layout)
}

pub fn decode(input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let mut bytes = input.into_bytes(limits.bytes)?;
    let markers = Markers::scan(&bytes)?;
    let (width, height) = (markers.width, markers.height);
    let count = markers.components.len();
    if markers.precision != 8 {
        return Err(PictureError::Unsupported(format!(
            "a JPEG of {} bits a sample; save it as PNG or TIFF of 16 bits",
            markers.precision
        )));
    }
    if markers.arithmetic {
        return Err(PictureError::Unsupported(
            "a JPEG of arithmetic coding; save it with the usual Huffman coding (jpegtran does)"
                .into(),
        ));
    }
    // The decoder takes the first component for the one that is sampled most, and 3x1 for damage.
    let most = markers.sampling.first().copied().unwrap_or([1, 1]);
    let odd = |&[across, down]: &[u8; 2]| {
        across == 0 || down == 0 || across == 3 || down == 3 || across > most[0] || down > most[1]
    };
    if count > 1 && markers.sampling.iter().any(odd) {
        let words = markers.sampling.iter().map(|[a, d]| format!("{a}x{d}"));
        return Err(PictureError::Unsupported(format!(
            "a JPEG whose colours are sampled in an unusual way ({}); save it as PNG or TIFF",
            words.collect::<Vec<_>>().join(", ")
        )));
    }
    // Samples, and what the decoder keeps of a progressive file: a 16-bit coefficient for each.
    limits.check(width, height, count * 3)?;
    check_plausible(
        width as u64 * height as u64,
        bytes.len() as u64,
        PIXELS_PER_BYTE,
    )?;
    let Some(end) = markers.end else {
        return Err(PictureError::truncated());
    };

    let transform = markers.adobe.map(|(_, transform)| transform);
    let kind = match count {
        1 => Kind::Grey,
        3 => Kind::Rgb,
        4 if transform == Some(2) => Kind::Ycck,
        4 => Kind::Cmyk,
        _ => {
            return Err(PictureError::Unsupported(format!(
                "a JPEG of {count} colour components"
            )));
        }
    };
    // Three components without a transform are RGB; the decoder knows that only by their names.
    let raw_rgb = count == 3 && (transform == Some(0) || markers.components == *b"RGB");
    if let Some((at, _)) = markers.adobe.filter(|_| count < 4) {
        // The decoder takes "no transform" for CMYK whatever the number of components.
        bytes[at] = b'-';
    }
    for &at in &markers.extended_xmp {
        // The decoder would refuse a picture whose XMP is damaged.
        bytes[at] = b'-';
    }
    bytes.truncate(end);
    bytes.extend_from_slice(&[0xff, 0xd9]);

    let mut samples: Vec<u8> = allocate(width * height * count)?;
    decode_into(&bytes, kind, raw_rgb, &mut samples)?;
    // A file that was cut off and closed with an end marker decodes to made-up pixels. They depend on
    // what stands before that marker: more of it changes nothing in a complete file.
    let first = digest(&samples);
    bytes.truncate(end);
    bytes.extend_from_slice(&[0xa7; 64]);
    bytes.extend_from_slice(&[0xff, 0xd9]);
    decode_into(&bytes, kind, raw_rgb, &mut samples).map_err(|_| PictureError::truncated())?;
    if digest(&samples) != first {
        return Err(PictureError::truncated());
    }

    let mut warnings = Vec::new();
    if markers.icc_is_damaged {
        warnings.push("parts of its colour profile are missing; it was left out".into());
    }
    if !markers.extended_xmp.is_empty() {
        warnings.push("XMP beyond its first 64 KiB cannot be carried".into());
    }
    let comments = markers.comments.into_iter();
    let mut metadata = Metadata {
        text: comments.map(|text| (COMMENT.into(), text)).collect(),
        icc: markers.icc,
        exif: markers.exif,
        xmp: markers.xmp,
        photoshop: markers.photoshop,
        density: markers.density,
        luma_quantisation: markers.luma_quantisation,
        ..Metadata::default()
    };
    if matches!(kind, Kind::Cmyk | Kind::Ycck) {
        if kind == Kind::Ycck {
            // Its luma and chroma are those of the complements of its inks.
            convert::ycbcr_to_rgb(&mut samples, 4);
            for pixel in samples.chunks_exact_mut(4) {
                pixel[..3].iter_mut().for_each(|v| *v = 255 - *v);
            }
        }
        if transform.is_some() {
            // Adobe stores light, not ink.
            samples.iter_mut().for_each(|v| *v = 255 - *v);
        }
        samples = convert::cmyk_to_rgb(&samples, false, metadata.icc.as_deref(), &mut warnings)?;
        metadata.icc = None;
    }
    Ok(Decoded {
        width,
        height,
        colour: kind != Kind::Grey,
        alpha: false,
        samples: Samples::U8(samples),
        metadata,
        warnings,
    })
}

fn decode_into(
    bytes: &[u8],
    kind: Kind,
    raw_rgb: bool,
    samples: &mut [u8],
) -> Result<(), PictureError> {
    let failure = |e| PictureError::damaged(Format::Jpeg, e);
    let colours = match kind {
        Kind::Grey => ColorSpace::Luma,
        Kind::Rgb => ColorSpace::RGB,
        Kind::Cmyk => ColorSpace::CMYK,
        Kind::Ycck => ColorSpace::YCCK,
    };
    let options = DecoderOptions::new_fast()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(colours);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(failure)?;
    let input = decoder.input_colorspace();
    if raw_rgb && input == Some(ColorSpace::YCbCr) {
        // Asked for what it believes to have, the decoder converts nothing.
        decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::YCbCr));
    }
    let matches = match kind {
        Kind::Grey => input == Some(ColorSpace::Luma),
        Kind::Rgb => matches!(input, Some(ColorSpace::YCbCr | ColorSpace::RGB)),
        Kind::Cmyk | Kind::Ycck => input == Some(colours),
    };
    if !matches || decoder.output_buffer_size() != Some(samples.len()) {
        return Err(PictureError::damaged(
            Format::Jpeg,
            "its segments contradict each other",
        ));
    }
    decoder.decode_into(samples).map_err(failure)
}

fn digest(samples: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    samples.hash(&mut hasher);
    hasher.finish()
}
