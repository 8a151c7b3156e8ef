//! TIFF, 8 and 16 bits, strip by strip; BigTIFF where offsets of 32 bits would not reach.

use std::io::{self, Seek, Write};

use tiff::encoder::compression::{CompressionAlgorithm, Deflate, DeflateLevel};
use tiff::encoder::{
    DirectoryEncoder, Rational, TiffEncoder, TiffKind, TiffKindBig, TiffKindStandard,
};
use tiff::tags::{ExtraSamples, PhotometricInterpretation, Predictor, Tag, Type};
use tiff::{Directory, TiffError};

use super::{Header, RowSource};
use crate::picture::exif::{Directories, EXIF_IFD, Entry, GPS_IFD};
use crate::picture::{Depth, PictureError, photoshop};

/// Bytes of a strip before compression: readers decode a strip at a time.
const STRIP_BYTES: usize = 1 << 18;
/// Up to here the pixels fit 32-bit offsets even where compression makes them longer: fast deflate spends up to 9 bits
/// on a byte, and 16-bit noise took 1.06 times its size.
const CLASSIC_BYTES: u64 = (4 << 30) / 9 * 8 - (64 << 20);
const ADOBE_DEFLATE: u16 = 8;
const INCH: u16 = 2;
const PHOTOSHOP: u16 = 34377;
const XMP: u16 = 700;
const IPTC: u16 = 33723;

fn failure(error: TiffError) -> PictureError {
    match error {
        TiffError::IoError(e) => PictureError::Io(e),
        other => PictureError::Io(io::Error::other(other)),
    }
}

pub fn encode(
    out: &mut (impl Write + Seek),
    header: &Header<'_>,
    rows: &mut dyn RowSource,
) -> Result<(), PictureError> {
    if header.row_bytes() as u64 * header.height as u64 <= CLASSIC_BYTES {
        let encoder = TiffEncoder::<_, TiffKindStandard>::new_generic(out).map_err(failure)?;
        encode_kind(encoder, header, rows)
    } else {
        let encoder = TiffEncoder::<_, TiffKindBig>::new_generic(out).map_err(failure)?;
        encode_kind(encoder, header, rows)
    }
}

fn encode_kind<W: Write + Seek, K: TiffKind>(
    mut encoder: TiffEncoder<W, K>,
    header: &Header<'_>,
    rows: &mut dyn RowSource,
) -> Result<(), PictureError> {
    let metadata = header.metadata;
    let mut exif = metadata
        .exif
        .as_ref()
        .and_then(|exif| Directories::read(&mut io::Cursor::new(exif)))
        .unwrap_or_default();
    exif.retain_descriptive();
    let mut children = Vec::new();
    for (tag, entries) in [(EXIF_IFD, &exif.exif), (GPS_IFD, &exif.gps)] {
        if entries.is_empty() {
            continue;
        }
        let mut child = encoder.extra_directory().map_err(failure)?;
        for entry in entries {
            write_entry(&mut child, entry)?;
        }
        let at = child.finish_with_offsets().map_err(failure)?;
        children.push((tag, at.offset));
    }

    let mut directory = encoder.image_directory().map_err(failure)?;
    // What EXIF says of the picture first: the tags below replace its own view of the pixels.
    for entry in &exif.root {
        write_entry(&mut directory, entry)?;
    }
    for (tag, offset) in children {
        directory
            .write_tag(Tag::Unknown(tag), offset)
            .map_err(failure)?;
    }
    write_description(&mut directory, header).map_err(failure)?;
    for (tag, kind, data) in [
        (Tag::IccProfile, Type::UNDEFINED, &metadata.icc),
        (Tag::Unknown(XMP), Type::BYTE, &metadata.xmp),
        (Tag::Unknown(PHOTOSHOP), Type::BYTE, &metadata.photoshop),
    ] {
        if let Some(data) = data {
            write_bytes(&mut directory, tag, kind, data)?;
        }
    }
    // Most readers look for it here alone.
    if let Some(iptc) = metadata.photoshop.as_deref().and_then(photoshop::iptc) {
        write_bytes(&mut directory, Tag::Unknown(IPTC), Type::UNDEFINED, iptc)?;
    }

    let rows_per_strip = (STRIP_BYTES / header.row_bytes()).clamp(1, header.height);
    let mut strip = Vec::with_capacity(rows_per_strip * header.row_bytes());
    let mut row = vec![0; header.row_bytes()];
    let mut compressed = Vec::new();
    let mut offsets = Vec::new();
    let mut lengths = Vec::new();
    for y in 0..header.height {
        rows.next_row(&mut row)?;
        predict(&mut row, header);
        strip.extend_from_slice(&row);
        if (y + 1) % rows_per_strip == 0 || y + 1 == header.height {
            compressed.clear();
            Deflate::with_level(DeflateLevel::Fast).write_to(&mut compressed, &strip)?;
            let offset = directory.write_data(&compressed[..]).map_err(failure)?;
            offsets.push(K::convert_offset(offset).map_err(failure)?);
            lengths.push(K::convert_offset(compressed.len() as u64).map_err(failure)?);
            strip.clear();
        }
    }
    let mut write = || {
        directory.write_tag(Tag::RowsPerStrip, rows_per_strip as u32)?;
        directory.write_tag(Tag::StripOffsets, K::convert_slice(&offsets))?;
        directory.write_tag(Tag::StripByteCounts, K::convert_slice(&lengths))
    };
    write().map_err(failure)?;
    directory.finish().map_err(failure)
}

fn write_description<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    header: &Header<'_>,
) -> Result<(), TiffError> {
    let layout = header.layout;
    let channels = layout.channels();
    let photometric = if layout.colour {
        PhotometricInterpretation::RGB
    } else {
        PhotometricInterpretation::BlackIsZero
    };
    directory.write_tag(Tag::ImageWidth, header.width as u32)?;
    directory.write_tag(Tag::ImageLength, header.height as u32)?;
    let bits = 8 * layout.depth.bytes() as u16;
    directory.write_tag(Tag::BitsPerSample, &vec![bits; channels][..])?;
    directory.write_tag(Tag::Compression, ADOBE_DEFLATE)?;
    directory.write_tag(Tag::PhotometricInterpretation, photometric.to_u16())?;
    directory.write_tag(Tag::Orientation, 1u16)?;
    directory.write_tag(Tag::SamplesPerPixel, channels as u16)?;
    directory.write_tag(Tag::PlanarConfiguration, 1u16)?;
    directory.write_tag(Tag::Predictor, Predictor::Horizontal.to_u16())?;
    directory.write_tag(Tag::SampleFormat, &vec![1u16; channels][..])?;
    if layout.alpha {
        let extra = ExtraSamples::UnassociatedAlpha.to_u16();
        directory.write_tag(Tag::ExtraSamples, &[extra][..])?;
    }
    if let Some(density) = header.metadata.density {
        let rational = |value: f64| Rational {
            n: (value * 1000.0).round() as u32,
            d: 1000,
        };
        directory.write_tag(Tag::XResolution, rational(density.x))?;
        directory.write_tag(Tag::YResolution, rational(density.y))?;
        directory.write_tag(Tag::ResolutionUnit, INCH)?;
    }
    Ok(())
}

fn write_entry<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    entry: &Entry,
) -> Result<(), PictureError> {
    // Pointers into the file that they came from mean nothing here.
    let Some(kind) = Type::from_u16(entry.kind).filter(|_| {
        let pointers = [EXIF_IFD, GPS_IFD, 0xa005, 0x014a, 0x0201, 0x0202];
        !pointers.contains(&entry.tag)
    }) else {
        return Ok(());
    };
    write_bytes(
        directory,
        Tag::from_u16_exhaustive(entry.tag),
        kind,
        &entry.native_data(),
    )
}

fn write_bytes<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    tag: Tag,
    kind: Type,
    data: &[u8],
) -> Result<(), PictureError> {
    let entry = directory.write_entry_bytes(kind, data).map_err(failure)?;
    let mut one = Directory::empty();
    one.extend([(tag, entry)]);
    directory.extend_from(&one);
    Ok(())
}

/// Horizontal differencing (TIFF 6.0, section 14), in place from the right.
fn predict(row: &mut [u8], header: &Header<'_>) {
    let channels = header.layout.channels();
    match header.layout.depth {
        Depth::Eight => {
            for i in (channels..row.len()).rev() {
                row[i] = row[i].wrapping_sub(row[i - channels]);
            }
        }
        Depth::Sixteen => {
            let at = |row: &[u8], i: usize| u16::from_ne_bytes([row[2 * i], row[2 * i + 1]]);
            for i in (channels..row.len() / 2).rev() {
                let difference = at(row, i).wrapping_sub(at(row, i - channels));
                row[2 * i..2 * i + 2].copy_from_slice(&difference.to_ne_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deflate_makes_longer_still_fits() {
        // Bytes that take the longest codes, in no order.
        let mut state = 1u32;
        let strip: Vec<u8> = (0..1 << 16)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8 | 0x90
            })
            .collect();
        let mut compressed = Vec::new();
        Deflate::with_level(DeflateLevel::Fast)
            .write_to(&mut compressed, &strip)
            .unwrap();
        let most = (4u64 << 30) as f64 / CLASSIC_BYTES as f64;
        assert!((compressed.len() as f64) < strip.len() as f64 * most);
    }
}
