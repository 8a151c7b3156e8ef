//! Makes the outcome labels: damages known images, runs everything that could be done with them and writes down what
//! worked. See the analyzer's README.

#![forbid(unsafe_code)]

mod arms;
mod cache;
mod degrade;
mod ladder;
mod look;
mod plain;
mod random;
mod score;
mod sources;
mod table;
mod truth;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use clap::Parser;

use arms::{Arm, Models, Outcome};
use cache::Cache;
use ladder::Case;
use sources::{Source, Split};
use truth::{Best, Label, Weights};

/// Makes the outcome labels that the analyzer's odds are fitted to.
#[derive(Parser)]
struct Args {
    /// Folder with train/ and bench/.
    #[arg(long, default_value = "../shared/data")]
    data: PathBuf,
    /// What arms came to; made or gone on with.
    #[arg(long, default_value = "target/outcome/arms.tsv")]
    arms: PathBuf,
    /// The table of labels to write.
    #[arg(long, default_value = "target/outcome/labels.tsv")]
    labels: PathBuf,
    /// Folder for the damaged pictures of the table, as PNG: what `glance.py` learns from.
    #[arg(long)]
    pictures: Option<PathBuf>,
    /// Folder for strips of cases near the lines: truth, picture, bicubic, best at 4x, best at 2x.
    #[arg(long)]
    look: Option<PathBuf>,
    /// Pictures of the training tiles.
    #[arg(long, default_value_t = 431)]
    train: usize,
    /// Pictures of BSD100.
    #[arg(long, default_value_t = 100)]
    test: usize,
    /// Damaged pictures made of each tile.
    #[arg(long, default_value_t = 6)]
    rungs: usize,
    /// Damaged pictures made of each tile that was reduced: the odds are calibrated on these, as they are most like whole pictures.
    #[arg(long, default_value_t = 12)]
    reduced_rungs: usize,
    /// Damaged pictures made of each picture of BSD100: with few, chance alone looks like a lack of calibration.
    #[arg(long, default_value_t = 12)]
    test_rungs: usize,
    /// Workers.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let sources = sources::find(&args.data, args.train, args.test)?;
    let mut work = Vec::new();
    for source in &sources {
        let (width, height) = source.size()?;
        let rungs = match source.split {
            Split::Train if source.reduced > 1.0 => args.reduced_rungs,
            Split::Train => args.rungs,
            Split::Test => args.test_rungs,
        };
        let cases = ladder::cases(source, width, height, rungs);
        work.push((source, cases));
    }
    for file in [&args.arms, &args.labels] {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
    }
    let mut cache = Cache::open(&args.arms)?;
    run_arms(&mut cache, &work, args.threads)?;
    if let Some(folder) = &args.look {
        return look_near_the_lines(&cache, &work, folder);
    }
    write_labels(&cache, &work, &args.labels, args.pictures.as_deref())
}

type Work<'a> = [(&'a Source, Vec<Case>)];

/// What of a case's outcomes the shipped weights made: weights that were replaced have left theirs in the file.
fn current(cache: &Cache, case: &Case) -> Vec<Outcome> {
    let arms = arms::all();
    let shipped = |outcome: &&Outcome| {
        let same = |arm: &Arm| arm.name == outcome.arm && arm.weights == outcome.weights;
        arms.iter().any(same)
    };
    cache
        .of(&case.key)
        .iter()
        .filter(shipped)
        .cloned()
        .collect()
}

fn write_labels(
    cache: &Cache,
    work: &Work<'_>,
    path: &Path,
    pictures: Option<&Path>,
) -> Result<()> {
    if let Some(folder) = pictures {
        std::fs::create_dir_all(folder)?;
    }
    let rows = |(source, cases): &(&Source, Vec<Case>)| -> Result<Vec<String>> {
        let picture = source.decode()?;
        let mut rows = Vec::new();
        for case in cases {
            let outcomes = current(cache, case);
            let label = Label::of(&outcomes, &Weights::FROZEN)
                .with_context(|| format!("{} has no outcomes", case.key))?;
            let damaged = degrade::damage(&picture, case)?;
            if let Some(folder) = pictures {
                look::write_one(&folder.join(file_name(&case.key)), &damaged.picture)?;
            }
            let flips = label.flips(&outcomes);
            rows.push(table::row(source, case, &damaged, &label, flips)?);
        }
        Ok(rows)
    };
    let rows = work.iter().map(rows).collect::<Result<Vec<_>>>()?.concat();
    let text = format!("{}\n{}\n", table::header(), rows.join("\n"));
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{} labels: {}", rows.len(), path.display());
    Ok(())
}

/// Of a case's picture.
fn file_name(key: &str) -> String {
    format!("{}.png", key.replace('/', "-"))
}

/// Cases whose utility is this close to a line are looked at.
const NEAR: f32 = 0.03;

fn look_near_the_lines(cache: &Cache, work: &Work<'_>, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let (models, arms) = (Models::new()?, arms::all());
    for (source, cases) in work {
        for case in cases {
            let outcomes = current(cache, case);
            let Some(label) = Label::of(&outcomes, &Weights::FROZEN) else {
                continue;
            };
            let [two, four] = label.best.each_ref().map(Best::utility);
            let near = |utility: f32, lines: &[f32]| {
                lines.iter().any(|line| (utility - line).abs() < NEAR)
            };
            let near = near(two, &[truth::WORKS[0], truth::LOW]) || near(four, &[truth::WORKS[1]]);
            if !near {
                continue;
            }
            let damaged = degrade::damage(&source.decode()?, case)?;
            let (width, height) = (damaged.truth.width(), damaged.truth.height());
            let make = |name: &str, scale: usize| {
                let arm = arms.iter().find(|arm| arm.name == name);
                models.make(arm.context("an arm that was run")?, case, &damaged, scale)
            };
            let [best_two, best_four] = label.best.each_ref().map(Best::arm);
            let made = [
                make("bicubic", 4)?,
                make(best_four, 4)?,
                degrade::enlarged(&make(best_two, 2)?, width, height)?,
            ];
            let name = format!("{two:.2}-{four:.2}-{}", file_name(&case.key));
            look::write(&folder.join(name), &damaged, &made)?;
        }
    }
    Ok(())
}

/// Runs what is not known yet.
fn run_arms(cache: &mut Cache, work: &Work<'_>, threads: usize) -> Result<()> {
    let arms = arms::all();
    let missing = |cache: &Cache, source: &Source, case: &Case| -> Vec<usize> {
        let done = cache.done(&case.key);
        let new =
            |arm: &Arm| arm.suits(case, source.drawn) && !done.contains(&(&arm.name, &arm.weights));
        (0..arms.len()).filter(|&i| new(&arms[i])).collect()
    };
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let total = work.len();
    let cache = Mutex::new(cache);
    std::thread::scope(|scope| {
        let worker = || -> Result<()> {
            let models = Models::new()?;
            while let Some((source, cases)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut picture = None;
                for case in cases {
                    let todo = missing(&cache.lock().expect("no worker panics"), source, case);
                    if todo.is_empty() {
                        continue;
                    }
                    let picture = match &mut picture {
                        Some(picture) => picture,
                        none => none.insert(source.decode()?),
                    };
                    let damaged = degrade::damage(picture, case)?;
                    let todo: Vec<_> = todo.into_iter().map(|i| &arms[i]).collect();
                    let outcomes = models.outcomes(&todo, case, &damaged)?;
                    cache
                        .lock()
                        .expect("no worker panics")
                        .add(&case.key, outcomes)?;
                }
                let done = finished.fetch_add(1, Ordering::Relaxed) + 1;
                eprint!("\r{done}/{total} sources");
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("no worker panics"))
    })?;
    eprintln!();
    Ok(())
}
