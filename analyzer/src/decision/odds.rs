//! Odds that an enlargement works, learned from what worked.
//!
//! Known images were damaged, everything that could be done with them was done, and the results were compared with what
//! they had been (`recipe/`). Boosted trees (Friedman 2001) predict what was measured, in which more noise, blur or
//! compression never helps, brought to probabilities by Platt's sigmoid (1999) on sources that the trees had not
//! seen. They are data: `trees.rs`, written by `recipe/fit.py`. How far to trust them: the crate's README.

use super::features::features;
use super::trees::{FIX_GAINS, GAINS, HOPELESS, WORKS_2X, WORKS_4X};
use crate::report::{Evidence, Score};

/// What the evidence says of the ways to go. Each is a probability, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odds {
    /// The best enlargement by 4 comes close enough to the truth, and gains over a plain filter.
    pub works_4x: f32,
    /// The best by 2 does.
    pub works_2x: f32,
    /// A fix before the enlargement gains over the best enlargement alone.
    pub fix_gains: f32,
    /// Any enlargement by 2 gains over a plain filter, whether it works or not.
    pub gains: f32,
    /// No enlargement by 2 comes near the truth: there is too little to build on.
    pub hopeless: f32,
}

/// Trees whose values add up.
#[derive(Debug)]
pub(super) struct Forest {
    /// The sum begins with this.
    pub start: f32,
    /// Platt's sigmoid of the sum: slope and offset.
    pub sigmoid: (f32, f32),
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
    fn probability(&self, row: &[Option<f32>]) -> f32 {
        let sum: f32 = self.trees.iter().map(|tree| value(tree, row)).sum();
        let (slope, offset) = self.sigmoid;
        1.0 / (1.0 + (-(slope * (self.start + sum) + offset)).exp())
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

/// The odds for a picture; measures that are missing were missing for pictures of the fit as well.
pub fn odds(evidence: &Evidence, scores: &[Score]) -> Odds {
    of_row(&features(evidence, scores))
}

fn of_row(row: &[Option<f32>]) -> Odds {
    Odds {
        works_4x: WORKS_4X.probability(row),
        works_2x: WORKS_2X.probability(row),
        fix_gains: FIX_GAINS.probability(row),
        gains: GAINS.probability(row),
        hopeless: HOPELESS.probability(row),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{features, trees};
    use super::*;
    use crate::report::Measure;

    const FORESTS: [&Forest; 5] = [&WORKS_4X, &WORKS_2X, &FIX_GAINS, &GAINS, &HOPELESS];

    fn all(odds: Odds) -> [f32; 5] {
        [
            odds.works_4x,
            odds.works_2x,
            odds.fix_gains,
            odds.gains,
            odds.hopeless,
        ]
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
            let odds = of_row(&cells[5..]);
            let found = all(odds);
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
        let clean = Evidence {
            noise_sigma: Some(0.5),
            true_factor: Some([1.0, 1.0]),
            edge_sigma: Some(0.6),
            edges_kept: Some(0.95),
            ..Evidence::default()
        };
        let scores = [Score::measured(Measure::Sharpness, 0.9, "")];
        let best = odds(&clean, &scores);
        for worse in [
            Evidence {
                noise_sigma: Some(25.0),
                ..clean
            },
            Evidence {
                edge_sigma: Some(3.0),
                ..clean
            },
        ] {
            let found = odds(&worse, &scores);
            assert!(found.works_4x < best.works_4x, "{found:?} {best:?}");
            assert!(found.works_2x < best.works_2x, "{found:?} {best:?}");
        }
    }

    #[test]
    fn without_evidence_there_are_odds_all_the_same() {
        let found = all(odds(&Evidence::default(), &[]));
        assert!(found.iter().all(|p| (0.0..=1.0).contains(p)), "{found:?}");
    }
}
