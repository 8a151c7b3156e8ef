//! `upwise triage`: what to do with pictures, before anything is done.
//!
//! `look.rs` reads a picture and has it analysed; the reports are `summary.rs` for a terminal, `document.rs` for
//! scripts, `overlay.rs` drawn over the picture and `html/` for a browser, both with the places of `marks.rs` and on a
//! `canvas.rs`; `outputs.rs` writes the last two to their files. `words.rs` is what all of them call things. `probe.rs`
//! tries the network where that is asked for.

mod canvas;
mod document;
mod html;
pub mod look;
mod marks;
mod outputs;
mod overlay;
mod probe;
#[cfg(test)]
mod sample;
mod summary;
pub mod words;

use std::io::IsTerminal;
use std::path::PathBuf;

use upwise_engine::{EngineOptions, Isa};

use crate::args::triage::TriageArgs;
use crate::failure::{EXIT_DONE, EXIT_SOME_FAILED, Failure};
use crate::inputs::{self, Listing, Overlooked, Place, absolute};
use crate::interrupt;
use crate::output::{print, print_json, print_json_line, say};
use crate::picture::Limits;
use document::{BATCH_SCHEMA, Batch, JSON_SCHEMA, Report};
use html::Row;
use look::Look;
use outputs::Outputs;
use summary::{Page, summary};

/// Runs the command and returns its exit code. Errors have been printed by then.
pub fn run(args: &TriageArgs) -> u8 {
    match try_run(args) {
        Ok(code) => code,
        Err(failure) => {
            say(&format!("error: {failure}"));
            failure.exit_code()
        }
    }
}

fn try_run(args: &TriageArgs) -> Result<u8, Failure> {
    if args.schema {
        print(JSON_SCHEMA)?;
        return Ok(EXIT_DONE);
    }
    let Inputs {
        places,
        names,
        failures,
    } = inputs(args)?;
    let single = places.len() + failures.len() == 1;
    // A folder that happens to hold one picture is still a folder.
    let mut named = args.inputs.iter().chain(&args.more_inputs);
    let is_file = single && !named.any(|input| input.is_dir());
    let outputs = Outputs::new(args, &names, is_file)?;
    outputs.check_inputs(&places)?;
    // Fails only if there is a pool already.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(args.machine.threads())
        .build_global();
    let mut run = Run {
        args,
        limits: Limits {
            pixels: args.max_input_pixels,
            bytes: args.machine.max_memory(),
        },
        single,
        outputs,
        rows: Vec::new(),
        page: Page::of_stdout(),
        done: 0,
        failed: Vec::new(),
        advice: 0,
        documents: Vec::new(),
    };
    let probing = args.probe.then(|| EngineOptions {
        isa: args.machine.isa.unwrap_or_else(Isa::detect),
        threads: args.machine.threads(),
        ..EngineOptions::default()
    });
    for failure in failures {
        run.fail("", failure)?;
    }
    for (number, input) in places.iter().enumerate() {
        if interrupt::requested() {
            return Err(Failure::Interrupted);
        }
        let name = input.name();
        let looked = Look::at(input, &run.limits).and_then(|mut look| {
            if let Some(options) = &probing {
                look.probe(options, &name)?;
            }
            run.outputs.overlay(number, &name, &look)?;
            run.page_of(&name, &look)?;
            Ok(look)
        });
        match looked {
            Ok(look) => run.report(&name, &look)?,
            Err(failure) => run.fail(&name, failure)?,
        }
    }
    run.finish()
}

/// What a run is about.
struct Inputs {
    places: Vec<Place>,
    /// Paths of the places, each from the folder that was named.
    names: Vec<PathBuf>,
    /// Folders that could not be looked into.
    failures: Vec<Failure>,
}

fn inputs(args: &TriageArgs) -> Result<Inputs, Failure> {
    let (mut places, mut names, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    let mut overlooked = Overlooked::default();
    for place in inputs::places(args.inputs.iter().chain(&args.more_inputs))? {
        match place {
            Place::File(folder) if folder.is_dir() => {
                let mut listing = Listing::default();
                // What an earlier run drew is no picture to judge.
                let drawn = args.overlay.as_deref().map(absolute);
                listing.collect(&folder, args.recursive, drawn.as_deref());
                let within = |path: &PathBuf| path.strip_prefix(&folder).unwrap_or(path).into();
                names.extend(listing.pictures.iter().map(within));
                places.extend(listing.pictures.into_iter().map(Place::File));
                failures.extend(listing.unreadable);
                overlooked.add(listing.overlooked);
            }
            Place::Stream if std::io::stdin().is_terminal() => {
                return Err(Failure::Usage(
                    "standard input is a terminal; pipe a picture into it".into(),
                ));
            }
            place => {
                names.push(match &place {
                    Place::File(_) => place.short_name().into(),
                    Place::Stream => "stdin".into(),
                });
                places.push(place);
            }
        }
    }
    if places.is_empty() && failures.is_empty() {
        return Err(Listing::none(args.recursive, &overlooked));
    }
    for words in overlooked.warnings().filter(|_| !args.quiet) {
        say(&format!("warning: {words}"));
    }
    Ok(Inputs {
        places,
        names,
        failures,
    })
}

/// One run of the command, and what it came to so far.
struct Run<'a> {
    args: &'a TriageArgs,
    limits: Limits,
    /// Whether there is one picture only.
    single: bool,
    outputs: Outputs<'a>,
    /// What the page about several pictures has of them so far.
    rows: Vec<Row>,
    page: Page,
    done: usize,
    failed: Vec<Failure>,
    /// The largest exit code of an action.
    advice: u8,
    /// Reports that are printed together at the end.
    documents: Vec<Report>,
}

impl Run<'_> {
    fn report(&mut self, name: &str, look: &Look) -> Result<(), Failure> {
        let action = look.analysis.decision.action;
        self.advice = self.advice.max(words::exit_code(action));
        let document = Report::seen(name, look);
        if self.args.json || self.args.json_lines {
            self.document(document)?;
        } else if !self.args.quiet {
            let gap = if self.done > 0 { "\n" } else { "" };
            print(&format!("{gap}{}", summary(name, look, self.page)))?;
        }
        self.done += 1;
        Ok(())
    }

    /// The page about the only picture, or a row of the page about several.
    fn page_of(&mut self, name: &str, look: &Look) -> Result<(), Failure> {
        if !self.outputs.wants_page() {
            return Ok(());
        }
        if self.single {
            return self.outputs.page(&html::page(name, look)?);
        }
        self.rows.push(Row::new(name, look)?);
        Ok(())
    }

    fn fail(&mut self, name: &str, failure: Failure) -> Result<(), Failure> {
        say(&format!("error: {failure}"));
        if self.args.json || self.args.json_lines {
            self.document(Report::failed(name, &failure))?;
        }
        self.failed.push(failure);
        Ok(())
    }

    fn document(&mut self, report: Report) -> Result<(), Failure> {
        if self.args.json_lines {
            return print_json_line(&report);
        }
        self.documents.push(report);
        Ok(())
    }

    fn finish(self) -> Result<u8, Failure> {
        if self.outputs.wants_page() && !self.single {
            let failures: Vec<String> = self.failed.iter().map(Failure::to_string).collect();
            self.outputs.page(&html::index(&self.rows, &failures))?;
        }
        if self.args.json {
            match (self.single, &self.documents[..]) {
                (true, [document]) => print_json(document)?,
                _ => print_json(&Batch {
                    schema: BATCH_SCHEMA,
                    version: env!("CARGO_PKG_VERSION"),
                    done: self.done,
                    failed: self.failed.len(),
                    pictures: self.documents,
                })?,
            }
        }
        Ok(match &self.failed[..] {
            [] if self.args.exit_code => self.advice,
            [] => EXIT_DONE,
            [failure] if self.single => failure.exit_code(),
            _ => EXIT_SOME_FAILED,
        })
    }
}
