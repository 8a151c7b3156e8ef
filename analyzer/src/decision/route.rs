//! By how much, and with which models.

use super::Seen;
use super::faults::{Fault, GRAIN_SIDE, interpolated, is_texture};
use crate::measures::noise;
use crate::report::{Content, Evidence, Family, Step};

/// Fine noise and quality of JPEG beyond which the models for clean pictures draw the damage larger.
const FINE: f32 = 3.0;
const UNTOUCHED: f32 = 96.0;
/// The noise beyond which those for a camera's pictures do. Fine texture of pictures smaller than `GRAIN_SIDE` measures as noise.
const NOISY: f32 = 5.0;
const NOISY_IF_SMALL: f32 = 7.0;
/// Quality of JPEG from which noise is still as noise is, and a denoiser takes it away.
const AS_IT_WAS: f32 = 85.0;
/// What compression leaves of noise for which the models for damaged pictures are the best, by the quality of JPEG; below the first
/// they never are. And what a repair first has to be expected to gain by 2 (a difference of utilities), as texture measures as noise.
const DROWNED: [(f32, f32); 4] = [(50.0, 0.5), (70.0, 1.0), (85.0, 2.5), (UNTOUCHED, NOISY)];
const REPAIRABLE: f32 = 0.006;
/// Quality of JPEG under which the blocks are taken away: of crisp photographs; of soft ones, whose blocks the models for a
/// camera's pictures know; of drawings; and of pages, which lose their strokes with them.
const BLOCKED: f32 = 80.0;
const BLOCKED_SOFT: f32 = 65.0;
const BLOCKED_ART: f32 = 75.0;
const BLOCKED_TEXT: f32 = 50.0;
/// Noise at half size that is left to the models for damaged pictures.
const GRAINY: f32 = 2.0;
/// Blur of edges that the models for clean pictures enlarge with them: those take pictures for as crisp as reduction leaves them.
const SOFT: f32 = 0.72;
/// Blur of edges that counts as crisp, for the largest factor.
const CRISP: f32 = 0.8;
/// Odds of a fourfold enlargement from which it is advised.
const LIKELY: f32 = 0.4;
/// The same odds without which nothing larger is.
const SURE: f32 = 0.75;
/// Longer side of what comes out that no one advises to pass.
const LARGEST: f32 = 8000.0;

/// The repairs of `asked` and what is worth taking away besides before anything enlarges it: blocks of JPEG, and noise that it never
/// changed.
pub fn repairs(seen: &Seen<'_>, mut asked: Vec<Step>) -> Vec<Step> {
    let quality = seen.evidence.jpeg_quality;
    let noisy = seen.shorter() >= GRAIN_SIDE && over(seen.evidence.noise_sigma, FINE);
    if noisy && seen.is_natural() && !under(quality, UNTOUCHED) {
        asked.push(Step::Denoise);
    }
    let noise_stays = !under(quality, AS_IT_WAS) && asked.contains(&Step::Denoise);
    if !noise_stays && is_blocked(seen) {
        // That takes with the blocks what compression has left of noise.
        if seen.is_natural() {
            asked.retain(|step| *step != Step::Denoise);
        }
        asked.push(Step::Deblock);
    }
    asked
}

/// Whether it gains from having its blocks taken away first.
fn is_blocked(seen: &Seen<'_>) -> bool {
    let evidence = seen.evidence;
    let limit = match seen.content {
        Content::Art => BLOCKED_ART,
        Content::Text => BLOCKED_TEXT,
        Content::PixelArt => return false,
        _ if is_soft(evidence) => BLOCKED_SOFT,
        _ if is_drowned(evidence) => return false,
        _ => BLOCKED,
    };
    under(evidence.jpeg_quality, limit)
}

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
    let blocks_gone = repairs.contains(&Step::Deblock);
    let noise_gone = blocks_gone || repairs.contains(&Step::Denoise) && is_removable(evidence);
    let compressed = !blocks_gone && under(evidence.jpeg_quality, UNTOUCHED);
    let noisy = !noise_gone && over(evidence.noise_sigma, FINE);
    if !noise_gone && damaged(seen) {
        Family::Recover
    } else if is_soft(evidence) || compressed || noisy {
        Family::Camera
    } else {
        Family::Photo
    }
}

/// Whether its edges are too soft for the models that believe them.
fn is_soft(evidence: &Evidence) -> bool {
    over(evidence.edge_sigma, SOFT)
}

/// Whether crisp edges went through JPEG with so much noise that what is left of both is in the way.
fn is_drowned(evidence: &Evidence) -> bool {
    let gain = evidence.expected_2x.map(|expected| expected.fix_gain());
    let within = |quality: &f32| (DROWNED[0].0..UNTOUCHED).contains(quality);
    let quality = evidence.jpeg_quality.filter(within);
    let noisy = quality.is_some_and(|q| over(evidence.noise_sigma, interpolated(&DROWNED, q)));
    noisy && !is_soft(evidence) && over(gain, REPAIRABLE)
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

/// Whether its noise would be enlarged by a model that believes its input.
fn damaged(seen: &Seen<'_>) -> bool {
    let evidence = seen.evidence;
    let side = seen.shorter();
    let limit = match side < GRAIN_SIDE {
        true => NOISY_IF_SMALL,
        false => NOISY,
    };
    let noisy = over(evidence.noise_sigma, limit);
    // After JPEG it is not told from texture.
    let grainy = over(evidence.grain_sigma, GRAINY)
        && side >= GRAIN_SIDE
        && !is_texture(evidence)
        && under(evidence.edges_kept, 0.8)
        && !under(evidence.jpeg_quality, UNTOUCHED);
    noisy || grainy || is_drowned(evidence)
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
            (Some(88.0), 6.0, Family::Recover),
            (Some(62.0), 3.0, Family::Camera),
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

    /// Evidence of a picture saved as JPEG, with what a repair first is expected to gain.
    fn saved(quality: f32, gain: f32) -> Evidence {
        Evidence {
            jpeg_quality: Some(quality),
            noise_sigma: Some(0.4),
            edge_sigma: Some(0.6),
            expected_2x: Some(Utilities {
                filter: 0.4,
                network: 0.5,
                fix: 0.5 + gain,
            }),
            ..Evidence::default()
        }
    }

    #[test]
    fn blocks_are_taken_away_where_that_gains() {
        let composition = Composition::default();
        let soft = |quality| Evidence {
            edge_sigma: Some(1.2),
            ..saved(quality, 0.02)
        };
        let noisy = |quality, gain| Evidence {
            noise_sigma: Some(2.0),
            ..saved(quality, gain)
        };
        for (evidence, expected) in [
            (saved(40.0, 0.02), (true, Family::Photo)),
            (saved(75.0, 0.006), (true, Family::Photo)),
            (noisy(75.0, 0.02), (false, Family::Recover)),
            (noisy(75.0, 0.004), (true, Family::Photo)),
            (saved(75.0, 0.02), (true, Family::Photo)),
            (saved(85.0, 0.02), (false, Family::Camera)),
            (saved(98.0, 0.006), (false, Family::Photo)),
            (soft(60.0), (true, Family::Camera)),
            (soft(75.0), (false, Family::Camera)),
            (soft(98.0), (false, Family::Camera)),
        ] {
            let seen = seen(300, &evidence, &composition);
            let steps = repairs(&seen, Vec::new());
            let found = (steps.contains(&Step::Deblock), family(&seen, &steps));
            assert_eq!(found, expected, "{evidence:?}");
        }
    }

    #[test]
    fn drawings_lose_their_blocks_earlier_than_pages() {
        let composition = Composition::default();
        for (content, quality, expected) in [
            (Content::Art, 70.0, true),
            (Content::Art, 80.0, false),
            (Content::Text, 60.0, false),
            (Content::Text, 40.0, true),
            (Content::PixelArt, 40.0, false),
        ] {
            let evidence = saved(quality, 0.0);
            let mut seen = seen(300, &evidence, &composition);
            seen.content = content;
            let found = repairs(&seen, Vec::new()) == [Step::Deblock];
            assert_eq!(found, expected, "{content:?}, {quality}");
        }
    }

    #[test]
    fn fine_noise_of_lossless_pictures_is_taken_away() {
        let composition = Composition::default();
        for (quality, noise, side, expected) in [
            (None, 3.5, 300, &[Step::Denoise][..]),
            (None, 2.5, 300, &[]),
            (None, 3.5, 112, &[]),
            (Some(92.0), 3.5, 300, &[]),
        ] {
            let evidence = Evidence {
                jpeg_quality: quality,
                noise_sigma: Some(noise),
                ..Evidence::default()
            };
            let seen = seen(side, &evidence, &composition);
            assert_eq!(repairs(&seen, Vec::new()), expected, "{evidence:?}");
        }
    }

    #[test]
    fn noise_that_compression_has_changed_goes_with_the_blocks() {
        let composition = Composition::default();
        for (quality, expected) in [(70.0, Step::Deblock), (90.0, Step::Denoise)] {
            let evidence = saved(quality, 0.006);
            let seen = seen(300, &evidence, &composition);
            let steps = repairs(&seen, vec![Step::Denoise]);
            assert_eq!(steps, [expected], "{quality}");
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
            edge_sigma: Some(1.2),
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
            (saved(20.0), &[Step::Deblock, Step::Denoise], Family::Photo),
            (soft, &[], Family::Recover),
            (soft, &[Step::Denoise], Family::Camera),
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
