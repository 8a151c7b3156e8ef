//! What arms came to, kept in a file: they take minutes, and everything after them seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::arms::Outcome;
use crate::score::Scores;

const HEADER: &str = "case\tscale\tarm\tweights\tquality\tworst\tedges";

/// Outcomes by case. New ones are written at once, so that a run that is stopped goes on where it was.
pub struct Cache {
    path: PathBuf,
    file: File,
    cases: BTreeMap<String, Vec<Outcome>>,
}

impl Cache {
    /// Reads the file, or begins one.
    pub fn open(path: &Path) -> Result<Cache> {
        let context = || format!("cannot use {}", path.display());
        let text = match path.exists() {
            true => fs::read_to_string(path).with_context(context)?,
            false => String::new(),
        };
        let mut cases = BTreeMap::<String, Vec<Outcome>>::new();
        // A line that was cut off by the end of a run is left out; its arm runs again.
        for line in text.lines().skip(1) {
            if let Some((case, outcome)) = parse(line) {
                cases.entry(case).or_default().push(outcome);
            }
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(context)?;
        if text.is_empty() {
            writeln!(file, "{HEADER}").with_context(context)?;
        } else if !text.ends_with('\n') {
            writeln!(file).with_context(context)?;
        }
        let path = path.to_path_buf();
        Ok(Cache { path, file, cases })
    }

    /// What is known of a case.
    pub fn of(&self, case: &str) -> &[Outcome] {
        self.cases.get(case).map_or(&[], Vec::as_slice)
    }

    /// Keeps what was found out about a case.
    pub fn add(&mut self, case: &str, outcomes: Vec<Outcome>) -> Result<()> {
        let lines: String = outcomes.iter().map(|outcome| line(case, outcome)).collect();
        self.file
            .write_all(lines.as_bytes())
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        self.cases
            .entry(case.to_string())
            .or_default()
            .extend(outcomes);
        Ok(())
    }

    /// Names of arms and hashes of weights that a case is complete for.
    pub fn done(&self, case: &str) -> BTreeSet<(&str, &str)> {
        // An arm's largest factor is written first and its smallest last.
        let last = self.of(case).iter().filter(|outcome| outcome.scale == 2);
        last.map(|outcome| (outcome.arm.as_str(), outcome.weights.as_str()))
            .collect()
    }
}

fn line(case: &str, outcome: &Outcome) -> String {
    let Outcome {
        scale,
        arm,
        weights,
        scores,
    } = outcome;
    let edges = scores
        .edges
        .map_or(String::new(), |edges| edges.to_string());
    let Scores { quality, worst, .. } = scores;
    // All digits, so that labels of what was kept are those of the first run.
    format!("{case}\t{scale}\t{arm}\t{weights}\t{quality}\t{worst}\t{edges}\n")
}

fn parse(line: &str) -> Option<(String, Outcome)> {
    let cells: Vec<_> = line.split('\t').collect();
    let [case, scale, arm, weights, quality, worst, edges] = cells[..] else {
        return None;
    };
    let scores = Scores {
        quality: quality.parse().ok()?,
        worst: worst.parse().ok()?,
        edges: match edges {
            "" => None,
            edges => Some(edges.parse().ok()?),
        },
    };
    let outcome = Outcome {
        scale: scale.parse().ok()?,
        arm: arm.to_string(),
        weights: weights.to_string(),
        scores,
    };
    Some((case.to_string(), outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        for edges in [None, Some(0.25)] {
            let scores = Scores {
                quality: -12.5,
                worst: 0.5,
                edges,
            };
            let (arm, weights) = ("halve+photo".to_string(), "0011223344556677".to_string());
            let outcome = Outcome {
                scale: 4,
                arm,
                weights,
                scores,
            };
            let text = line("a#1-2", &outcome);
            assert_eq!(
                parse(text.trim_end_matches('\n')),
                Some(("a#1-2".into(), outcome))
            );
        }
        assert_eq!(parse("a#1-2\t4\tphoto\t00"), None);
    }
}
