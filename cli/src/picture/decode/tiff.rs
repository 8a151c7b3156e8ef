//! TIFF and BigTIFF: strips or tiles, chunky or planar; grey, RGB and CMYK of 8, 16 and 32 bits and of floats, with
//! alpha; palettes, and grey of 1 to 4 bits; the first page of several.

use std::io::Seek;

use tiff::decoder::Decoder;
use tiff::tags::{CompressionMethod, ExtraSamples, Tag};
use tiff::{ColorType, TiffError};

use super::tiff_samples::{Stored, keep_channels, read_chunks};
use super::{Decoded, Shape, convert, layout};
use crate::picture::exif::Directories;
use crate::picture::foreign;
use crate::picture::limits::check_plausible;
use crate::picture::photoshop;
use crate::picture::{Format, Input, Limits, Metadata, PictureError, Samples};

const PHOTOSHOP: u16 = 34377;
const XMP: u16 = 700;
const IPTC: u16 = 33723;
const PHOTOMETRIC: u16 = 262;
const COLOUR_MAP: u16 = 320;
const FILL_ORDER: u16 = 266;
/// What kind of picture this is: bit 0 says that it is a smaller copy of another.
const NEW_SUBFILE_TYPE: u16 = 254;
/// Where more pictures lie.
const SUB_IFDS: u16 = 330;
const DNG_VERSION: u16 = 50706;
/// The photometric interpretation of indices.
const PALETTE: u16 = 3;

pub(super) fn failure(error: TiffError) -> PictureError {
    match error {
        TiffError::IoError(e) => PictureError::from_read(e),
        TiffError::UnsupportedError(e) => PictureError::Unsupported(format!(
            "a TIFF of a kind that is not read ({e}); save it as 8 or 16 bit RGB or grey"
        )),
        TiffError::LimitsExceeded => {
            PictureError::Limit("a strip or a tag is larger than --max-memory allows".into())
        }
        other => PictureError::damaged(Format::Tiff, other),
    }
}

/// Refuses raw files of cameras, which have a thumbnail where a TIFF has its picture (DNG 1.7; Nikon's NEF and Sony's ARW).
fn refuse_raw(directories: &Directories) -> Result<(), PictureError> {
    let has = |tag| directories.root_value(tag).is_some();
    let kind = directories.root_value(NEW_SUBFILE_TYPE).unwrap_or_default();
    let is_copy = kind.first().is_some_and(|bits| bits & 1 == 1);
    match has(DNG_VERSION) || is_copy && has(SUB_IFDS) {
        true => Err(foreign::raw()),
        false => Ok(()),
    }
}

pub fn probe(mut input: Input) -> Result<Shape, PictureError> {
    let directories = Directories::read(&mut input).unwrap_or_default();
    refuse_raw(&directories)?;
    let is_palette = directories.root_value(PHOTOMETRIC) == Some(&PALETTE.to_le_bytes()[..]);
    input.rewind()?;
    let mut decoder = Decoder::new(input).map_err(failure)?;
    let (width, height) = decoder.dimensions().map_err(failure)?;
    let layout = match decoder.colortype() {
        Ok(colour) if !is_palette => {
            let stored = stored(colour, false)?;
            layout(stored.colours > 1, stored.alpha, stored.bits > 8)
        }
        _ => layout(true, false, false),
    };
    Ok((width as usize, height as usize, layout))
}

fn stored(colour: ColorType, alpha_is_tagged: bool) -> Result<Stored, PictureError> {
    let stored = |bits, samples, colours, alpha| Stored {
        bits,
        samples,
        colours,
        alpha,
        ycbcr: false,
        palette: Vec::new(),
    };
    let found = match colour {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8 | 16 | 32 | 64)) => stored(bits, 1, 1, false),
        ColorType::GrayA(bits @ (8 | 16 | 32 | 64)) => stored(bits, 2, 1, true),
        ColorType::Multiband {
            bit_depth: bits @ (8 | 16 | 32 | 64),
            num_samples,
        } => stored(bits, num_samples.into(), 1, alpha_is_tagged),
        ColorType::RGB(bits @ (8 | 16 | 32 | 64)) => stored(bits, 3, 3, false),
        ColorType::RGBA(bits @ (8 | 16 | 32 | 64)) => stored(bits, 4, 3, true),
        ColorType::CMYK(bits @ (8 | 16 | 32)) => stored(bits, 4, 4, false),
        ColorType::CMYKA(bits @ (8 | 16 | 32)) => stored(bits, 5, 4, true),
        ColorType::YCbCr(8) => Stored {
            ycbcr: true,
            ..stored(8, 3, 3, false)
        },
        other => {
            return Err(PictureError::Unsupported(format!(
                "a TIFF of {other:?} pixels; save it as 8 or 16 bit RGB or grey"
            )));
        }
    };
    Ok(found)
}

/// The colours of a palette, 8 bits a sample, if the samples are indices.
fn palette(directories: &Directories) -> Option<Vec<[u8; 3]>> {
    if directories.root_value(PHOTOMETRIC)? != PALETTE.to_le_bytes() {
        return None;
    }
    let map: Vec<u16> = directories
        .root_value(COLOUR_MAP)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|b| u16::from_le_bytes([b[0], b[1]]))
        .collect();
    // 16 bits a sample by the standard; some writers mean 8.
    let wide = map.iter().any(|&value| value > 255);
    let sample = |value: u16| {
        if wide {
            (value >> 8) as u8
        } else {
            value as u8
        }
    };
    // All reds come first, then all greens.
    let count = map.len() / 3;
    let colour = |i| [map[i], map[count + i], map[2 * count + i]].map(sample);
    Some((0..count).map(colour).collect())
}

/// The file with its indices declared grey, which is what the decoder reads; it refuses palettes.
fn indices_as_grey(mut input: Input, limits: &Limits) -> Result<Input, PictureError> {
    let at = Directories::value_position(&mut input, PHOTOMETRIC)
        .and_then(|at| usize::try_from(at).ok())
        .ok_or_else(|| PictureError::damaged(Format::Tiff, "its palette does not fit"))?;
    let mut bytes = input.into_bytes(limits.bytes)?;
    if let Some(value) = bytes.get_mut(at..at + 2) {
        // Both orders of bytes: the value is 3, of which one byte is zero.
        value.iter_mut().filter(|v| **v != 0).for_each(|v| *v = 1);
    }
    Ok(Input::from_bytes(bytes))
}

pub fn decode(mut input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let file_length = input.length();
    let directories = Directories::read(&mut input).unwrap_or_default();
    refuse_raw(&directories)?;
    // Baseline TIFF has the first pixel in the highest bit; fax machines also wrote it the other way.
    if directories.root_value(FILL_ORDER) == Some(&2u16.to_le_bytes()[..]) {
        return Err(PictureError::Unsupported(
            "a TIFF whose bits are stored in reverse (FillOrder 2); convert it first, as tiffcp -f msb2lsb does"
                .into(),
        ));
    }
    let palette = palette(&directories);
    if palette.is_some() {
        input = indices_as_grey(input, limits)?;
    }
    input.rewind()?;
    let mut tiff_limits = tiff::decoder::Limits::default();
    tiff_limits.decoding_buffer_size = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    tiff_limits.intermediate_buffer_size = tiff_limits.decoding_buffer_size;
    let mut decoder = Decoder::new(input)
        .map_err(failure)?
        .with_limits(tiff_limits);

    let (width, height) = decoder.dimensions().map_err(failure)?;
    let (width, height) = (width as usize, height as usize);
    let extras = decoder
        .find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)
        .map_err(failure)?
        .unwrap_or_default();
    let extra = extras.first().copied().and_then(ExtraSamples::from_u16);
    let associated = extra == Some(ExtraSamples::AssociatedAlpha);
    let alpha_is_tagged = associated || extra == Some(ExtraSamples::UnassociatedAlpha);
    let mut stored = stored(decoder.colortype().map_err(failure)?, alpha_is_tagged)?;
    if let Some(palette) = palette {
        if stored.samples != 1 || stored.bits > 8 || palette.len() < 1 << stored.bits {
            return Err(PictureError::damaged(
                Format::Tiff,
                "its palette does not fit",
            ));
        }
        stored.palette = palette;
    }
    let compression = decoder
        .find_tag_unsigned::<u16>(Tag::Compression)
        .map_err(failure)?
        .map_or(
            CompressionMethod::None,
            CompressionMethod::from_u16_exhaustive,
        );
    if stored.ycbcr && compression != CompressionMethod::ModernJPEG {
        return Err(PictureError::Unsupported(
            "a TIFF of YCbCr pixels that are not JPEG; save it as RGB".into(),
        ));
    }
    let row_bits = width as u64 * stored.samples as u64 * u64::from(stored.bits);
    // The picture, and a strip or tile of it that is being decoded; both may be all of it.
    let raw = (stored.samples * usize::from(stored.bits)).div_ceil(8);
    limits.check(width, height, raw.max(stored.palette_samples()) * 2)?;
    let ratio = match compression {
        CompressionMethod::None => 1,
        CompressionMethod::PackBits => 64,
        CompressionMethod::LZW => 2731,
        CompressionMethod::Deflate | CompressionMethod::OldDeflate => 1032,
        CompressionMethod::ModernJPEG => 512 * stored.samples as u64,
        _ => u64::MAX,
    };
    check_plausible(row_bits.div_ceil(8) * height as u64, file_length, ratio)?;

    let mut warnings = Vec::new();
    let samples = read_chunks(&mut decoder, width, height, &stored, &mut warnings)?;
    if decoder.more_images() {
        warnings.push("several pages: only the first is used".into());
    }
    match extras.len().saturating_sub(stored.alpha.into()) {
        0 => {}
        1 => warnings
            .push("a channel beside its colours, a mask or a spot colour, was left out".into()),
        more => warnings.push(format!(
            "{more} channels beside its colours, masks or spot colours, were left out"
        )),
    }
    let mut bytes_of = |tag, what: &str| {
        let found = decoder
            .find_tag(tag)
            .and_then(|value| value.map(|value| value.into_u8_vec()).transpose());
        found
            .unwrap_or_else(|_| {
                warnings.push(format!(
                    "its {what} cannot be read, or is cut off; it was left out"
                ));
                None
            })
            .filter(|bytes| !bytes.is_empty())
    };
    let mut metadata = Metadata {
        icc: bytes_of(Tag::IccProfile, "colour profile"),
        xmp: bytes_of(Tag::Unknown(XMP), "XMP"),
        photoshop: bytes_of(Tag::Unknown(PHOTOSHOP), "Photoshop block"),
        ..Metadata::default()
    };
    if let Some(iptc) = directories.root_value(IPTC) {
        photoshop::add_iptc(&mut metadata.photoshop, iptc);
    }
    let mut exif = directories;
    exif.retain_descriptive();
    if exif != Directories::default() {
        metadata.exif = Some(exif.to_block());
    }

    let mut samples = keep_channels(samples, &stored);
    if stored.alpha && associated {
        convert::unmultiply(&mut samples, stored.colours);
    }
    if let (Samples::U8(data), true) = (&mut samples, stored.ycbcr) {
        convert::ycbcr_to_rgb(data, 3);
    }
    if stored.colours == 4 {
        let icc = metadata.icc.take();
        let icc = icc.as_deref();
        samples = match samples {
            Samples::U8(data) => Samples::U8(convert::cmyk_to_rgb(
                &data,
                stored.alpha,
                icc,
                &mut warnings,
            )?),
            Samples::U16(data) => Samples::U16(convert::cmyk_to_rgb(
                &data,
                stored.alpha,
                icc,
                &mut warnings,
            )?),
        };
    }
    Ok(Decoded {
        width,
        height,
        colour: stored.colours != 1 || !stored.palette.is_empty(),
        alpha: stored.alpha,
        samples,
        metadata,
        warnings,
    })
}
