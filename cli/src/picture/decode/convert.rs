//! Colour models that no network takes, to RGB: YCbCr by its definition, CMYK through the picture's
//! own profile where it has one. And alpha out of colour that it was multiplied into.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use crate::picture::limits::allocate;
use crate::picture::{PictureError, Samples};

/// Pixels that are converted at a time.
const CHUNK: usize = 1 << 14;

/// A kind of sample that inks come in.
pub trait Ink: Copy + Default + Into<u32> + 'static {
    /// Full scale.
    const FULL: u32;

    /// A value that is at most [`Ink::FULL`].
    fn new(value: u32) -> Self;

    /// The transform from four inks to RGB, or `None` if the profile has none.
    fn transform(profile: &ColorProfile) -> Option<Arc<dyn TransformExecutor<Self> + Send + Sync>>;
}

impl Ink for u8 {
    const FULL: u32 = 255;

    fn new(value: u32) -> Self {
        value as u8
    }

    fn transform(profile: &ColorProfile) -> Option<Arc<dyn TransformExecutor<Self> + Send + Sync>> {
        let (from, to, options) = (Layout::Rgba, Layout::Rgb, TransformOptions::default());
        let srgb = ColorProfile::new_srgb();
        profile.create_transform_8bit(from, &srgb, to, options).ok()
    }
}

impl Ink for u16 {
    const FULL: u32 = 65535;

    fn new(value: u32) -> Self {
        value as u16
    }

    fn transform(profile: &ColorProfile) -> Option<Arc<dyn TransformExecutor<Self> + Send + Sync>> {
        let (from, to, options) = (Layout::Rgba, Layout::Rgb, TransformOptions::default());
        let srgb = ColorProfile::new_srgb();
        profile
            .create_transform_16bit(from, &srgb, to, options)
            .ok()
    }
}

/// Converts pixels of four ink samples (0 is no ink) to RGB; alpha behind them stays.
///
/// A profile that is damaged or is not one of CMYK counts as none, with a warning; without a profile
/// the inks are ideal: `red = (1 - cyan) * (1 - black)`.
pub fn cmyk_to_rgb<T: Ink>(
    inks: &[T],
    alpha: bool,
    icc: Option<&[u8]>,
    warnings: &mut Vec<String>,
) -> Result<Vec<T>, PictureError> {
    let (from, to) = if alpha { (5, 4) } else { (4, 3) };
    let transform = icc.and_then(|icc| {
        let profile = ColorProfile::new_from_slice(icc).ok()?;
        match profile.color_space {
            DataColorSpace::Cmyk => T::transform(&profile),
            _ => None,
        }
    });
    warnings.push(
        match (&transform, icc) {
            (Some(_), _) => "CMYK: converted to sRGB with its own profile",
            (None, Some(_)) => "CMYK: its profile cannot be used, converted to sRGB as ideal inks",
            (None, None) => "CMYK without a profile: converted to sRGB as ideal inks",
        }
        .into(),
    );
    let mut rgb = allocate(inks.len() / from * to)?;
    let mut four = allocate::<T>(CHUNK * 4)?;
    let mut three = allocate::<T>(CHUNK * 3)?;
    for (inks, rgb) in inks.chunks(CHUNK * from).zip(rgb.chunks_mut(CHUNK * to)) {
        let pixels = inks.len() / from;
        let (four, three) = (&mut four[..pixels * 4], &mut three[..pixels * 3]);
        for (four, inks) in four.chunks_exact_mut(4).zip(inks.chunks_exact(from)) {
            four.copy_from_slice(&inks[..4]);
        }
        match &transform {
            Some(transform) => transform.transform(four, three).map_err(|e| {
                PictureError::Malformed(format!("its CMYK profile cannot be applied: {e}"))
            })?,
            None => {
                for (inks, rgb) in four.chunks_exact(4).zip(three.chunks_exact_mut(3)) {
                    let light = T::FULL - inks[3].into();
                    for (value, ink) in rgb.iter_mut().zip(inks) {
                        *value =
                            T::new(((T::FULL - (*ink).into()) * light + T::FULL / 2) / T::FULL);
                    }
                }
            }
        }
        let pixels = rgb.chunks_exact_mut(to).zip(three.chunks_exact(3));
        for ((rgb, three), inks) in pixels.zip(inks.chunks_exact(from)) {
            rgb[..3].copy_from_slice(three);
            rgb[3..].copy_from_slice(&inks[4..]);
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

/// Takes alpha, which follows `colours` samples of colour, out of the colour that it was multiplied into.
pub fn unmultiply(samples: &mut Samples, colours: usize) {
    match samples {
        Samples::U8(data) => divide_by_alpha(data, colours),
        Samples::U16(data) => divide_by_alpha(data, colours),
    }
}

fn divide_by_alpha<T: Ink>(data: &mut [T], colours: usize) {
    for pixel in data.chunks_exact_mut(colours + 1) {
        let alpha: u32 = pixel[colours].into();
        if alpha == 0 || alpha == T::FULL {
            continue;
        }
        for value in &mut pixel[..colours] {
            let whole = u64::from((*value).into()) * u64::from(T::FULL) + u64::from(alpha / 2);
            *value = T::new((whole / u64::from(alpha)).min(T::FULL.into()) as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_comes_out_of_the_colour() {
        let mut samples = Samples::U8(vec![
            100, 0, 50, 128, 10, 20, 30, 0, 7, 8, 9, 255, 90, 200, 5, 64,
        ]);
        unmultiply(&mut samples, 3);
        // 100 * 255 / 128 and so on; what is invisible or opaque stays; no value leaves the range.
        let expected = [
            199, 0, 100, 128, 10, 20, 30, 0, 7, 8, 9, 255, 255, 255, 20, 64,
        ];
        assert_eq!(samples, Samples::U8(expected.to_vec()));
    }

    #[test]
    fn ideal_inks_of_both_depths() {
        let mut warnings = Vec::new();
        let inks = [0u8, 255, 51, 0, 0, 0, 0, 255];
        let rgb = cmyk_to_rgb(&inks, false, None, &mut warnings).unwrap();
        assert_eq!(rgb, [255, 0, 204, 0, 0, 0]);
        let inks = [0u16, 65535, 13107, 0, 777, 0, 0, 0, 65535, 9];
        let rgb = cmyk_to_rgb(&inks, true, None, &mut warnings).unwrap();
        assert_eq!(rgb, [65535, 0, 52428, 777, 0, 0, 0, 9]);
        assert_eq!(warnings.len(), 2);
    }
}
