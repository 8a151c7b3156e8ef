//! Pictures in folders.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Found, Jobs, absolute};
use crate::failure::Failure;
use crate::picture::Format;

/// Looks for pictures in a folder.
pub struct Walk<'a> {
    /// Whether folders within it are entered.
    pub recursive: bool,
    /// The output folder, which stands for the one that is looked through.
    pub root: &'a Path,
    /// The same without links: what an earlier run put there is not an input.
    pub skip: PathBuf,
}

impl Walk<'_> {
    /// Adds the pictures of `folder`, in the order of their names; `within` is its path from where the walk began.
    pub fn collect(&self, folder: &Path, within: &Path, found: &mut Vec<Found>, jobs: &mut Jobs) {
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
            let (path, name) = (entry.path(), entry.file_name());
            // Hidden files are thumbnails, resource forks, and temporary files of this and other tools.
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // A link to a folder may lead back up; a link to a file is as good as the file.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder {
                if self.recursive && absolute(&path) != self.skip {
                    self.collect(&path, &within.join(name), found, jobs);
                }
            } else if Format::of_path(&path).is_none() {
                jobs.passed_over += 1;
            } else if path.is_file() || !path.exists() {
                found.push(Found {
                    input: path,
                    relative: within.join(name),
                    folder: Some(self.root.join(within)),
                    root: Some(self.root.to_path_buf()),
                });
            }
        }
    }
}
