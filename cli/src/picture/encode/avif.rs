//! AVIF: lossy, 4:4:4, 10 bits inside. AV1 predicts across the whole picture, so all rows are needed first.

use std::io::{self, Write};

use ravif::{BitDepth, EncodedImage, Encoder, Error, Img, RGB8, RGBA8};

use super::{Header, Options, RowSource};
use crate::interrupt;
use crate::picture::PictureError;
use crate::picture::limits::reserve;

/// The encoder's own scale from 1, slowest and smallest, to 10.
const SPEED: u8 = 7;
/// Tiles that a large picture is cut into at most, and the threads that encode them.
const THREADS: usize = 8;
/// Bytes that the encoder takes for a pixel: the picture, its planes, and those that it compares them with.
pub const BYTES_PER_PIXEL: u64 = 64;
/// And whatever the picture's size.
pub const BYTES: u64 = 16 << 20;

fn failure(error: Error) -> PictureError {
    PictureError::Io(io::Error::other(error.to_string()))
}

pub fn encode(
    out: &mut impl Write,
    header: &Header<'_>,
    options: &Options,
    rows: &mut dyn RowSource,
) -> Result<(), PictureError> {
    // The number of tiles follows that of the threads: a fixed one makes the same file everywhere.
    let mut encoder = Encoder::new()
        .with_num_threads(Some(THREADS))
        .with_quality(f32::from(options.quality))
        .with_alpha_quality(f32::from(options.quality))
        .with_speed(SPEED)
        .with_bit_depth(BitDepth::Ten);
    if let Some(exif) = &header.metadata.exif {
        encoder = encoder.with_exif(&exif[..]);
    }
    let layout = header.layout;
    let colours = layout.colour_channels();
    let rgb = |pixel: &[u8]| match colours {
        1 => [pixel[0]; 3],
        _ => [pixel[0], pixel[1], pixel[2]],
    };
    let image = if layout.alpha {
        let pixels = collect(header, rows, |pixel| {
            let [r, g, b] = rgb(pixel);
            RGBA8::new(r, g, b, pixel[colours])
        })?;
        let image = Img::new(&pixels[..], header.width, header.height);
        interrupt::unless_interrupted(|| encoder.encode_rgba(image))
    } else {
        let pixels = collect(header, rows, |pixel| RGB8::from(rgb(pixel)))?;
        let image = Img::new(&pixels[..], header.width, header.height);
        interrupt::unless_interrupted(|| encoder.encode_rgb(image))
    };
    let image = image.ok_or_else(|| io::Error::other("interrupted"))?;
    let EncodedImage { avif_file, .. } = image.map_err(failure)?;
    out.write_all(&avif_file)?;
    Ok(())
}

fn collect<T>(
    header: &Header<'_>,
    rows: &mut dyn RowSource,
    pixel: impl Fn(&[u8]) -> T,
) -> Result<Vec<T>, PictureError> {
    let mut pixels = reserve(header.width * header.height)?;
    let mut row = vec![0; header.row_bytes()];
    for _ in 0..header.height {
        rows.next_row(&mut row)?;
        pixels.extend(row.chunks_exact(header.layout.pixel_bytes()).map(&pixel));
    }
    Ok(pixels)
}
