//! Where outcomes decide: pictures so small that the network of `measures/glance` saw all of them.
//!
//! From such pictures it learned what enlarging, or a fix before, came to. Larger ones are judged by what a careful eye asks for
//! (`faults.rs`). It saw no pages of text and no repeated pixels.

use super::Seen;
use super::faults::Fault;
use crate::measures::glance;
use crate::report::{Content, Step, Worth};

/// The shorter side of the smallest pictures that it learned from.
const LEAST: usize = 64;
/// How much less than a picture made anew everything else has to be worth.
const MARGIN: f32 = 0.02;
/// How fast confidence grows with a difference of worths: utilities are expected with an error of about 0.08, what a fix gains with
/// one of 0.02, and a logistic curve is as steep as a normal one at 1.7 standard deviations.
const WORTH_STEEPNESS: f32 = 1.7 / 0.08;
const GAIN_STEEPNESS: f32 = 1.7 / 0.02;

/// What the ways to go are worth, if that decides.
pub fn outlook(seen: &Seen<'_>) -> Option<Worth> {
    let (shorter, longer) = (seen.picture.width.min(seen.picture.height), seen.longer());
    let known = shorter >= LEAST
        && longer <= glance::WHOLE
        && seen.content != Content::Text
        && seen.evidence.repeated != Some(true);
    seen.evidence.worth.filter(|_| known)
}

/// How sure it is that nothing comes of the picture, if that is so: above 0.5.
pub fn hopeless(worth: &Worth) -> Option<f32> {
    let best = worth.keep.max(worth.upscale).max(worth.fix_first);
    let short = worth.regenerate - best;
    (short > MARGIN).then(|| logistic(WORTH_STEEPNESS * short))
}

/// How sure it is that a repair of `fault` gains nothing over enlarging alone, if that is so: from 0.5 on.
///
/// Only of repairs that were tried: noise, blocks, and reducing to the true size.
pub fn idle(worth: &Worth, fault: &Fault) -> Option<f32> {
    let tried = matches!(
        fault.step,
        Step::Denoise | Step::Deblock | Step::Shrink { .. }
    );
    let ahead = worth.upscale - worth.fix_first;
    (tried && ahead >= 0.0).then(|| logistic(GAIN_STEEPNESS * ahead))
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::super::decide;
    use super::*;
    use crate::measures::composition::Composition;
    use crate::report::{Action, Decision, Evidence, Place};

    const HOPELESS: Worth = Worth {
        keep: 0.2,
        upscale: 0.19,
        fix_first: 0.18,
        regenerate: 0.3,
    };
    const HOPEFUL: Worth = Worth {
        keep: 0.5,
        upscale: 0.6,
        fix_first: 0.57,
        regenerate: 0.3,
    };

    /// A picture of `side` pixels with edges, noise of a sigma, and an outlook.
    fn decided(side: usize, content: Content, noise: f32, worth: Worth) -> Decision {
        let evidence = Evidence {
            noise_sigma: Some(noise),
            edges_kept: Some(0.9),
            edge_sigma: Some(0.7),
            middle_brightness: Some(0.5),
            worth: Some(worth),
            ..Evidence::default()
        };
        decide(&Seen {
            picture: Place {
                x: 0,
                y: 0,
                width: side,
                height: side,
            },
            content,
            evidence: &evidence,
            scores: &[],
            composition: &Composition::default(),
            blank: false,
        })
    }

    #[test]
    fn a_small_picture_of_which_nothing_comes_is_made_anew() {
        let decision = decided(100, Content::Photo, 9.0, HOPELESS);
        assert_eq!(decision.action, Action::Regenerate);
        assert!((0.5..0.97).contains(&decision.confidence));
        assert!(decision.steps.is_empty() && decision.scale.is_none());
        // The noise is named beside it.
        assert_eq!(decision.reasons.len(), 2);
        let near = Worth {
            keep: 0.29,
            ..HOPELESS
        };
        assert_ne!(
            decided(100, Content::Photo, 0.0, near).action,
            Action::Regenerate
        );
    }

    #[test]
    fn a_repair_that_gains_nothing_is_left_out() {
        let decision = decided(100, Content::Photo, 9.0, HOPEFUL);
        assert_eq!(decision.action, Action::Upscale);
        assert!(decision.confidence > 0.5);
        assert!(decision.not.iter().any(|not| not.contains("sigma 9")));
        let gains = Worth {
            fix_first: 0.61,
            ..HOPEFUL
        };
        assert_eq!(
            decided(100, Content::Photo, 9.0, gains).action,
            Action::FixFirst
        );
    }

    #[test]
    fn other_sizes_and_pages_go_by_their_faults() {
        for content in [Content::Photo, Content::Art] {
            for worth in [HOPELESS, HOPEFUL] {
                let decision = decided(129, content, 9.0, worth);
                assert_eq!(decision.action, Action::FixFirst);
            }
        }
        for (side, content) in [(63, Content::Photo), (100, Content::Text)] {
            let decision = decided(side, content, 0.0, HOPELESS);
            assert_eq!(decision.action, Action::Upscale);
        }
    }
}
