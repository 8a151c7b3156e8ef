//! From the colours that a profile or the chunks of a PNG describe to sRGB, for results that carry no profile; and from
//! such chunks to a profile.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use super::{Picture, PictureError, Samples, declared};

/// Pixels that are converted at a time.
const CHUNK: usize = 1 << 14;

/// Converts samples to sRGB and drops the profile. Alpha and depth stay; colours outside of sRGB move to its edge.
///
/// Without a profile the samples are taken for what the chunks of a PNG declare, or for sRGB. A profile that cannot be
/// used leaves them as they are, with a warning.
pub fn to_srgb(picture: &mut Picture) -> Result<(), PictureError> {
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
        (None, None) => return Ok(()),
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
    Ok(())
}

/// Makes a profile of what the chunks of a PNG declare, for formats that have no such chunks.
pub fn embed_declared(picture: &mut Picture) {
    let profile = declared::profile(&picture.metadata, picture.colour);
    if let Some(icc) = profile.and_then(|profile| profile.encode().ok()) {
        picture.metadata.icc = Some(icc);
        picture.metadata.png.forget_colours();
    }
}

/// Whether the chunks of a PNG declare colours that a profile can describe.
pub fn is_declared(picture: &Picture) -> bool {
    declared::profile(&picture.metadata, picture.colour).is_some()
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
