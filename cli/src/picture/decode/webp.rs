//! WebP, lossy and lossless; the first frame of an animation.

use image_webp::{DecodingError, WebPDecoder};

use super::{Decoded, Shape, layout};
use crate::picture::limits::allocate;
use crate::picture::{Format, Input, Limits, Metadata, PictureError, Samples};

fn failure(error: DecodingError) -> PictureError {
    match error {
        DecodingError::IoError(e) => PictureError::from_read(e),
        DecodingError::MemoryLimitExceeded => {
            PictureError::Limit("a chunk is larger than --max-memory allows".into())
        }
        DecodingError::UnsupportedFeature(what) => {
            PictureError::Unsupported(format!("a WebP with {what}"))
        }
        other => PictureError::damaged(Format::WebP, other),
    }
}

pub fn probe(input: Input) -> Result<Shape, PictureError> {
    let decoder = WebPDecoder::new(input).map_err(failure)?;
    let (width, height) = decoder.dimensions();
    let layout = layout(true, decoder.has_alpha(), false);
    Ok((width as usize, height as usize, layout))
}

pub fn decode(input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let mut decoder = WebPDecoder::new(input).map_err(failure)?;
    decoder.set_memory_limit(usize::try_from(limits.bytes).unwrap_or(usize::MAX));
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let alpha = decoder.has_alpha();
    // The pixels, and the decoder's own copy of them.
    limits.check(width, height, 8)?;
    let mut data = allocate(width * height * if alpha { 4 } else { 3 })?;
    decoder.read_image(&mut data).map_err(failure)?;
    let metadata = Metadata {
        icc: decoder.icc_profile().map_err(failure)?,
        // Some writers keep the prefix that EXIF has in JPEG.
        exif: decoder.exif_metadata().map_err(failure)?.map(|exif| {
            exif.strip_prefix(b"Exif\0\0")
                .map(<[u8]>::to_vec)
                .unwrap_or(exif)
        }),
        xmp: decoder.xmp_metadata().map_err(failure)?,
        ..Metadata::default()
    };
    let mut warnings = Vec::new();
    if decoder.is_animated() {
        warnings.push("an animation: only its first frame is used".into());
    }
    Ok(Decoded {
        width,
        height,
        colour: true,
        alpha,
        samples: Samples::U8(data),
        metadata,
        warnings,
    })
}
