//! From the colours that a profile or the chunks of a PNG describe to sRGB, for results that carry no profile; from such
//! chunks to a profile; and from a profile of colours to one of greys.

use std::ops::Range;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use super::{Picture, PictureError, Samples, declared};

/// Pixels that are converted at a time.
const CHUNK: usize = 1 << 14;

/// Where an ICC profile says what its colours are made of.
const SPACE: Range<usize> = 16..20;

/// Whether a profile is one of red, green and blue.
pub fn is_of_colours(icc: &[u8]) -> bool {
    icc.get(SPACE) == Some(b"RGB ")
}

/// Sees to it that a profile is of as many channels as the pixels have, as every format wants it: in place of one of colours,
/// grey pixels get one of its curve. What cannot be made to fit is left out. A warning tells.
pub fn fit_profile(picture: &mut Picture) {
    let Some(icc) = &picture.metadata.icc else {
        return;
    };
    let other = match picture.colour {
        true => icc.get(SPACE) == Some(b"GRAY"),
        false => is_of_colours(icc),
    };
    if !other {
        return;
    }
    picture.metadata.icc = match picture.colour {
        true => None,
        false => grey_of(icc),
    };
    let (pixels, done) = match (picture.colour, &picture.metadata.icc) {
        (true, _) => ("colours", "left out"),
        (false, None) => ("greys", "left out"),
        (false, Some(_)) => ("greys", "replaced by a grey one of the same curve"),
    };
    picture.warnings.push(format!(
        "its profile is not one of {pixels}, as its pixels are: {done}"
    ));
}

/// The greys of a profile of colours.
fn grey_of(icc: &[u8]) -> Option<Vec<u8>> {
    let profile = ColorProfile::new_from_slice(icc).ok()?;
    if profile.color_space != DataColorSpace::Rgb {
        return None;
    }
    let mut grey = ColorProfile::new_gray_with_gamma(1.0);
    grey.gray_trc = Some(profile.green_trc?);
    grey.encode().ok()
}

/// Converts samples to sRGB and drops the profile, and says whether there was something to convert and it could be. Alpha
/// and depth stay; colours outside of sRGB move to its edge.
///
/// Without a profile the samples are taken for what the chunks of a PNG declare, or for sRGB. A profile that cannot be
/// used leaves them as they are, with a warning.
pub fn to_srgb(picture: &mut Picture) -> Result<bool, PictureError> {
    let declared = declared::profile(&picture.metadata, picture.colour);
    let icc = picture.metadata.icc.take();
    if declared.is_some() {
        picture.metadata.png.forget_colours();
    }
    let expected = match picture.colour {
        true => DataColorSpace::Rgb,
        false => DataColorSpace::Gray,
    };
    let profile = match (declared, icc) {
        (Some(declared), _) => Some(declared),
        (None, Some(icc)) => {
            // What chunks say beside a profile is about the same samples.
            picture.metadata.png.forget_colours();
            ColorProfile::new_from_slice(&icc)
                .ok()
                .filter(|profile| profile.color_space == expected)
        }
        (None, None) => return Ok(false),
    };
    let converted = profile.is_some_and(|profile| {
        let (colour, alpha) = (picture.colour, picture.alpha);
        let srgb = ColorProfile::new_srgb();
        let (from, to) = (layout(colour, alpha), layout(true, alpha));
        let options = TransformOptions::default();
        match &mut picture.samples {
            Samples::U8(data) => profile
                .create_transform_8bit(from, &srgb, to, options)
                .is_ok_and(|transform| convert(data, colour, alpha, &*transform)),
            Samples::U16(data) => profile
                .create_transform_16bit(from, &srgb, to, options)
                .is_ok_and(|transform| convert(data, colour, alpha, &*transform)),
        }
    });
    if !converted {
        picture
            .warnings
            .push("its profile cannot be used: its colours are taken for sRGB".into());
    }
    Ok(converted)
}

/// Makes a profile of what the chunks of a PNG declare, for formats that have no such chunks.
pub fn embed_declared(picture: &mut Picture) {
    let profile = declared::profile(&picture.metadata, picture.colour);
    if let Some(icc) = profile.and_then(|profile| profile.encode().ok()) {
        picture.metadata.icc = Some(icc);
        picture.metadata.png.forget_colours();
    }
}

fn layout(colour: bool, alpha: bool) -> Layout {
    match (colour, alpha) {
        (false, false) => Layout::Gray,
        (false, true) => Layout::GrayAlpha,
        (true, false) => Layout::Rgb,
        (true, true) => Layout::Rgba,
    }
}

/// Converts in place; grey becomes three equal channels on the way, of which one is taken.
fn convert<T: Copy + Default>(
    data: &mut [T],
    colour: bool,
    alpha: bool,
    transform: &(dyn TransformExecutor<T> + Send + Sync),
) -> bool {
    let colours = if colour { 3 } else { 1 };
    let (from, to) = (colours + usize::from(alpha), 3 + usize::from(alpha));
    let mut converted = vec![T::default(); CHUNK * to];
    for pixels in data.chunks_mut(CHUNK * from) {
        let converted = &mut converted[..pixels.len() / from * to];
        if transform.transform(pixels, converted).is_err() {
            return false;
        }
        let pairs = pixels
            .chunks_exact_mut(from)
            .zip(converted.chunks_exact(to));
        for (pixel, converted) in pairs {
            pixel[..colours].copy_from_slice(&converted[..colours]);
        }
    }
    true
}
