//! PNG: every depth and colour type, interlaced or not, row by row.

use std::io::{self, Read, Seek, SeekFrom};

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Transformations, Unit};

use super::{Decoded, Shape, empty_samples, extend_from_big_endian, layout};
use crate::picture::limits::{allocate, check_plausible};
use crate::picture::{Density, Format, Input, Limits, Metadata, PictureError, Samples};

/// Keyword of the text chunk that holds XMP.
pub const XMP_KEYWORD: &str = "XML:com.adobe.xmp";
/// Bytes that the decoder may take for a row and for chunks such as ICC profiles.
const DECODER_BYTES: usize = 32 << 20;
/// Bytes of text, decompressed, that are carried; compressed chunks can promise far more.
const TEXT_BYTES: usize = 4 << 20;
/// Bytes before the first chunk.
const SIGNATURE_BYTES: u64 = 8;
/// Chunks before the pixels whose loss is said.
const CARRIED: [Carried; 3] = [
    Carried {
        chunk: *b"iCCP",
        what: "colour profile",
        is_read: |info| info.icc_profile.is_some(),
    },
    Carried {
        chunk: *b"eXIf",
        what: "EXIF",
        is_read: |info| info.exif_metadata.is_some(),
    },
    Carried {
        chunk: *b"pHYs",
        what: "density",
        is_read: |info| info.pixel_dims.is_some(),
    },
];
/// Bytes that a byte of DEFLATE can become at most.
const DEFLATE_RATIO: u64 = 1032;

/// A kind of chunk, what it holds, and whether the decoder made sense of it.
struct Carried {
    chunk: [u8; 4],
    what: &'static str,
    is_read: fn(&Info<'_>) -> bool,
}

fn failure(error: DecodingError) -> PictureError {
    match error {
        DecodingError::IoError(e) => PictureError::from_read(e),
        DecodingError::LimitsExceeded => {
            PictureError::Limit("a chunk or a row is larger than any sound file needs".into())
        }
        other => PictureError::damaged(Format::Png, other),
    }
}

pub fn probe(input: Input) -> Result<Shape, PictureError> {
    let mut decoder = Decoder::new(input);
    let info = decoder.read_header_info().map_err(failure)?;
    let grey = matches!(
        info.color_type,
        ColorType::Grayscale | ColorType::GrayscaleAlpha
    );
    let alpha = matches!(info.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba);
    let layout = layout(!grey, alpha, info.bit_depth == BitDepth::Sixteen);
    Ok((info.width as usize, info.height as usize, layout))
}

pub fn decode(mut input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let stored = input.length();
    let promised = promised(&mut input)?;
    let mut decoder = Decoder::new_with_limits(
        input,
        png::Limits {
            bytes: DECODER_BYTES,
        },
    );
    decoder.set_transformations(Transformations::EXPAND);
    let header = decoder.read_header_info().map_err(failure)?;
    let (width, height) = (header.width as usize, header.height as usize);
    let raw = (header.raw_row_length() as u64).saturating_mul(header.height.into());
    // Palette and transparency are expanded: at most four bytes a pixel, or what 16 bits need.
    let widest = match header.bit_depth {
        BitDepth::Sixteen => 8,
        _ => 4,
    };
    limits.check(width, height, widest)?;
    check_plausible(raw, stored, DEFLATE_RATIO)?;

    let mut reader = decoder.read_info().map_err(failure)?;
    let (colour_type, depth) = reader.output_color_type();
    let (colour, alpha) = match colour_type {
        ColorType::Grayscale => (false, false),
        ColorType::GrayscaleAlpha => (false, true),
        ColorType::Rgb => (true, false),
        ColorType::Rgba => (true, true),
        ColorType::Indexed => {
            return Err(PictureError::damaged(Format::Png, "its palette is missing"));
        }
    };
    let sixteen = depth == BitDepth::Sixteen;
    let count = width * height * colour_type.samples();
    let samples = if reader.info().interlaced {
        // The passes of an interlaced picture meet only in the whole of it.
        let mut bytes = allocate(count * if sixteen { 2 } else { 1 })?;
        reader.next_frame(&mut bytes).map_err(failure)?;
        if sixteen {
            let mut samples = Vec::new();
            extend_from_big_endian(&mut samples, &bytes);
            Samples::U16(samples)
        } else {
            Samples::U8(bytes)
        }
    } else {
        let mut samples = empty_samples(sixteen, count)?;
        for _ in 0..height {
            let row = reader
                .next_row()
                .map_err(failure)?
                .ok_or_else(PictureError::truncated)?;
            match &mut samples {
                Samples::U8(samples) => samples.extend_from_slice(row.data()),
                Samples::U16(samples) => extend_from_big_endian(samples, row.data()),
            }
        }
        samples
    };
    if samples.len() != count {
        return Err(PictureError::truncated());
    }
    let mut warnings = Vec::new();
    // The decoder passes over what is damaged, unless the pixels need it.
    for (carried, promised) in CARRIED.iter().zip(promised) {
        if promised && !(carried.is_read)(reader.info()) {
            warnings.push(format!("its {} is damaged; it was left out", carried.what));
        }
    }
    if reader.info().animation_control.is_some() {
        warnings.push("an animation: only its first frame is used".into());
    } else {
        // Text and EXIF may follow the pixels; so may the end of a file that was cut off.
        reader.finish().map_err(failure)?;
    }
    Ok(Decoded {
        width,
        height,
        colour,
        alpha,
        samples,
        metadata: metadata(reader.info(), &mut warnings),
        warnings,
    })
}

/// Which of [`CARRIED`] stand before the pixels, as far as the file goes. The position is at the start again.
fn promised(input: &mut Input) -> io::Result<[bool; CARRIED.len()]> {
    let mut found = [false; CARRIED.len()];
    input.seek(SeekFrom::Start(SIGNATURE_BYTES))?;
    loop {
        let mut head = Vec::with_capacity(8);
        input.by_ref().take(8).read_to_end(&mut head)?;
        let Ok([l0, l1, l2, l3, kind @ ..]) = <[u8; 8]>::try_from(head) else {
            break;
        };
        if kind == *b"IDAT" {
            break;
        }
        for (found, carried) in found.iter_mut().zip(CARRIED) {
            *found |= kind == carried.chunk;
        }
        let length = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
        io::copy(&mut input.by_ref().take(length + 4), &mut io::sink())?;
    }
    input.rewind()?;
    Ok(found)
}

fn metadata(info: &Info<'_>, warnings: &mut Vec<String>) -> Metadata {
    let mut metadata = Metadata {
        icc: info.icc_profile.as_deref().map(<[u8]>::to_vec),
        exif: info.exif_metadata.as_deref().map(<[u8]>::to_vec),
        ..Metadata::default()
    };
    if let Some(dims) = info.pixel_dims.filter(|d| d.unit == Unit::Meter) {
        let inch = |per_metre: u32| f64::from(per_metre) * 0.0254;
        metadata.density = Density::new(inch(dims.xppu), inch(dims.yppu));
    }
    let png = &mut metadata.png;
    png.srgb = info.srgb;
    png.gamma = info.gama_chunk;
    png.chromaticities = info.chrm_chunk;
    png.cicp = info.coding_independent_code_points.map(|c| {
        [
            c.color_primaries,
            c.transfer_function,
            c.matrix_coefficients,
            u8::from(c.is_video_full_range_image),
        ]
    });
    let mut left = TEXT_BYTES;
    let mut too_long = false;
    let mut add = |keyword: &str, text: Option<String>| {
        match text.filter(|text| text.len() <= left) {
            Some(text) => {
                left -= text.len();
                if keyword == XMP_KEYWORD {
                    metadata.xmp = Some(text.into_bytes());
                } else {
                    metadata.text.push((keyword.to_owned(), text));
                }
            }
            None => too_long = true,
        };
    };
    for chunk in &info.uncompressed_latin1_text {
        add(&chunk.keyword, Some(chunk.text.clone()));
    }
    for chunk in &info.compressed_latin1_text {
        let mut chunk = chunk.clone();
        let text = chunk.decompress_text_with_limit(TEXT_BYTES);
        add(&chunk.keyword, text.and_then(|()| chunk.get_text()).ok());
    }
    for chunk in &info.utf8_text {
        let mut chunk = chunk.clone();
        let text = chunk.decompress_text_with_limit(TEXT_BYTES);
        add(&chunk.keyword, text.and_then(|()| chunk.get_text()).ok());
    }
    if too_long {
        warnings.push("text that is damaged or longer than 4 MiB is not carried over".into());
    }
    metadata
}
