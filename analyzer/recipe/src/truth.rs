//! What worked: from the scores of arms to utilities and a label.

use crate::arms::{Arm, Outcome, SCALES};
use crate::score::Scores;

/// What the parts of a utility weigh. Text kept, the fourth, is not measured here: the others share its part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    pub quality: f32,
    pub worst: f32,
    pub edges: f32,
}

impl Weights {
    /// Frozen before anything was fitted.
    pub const FROZEN: Weights = Weights {
        quality: 0.35,
        worst: 0.25,
        edges: 0.2,
    };

    /// Each weight by 30 % more and less.
    pub fn shaken() -> [Weights; 6] {
        let w = Weights::FROZEN;
        let quality = |by: f32| Weights {
            quality: w.quality * by,
            ..w
        };
        let worst = |by: f32| Weights {
            worst: w.worst * by,
            ..w
        };
        let edges = |by: f32| Weights {
            edges: w.edges * by,
            ..w
        };
        [
            quality(0.7),
            quality(1.3),
            worst(0.7),
            worst(1.3),
            edges(0.7),
            edges(1.3),
        ]
    }

    /// Usefulness of an enlargement, 0 to 1.
    pub fn utility(&self, scores: &Scores) -> f32 {
        let parts = [
            (self.quality, Some(scaled(scores.quality))),
            (self.worst, Some(scores.worst.clamp(0.0, 1.0))),
            (self.edges, scores.edges),
        ];
        let there = parts
            .iter()
            .filter_map(|&(weight, value)| Some((weight, value?)));
        let (sum, total) = there.fold((0.0, 0.0), |(sum, total), (weight, value)| {
            (sum + weight * value, total + weight)
        });
        sum / total
    }
}

/// SSIMULACRA2 has no lower end. From 30, where it says "low quality", upwards it counts as it is, below ever less.
fn scaled(quality: f32) -> f32 {
    const LOW: f32 = 30.0;
    const NOTHING: f32 = -40.0;
    match quality {
        q if q >= LOW => (q / 100.0).min(1.0),
        q => (LOW / 100.0 * (q - NOTHING) / (LOW - NOTHING)).max(0.0),
    }
}

/// Utility from which an enlargement works, by 2 and by 4: about medium quality and about low quality of SSIMULACRA2, seen
/// pixel by pixel. Nobody sees a fourfold enlargement as closely.
pub const WORKS: [f32; 2] = [0.5, 0.4];
/// Utility below which there is nothing to build on.
pub const LOW: f32 = 0.3;
/// What a further step has to gain to be worth it.
pub const GAIN: f32 = 0.03;

/// The best arms at one factor, with their utilities.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    pub bicubic: f32,
    /// One enlargement.
    pub direct: (f32, String),
    /// A fix, then an enlargement.
    pub chain: (f32, String),
}

impl Best {
    fn of(outcomes: &[Outcome], scale: usize, weights: &Weights) -> Option<Best> {
        let at = outcomes.iter().filter(|outcome| outcome.scale == scale);
        let utilities: Vec<_> = at
            .map(|o| (weights.utility(&o.scores), o.arm.clone()))
            .collect();
        let best = |chain: bool| {
            let of_kind = utilities
                .iter()
                .filter(|(_, arm)| Arm::is_chain(arm) == chain);
            of_kind.max_by(|a, b| a.0.total_cmp(&b.0)).cloned()
        };
        let bicubic = utilities.iter().find(|(_, arm)| arm == "bicubic")?.0;
        Some(Best {
            bicubic,
            direct: best(false)?,
            chain: best(true)?,
        })
    }

    /// Of the best arm.
    pub fn utility(&self) -> f32 {
        self.direct.0.max(self.chain.0)
    }

    /// The best arm.
    pub fn arm(&self) -> &str {
        match self.chain.0 > self.direct.0 {
            true => &self.chain.1,
            false => &self.direct.1,
        }
    }

    fn gains(&self) -> bool {
        self.utility() >= self.bicubic + GAIN
    }

    fn fix_gains(&self) -> bool {
        self.chain.0 >= self.direct.0 + GAIN
    }
}

/// What should have been done.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub action: &'static str,
    /// The largest factor that works and gains over a plain filter, else 2: `fix_gains` is judged at it.
    pub scale: usize,
    /// Whether any arm comes close enough to the truth, in the order of [`SCALES`].
    pub works: [bool; 2],
    /// Any enlargement by 2 gains over a plain filter, whether it works or not.
    pub gains: bool,
    pub fix_gains: bool,
    /// No enlargement by 2 comes near.
    pub hopeless: bool,
    pub best: [Best; 2],
}

impl Label {
    /// `None` unless bicubic, an enlargement and a chain were run at every factor.
    pub fn of(outcomes: &[Outcome], weights: &Weights) -> Option<Label> {
        let [two, four] = SCALES.map(|scale| Best::of(outcomes, scale, weights));
        let best = [two?, four?];
        let works = [0, 1].map(|i| best[i].utility() >= WORKS[i]);
        let pays = [0, 1].map(|i| works[i] && best[i].gains());
        let (scale, at) = if pays[1] {
            (4, &best[1])
        } else {
            (2, &best[0])
        };
        let (gains, fix_gains) = (best[0].gains(), at.fix_gains());
        let hopeless = best[0].utility() < LOW;
        let action = match () {
            () if pays[0] || pays[1] => match fix_gains {
                true => "fix_first",
                false => "upscale",
            },
            () if works[0] => "keep",
            () if hopeless => "regenerate",
            () => "inspect",
        };
        Some(Label {
            action,
            scale,
            works,
            gains,
            fix_gains,
            hopeless,
            best,
        })
    }

    /// Which of [`Weights::shaken`] would have changed what should be done.
    pub fn flips(&self, outcomes: &[Outcome]) -> [bool; 6] {
        let other = |weights| Label::of(outcomes, &weights);
        Weights::shaken().map(|weights| other(weights).is_none_or(|it| it.action != self.action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Arms whose three scores are all the same.
    fn outcomes(two: [f32; 3], four: [f32; 3]) -> Vec<Outcome> {
        let arms = ["bicubic", "photo", "halve+photo"];
        let of = |scale: usize, values: [f32; 3]| {
            arms.into_iter().zip(values).map(move |(arm, v)| Outcome {
                scale,
                arm: arm.into(),
                weights: String::new(),
                scores: Scores {
                    quality: v * 100.0,
                    worst: v,
                    edges: Some(v),
                },
            })
        };
        of(2, two).chain(of(4, four)).collect()
    }

    fn label(two: [f32; 3], four: [f32; 3]) -> Label {
        Label::of(&outcomes(two, four), &Weights::FROZEN).expect("all arms")
    }

    #[test]
    fn each_action_has_its_case() {
        let bad = [0.31, 0.31, 0.31];
        assert_eq!(label([0.6, 0.7, 0.65], [0.4, 0.6, 0.5]).action, "upscale");
        assert_eq!(label([0.6, 0.7, 0.65], [0.4, 0.6, 0.5]).scale, 4);
        assert_eq!(label([0.6, 0.7, 0.65], bad).scale, 2);
        assert_eq!(label([0.6, 0.7, 0.74], bad).action, "fix_first");
        assert_eq!(label([0.6, 0.62, 0.6], bad).action, "keep");
        assert_eq!(label([0.4, 0.45, 0.4], bad).action, "inspect");
        let worse = [0.1, 0.2, 0.2];
        assert_eq!(label(worse, worse).action, "regenerate");
    }

    #[test]
    fn utility_is_a_mean_whatever_is_missing() {
        for edges in [None, Some(0.4)] {
            let scores = Scores {
                quality: 40.0,
                worst: 0.4,
                edges,
            };
            assert!((Weights::FROZEN.utility(&scores) - 0.4).abs() < 1e-6);
        }
    }

    #[test]
    fn quality_never_turns_back() {
        let values: Vec<_> = (-100..=110).map(|q| scaled(q as f32)).collect();
        assert!(values.is_sorted() && values[0] == 0.0 && values[210] == 1.0);
    }

    #[test]
    fn a_label_near_a_line_flips_and_one_far_away_does_not() {
        let mut near = outcomes([0.4, 0.5, 0.4], [0.1; 3]);
        near[1].scores = Scores {
            quality: 60.0,
            worst: 0.35,
            edges: Some(0.525),
        };
        let label = Label::of(&near, &Weights::FROZEN).expect("all arms");
        assert!(label.flips(&near).contains(&true));
        let far = outcomes([0.6, 0.8, 0.6], [0.1; 3]);
        let label = Label::of(&far, &Weights::FROZEN).expect("all arms");
        assert_eq!(label.flips(&far), [false; 6]);
    }
}
