//! Pictures one after the other. The next is read while the one before is enlarged, if the memory suffices for both.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::IsTerminal;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;

use super::advice::Obedience;
use super::console::Console;
use super::deliver::Delivery;
use super::fixes::Fix;
use super::job::Context;
use super::jobs::{self, Job, Jobs};
use super::journal::{Journal, name_within};
use super::outlook::{self, Outlook};
use super::reader::{Reader, Reading};
use super::report::{Done, ErrorReport, ITEM_SCHEMA, Item, Status};
use super::room::Room;
use super::router::Router;
use super::scaler::engine_options;
use super::settings::settings;
use crate::args::upscale::UpscaleArgs;
use crate::args::values::TargetSize;
use crate::failure::Failure;
use crate::inputs::Place;
use crate::interrupt;
use crate::models::{KnownWeights, Wish};
use crate::output::print_json_line;
use crate::picture::part::{self, folder_of, sweep};
use crate::picture::{Limits, reason};
use crate::plan::PlanFile;

/// Everything that is decided before the first picture is read.
pub struct Batch {
    router: Router,
    delivery: Delivery,
    target: TargetSize,
    jobs: Jobs,
    reader: Reader,
    room: Room,
}

impl Batch {
    /// Decides it. What a command line gets wrong is found here.
    pub fn new(args: &UpscaleArgs, console: &Console) -> Result<Self, Failure> {
        if let Some(gpu) = args
            .gpu
            .as_deref()
            .filter(|gpu| !["-1", "auto"].contains(gpu))
        {
            console.warning(&format!("-g {gpu}: upwise runs on the CPU alone"));
        }
        let locked = match &args.plan {
            Some(path) => Some(PlanFile::read(path)?.locked(path, &args.run.models)?),
            None => None,
        };
        let wish = match &locked {
            Some(locked) => Wish::One(locked.choice.clone()),
            None => Wish::new(args.run.model.as_deref(), &args.run.models)?,
        };
        let steps: Vec<String> = locked
            .iter()
            .flat_map(|locked| &locked.fixes)
            .map(Fix::name)
            .collect();
        let weights = KnownWeights::new(&wish)?;
        let room = Room::new(&args.run.machine);
        let mut options = engine_options(&args.run, room.engine)?;
        options.self_ensemble |= locked.as_ref().is_some_and(|locked| locked.self_ensemble);
        let self_ensemble = options.self_ensemble;
        // Resampling runs on the pool of the process, networks on their engine's. Fails only if there is one.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .build_global();
        let machine = format!(
            "{} threads, {}, {}{}",
            options.threads,
            options.isa,
            options.precision,
            if self_ensemble { ", self-ensemble" } else { "" }
        );
        let router = match locked {
            Some(locked) => Router::locked(locked, options)?,
            None => Router::new(wish, args.run.mode.tier(), options)?,
        };
        let delivery = Delivery::new(args);
        let target = delivery.target.unwrap_or_else(|| router.default_target());
        let jobs = jobs::plan(args, &delivery, target, router.name())?;
        for format in jobs.jobs.iter().filter_map(|job| job.format) {
            delivery.check_format(format)?;
        }
        let to_stream = jobs.jobs.iter().any(|job| job.output == Place::Stream);
        if to_stream && (args.json || args.json_lines) {
            return Err(Failure::Usage(
                "the picture and JSON cannot both go to standard output; name a file with -o"
                    .into(),
            ));
        }
        if to_stream && std::io::stdout().is_terminal() {
            return Err(Failure::Usage(
                "a picture is not for a terminal; redirect standard output or name a file with -o"
                    .into(),
            ));
        }
        console.detail(&format!("model {}, {machine}", router.name()));
        for words in jobs.overlooked.warnings() {
            console.warning(&words);
        }
        match jobs.overlooked.others {
            0 => {}
            1 => console.detail("a file is passed over: its suffix is no picture's"),
            count => console.detail(&format!(
                "{count} files are passed over: their suffixes are no picture's"
            )),
        }
        if jobs.other_shards > 0 {
            console.say(&format!(
                "this shard does {} of {} pictures",
                jobs.jobs.len(),
                jobs.jobs.len() + jobs.other_shards
            ));
        }
        clean_up(&jobs.jobs, console);
        Ok(Batch {
            reader: Reader {
                limits: Limits {
                    pixels: args.max_input_pixels,
                    bytes: room.memory,
                },
                overwrite: args.overwrite,
                journals: journals(&jobs.jobs)?,
                settings: settings(args, target, router.name(), &steps, self_ensemble),
                weights,
            },
            router,
            delivery,
            target,
            jobs,
            room,
        })
    }

    /// The model or the filter that was asked for.
    pub fn model(&self) -> &str {
        self.router.name()
    }

    /// What several pictures will take; of one alone it is said when it is read.
    pub fn outlook(&self) -> Result<Option<Outlook>, Failure> {
        if self.jobs.jobs.len() < 2 {
            return Ok(None);
        }
        let settings = outlook::Settings {
            router: &self.router,
            target: self.target,
            delivery: &self.delivery,
            room: self.room,
            pixels: self.reader.limits.pixels,
        };
        Outlook::new(&self.jobs.jobs, &settings).map(Some)
    }

    /// Does it, and adds what becomes of each picture to `items`.
    pub fn run(
        &self,
        args: &UpscaleArgs,
        console: &Console,
        items: &mut Vec<Item>,
    ) -> Result<(), Failure> {
        let context = Context {
            router: &self.router,
            target: self.target,
            delivery: &self.delivery,
            room: self.room,
            obedience: match (args.force, args.strict) {
                (true, _) => Obedience::Force,
                (_, true) => Obedience::Strict,
                _ => Obedience::Warn,
            },
            reader: &self.reader,
            console,
        };
        let mut report = |item: Item| -> Result<(), Failure> {
            if args.json_lines {
                print_json_line(&item)?;
            }
            items.push(item);
            Ok(())
        };
        let schema = args.json_lines.then_some(ITEM_SCHEMA);
        for failure in &self.jobs.unreadable {
            console.error(&failure.to_string());
            report(Item {
                schema,
                input: String::new(),
                output: String::new(),
                status: Status::Failed,
                started: None,
                done: None,
                error: Some(failure.into()),
            })?;
        }
        let item = |job: &Job, status, started| Item {
            schema,
            input: job.input.name(),
            output: job.output.name(),
            status,
            started,
            done: None,
            error: None,
        };
        let (jobs, reader) = (&self.jobs.jobs, &self.reader);
        thread::scope(|scope| {
            let mut ahead: Option<thread::ScopedJoinHandle<Result<Reading, Failure>>> = None;
            // What another process is making waits for its end, after all others.
            let mut order: Vec<usize> = (0..jobs.len()).collect();
            let mut at = 0;
            while let Some(&i) = order.get(at) {
                let job = &jobs[i];
                if let (true, Place::File(path)) = (at >= jobs.len(), &job.output) {
                    console.detail(&format!("{}: another upwise makes it", path.display()));
                    part::wait_for(path);
                }
                if interrupt::requested() {
                    return Err(Failure::Interrupted);
                }
                let reading = match ahead.take().map(thread::ScopedJoinHandle::join) {
                    // There was no room for it beside the picture before, or there is none at all.
                    None | Some(Ok(Err(Failure::Limit(_)))) => reader.read(job, self.room.memory),
                    Some(Ok(reading)) => reading,
                    Some(Err(panic)) => resume_unwind(panic),
                };
                let counter = match jobs.len() {
                    1 => String::new(),
                    count => format!("[{}/{count}] ", i + 1),
                };
                let result = reading.and_then(|reading| match reading {
                    Reading::Done => Ok(None),
                    Reading::Picture(source) => {
                        let label = format!("{counter}{}", job.input.short_name());
                        let spare = |bytes| {
                            let next = jobs.get(at + 1);
                            ahead = next.map(|next| scope.spawn(move || reader.read(next, bytes)));
                        };
                        let started = |started| match args.json_lines {
                            true => print_json_line(&item(job, Status::Started, Some(started))),
                            false => Ok(()),
                        };
                        context.run(job, *source, &label, spare, started).map(Some)
                    }
                });
                at += 1;
                let result = match result {
                    Err(Failure::Interrupted) => return Err(Failure::Interrupted),
                    Err(Failure::Busy(_)) if jobs.len() > 1 => {
                        order.push(i);
                        continue;
                    }
                    // Another process may have been faster.
                    Err(Failure::CannotWrite(_)) if reader.is_done(job) => Ok(None),
                    result => result,
                };
                say(job, &counter, &result, console);
                let status = match &result {
                    Ok(Some(_)) => Status::Done,
                    Ok(None) => Status::Skipped,
                    Err(_) => Status::Failed,
                };
                report(Item {
                    error: result.as_ref().err().map(ErrorReport::from),
                    done: result.ok().flatten(),
                    ..item(job, status, None)
                })?;
            }
            Ok(())
        })
    }
}

fn say(job: &Job, counter: &str, result: &Result<Option<Done>, Failure>, console: &Console) {
    let names = || format!("{counter}{} -> {}", job.input.name(), job.output.name());
    match result {
        Ok(Some(done)) => console.say(&format!(
            "{} ({}x{}, {:.2} s)",
            names(),
            done.width,
            done.height,
            done.seconds
        )),
        Ok(None) => console.detail(&format!("{} (done already)", names())),
        Err(failure) => console.error(&failure.to_string()),
    }
}

/// Removes what killed runs left where this one will write.
fn clean_up(jobs: &[Job], console: &Console) {
    let folders: BTreeSet<PathBuf> = jobs
        .iter()
        .filter(|job| job.root.is_some())
        .filter_map(|job| match &job.output {
            Place::File(path) => Some(folder_of(path)),
            Place::Stream => None,
        })
        .collect();
    let removed: usize = folders.iter().map(|folder| sweep(folder)).sum();
    if removed > 0 {
        console.detail(&format!(
            "{removed} unfinished files of an earlier run were removed"
        ));
    }
}

/// The journals of the folders that collect outputs.
fn journals(jobs: &[Job]) -> Result<HashMap<PathBuf, Journal>, Failure> {
    let mut names: HashMap<&PathBuf, HashSet<String>> = HashMap::new();
    for job in jobs {
        if let (Some(root), Place::File(output)) = (&job.root, &job.output) {
            let names = names.entry(root).or_default();
            names.insert(name_within(root, output));
        }
    }
    let open = |(root, names): (&PathBuf, HashSet<String>)| {
        let journal = Journal::open(root, names).map_err(|error| {
            let path = root.join(super::journal::FILE_NAME);
            Failure::Io(format!("{}: {}", path.display(), reason(&error)))
        });
        Ok((root.clone(), journal?))
    };
    names.into_iter().map(open).collect()
}
