//! By how much, and with which models.

use super::Seen;
use super::faults::{Fault, GRAIN_SIDE, interpolated, is_texture};
use crate::measures::noise;
use crate::report::{Content, Evidence, Family, Step};

/// Fine noise and quality of JPEG beyond which the models for clean pictures draw the damage larger.
const FINE: f32 = 3.0;
const UNTOUCHED: f32 = 96.0;
/// The same beyond which those for a camera's pictures do. Fine texture of pictures smaller than `GRAIN_SIDE` measures as noise,
/// and the lower the quality the less is left of noise that was there before: of a sigma of 12 at 60 as much as 1.
const NOISY: f32 = 5.0;
const NOISY_IF_SMALL: f32 = 7.0;
const NOISY_BY_QUALITY: [(f32, f32); 4] = [(60.0, 0.9), (75.0, 1.6), (88.0, 4.5), (92.0, NOISY)];
const COMPRESSED: f32 = 60.0;
/// Quality of JPEG from which noise is still as noise is, and a denoiser takes it away.
const AS_IT_WAS: f32 = 85.0;
/// Noise at half size and blur of edges that are left to the models for damaged pictures.
const GRAINY: f32 = 2.0;
const SOFT: f32 = 1.4;
/// Blur of edges that counts as crisp, for the largest factor.
const CRISP: f32 = 0.8;
/// Odds of a fourfold enlargement from which it is advised.
const LIKELY: f32 = 0.4;
/// The same odds without which nothing larger is.
const SURE: f32 = 0.75;
/// Longer side of what comes out that no one advises to pass.
const LARGEST: f32 = 8000.0;

/// The family by content and the damage that is left after `repairs`.
///
/// By what each family made of damaged pictures of BSD100 (`recipe/families.py`).
pub fn family(seen: &Seen<'_>, repairs: &[Step]) -> Family {
    match seen.content {
        Content::Art => return Family::Art,
        Content::Text => return Family::Text,
        Content::PixelArt => return Family::Nearest,
        Content::Photo | Content::Product => {}
    }
    let evidence = seen.evidence;
    if over(evidence.edge_sigma, SOFT) {
        Family::Recover
    } else if repairs.contains(&Step::Deblock) {
        // That takes noise with the blocks.
        Family::Camera
    } else if repairs.contains(&Step::Denoise) && is_removable(evidence) {
        match under(evidence.jpeg_quality, UNTOUCHED) {
            true => Family::Camera,
            false => Family::Photo,
        }
    } else if damaged(seen) {
        Family::Recover
    } else if touched(evidence, FINE, UNTOUCHED) {
        Family::Camera
    } else {
        Family::Photo
    }
}

fn over(value: Option<f32>, limit: f32) -> bool {
    value.is_some_and(|value| value > limit)
}

fn under(value: Option<f32>, limit: f32) -> bool {
    value.is_some_and(|value| value < limit)
}

/// Whether it has noise that denoisers take away: some of it is fine, and compression has not changed it.
fn is_removable(evidence: &Evidence) -> bool {
    over(evidence.noise_sigma, noise::CLEAN) && !under(evidence.jpeg_quality, AS_IT_WAS)
}

/// Whether it has fine noise above `noise` or went through JPEG of a quality below `quality`.
fn touched(evidence: &Evidence, noise: f32, quality: f32) -> bool {
    over(evidence.noise_sigma, noise) || under(evidence.jpeg_quality, quality)
}

/// Whether the damage would be enlarged by a model that believes its input.
fn damaged(seen: &Seen<'_>) -> bool {
    let evidence = seen.evidence;
    let side = seen.shorter();
    let noisy = match evidence.jpeg_quality {
        Some(quality) => interpolated(&NOISY_BY_QUALITY, quality),
        None if side < GRAIN_SIDE => NOISY_IF_SMALL,
        None => NOISY,
    };
    touched(evidence, noisy, COMPRESSED)
        || (over(evidence.grain_sigma, GRAINY)
            && side >= GRAIN_SIDE
            && !is_texture(evidence)
            && under(evidence.edges_kept, 0.8))
}

/// The factor that the picture carries, and what was not chosen.
pub fn scale(seen: &Seen<'_>, faults: &[Fault]) -> (f32, Vec<String>) {
    let worst = faults.first().map_or(0.0, |fault| fault.severity);
    let evidence = seen.evidence;
    let clean = evidence
        .noise_sigma
        .map_or(!seen.is_natural(), |sigma| sigma < 1.0)
        && evidence.jpeg_quality.is_none_or(|quality| quality >= 92.0)
        && evidence.edge_sigma.is_some_and(|sigma| sigma < CRISP)
        && evidence.works_4x.is_none_or(|odds| odds >= SURE);
    let (mut scale, mut not) = if worst >= 0.75 {
        let words = "4x: would stay below the quality line";
        (2.0, vec![words.to_string()])
    } else if let Some(odds) = evidence.works_4x.filter(|&odds| odds < LIKELY) {
        let words = format!("4x: works for {:.0} % of pictures like it", odds * 100.0);
        (2.0, vec![words])
    } else if clean && worst < 0.45 && seen.longer() <= 512 {
        (6.0, Vec::new())
    } else {
        (
            4.0,
            vec!["6x: only very clean pictures carry it".to_string()],
        )
    };
    while scale > 2.0 && scale * seen.longer() as f32 > LARGEST {
        not.insert(
            0,
            format!(
                "{scale}x: {:.0} pixels are more than its detail fills",
                scale * seen.longer() as f32
            ),
        );
        scale -= 2.0;
    }
    (scale, not)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::composition::Composition;
    use crate::report::{Evidence, Place, Utilities};

    /// A photograph of `side` by `side` pixels with nothing else known of it.
    fn seen<'a>(side: usize, evidence: &'a Evidence, composition: &'a Composition) -> Seen<'a> {
        Seen {
            picture: Place {
                x: 0,
                y: 0,
                width: side,
                height: side,
            },
            content: Content::Photo,
            evidence,
            scores: &[],
            composition,
            blank: false,
        }
    }

    #[test]
    fn fine_texture_of_a_small_picture_is_no_grain() {
        let evidence = Evidence {
            noise_sigma: Some(0.5),
            grain_sigma: Some(3.0),
            edges_kept: Some(0.75),
            edge_sigma: Some(0.7),
            ..Evidence::default()
        };
        let composition = Composition::default();
        for (side, expected) in [(112, Family::Photo), (300, Family::Recover)] {
            let seen = seen(side, &evidence, &composition);
            assert_eq!(family(&seen, &[]), expected, "{side}");
        }
    }

    #[test]
    fn texture_that_a_repair_would_take_is_no_damage() {
        let composition = Composition::default();
        for (fix, expected) in [(0.45, Family::Photo), (0.55, Family::Recover)] {
            let evidence = Evidence {
                noise_sigma: Some(1.0),
                grain_sigma: Some(3.0),
                edges_kept: Some(0.75),
                edge_sigma: Some(0.7),
                expected_2x: Some(Utilities {
                    filter: 0.4,
                    network: 0.5,
                    fix,
                }),
                ..Evidence::default()
            };
            let seen = seen(480, &evidence, &composition);
            assert_eq!(family(&seen, &[]), expected, "{fix}");
        }
    }

    #[test]
    fn a_photograph_goes_by_its_damage_and_a_drawing_does_not() {
        let composition = Composition::default();
        for (quality, noise, expected) in [
            (None, 0.5, Family::Photo),
            (Some(98.0), 0.5, Family::Photo),
            (Some(92.0), 0.5, Family::Camera),
            (None, 3.5, Family::Camera),
            (None, 6.0, Family::Recover),
            (Some(88.0), 3.0, Family::Camera),
            (Some(62.0), 3.0, Family::Recover),
            (Some(40.0), 0.5, Family::Recover),
        ] {
            let evidence = Evidence {
                jpeg_quality: quality,
                noise_sigma: Some(noise),
                edge_sigma: Some(0.7),
                ..Evidence::default()
            };
            let mut seen = seen(300, &evidence, &composition);
            assert_eq!(family(&seen, &[]), expected, "{quality:?}, {noise}");
            seen.content = Content::Art;
            assert_eq!(family(&seen, &[]), Family::Art, "{quality:?}");
        }
    }

    #[test]
    fn what_a_repair_takes_away_needs_no_recovery() {
        let composition = Composition::default();
        let noisy = Evidence {
            noise_sigma: Some(12.0),
            grain_sigma: Some(7.0),
            edges_kept: Some(0.7),
            edge_sigma: Some(0.7),
            ..Evidence::default()
        };
        let saved = |quality| Evidence {
            jpeg_quality: Some(quality),
            ..noisy
        };
        let soft = Evidence {
            edge_sigma: Some(2.0),
            ..noisy
        };
        let coarse = Evidence {
            noise_sigma: Some(1.0),
            ..noisy
        };
        for (evidence, repairs, expected) in [
            (noisy, &[][..], Family::Recover),
            (noisy, &[Step::Denoise], Family::Photo),
            (saved(90.0), &[Step::Denoise], Family::Camera),
            (saved(70.0), &[Step::Denoise], Family::Recover),
            (saved(20.0), &[Step::Deblock, Step::Denoise], Family::Camera),
            (soft, &[Step::Denoise], Family::Recover),
            (coarse, &[Step::Denoise], Family::Recover),
        ] {
            let seen = seen(300, &evidence, &composition);
            assert_eq!(family(&seen, repairs), expected, "{evidence:?} {repairs:?}");
        }
    }

    #[test]
    fn a_clean_picture_is_enlarged_as_far_as_its_odds_go() {
        let composition = Composition::default();
        for (odds, side, expected) in [
            (0.85, 500, 6.0),
            (0.85, 600, 4.0),
            (0.6, 500, 4.0),
            (0.3, 500, 2.0),
        ] {
            let evidence = Evidence {
                noise_sigma: Some(0.5),
                edge_sigma: Some(0.6),
                works_4x: Some(odds),
                ..Evidence::default()
            };
            let (factor, _) = scale(&seen(side, &evidence, &composition), &[]);
            assert_eq!(factor, expected, "odds of {odds}, {side} pixels");
        }
    }
}
