//! What was learned from outcomes: whether an enlargement by 4 works, and what the ways to go are worth.
//!
//! Known images were damaged, everything that could be done with them was done, and the results were compared with what
//! they had been (`recipe/`). Boosted trees (Friedman 2001) predict what was measured; the odds, in which more noise, blur or
//! compression never helps, are brought to probabilities by Platt's sigmoid (1999) on sources that the trees had not
//! seen. They are data: `trees.rs`, written by `recipe/fit.py`. How far to trust them: the crate's README.

use super::trees::{FILTER, FIX_GAIN, NETWORK_GAIN, SIGMOID, WORKS_4X};
use crate::report::Worth;

/// What an enlargement or a fix has to gain to be worth the step.
const STEP: f32 = 0.03;
/// What a picture made anew is worth: utility below which there is nothing to build on.
const ANEW: f32 = 0.3;

/// Trees whose values add up.
#[derive(Debug)]
pub(super) struct Forest {
    /// The sum begins with this.
    pub start: f32,
    /// Each with its root first.
    pub trees: &'static [&'static [Node]],
}

/// A node of a tree.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node {
    /// Goes on at `.2` if feature `.0` is at most `.1`, at `.3` if it is more, and at `.4` if it is missing.
    If(usize, f32, usize, usize, usize),
    /// Adds this.
    Add(f32),
}

impl Forest {
    fn sum(&self, row: &[Option<f32>]) -> f32 {
        let values = self.trees.iter().map(|tree| value(tree, row));
        self.start + values.sum::<f32>()
    }
}

fn value(tree: &[Node], row: &[Option<f32>]) -> f32 {
    let mut at = 0;
    loop {
        match tree[at] {
            Node::Add(value) => return value,
            Node::If(feature, split, less, more, missing) => {
                at = match row[feature] {
                    Some(value) if value <= split => less,
                    Some(_) => more,
                    None => missing,
                }
            }
        }
    }
}

/// Probability, 0 to 1, that the best enlargement by 4 comes close enough to the truth, from [`features`](super::features);
/// measures that are missing were missing for pictures of the fit as well.
pub fn works_4x(features: &[Option<f32>]) -> f32 {
    let (slope, offset) = SIGMOID;
    1.0 / (1.0 + (-(slope * WORKS_4X.sum(features) + offset)).exp())
}

/// What the ways to go are worth at twice the size, from the same.
pub fn worth(features: &[Option<f32>]) -> Worth {
    let keep = FILTER.sum(features);
    let network = keep + NETWORK_GAIN.sum(features);
    Worth {
        keep,
        upscale: network - STEP,
        fix_first: network + FIX_GAIN.sum(features) - 2.0 * STEP,
        regenerate: ANEW,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{features, trees};
    use super::*;
    use crate::report::{Evidence, Measure, Score, Utilities};

    const FORESTS: [&Forest; 4] = [&WORKS_4X, &FILTER, &NETWORK_GAIN, &FIX_GAIN];

    fn of(evidence: &Evidence, scores: &[Score]) -> (f32, Worth) {
        let row = features::features(evidence, scores);
        (works_4x(&row), worth(&row))
    }

    #[test]
    fn the_trees_know_these_features() {
        assert!(features::names().eq(trees::FEATURES.iter().copied()));
    }

    #[test]
    fn every_walk_ends() {
        for tree in FORESTS.iter().flat_map(|forest| forest.trees) {
            for (i, node) in tree.iter().enumerate() {
                let Node::If(feature, split, less, more, missing) = *node else {
                    continue;
                };
                assert!(feature < trees::FEATURES.len() && split.is_finite());
                // Always forward, never past the end.
                assert!(
                    [less, more, missing]
                        .iter()
                        .all(|&to| to > i && to < tree.len())
                );
            }
        }
    }

    /// Predictions of `fit.py`, by the library that it fits with.
    #[test]
    fn as_the_library_predicts() {
        let golden = include_str!("golden.tsv");
        let mut lines = golden.lines();
        let header: Vec<_> = lines.next().expect("a header").split('\t').collect();
        assert!(header[5..].iter().copied().eq(features::names()));
        let mut seen = 0;
        for line in lines {
            let cells: Vec<Option<f32>> = line.split('\t').map(|cell| cell.parse().ok()).collect();
            let row = &cells[5..];
            let worth = worth(row);
            let found = [
                works_4x(row),
                worth.upscale,
                worth.fix_first,
                worth.regenerate,
                worth.keep,
            ];
            for (found, expected) in found.into_iter().zip(&cells) {
                let expected = expected.expect("a prediction");
                assert!(
                    (found - expected).abs() < 1e-4,
                    "{found} instead of {expected}: {line}"
                );
            }
            seen += 1;
        }
        assert!(seen >= 30, "{seen} rows");
    }

    #[test]
    fn damage_lowers_the_odds() {
        let utilities = |filter: f32| Utilities {
            filter,
            network: filter + 0.05,
            fix: filter + 0.03,
        };
        let clean = Evidence {
            noise_sigma: Some(0.5),
            true_factor: Some([1.0, 1.0]),
            edge_sigma: Some(0.6),
            edges_kept: Some(0.95),
            expected_2x: Some(utilities(0.7)),
            expected_4x: Some(utilities(0.45)),
            ..Evidence::default()
        };
        let scores = [Score::measured(Measure::Sharpness, 0.9, "")];
        let (odds, worth) = of(&clean, &scores);
        assert!(worth.upscale > worth.regenerate, "{worth:?}");
        let noisy = Evidence {
            noise_sigma: Some(25.0),
            ..clean
        };
        let soft = Evidence {
            edge_sigma: Some(3.0),
            ..clean
        };
        let hopeless = Evidence {
            expected_2x: Some(utilities(0.15)),
            expected_4x: Some(utilities(0.1)),
            ..clean
        };
        for worse in [noisy, soft, hopeless] {
            let found = of(&worse, &scores).0;
            assert!(found <= odds, "{found} {odds}");
        }
        let (found, worth) = of(&hopeless, &scores);
        assert!(found < odds - 0.1, "{found} {odds}");
        assert!(worth.upscale < worth.regenerate, "{worth:?}");
    }

    #[test]
    fn without_evidence_there_are_odds_all_the_same() {
        let (odds, worth) = of(&Evidence::default(), &[]);
        assert!((0.0..=1.0).contains(&odds), "{odds}");
        let worths = [worth.keep, worth.upscale, worth.fix_first];
        assert!(worths.iter().all(|w| (-0.5..1.5).contains(w)), "{worth:?}");
    }
}
