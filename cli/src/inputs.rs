//! What a command line names: pictures, folders of them, standard streams.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::picture::{Format, Input, Limits, PictureError, foreign};

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
    pub fn new(path: &Path) -> Self {
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

    /// Opens it for reading, as an input that has failed of itself if it cannot be.
    pub fn open(&self, limits: &Limits) -> Result<Input, Failure> {
        let opened = match self {
            Place::File(path) => Input::open(path, limits.bytes),
            Place::Stream => Input::read(io::stdin().lock(), limits.bytes),
        };
        opened.map_err(|error| match (self, error) {
            (Place::File(path), PictureError::Io(error)) => Failure::open(path, &error),
            (_, error) => Failure::decode(&self.name(), error),
        })
    }
}

/// What was named, as places; standard input at most once.
pub fn places<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<Vec<Place>, Failure> {
    let places: Vec<Place> = paths.into_iter().map(|path| Place::new(path)).collect();
    let streams = places.iter().filter(|place| **place == Place::Stream);
    match (places.len(), streams.count()) {
        (0, _) => Err(Failure::Usage(
            "no input: name a picture or a folder, or - for standard input".into(),
        )),
        (_, 2..) => Err(Failure::Usage("standard input is one picture only".into())),
        _ => Ok(places),
    }
}

/// Pictures of a folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// Paths of pictures, the folder's own in front, in the order of their names.
    pub pictures: Vec<PathBuf>,
    /// Folders that could not be looked into, in words.
    pub unreadable: Vec<Failure>,
    /// What is there besides.
    pub overlooked: Overlooked,
}

/// What of a folder is left alone.
#[derive(Debug, Default)]
pub struct Overlooked {
    /// Pictures, by their suffix, of kinds that are not read.
    pub unread: Vec<PathBuf>,
    /// Links to folders, where folders are looked into.
    pub linked: Vec<PathBuf>,
    /// Files whose suffix is no picture's.
    pub others: usize,
}

impl Overlooked {
    /// Takes another folder's too.
    pub fn add(&mut self, other: Overlooked) {
        self.unread.extend(other.unread);
        self.linked.extend(other.linked);
        self.others += other.others;
    }

    /// What people may not expect of it.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let linked = match self.linked.len() {
            0 => None,
            1 => Some("a link to a folder was not followed; name it to have its pictures"),
            _ => Some("links to folders were not followed; name them to have their pictures"),
        };
        let linked = linked.map(|words| format!("{words}: {}", first_of(&self.linked)));
        unread_words(&self.unread).into_iter().chain(linked)
    }
}

impl Listing {
    /// Looks into a folder and, if `recursive`, into those within it, but not into `skip`, an absolute path.
    pub fn collect(&mut self, folder: &Path, recursive: bool, skip: Option<&Path>) {
        let entries =
            fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable.push(Failure::open(folder, &error));
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
                if recursive && skip != Some(&absolute(&path)) {
                    self.collect(&path, recursive, skip);
                }
            } else if foreign::names_picture(&path) {
                self.overlooked.unread.push(path);
            } else if Format::of_path(&path).is_none() {
                match path.is_dir() {
                    true if recursive => self.overlooked.linked.push(path),
                    true => {}
                    false => self.overlooked.others += 1,
                }
            } else if path.is_file() || !path.exists() {
                self.pictures.push(path);
            }
        }
    }

    /// What is said where nothing was found but what is left alone.
    pub fn none(recursive: bool, overlooked: &Overlooked) -> Failure {
        let hint = if recursive {
            ""
        } else {
            "; --recursive goes into folders within"
        };
        let nothing = format!("there are no pictures in what was named{hint}");
        Failure::NoInput(match overlooked.warnings().next() {
            Some(words) => format!("{nothing}; {words}"),
            None => nothing,
        })
    }
}

/// The first paths, and how many more there are.
fn first_of(paths: &[PathBuf]) -> String {
    const NAMED: usize = 3;
    let (first, more) = paths.split_at(paths.len().min(NAMED));
    let mut names: Vec<String> = first
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if !more.is_empty() {
        names.push(format!("{} more", more.len()));
    }
    names.join(", ")
}

/// Says which pictures are of kinds that are not read, if there are any.
fn unread_words(unread: &[PathBuf]) -> Option<String> {
    let passed_over = match unread.len() {
        0 => return None,
        1 => "a picture is of a kind that upwise does not read, and was passed over",
        _ => "pictures are of kinds that upwise does not read, and were passed over",
    };
    Some(format!(
        "{passed_over}; convert to JPEG, PNG or TIFF first: {}",
        first_of(unread)
    ))
}

/// Whether two paths lead to one file that is there.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// A path that two spellings of one file share, as far as the file system can tell.
pub fn absolute(path: &Path) -> PathBuf {
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
