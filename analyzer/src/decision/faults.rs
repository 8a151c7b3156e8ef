//! What is wrong with a picture, each fault with a severity: 1 where a careful eye would ask for a repair first.
//!
//! The thresholds at 1 were set by eye on labelled pictures; each is a limit that a person can check.

use super::Seen;
use crate::measures::motion::SMEARED;
use crate::report::{Content, Evidence, Measure, Reason, Step};

/// Standard deviation of fine noise in 8-bit steps.
const NOISE: f32 = 4.0;
/// The same at half size, where edges hold together.
const COARSE_NOISE: f32 = 2.6;
/// Share of edges that hold together, and the noise at half size that is a fault then: the more edges are torn the less it takes.
const GRAIN: [(f32, f32); 4] = [(0.45, 0.38), (0.60, 0.65), (0.65, 2.6), (1.0, 2.6)];
/// Least sides for fine and for coarse noise: fewer pixels do not tell it from texture.
const NOISE_SIDE: usize = 64;
pub(super) const GRAIN_SIDE: usize = 256;
/// Fine noise that texture is not taken for in fewer pixels either.
const BEYOND_TEXTURE: f32 = 16.0;
/// What a repair first is expected to gain by 2 (a difference of utilities) under which coarse grain is texture: of 38 sound
/// photographs that had passed for grainy 33 are under it, of 24 grainy ones four. What went through JPEG gains more, the more the
/// lower its quality.
const TEXTURE: [(f32, f32); 5] = [
    (50.0, 0.0055),
    (75.0, 0.0035),
    (80.0, 0.0015),
    (88.0, -0.008),
    (96.0, -0.01),
];
/// Noise at half size that no edges survive, and the share of edges that did: strokes.
const TEARS: f32 = 12.0;
const WHOLE: f32 = 0.8;
/// Median blur of edges (standard deviation in pixels) at full size, and on a copy of 512 pixels that is at most half as large.
const BLUR: f32 = 1.9;
const SMALL_BLUR: f32 = 0.85;
/// Median luma, 0 to 1.
const DARK: f32 = 0.2;
/// Quality of JPEG.
const QUALITY: f32 = 30.0;
/// How much larger than its detail, with the damage that makes it worth going back: the enlarging of others.
const ENLARGED: f32 = 1.5;

/// One fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// 1 at the limit, more beyond.
    pub severity: f32,
    /// What mends it.
    pub step: Step,
    /// What was seen.
    pub reason: Reason,
    /// What would make it sound.
    pub remedy: String,
}

/// All faults, the worst first.
pub fn faults(seen: &Seen<'_>) -> Vec<Fault> {
    // Repeated pixels look like noise and soft edges to everything that expects one pixel a sample.
    if seen.evidence.repeated == Some(true) {
        return enlarged(seen).into_iter().collect();
    }
    let mut found: Vec<Fault> = [
        noise(seen),
        blur(seen),
        motion(seen),
        dark(seen),
        blocks(seen),
        enlarged(seen),
    ]
    .into_iter()
    .flatten()
    .filter(|fault| fault.severity > 0.3)
    .collect();
    found.sort_by(|a, b| b.severity.total_cmp(&a.severity));
    found
}

fn fault(
    seen: &Seen<'_>,
    measure: Measure,
    severity: f32,
    step: Step,
    sentence: String,
    remedy: &str,
) -> Option<Fault> {
    let score = seen.scores.iter().find(|score| score.measure == measure);
    Some(Fault {
        severity,
        step,
        reason: Reason {
            measure,
            sentence,
            place: score.and_then(|score| score.places.first().copied()),
        },
        remedy: remedy.to_string(),
    })
}

/// Noise of any grain.
fn noise(seen: &Seen<'_>) -> Option<Fault> {
    // The dots and strokes of a page are no noise.
    if seen.content == Content::Text {
        return None;
    }
    let side = seen.shorter();
    let evidence = seen.evidence;
    let fine = evidence
        .noise_sigma
        .filter(|&sigma| side >= NOISE_SIDE || sigma > BEYOND_TEXTURE)
        .unwrap_or(0.0);
    let coarse = evidence
        .grain_sigma
        .filter(|_| side >= GRAIN_SIDE && !is_texture(evidence))
        .unwrap_or(0.0);
    let by_fine = fine / NOISE;
    let limit = grain_limit(evidence);
    let by_coarse = coarse / limit;
    let severity = by_fine.max(by_coarse);
    let (words, remedy) = if by_fine >= by_coarse {
        let remedy = format!("less noise: sigma under {NOISE:.0}");
        (format!("noise of sigma {fine:.0}"), remedy)
    } else {
        let kept = evidence.edges_kept.unwrap_or(1.0) * 100.0;
        let words = format!(
            "coarse grain of sigma {coarse:.1} at half size; {kept:.0} % of the edges hold together"
        );
        (
            words,
            format!("less grain: sigma under {limit:.1} at half size"),
        )
    };
    fault(
        seen,
        Measure::Noise,
        severity,
        Step::Denoise,
        words,
        &remedy,
    )
}

/// Whether what looks like coarse grain is not: a repair is expected to take more than it gives, or so much of it would have torn
/// the edges.
pub(super) fn is_texture(evidence: &Evidence) -> bool {
    let limit = interpolated(&TEXTURE, evidence.jpeg_quality.unwrap_or(100.0));
    let loses = evidence
        .expected_2x
        .is_some_and(|expected| expected.fix_gain() < limit);
    let strong = evidence.grain_sigma.is_some_and(|sigma| sigma > TEARS);
    loses || strong && evidence.edges_kept.is_some_and(|kept| kept > WHOLE)
}

/// The noise at half size that is a fault, by how many edges are torn.
fn grain_limit(evidence: &Evidence) -> f32 {
    evidence
        .edges_kept
        .map_or(COARSE_NOISE, |kept| interpolated(&GRAIN, kept))
}

/// The value at `x` of a curve of straight lines through points in the order of their x; beyond its ends, that of the end.
pub(super) fn interpolated<const N: usize>(curve: &[(f32, f32); N], x: f32) -> f32 {
    for pair in curve.windows(2) {
        let ((low, at_low), (high, at_high)) = (pair[0], pair[1]);
        if x <= high {
            let part = ((x - low) / (high - low)).max(0.0);
            return at_low + part * (at_high - at_low);
        }
    }
    curve[N - 1].1
}

/// Out of focus.
fn blur(seen: &Seen<'_>) -> Option<Fault> {
    if matches!(seen.content, Content::Text) {
        return None;
    }
    let full = seen.evidence.edge_sigma.map_or(0.0, |sigma| sigma / BLUR);
    let small = seen
        .evidence
        .small_edge_sigma
        .map_or(0.0, |sigma| sigma / SMALL_BLUR);
    let severity = full.max(small);
    let words = if full >= small {
        format!(
            "blurred: its edges are {:.0} pixels wide",
            2.5 * full * BLUR
        )
    } else {
        "blurred: not even a small copy is sharp".to_string()
    };
    fault(
        seen,
        Measure::Sharpness,
        severity,
        Step::Deblur,
        words,
        "a sharp picture of the same thing",
    )
}

/// Smeared one way, while edges across look crisp.
fn motion(seen: &Seen<'_>) -> Option<Fault> {
    let moved = seen.evidence.motion;
    let motion = moved.filter(|motion| motion.is_seen(seen.content))?;
    fault(
        seen,
        Measure::Sharpness,
        SMEARED / motion.along.max(0.5),
        Step::Deblur,
        motion.words(),
        "a picture that was held still, or a shorter exposure",
    )
}

/// Too little light.
fn dark(seen: &Seen<'_>) -> Option<Fault> {
    if !seen.is_natural() {
        return None;
    }
    let middle = seen.evidence.middle_brightness?;
    // A thing before black has clean blacks; too little light has not.
    let severity = (DARK / middle.max(0.02)).min(3.0);
    let words = format!("dark: half of it is under {:.0} % of white", middle * 100.0);
    fault(
        seen,
        Measure::Light,
        severity,
        Step::Lighten,
        words,
        "more light: a median over 20 %",
    )
}

/// The blocks of JPEG.
fn blocks(seen: &Seen<'_>) -> Option<Fault> {
    let quality = seen.evidence.jpeg_quality?;
    // The file may be of low quality where nothing shows it; pixels that show blocks count.
    let severity = QUALITY / quality.max(3.0);
    let words = format!("JPEG blocks: about quality {quality:.0}");
    fault(
        seen,
        Measure::Jpeg,
        severity,
        Step::Deblock,
        words,
        "a copy that was compressed less",
    )
}

/// Enlarged by others: its pixels are not detail.
fn enlarged(seen: &Seen<'_>) -> Option<Fault> {
    let [across, down] = seen.evidence.true_factor?;
    let factor = across.max(down);
    if factor < 1.1 {
        return None;
    }
    let (picture, repeated) = (seen.picture, seen.evidence.repeated == Some(true));
    let (width, height) = (
        (picture.width as f32 / across).round().max(1.0) as usize,
        (picture.height as f32 / down).round().max(1.0) as usize,
    );
    let words = format!(
        "really {width}x{height} inside {}x{}: {} {factor:.1} times",
        picture.width,
        picture.height,
        if repeated {
            "each pixel repeated"
        } else {
            "enlarged about"
        }
    );
    let step = Step::Shrink { width, height };
    fault(
        seen,
        Measure::TrueResolution,
        factor / ENLARGED,
        step,
        words,
        "the picture at its own size",
    )
}
