//! TIFF and BigTIFF: strips or tiles, chunky or planar, grey, RGB and CMYK of 8 and 16 bits, with
//! alpha, and black and white; the first page of several.

use std::io::Seek;

use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::{CompressionMethod, ExtraSamples, Tag};
use tiff::{ColorType, TiffError};

use super::{Decoded, convert};
use crate::picture::exif::Directories;
use crate::picture::limits::{allocate, check_plausible};
use crate::picture::{Format, Input, Limits, Metadata, PictureError, Samples};

const PHOTOSHOP: u16 = 34377;
const XMP: u16 = 700;

fn failure(error: TiffError) -> PictureError {
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

pub fn probe(input: Input) -> Result<(usize, usize), PictureError> {
    let mut decoder = Decoder::new(input).map_err(failure)?;
    let (width, height) = decoder.dimensions().map_err(failure)?;
    Ok((width as usize, height as usize))
}

/// What is stored in a pixel.
#[derive(Clone, Copy)]
struct Stored {
    /// Bits of a sample.
    bits: u8,
    /// Samples that the decoder hands over for a pixel.
    samples: usize,
    /// Of these, samples of colour: 1, 3, or 4 inks.
    colours: usize,
    /// Whether the sample behind the colour is alpha.
    alpha: bool,
    /// YCbCr, as JPEG inside TIFF leaves it.
    ycbcr: bool,
}

fn stored(colour: ColorType, alpha_is_tagged: bool) -> Result<Stored, PictureError> {
    let stored = |bits, samples, colours, alpha| Stored {
        bits,
        samples,
        colours,
        alpha,
        ycbcr: false,
    };
    let found = match colour {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8 | 16)) => stored(bits, 1, 1, false),
        ColorType::Multiband {
            bit_depth: bits @ (8 | 16),
            num_samples,
        } => stored(bits, num_samples.into(), 1, alpha_is_tagged),
        ColorType::RGB(bits @ (8 | 16)) => stored(bits, 3, 3, false),
        ColorType::RGBA(bits @ (8 | 16)) => stored(bits, 4, 3, true),
        ColorType::CMYK(8) => stored(8, 4, 4, false),
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

pub fn decode(mut input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let file_length = input.length();
    let directories = Directories::read(&mut input).unwrap_or_default();
    input.rewind()?;
    let mut tiff_limits = tiff::decoder::Limits::default();
    tiff_limits.decoding_buffer_size = usize::try_from(limits.bytes).unwrap_or(usize::MAX);
    tiff_limits.intermediate_buffer_size = tiff_limits.decoding_buffer_size;
    let mut decoder = Decoder::new(input)
        .map_err(failure)?
        .with_limits(tiff_limits);

    let (width, height) = decoder.dimensions().map_err(failure)?;
    let (width, height) = (width as usize, height as usize);
    let extra = decoder
        .find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)
        .map_err(failure)?
        .and_then(|extra| extra.first().copied())
        .and_then(ExtraSamples::from_u16);
    let associated = extra == Some(ExtraSamples::AssociatedAlpha);
    let alpha_is_tagged = associated || extra == Some(ExtraSamples::UnassociatedAlpha);
    let stored = stored(decoder.colortype().map_err(failure)?, alpha_is_tagged)?;
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
    limits.check(
        width,
        height,
        (stored.samples * usize::from(stored.bits)).div_ceil(8) * 2,
    )?;
    let ratio = match compression {
        CompressionMethod::None => 1,
        CompressionMethod::PackBits => 64,
        CompressionMethod::LZW => 2731,
        CompressionMethod::Deflate | CompressionMethod::OldDeflate => 1032,
        CompressionMethod::ModernJPEG => 512 * stored.samples as u64,
        _ => u64::MAX,
    };
    check_plausible(row_bits.div_ceil(8) * height as u64, file_length, ratio)?;

    let count = width * height * stored.samples;
    let mut samples = if stored.bits == 16 {
        Samples::U16(allocate(count)?)
    } else {
        Samples::U8(allocate(count)?)
    };
    read_chunks(&mut decoder, &mut samples, width, height, stored)?;

    let mut warnings = Vec::new();
    if decoder.more_images() {
        warnings.push("several pages: only the first is used".into());
    }
    let mut bytes_of = |tag| decoder.get_tag_u8_vec(tag).ok().filter(|v| !v.is_empty());
    let mut metadata = Metadata {
        icc: bytes_of(Tag::IccProfile),
        xmp: bytes_of(Tag::Unknown(XMP)),
        photoshop: bytes_of(Tag::Unknown(PHOTOSHOP)),
        ..Metadata::default()
    };
    let mut exif = directories;
    exif.retain_descriptive();
    if exif != Directories::default() {
        metadata.exif = Some(exif.to_block());
    }

    let mut samples = keep_channels(samples, stored);
    if stored.alpha && associated {
        match &mut samples {
            Samples::U8(data) => unmultiply(data, stored.colours, 255),
            Samples::U16(data) => unmultiply(data, stored.colours, 65535),
        }
    }
    if let Samples::U8(data) = &mut samples {
        if stored.ycbcr {
            convert::ycbcr_to_rgb(data, 3);
        }
        if stored.colours == 4 {
            *data = convert::cmyk_to_rgb(data, metadata.icc.as_deref(), &mut warnings)?;
            metadata.icc = None;
        }
    }
    Ok(Decoded {
        width,
        height,
        colour: stored.colours != 1,
        alpha: stored.alpha,
        samples,
        metadata,
        warnings,
    })
}

/// Reads every strip or tile to its place. A planar file has them once for each sample.
fn read_chunks(
    decoder: &mut Decoder<Input>,
    samples: &mut Samples,
    width: usize,
    height: usize,
    stored: Stored,
) -> Result<(), PictureError> {
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let (chunk_width, chunk_height) = (chunk_width as usize, chunk_height as usize);
    let across = width.div_ceil(chunk_width);
    let per_plane = across * height.div_ceil(chunk_height);
    let planar = decoder
        .find_tag_unsigned::<u16>(Tag::PlanarConfiguration)
        .map_err(failure)?
        == Some(2);
    let planes = if planar { stored.samples } else { 1 };
    let in_chunk = stored.samples / planes;
    for index in 0..planes * per_plane {
        let (plane, cell) = (index / per_plane, index % per_plane);
        let (x, y) = (cell % across * chunk_width, cell / across * chunk_height);
        let columns = chunk_width.min(width - x);
        let chunk = decoder.read_chunk(index as u32).map_err(failure)?;
        let place = Place {
            start: (y * width + x) * stored.samples + plane,
            stride: width * stored.samples,
            step: stored.samples,
            columns,
            in_chunk,
        };
        match (chunk, &mut *samples) {
            (DecodingResult::U8(chunk), Samples::U8(out)) if stored.bits < 8 => {
                place.unpack(&chunk, out, stored.bits);
            }
            (DecodingResult::U8(chunk), Samples::U8(out)) => place.copy(&chunk, out),
            (DecodingResult::U16(chunk), Samples::U16(out)) => place.copy(&chunk, out),
            _ => {
                return Err(PictureError::Unsupported(
                    "a TIFF of signed or floating-point samples; save it as 8 or 16 bit".into(),
                ));
            }
        }
    }
    Ok(())
}

/// Where a strip or tile belongs in the picture, in samples.
struct Place {
    start: usize,
    stride: usize,
    step: usize,
    columns: usize,
    in_chunk: usize,
}

impl Place {
    fn copy<T: Copy>(&self, chunk: &[T], out: &mut [T]) {
        let rows = chunk.chunks_exact(self.columns * self.in_chunk);
        for (y, row) in rows.enumerate() {
            let Some(out) = out.get_mut(self.start + y * self.stride..) else {
                return;
            };
            let pixels = out.chunks_mut(self.step);
            for (to, from) in pixels.zip(row.chunks_exact(self.in_chunk)) {
                to[..self.in_chunk].copy_from_slice(from);
            }
        }
    }

    /// Grey of fewer than 8 bits: rows start on a byte, the first pixel in its high bits.
    fn unpack(&self, chunk: &[u8], out: &mut [u8], bits: u8) {
        let in_byte = usize::from(8 / bits);
        let largest = (1u16 << bits) - 1;
        for (y, row) in chunk
            .chunks_exact(self.columns.div_ceil(in_byte))
            .enumerate()
        {
            let Some(out) = out.get_mut(self.start + y * self.stride..) else {
                return;
            };
            for (x, to) in out.iter_mut().take(self.columns).enumerate() {
                let shift = 8 - usize::from(bits) * (x % in_byte + 1);
                let value = u16::from(row[x / in_byte]) >> shift & largest;
                *to = (value * 255 / largest) as u8;
            }
        }
    }
}

/// Drops the samples that are neither colour nor alpha.
fn keep_channels(samples: Samples, stored: Stored) -> Samples {
    fn keep<T: Copy>(mut data: Vec<T>, from: usize, to: usize) -> Vec<T> {
        if from != to {
            let pixels = data.len() / from;
            for i in 0..pixels {
                data.copy_within(i * from..i * from + to, i * to);
            }
            data.truncate(pixels * to);
        }
        data
    }
    let channels = stored.colours + usize::from(stored.alpha);
    match samples {
        Samples::U8(data) => Samples::U8(keep(data, stored.samples, channels)),
        Samples::U16(data) => Samples::U16(keep(data, stored.samples, channels)),
    }
}

/// Takes alpha out of colour that it was multiplied into.
fn unmultiply<T: Copy + Into<u32> + TryFrom<u32>>(data: &mut [T], colours: usize, largest: u32) {
    for pixel in data.chunks_exact_mut(colours + 1) {
        let alpha: u32 = pixel[colours].into();
        if alpha == 0 || alpha == largest {
            continue;
        }
        for value in &mut pixel[..colours] {
            let whole = u64::from((*value).into()) * u64::from(largest) + u64::from(alpha / 2);
            let whole = (whole / u64::from(alpha)).min(largest.into()) as u32;
            if let Ok(whole) = T::try_from(whole) {
                *value = whole;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_comes_out_of_the_colour() {
        let mut data = [
            100u8, 0, 50, 128, 10, 20, 30, 0, 7, 8, 9, 255, 90, 200, 5, 64,
        ];
        unmultiply(&mut data, 3, 255);
        // 100 * 255 / 128 and so on; what is invisible or opaque stays; no value leaves the range.
        let expected = [
            199, 0, 100, 128, 10, 20, 30, 0, 7, 8, 9, 255, 255, 255, 20, 64,
        ];
        assert_eq!(data, expected);
    }

    #[test]
    fn bits_become_bytes() {
        let place = Place {
            start: 0,
            stride: 5,
            step: 1,
            columns: 5,
            in_chunk: 1,
        };
        let mut out = [0; 10];
        place.unpack(&[0b1010_1000, 0b0111_0000], &mut out, 1);
        assert_eq!(out, [255, 0, 255, 0, 255, 0, 255, 255, 255, 0]);
        place.unpack(&[0x0f, 0x70, 0x10, 0xff, 0x00, 0x80], &mut out, 4);
        assert_eq!(out, [0, 255, 119, 0, 17, 255, 255, 0, 0, 136]);
    }
}
