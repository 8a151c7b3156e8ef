//! The colours that chunks of a PNG declare, as a profile: for formats that have no such chunks, and for sRGB.
//!
//! What counts is the order of the PNG specification (third edition, 4.3): cICP, iCCP, sRGB, then gAMA and cHRM.

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile,
    MatrixCoefficients, ToneReprCurve, TransferCharacteristics, XyY,
};
use png::SourceChromaticities;

use super::metadata::{Metadata, PngExtras};

/// White, red, green and blue of sRGB, each x and y.
const SRGB: [[f32; 2]; 4] = [[0.3127, 0.3290], [0.64, 0.33], [0.30, 0.60], [0.15, 0.06]];
/// Values of cHRM that differ by less are the same; programs round them.
const SAME: f32 = 0.004;
/// Exponents of gAMA that stand for the curve of sRGB.
const SRGB_GAMMA: std::ops::RangeInclusive<f32> = 0.445..=0.465;
/// Exponents that make sense.
const GAMMA: std::ops::RangeInclusive<f32> = 0.1..=10.0;
/// cICP's codes for what is brighter than white (PQ, HLG): there is no profile of their kind.
const HIGH_DYNAMIC_RANGE: [u8; 2] = [16, 18];
/// Least area of the triangle of primaries in x and y; that of sRGB is 0.11.
const LEAST_GAMUT: f32 = 0.005;

/// A profile of what the chunks declare; `None` where that is sRGB, what `metadata.icc` says, or nothing that a profile can say.
pub(super) fn profile(metadata: &Metadata, colour: bool) -> Option<ColorProfile> {
    let chunks = &metadata.png;
    match chunks.cicp {
        Some(codes) => from_cicp(codes).filter(|_| colour),
        None if metadata.icc.is_some() || chunks.srgb.is_some() => None,
        None if colour => from_primaries(chunks),
        None => gamma(chunks).map(|gamma| ColorProfile::new_gray_with_gamma(1.0 / gamma)),
    }
}

/// Whether the chunks say nothing but sRGB, or what a profile says better.
pub(super) fn is_plain(metadata: &Metadata) -> bool {
    let chunks = &metadata.png;
    match chunks.cicp {
        Some(codes) => codes == SRGB_CODES,
        None if metadata.icc.is_some() || chunks.srgb.is_some() => true,
        None => gamma(chunks).is_none() && other_primaries(chunks).is_none(),
    }
}

/// Primaries of BT.709, the curve of sRGB, RGB, full range (ITU-T H.273).
const SRGB_CODES: [u8; 4] = [1, 13, 0, 1];

fn from_cicp(codes: [u8; 4]) -> Option<ColorProfile> {
    let [primaries, transfer, matrix, full] = codes;
    if codes == SRGB_CODES || (matrix, full) != (0, 1) || HIGH_DYNAMIC_RANGE.contains(&transfer) {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    let known = profile.update_rgb_colorimetry_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    known.then_some(profile)
}

/// gAMA's exponent, if it is not that of sRGB.
fn gamma(chunks: &PngExtras) -> Option<f32> {
    let gamma = chunks.gamma?.into_value();
    (GAMMA.contains(&gamma) && !SRGB_GAMMA.contains(&gamma)).then_some(gamma)
}

/// cHRM's white, red, green and blue, if they are not those of sRGB and span colours.
fn other_primaries(chunks: &PngExtras) -> Option<[[f32; 2]; 4]> {
    let SourceChromaticities {
        white,
        red,
        green,
        blue,
    } = chunks.chromaticities?;
    let found = [white, red, green, blue].map(|(x, y)| [x.into_value(), y.into_value()]);
    let [_, [rx, ry], [gx, gy], [bx, by]] = found;
    let area = ((gx - rx) * (by - ry) - (bx - rx) * (gy - ry)).abs() / 2.0;
    let sane = |[x, y]: &[f32; 2]| (0.0..=1.0).contains(x) && (0.01..=1.0).contains(y);
    let pairs = found.as_flattened().iter().zip(SRGB.as_flattened());
    let same = pairs.clone().all(|(a, b)| (a - b).abs() < SAME);
    // Blue of wide gamuts is nearly 0 in y.
    let usable = found.iter().enumerate().all(|(i, at)| i > 0 || sane(at)) && area > LEAST_GAMUT;
    (!same && usable).then_some(found)
}

fn from_primaries(chunks: &PngExtras) -> Option<ColorProfile> {
    let primaries = other_primaries(chunks);
    // Beside other primaries a gamma of 1/2.2 is what it says, as in Adobe RGB.
    let gamma = match primaries {
        Some(_) => chunks.gamma.map(|gamma| gamma.into_value()),
        None => gamma(chunks),
    };
    if primaries.is_none() && gamma.is_none() {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    if let Some([white, red, green, blue]) = primaries {
        let white = XyY {
            x: white[0].into(),
            y: white[1].into(),
            yb: 1.0,
        };
        let [red, green, blue] = [red, green, blue].map(|[x, y]| Chromaticity { x, y });
        profile.update_rgb_colorimetry(white, ColorPrimaries { red, green, blue });
    }
    if let Some(gamma) = gamma.filter(|gamma| GAMMA.contains(gamma)) {
        let curve = ToneReprCurve::Parametric(vec![1.0 / gamma]);
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
    }
    Some(profile)
}
