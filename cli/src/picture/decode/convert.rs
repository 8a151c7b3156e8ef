//! Colour models that no network takes, to RGB: YCbCr by its definition, CMYK through the picture's
//! own profile where it has one.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::picture::PictureError;
use crate::picture::limits::allocate;

/// Pixels that are converted at a time.
const CHUNK: usize = 1 << 14;

/// Converts pixels of four ink samples (0 is no ink) to RGB.
///
/// A profile that is damaged or is not one of CMYK counts as none, with a warning; without a profile
/// the inks are ideal: `red = (1 - cyan) * (1 - black)`.
pub fn cmyk_to_rgb(
    inks: &[u8],
    icc: Option<&[u8]>,
    warnings: &mut Vec<String>,
) -> Result<Vec<u8>, PictureError> {
    let mut rgb = allocate(inks.len() / 4 * 3)?;
    let transform = icc.and_then(|icc| {
        let profile = ColorProfile::new_from_slice(icc).ok()?;
        if profile.color_space != DataColorSpace::Cmyk {
            return None;
        }
        profile
            .create_transform_8bit(
                Layout::Rgba,
                &ColorProfile::new_srgb(),
                Layout::Rgb,
                TransformOptions::default(),
            )
            .ok()
    });
    match (&transform, icc) {
        (Some(_), _) => warnings.push("CMYK: converted to sRGB with its own profile".into()),
        (None, Some(_)) => warnings
            .push("CMYK: its profile cannot be used, converted to sRGB as ideal inks".into()),
        (None, None) => {
            warnings.push("CMYK without a profile: converted to sRGB as ideal inks".into());
        }
    }
    for (inks, rgb) in inks.chunks(CHUNK * 4).zip(rgb.chunks_mut(CHUNK * 3)) {
        match &transform {
            Some(transform) => transform.transform(inks, rgb).map_err(|e| {
                PictureError::Malformed(format!("its CMYK profile cannot be applied: {e}"))
            })?,
            None => {
                for (inks, rgb) in inks.chunks_exact(4).zip(rgb.chunks_exact_mut(3)) {
                    let light = 255 - u32::from(inks[3]);
                    for (value, ink) in rgb.iter_mut().zip(inks) {
                        *value = (((255 - u32::from(*ink)) * light + 127) / 255) as u8;
                    }
                }
            }
        }
    }
    Ok(rgb)
}

/// YCbCr of full range (ITU-T T.871) to RGB, in the first three of every `channels` samples.
pub fn ycbcr_to_rgb(data: &mut [u8], channels: usize) {
    for pixel in data.chunks_exact_mut(channels) {
        let [y, cb, cr] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
        let (cb, cr) = (cb - 128.0, cr - 128.0);
        pixel[0] = (y + 1.402 * cr).round() as u8;
        pixel[1] = (y - 0.344_136 * cb - 0.714_136 * cr).round() as u8;
        pixel[2] = (y + 1.772 * cb).round() as u8;
    }
}
