//! From inputs to jobs: which picture goes where, all of it decided before anything is read.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::args::upscale::UpscaleArgs;
use crate::failure::Failure;
use crate::picture::{Format, Input};

/// A file, or one of the standard streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// Standard input or output.
    Stream,
}

impl Place {
    /// A path as it was typed.
    fn new(path: &Path) -> Self {
        if path.as_os_str() == "-" {
            Place::Stream
        } else {
            Place::File(path.to_path_buf())
        }
    }

    /// The path, or `-`.
    pub fn name(&self) -> String {
        match self {
            Place::File(path) => path.display().to_string(),
            Place::Stream => "-".into(),
        }
    }

    /// The path without its folders, or `-`.
    pub fn short_name(&self) -> String {
        match self {
            Place::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                name.to_string_lossy().into_owned()
            }
            Place::Stream => "-".into(),
        }
    }
}

/// One picture to enlarge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Where it is read from.
    pub input: Place,
    /// Where it goes.
    pub output: Place,
    /// The format that is asked for; `None` keeps the input's.
    pub format: Option<Format>,
    /// The output's folder may be made for it.
    pub make_folder: bool,
}

/// What the command line comes to.
#[derive(Debug, Default)]
pub struct Jobs {
    /// Pictures in the order of work.
    pub jobs: Vec<Job>,
    /// Folders that could not be looked into, in words.
    pub unreadable: Vec<Failure>,
    /// Files in folders that are passed over because their suffix is no picture's.
    pub passed_over: usize,
}

/// Decides what is read and where it goes. `label` is what is added to a name beside its input.
pub fn plan(args: &UpscaleArgs, label: &str) -> Result<Jobs, Failure> {
    let inputs: Vec<Place> = args
        .inputs
        .iter()
        .chain(&args.more_inputs)
        .map(|path| Place::new(path))
        .collect();
    let output = args.output.as_deref().map(Place::new);
    if inputs
        .iter()
        .filter(|place| **place == Place::Stream)
        .count()
        > 1
    {
        return Err(Failure::Usage("standard input is one picture only".into()));
    }
    let namer = Namer {
        format: args.format,
        suffix: args.suffix.as_deref(),
        label,
    };
    let mut jobs = Jobs::default();
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
    for input in inputs {
        match input {
            Place::File(folder) if folder.is_dir() => {
                let to = match &output {
                    Some(Place::File(path)) => path.clone(),
                    _ => beside(&folder, &namer.addition()),
                };
                // A folder's own name carries the label then; the names in it need not.
                let walk = Walk {
                    recursive: args.recursive,
                    skip: absolute(&to),
                    namer: &namer,
                };
                walk.collect(&folder, &to, &mut jobs);
            }
            input => jobs.jobs.push(namer.job(input, output.as_ref(), single)?),
        }
    }
    if jobs.jobs.is_empty() && jobs.unreadable.is_empty() {
        let hint = if args.recursive {
            ""
        } else {
            "; --recursive goes into folders within"
        };
        return Err(Failure::NoInput(format!(
            "there are no pictures in what was named{hint}"
        )));
    }
    refuse_collisions(&jobs.jobs)?;
    Ok(jobs)
}

/// How outputs are called.
struct Namer<'a> {
    format: Option<Format>,
    suffix: Option<&'a str>,
    label: &'a str,
}

impl Namer<'_> {
    /// What is added to a name that stays beside its input.
    fn addition(&self) -> String {
        match self.suffix {
            Some(suffix) => suffix.to_string(),
            None => format!("_{}", self.label),
        }
    }

    /// The job of a picture that was named itself.
    fn job(&self, input: Place, output: Option<&Place>, single: bool) -> Result<Job, Failure> {
        let (output, format) = match (&input, output) {
            (_, Some(Place::Stream)) | (Place::Stream, None) => (Place::Stream, self.format),
            (_, Some(Place::File(path))) if single && !is_folder_name(path) => {
                return self.named_file(input, path);
            }
            (Place::Stream, Some(Place::File(_))) => {
                return Err(Failure::Usage(
                    "standard input has no name: give -o a file, not a folder".into(),
                ));
            }
            (Place::File(from), Some(Place::File(folder))) => {
                let (name, format) = self.name(from, self.suffix.unwrap_or(""));
                (Place::File(folder.join(name)), Some(format))
            }
            (Place::File(from), None) => {
                let (name, format) = self.name(from, &self.addition());
                (Place::File(from.with_file_name(name)), Some(format))
            }
        };
        Ok(Job {
            make_folder: !single,
            input,
            output,
            format,
        })
    }

    /// The job whose output is a file of a given name.
    fn named_file(&self, input: Place, path: &Path) -> Result<Job, Failure> {
        let by_suffix = Format::of_path(path);
        let format = match (self.format, by_suffix) {
            (Some(asked), Some(named)) if asked != named => {
                return Err(Failure::Usage(format!(
                    "{}: its suffix says {named}, -f says {asked}",
                    path.display()
                )));
            }
            (Some(asked), _) => asked,
            (None, Some(named)) => named,
            (None, None) => {
                return Err(Failure::Usage(format!(
                    "{}: which format? Give it a suffix such as .png, or use -f",
                    path.display()
                )));
            }
        };
        Ok(Job {
            input,
            output: Place::File(path.to_path_buf()),
            format: Some(format),
            make_folder: false,
        })
    }

    /// The file name of an output, and the format that it promises.
    fn name(&self, from: &Path, addition: &str) -> (OsString, Format) {
        let stem = from.file_stem().unwrap_or(from.as_os_str());
        let mut name = stem.to_os_string();
        name.push(addition);
        name.push(".");
        let suffix = from.extension().and_then(|suffix| suffix.to_str());
        let by_suffix = Format::of_path(from);
        let format = match (self.format, by_suffix) {
            (Some(asked), Some(known)) if asked == known => {
                name.push(suffix.unwrap_or(asked.suffix()));
                return (name, asked);
            }
            (Some(asked), _) => asked,
            (None, Some(known)) => {
                name.push(suffix.unwrap_or(known.suffix()));
                return (name, known);
            }
            // A name that says nothing: the content does. What cannot be read fails later, with its reason.
            (None, None) if !from.is_file() => Format::Png,
            (None, None) => Input::open(from, 0)
                .ok()
                .and_then(|mut input| input.sniff().ok())
                .unwrap_or(Format::Png),
        };
        name.push(format.suffix());
        (name, format)
    }
}

/// Looks for pictures in a folder.
struct Walk<'a> {
    recursive: bool,
    /// The output folder: what an earlier run put there is not an input.
    skip: PathBuf,
    namer: &'a Namer<'a>,
}

impl Walk<'_> {
    fn collect(&self, folder: &Path, to: &Path, jobs: &mut Jobs) {
        let entries =
            fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                jobs.unreadable.push(Failure::open(folder, &error));
                return;
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            // Hidden files are thumbnails, resource forks and other tools' temporary files.
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // A link to a folder may lead back up; a link to a file is as good as the file.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder {
                if self.recursive && absolute(&path) != self.skip {
                    self.collect(&path, &to.join(entry.file_name()), jobs);
                }
            } else if Format::of_path(&path).is_none() {
                jobs.passed_over += 1;
            } else if path.is_file() || !path.exists() {
                let (name, format) = self.namer.name(&path, self.namer.suffix.unwrap_or(""));
                jobs.jobs.push(Job {
                    input: Place::File(path),
                    output: Place::File(to.join(name)),
                    format: Some(format),
                    make_folder: true,
                });
            }
        }
    }
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
            return Err(Failure::Usage(format!(
                "{} and {} would both become {}; nothing was done. Use another -f, --suffix or -o",
                jobs[other].input.name(),
                job.input.name(),
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
                 Use another --suffix or -o",
                job.input.name(),
                jobs[other].input.name()
            )));
        }
    }
    Ok(())
}

/// A path that two spellings of one file share, as far as the file system can tell.
fn absolute(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            absolute(folder).join(name)
        }
        _ => std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()),
    }
}
