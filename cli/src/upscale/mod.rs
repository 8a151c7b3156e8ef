//! `upwise upscale`: pictures in, larger pictures out.
//!
//! `jobs/` decides what goes where, `router.rs` by the cues of `cues.rs` which model takes a picture,
//! `job.rs` takes one picture through, `planes.rs` stands between stored samples and the engine's,
//! `scaler.rs` between this command and the engine, `forecast.rs` says what a picture will take,
//! `console.rs` and `report.rs` say what happened, to people and to scripts.

mod console;
mod cues;
mod forecast;
mod job;
mod jobs;
mod planes;
mod report;
mod router;
mod scaler;

use std::io::IsTerminal;
use std::time::Instant;

use upwise_engine::DEFAULT_MAX_MEMORY;

use crate::args::upscale::UpscaleArgs;
use crate::failure::{EXIT_DONE, EXIT_SOME_FAILED, Failure};
use crate::models::Wish;
use crate::output::{print_json, print_json_line};
use crate::picture::Limits;
use console::{Console, Loudness};
use job::Context;
use jobs::{Jobs, Place};
use report::{Document, ErrorReport, ITEM_SCHEMA, Item, SCHEMA, Status};
use router::Router;
pub use scaler::engine_options;

/// Runs the command and returns its exit code. Errors have been printed by then.
pub fn run(args: &UpscaleArgs) -> u8 {
    let console = Console::new(match (args.quiet, args.verbose) {
        (true, _) => Loudness::Quiet,
        (_, true) => Loudness::Verbose,
        _ => Loudness::Normal,
    });
    let start = Instant::now();
    let mut items = Vec::new();
    let outcome = begin(args, &console).and_then(|batch| {
        let name = batch.router.name().to_string();
        batch.run(args, &console, &mut items)?;
        Ok(name)
    });
    let failed = items.iter().filter(|item| item.error.is_some()).count();
    let failure = outcome.as_ref().err();
    if let Some(failure) = failure {
        console.error(&failure.to_string());
    }
    let code = match (failure, &items[..]) {
        (Some(failure), _) => failure.exit_code(),
        (
            None,
            [
                Item {
                    error: Some(error), ..
                },
            ],
        ) => error.code,
        (None, _) if failed > 0 => EXIT_SOME_FAILED,
        _ => EXIT_DONE,
    };
    if items.len() > 1 {
        summarise(&items, failed, &console);
    }
    if args.json {
        let document = Document {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            done: items.len() - failed,
            failed,
            seconds: start.elapsed().as_secs_f64(),
            error: failure.map(ErrorReport::from),
            model: outcome.ok(),
            items,
        };
        if let Err(failure) = print_json(&document) {
            console.error(&failure.to_string());
            return if code == EXIT_DONE {
                failure.exit_code()
            } else {
                code
            };
        }
    }
    code
}

/// Everything that is decided before the first picture is read.
struct Batch {
    router: Router,
    jobs: Jobs,
    limits: Limits,
    max_memory: u64,
    engine_memory: u64,
}

fn begin(args: &UpscaleArgs, console: &Console) -> Result<Batch, Failure> {
    if let Some(gpu) = args
        .gpu
        .as_deref()
        .filter(|gpu| !["-1", "auto"].contains(gpu))
    {
        console.warning(&format!("-g {gpu}: upwise runs on the CPU alone"));
    }
    if args.inputs.is_empty() && args.more_inputs.is_empty() {
        return Err(Failure::Usage(
            "no input: name a picture or a folder, or - for standard input".into(),
        ));
    }
    let wish = Wish::new(args.run.model.as_deref(), &args.run.models)?;
    let max_memory = args.run.max_memory();
    // What is free is no reason to take it; what was asked for is.
    let engine_memory = args.run.max_memory.unwrap_or(DEFAULT_MAX_MEMORY);
    let options = engine_options(&args.run, engine_memory);
    // Resampling runs on the pool of the process, networks on their engine's. Fails only if there is one.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build_global();
    let (threads, isa) = (options.threads, options.isa);
    let router = Router::new(wish, args.run.mode.tier(), options)?;
    let target = args.target().unwrap_or_else(|| router.default_target());
    let jobs = jobs::plan(args, target, router.name())?;
    let to_stream = jobs.jobs.iter().any(|job| job.output == Place::Stream);
    if to_stream && (args.json || args.json_lines) {
        return Err(Failure::Usage(
            "the picture and JSON cannot both go to standard output; name a file with -o".into(),
        ));
    }
    if to_stream && std::io::stdout().is_terminal() {
        return Err(Failure::Usage(
            "a picture is not for a terminal; redirect standard output or name a file with -o"
                .into(),
        ));
    }
    console.detail(&format!(
        "model {}, {threads} threads, {isa}",
        router.name()
    ));
    if jobs.passed_over > 0 {
        console.detail(&format!(
            "{} files are passed over: their suffixes are no picture's",
            jobs.passed_over
        ));
    }
    if jobs.other_shards > 0 {
        console.say(&format!(
            "this shard does {} of {} pictures",
            jobs.jobs.len(),
            jobs.jobs.len() + jobs.other_shards
        ));
    }
    Ok(Batch {
        router,
        jobs,
        limits: Limits {
            pixels: args.max_input_pixels,
            bytes: max_memory,
        },
        max_memory,
        engine_memory,
    })
}

impl Batch {
    fn run(
        &self,
        args: &UpscaleArgs,
        console: &Console,
        items: &mut Vec<Item>,
    ) -> Result<(), Failure> {
        let context = Context {
            router: &self.router,
            target: args
                .target()
                .unwrap_or_else(|| self.router.default_target()),
            quality: args.quality,
            overwrite: args.overwrite,
            limits: self.limits,
            max_memory: self.max_memory,
            engine_memory: self.engine_memory,
            console,
        };
        for failure in &self.jobs.unreadable {
            console.error(&failure.to_string());
            let item = Item {
                schema: args.json_lines.then_some(ITEM_SCHEMA),
                input: String::new(),
                output: String::new(),
                status: Status::Failed,
                done: None,
                error: Some(failure.into()),
            };
            self.report(item, args, items)?;
        }
        let count = self.jobs.jobs.len();
        for (number, job) in self.jobs.jobs.iter().enumerate() {
            let counter = match count {
                1 => String::new(),
                _ => format!("[{}/{count}] ", number + 1),
            };
            let result = context.run(job, &format!("{counter}{}", job.input.short_name()));
            match &result {
                Ok(done) => {
                    let line = format!(
                        "{counter}{} -> {} ({}x{}, {:.2} s)",
                        job.input.name(),
                        job.output.name(),
                        done.width,
                        done.height,
                        done.seconds
                    );
                    console.say(&line);
                }
                Err(Failure::Interrupted) => return Err(Failure::Interrupted),
                Err(failure) => console.error(&failure.to_string()),
            }
            let item = Item {
                schema: args.json_lines.then_some(ITEM_SCHEMA),
                input: job.input.name(),
                output: job.output.name(),
                status: if result.is_ok() {
                    Status::Done
                } else {
                    Status::Failed
                },
                error: result.as_ref().err().map(ErrorReport::from),
                done: result.ok(),
            };
            self.report(item, args, items)?;
        }
        Ok(())
    }

    fn report(&self, item: Item, args: &UpscaleArgs, items: &mut Vec<Item>) -> Result<(), Failure> {
        if args.json_lines {
            print_json_line(&item)?;
        }
        items.push(item);
        Ok(())
    }
}

/// What a batch came to. Failures are listed again: they have scrolled away by now.
fn summarise(items: &[Item], failed: usize, console: &Console) {
    if failed == 0 {
        console.say(&format!("{} pictures done", items.len()));
        return;
    }
    console.error(&format!("{failed} of {} pictures failed:", items.len()));
    for error in items.iter().filter_map(|item| item.error.as_ref()) {
        eprintln!("  {}", error.message);
    }
}
