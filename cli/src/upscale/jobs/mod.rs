//! From inputs to jobs: which picture goes where, all of it decided before anything is read.
//!
//! `names.rs` names the results.

mod names;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::deliver::Delivery;
use crate::args::upscale::UpscaleArgs;
use crate::args::values::{Shard, TargetSize};
use crate::digest::Digest;
use crate::failure::Failure;
use crate::inputs::{self, Listing, Overlooked, Place, absolute};
use crate::picture::Format;
use names::Namer;

/// One picture to enlarge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Where it is read from.
    pub input: Place,
    /// Its path from the folder that was named, or its name.
    pub relative: PathBuf,
    /// Where it goes.
    pub output: Place,
    /// The format that is asked for; `None` keeps the input's.
    pub format: Option<Format>,
    /// The output's folder may be made for it.
    pub make_folder: bool,
    /// The folder that collects the outputs of a batch, if there is one.
    pub root: Option<PathBuf>,
}

/// What the command line comes to.
#[derive(Debug, Default)]
pub struct Jobs {
    /// Pictures in the order of work.
    pub jobs: Vec<Job>,
    /// Folders that could not be looked into, in words.
    pub unreadable: Vec<Failure>,
    /// What of the folders is left alone.
    pub overlooked: Overlooked,
    /// Pictures that are left to other shards.
    pub other_shards: usize,
}

/// A picture that still needs a name for its result.
struct Found {
    input: PathBuf,
    relative: PathBuf,
    /// Where the result goes; `None` is beside the input.
    folder: Option<PathBuf>,
    root: Option<PathBuf>,
}

impl Jobs {
    /// The pictures of a folder whose results go into the tree `root`. What an earlier run put there is not an input.
    fn look_through(&mut self, folder: &Path, root: PathBuf, recursive: bool) -> Vec<Found> {
        let mut listing = Listing::default();
        listing.collect(folder, recursive, Some(&absolute(&root)));
        self.unreadable.extend(listing.unreadable);
        self.overlooked.add(listing.overlooked);
        let found = listing.pictures.into_iter().map(|input| {
            let relative = input.strip_prefix(folder).unwrap_or(&input).to_path_buf();
            Found {
                folder: Some(
                    relative
                        .parent()
                        .map_or(root.clone(), |within| root.join(within)),
                ),
                root: Some(root.clone()),
                relative,
                input,
            }
        });
        found.collect()
    }
}

/// Decides what is read and where it goes, for the size and the model that are asked for.
pub fn plan(
    args: &UpscaleArgs,
    delivery: &Delivery,
    target: TargetSize,
    model: &str,
) -> Result<Jobs, Failure> {
    let inputs = inputs::places(args.inputs.iter().chain(&args.more_inputs))?;
    let output = args.output.as_deref().map(Place::new);
    let namer = Namer {
        format: args.format,
        deliver: args.deliver.as_ref(),
        preset: delivery.format,
        suffix: args.suffix.as_deref(),
        template: args.name.as_ref(),
        target,
        model,
    };
    let is_folder = |place: &Place| matches!(place, Place::File(path) if path.is_dir());
    let single = inputs.len() == 1 && !is_folder(&inputs[0]);
    match &output {
        Some(Place::Stream) if !single => {
            return Err(Failure::Usage(
                "-o - takes one picture; for more name a folder with -o".into(),
            ));
        }
        Some(Place::File(path)) if !single && path.exists() && !path.is_dir() => {
            return Err(Failure::Usage(format!(
                "{}: several pictures need a folder, and it is a file",
                path.display()
            )));
        }
        _ => {}
    }
    let mut jobs = Jobs::default();
    let mut found = Vec::new();
    for input in inputs {
        match input {
            Place::File(folder) if folder.is_dir() => {
                let root = match &output {
                    Some(Place::File(path)) => path.clone(),
                    // The folder's name says what happened; the names in it need not.
                    _ => beside(&folder, &namer.addition()),
                };
                found.extend(jobs.look_through(&folder, root, args.recursive));
            }
            input => match named_place(&namer, &input, output.as_ref(), single)? {
                Some((output, format)) => jobs.jobs.push(Job {
                    relative: input.short_name().into(),
                    input,
                    output,
                    format,
                    make_folder: false,
                    root: None,
                }),
                None => {
                    let relative = input.short_name().into();
                    let (Place::File(input), Some(Place::File(_)) | None) = (input, &output) else {
                        return Err(Failure::Usage(
                            "standard input has no name: give -o a file, not a folder".into(),
                        ));
                    };
                    let folder = args.output.clone();
                    let root = folder.clone().filter(|_| !single);
                    found.push(Found {
                        input,
                        relative,
                        folder,
                        root,
                    });
                }
            },
        }
    }
    let count = found.len();
    for (i, found) in found.into_iter().enumerate() {
        let beside = found.folder.is_none();
        let (name, format) = namer.name(&found.input, beside, (i + 1, count))?;
        let output = match found.folder {
            Some(folder) => folder.join(name),
            None => found.input.with_file_name(name),
        };
        jobs.jobs.push(Job {
            input: Place::File(found.input),
            relative: found.relative,
            output: Place::File(output),
            format: Some(format),
            make_folder: !single,
            root: found.root,
        });
    }
    if jobs.jobs.is_empty() && jobs.unreadable.is_empty() {
        return Err(Listing::none(args.recursive, &jobs.overlooked));
    }
    refuse_collisions(&jobs.jobs)?;
    // Last, so that every shard sees the same names and refuses the same collisions.
    if let Some(shard) = args.shard {
        let all = jobs.jobs.len();
        jobs.jobs.retain(|job| takes(shard, &job.relative));
        jobs.other_shards = all - jobs.jobs.len();
    }
    Ok(jobs)
}

/// The output of a single picture whose place the user named in full, with its format if that is known by now.
fn named_place(
    namer: &Namer,
    input: &Place,
    output: Option<&Place>,
    single: bool,
) -> Result<Option<(Place, Option<Format>)>, Failure> {
    let named = match (input, output) {
        (_, Some(Place::Stream)) | (Place::Stream, None) => {
            (Place::Stream, namer.format.or(namer.preset))
        }
        (_, Some(Place::File(path))) if single && !is_folder_name(path) => {
            let format = namer.promised(path)?;
            (Place::File(path.clone()), Some(format))
        }
        _ => return Ok(None),
    };
    if namer.template.is_some() {
        return Err(Failure::Usage(
            "--name is for results in folders; here -o says the whole name".into(),
        ));
    }
    Ok(Some(named))
}

/// Whether a picture belongs to a shard: its path decides and nothing else, so that a file that is added or removed
/// moves no other file.
fn takes(shard: Shard, relative: &Path) -> bool {
    let mut path = Vec::new();
    for part in relative.components() {
        path.extend_from_slice(part.as_os_str().as_encoded_bytes());
        path.push(b'/');
    }
    Digest::of(&path).number() % shard.count == shard.index - 1
}

/// `photos` becomes `photos_4x`; `.` and `..` are named by what they stand for.
fn beside(folder: &Path, addition: &str) -> PathBuf {
    let real = match folder.file_name() {
        Some(_) => folder.to_path_buf(),
        None => fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf()),
    };
    let mut name = real.file_name().unwrap_or_default().to_os_string();
    name.push(addition);
    real.with_file_name(name)
}

/// Whether `-o PATH` means a folder: it is one, or it ends in a separator.
fn is_folder_name(path: &Path) -> bool {
    path.is_dir()
        || path
            .as_os_str()
            .as_encoded_bytes()
            .last()
            .is_some_and(|&last| std::path::is_separator(last.into()))
}

/// Two results in one file, or a result over an input that is still to be read, are refused.
fn refuse_collisions(jobs: &[Job]) -> Result<(), Failure> {
    let mut outputs: HashMap<PathBuf, usize> = HashMap::new();
    for (i, job) in jobs.iter().enumerate() {
        let Place::File(output) = &job.output else {
            continue;
        };
        if let Some(other) = outputs.insert(absolute(output), i) {
            let (first, second) = (&jobs[other].input, &job.input);
            let twice = matches!((first, second),
                (Place::File(one), Place::File(other)) if absolute(one) == absolute(other));
            let advice = match twice {
                true => "Name it once",
                false => {
                    "Tell them apart with --name '{stem}_{index}.{ext}', or give each its own -o"
                }
            };
            return Err(Failure::Usage(format!(
                "{} and {} would both become {}; nothing was done. {advice}",
                first.name(),
                second.name(),
                output.display()
            )));
        }
    }
    for (i, job) in jobs.iter().enumerate() {
        let Place::File(input) = &job.input else {
            continue;
        };
        if let Some(&other) = outputs.get(&absolute(input)).filter(|&&other| other != i) {
            return Err(Failure::Usage(format!(
                "{} would be written over by the result of {}; nothing was done. \
                 Use another --suffix, --name or -o",
                job.input.name(),
                jobs[other].input.name()
            )));
        }
    }
    Ok(())
}
