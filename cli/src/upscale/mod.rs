//! `upwise upscale`: pictures in, larger pictures out.
//!
//! `jobs/` decides what goes where, `router.rs` by what triage says which model takes a picture, `advice.rs` what is
//! done if that speaks against it, `fixes.rs` does what comes before it. `deliver.rs` resolves what a result is for.
//! `batch.rs` takes pictures one after the other, each through `reader.rs` and `job.rs`, `journal/` keeps receipts of
//! them, with the `settings.rs` that they were made by. `planes.rs` stands between stored samples and the engine's,
//! `scaler.rs` between this command and the engine. `forecast.rs` says what work will take, `outlook.rs` of a whole batch,
//! `room.rs` whether the memory has it and `space.rs` whether the disk does; `console.rs` and `report.rs` say what
//! happened, to people and to scripts.

mod advice;
mod batch;
mod console;
mod deliver;
mod fixes;
mod forecast;
mod job;
mod jobs;
pub mod journal;
mod outlook;
mod planes;
mod reader;
mod report;
mod room;
mod router;
mod scaler;
mod settings;
mod space;

use std::time::Instant;

use crate::args::upscale::UpscaleArgs;
use crate::failure::{EXIT_DONE, EXIT_SOME_FAILED};
use crate::output::{print_json, print_json_line};
pub(crate) use advice::objection;
use batch::Batch;
use console::{Console, Loudness};
pub(crate) use fixes::{Fix, repair, shrinking, shrunk_side};
pub(crate) use forecast::Forecast;
pub(crate) use planes::{PictureRows, passes};
pub use report::ErrorReport;
use report::{Document, Item, OUTLOOK_SCHEMA, OutlookLine, SCHEMA, Status};
pub(crate) use room::{Extent, Room};
pub(crate) use router::{Locked, Router};
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
    let mut forecast = None;
    let outcome = Batch::new(args, &console).and_then(|batch| {
        let name = batch.model().to_string();
        forecast = batch.outlook()?;
        if let Some(outlook) = &forecast {
            console.say(&outlook.to_string());
            if args.json_lines {
                let schema = OUTLOOK_SCHEMA;
                print_json_line(&OutlookLine { schema, outlook })?;
            }
            outlook.check()?;
        }
        batch.run(args, &console, &mut items)?;
        Ok(name)
    });
    let count = |status| items.iter().filter(|item| item.status == status).count();
    let (done, skipped, failed) = (
        count(Status::Done),
        count(Status::Skipped),
        count(Status::Failed),
    );
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
    if items.len() > 1 || skipped > 0 {
        summarise(&items, (done, skipped, failed), &console);
    }
    if args.json {
        let document = Document {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            forecast,
            done,
            skipped,
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

/// What a batch came to. Failures are listed again: they have scrolled away by now.
fn summarise(items: &[Item], (done, skipped, failed): (usize, usize, usize), console: &Console) {
    let pictures = |count| if count == 1 { "picture" } else { "pictures" };
    let mut words = format!("{done} {} done", pictures(done));
    if skipped > 0 {
        words += &format!(", {skipped} done already");
    }
    console.say(&words);
    if failed > 0 {
        let all = items.len();
        console.error(&format!("{failed} of {all} {} failed:", pictures(all)));
        for error in items.iter().filter_map(|item| item.error.as_ref()) {
            console.error_detail(&error.message);
        }
    }
}
