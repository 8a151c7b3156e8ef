//! Lossless WebP. Its entropy codes are chosen for the whole picture, so all rows are needed first.

use std::io::{self, Write};

use image_webp::{ColorType, EncodingError, WebPEncoder};

use super::{Header, RowSource};
use crate::picture::PictureError;
use crate::picture::limits::allocate;

pub fn encode(
    out: &mut impl Write,
    header: &Header<'_>,
    rows: &mut dyn RowSource,
) -> Result<(), PictureError> {
    let mut data = allocate(header.row_bytes() * header.height)?;
    for row in data.chunks_exact_mut(header.row_bytes()) {
        rows.next_row(row)?;
    }
    let mut encoder = WebPEncoder::new(out);
    let metadata = header.metadata;
    encoder.set_icc_profile(metadata.icc.clone().unwrap_or_default());
    encoder.set_exif_metadata(metadata.exif.clone().unwrap_or_default());
    encoder.set_xmp_metadata(metadata.xmp.clone().unwrap_or_default());
    let colours = match (header.layout.colour, header.layout.alpha) {
        (false, false) => ColorType::L8,
        (false, true) => ColorType::La8,
        (true, false) => ColorType::Rgb8,
        (true, true) => ColorType::Rgba8,
    };
    encoder
        .encode(&data, header.width as u32, header.height as u32, colours)
        .map_err(|error| match error {
            EncodingError::IoError(e) => PictureError::Io(e),
            other => PictureError::Io(io::Error::other(other)),
        })
}
