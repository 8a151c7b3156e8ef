//! Files in the making: `.upwise-*.part` beside their target, until they are whole and take its name.
//!
//! The name follows from the target's, and the file is locked (`flock`) as long as its process lives. So two processes
//! that are after the same target find out at once, and what a killed process left is known by its missing lock: the
//! next that makes the same file takes it away, and so does [`sweep`]. Where files cannot be locked nothing is taken
//! away, and a name that is taken is replaced by one that is free.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::reason;
use crate::digest::Digest;
use crate::interrupt;

const PREFIX: &str = ".upwise-";
const SUFFIX: &str = ".part";
/// Times that a file is made anew because another process took it for a killed one's.
const ATTEMPTS: usize = 100;
/// How often it is looked whether another process has ended.
const POLL: Duration = Duration::from_millis(100);

/// A file in the making. It is removed when it is dropped.
pub struct Part {
    file: NamedTempFile,
    target: PathBuf,
    _guard: interrupt::Guard,
}

/// What a lock says of a file.
enum Lock {
    /// It is this process's now.
    Ours,
    /// Another process works on it.
    Theirs,
    /// Files of this kind or in this place cannot be locked.
    Unknown,
}

/// Why a file cannot be made, without its path.
#[derive(Debug, thiserror::Error)]
pub enum Unclaimed {
    /// Another process is at it.
    #[error("another upwise is making it; run this again when that has ended")]
    Busy,
    /// In words.
    #[error("{0}")]
    Refused(String),
}

impl Part {
    /// Makes the file that shall become `target`, in its folder, which has to be there.
    ///
    /// # Errors
    /// It cannot be made, or another process is making it.
    pub fn claim(target: &Path) -> Result<Part, Unclaimed> {
        let (folder, number) = (folder_of(target), number_of(target));
        let mut random = false;
        for _ in 0..ATTEMPTS {
            let made = make(&folder, &format!("{PREFIX}{number:016x}"), random);
            match made {
                Ok(file) => {
                    let gone = match lock(file.as_file()) {
                        Lock::Ours => !is_at(file.as_file(), file.path()),
                        // Another takes it for a killed process's, and away.
                        Lock::Theirs => true,
                        Lock::Unknown => false,
                    };
                    if gone {
                        // What is at its path by now is another's.
                        let _ = file.into_temp_path().keep();
                        continue;
                    }
                    return Ok(Part {
                        _guard: interrupt::remove_on_abort(file.path()),
                        file,
                        target: target.to_path_buf(),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !random => {
                    let path = folder.join(part_name(number));
                    match remove_stale(&path) {
                        Some(true) => {}
                        Some(false) => return Err(Unclaimed::Busy),
                        None => random = path.exists(),
                    }
                }
                Err(error) => {
                    return Err(Unclaimed::Refused(format!(
                        "no file can be made in {}: {}",
                        folder.display(),
                        reason(&error)
                    )));
                }
            }
        }
        let words = "other processes keep removing its temporary file";
        Err(Unclaimed::Refused(words.into()))
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Its bytes.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// The digest of all of it.
    ///
    /// # Errors
    /// The system's.
    pub fn digest(&mut self) -> io::Result<Digest> {
        let file = self.file.as_file_mut();
        file.rewind()?;
        Ok(Digest::read(file)?.0)
    }

    /// Gives it its name, in one step.
    ///
    /// # Errors
    /// Words without the path: something has the name and `overwrite` is not set, or the system refuses.
    pub fn finish(self, overwrite: bool) -> Result<(), String> {
        let renamed = if overwrite {
            self.file.persist(&self.target)
        } else {
            self.file.persist_noclobber(&self.target)
        };
        match renamed {
            Ok(_) => {}
            Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(
                    "it appeared while the picture was made; --overwrite replaces it".into(),
                );
            }
            Err(e) => return Err(reason(&e.error)),
        }
        // The rename is on the disk once its folder is; not every file system can say so.
        if let Ok(folder) = File::open(folder_of(&self.target)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

/// Waits until no other process is making `target`, or the user wants to stop.
pub fn wait_for(target: &Path) {
    let path = folder_of(target).join(part_name(number_of(target)));
    while remove_stale(&path) == Some(false) && !interrupt::requested() {
        thread::sleep(POLL);
    }
}

/// Removes what killed processes left in a folder, and says how many files that were.
pub fn sweep(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| is_part(&entry.file_name()))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter(|entry| remove_stale(&entry.path()) == Some(true))
        .count()
}

/// The folder that a file is in; the current one if its path names none.
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn number_of(target: &Path) -> u64 {
    let name = target.file_name().unwrap_or_default();
    Digest::of(name.as_encoded_bytes()).number()
}

fn part_name(number: u64) -> OsString {
    format!("{PREFIX}{number:016x}{SUFFIX}").into()
}

fn is_part(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes())
}

fn make(folder: &Path, prefix: &str, random: bool) -> io::Result<NamedTempFile> {
    let prefix = match random {
        true => format!("{prefix}-"),
        false => prefix.to_string(),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX);
    builder.rand_bytes(if random { 8 } else { 0 });
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What any new file gets; the umask takes its share.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Removes a file if no process works on it. `Some(false)` if one does, `None` if that cannot be told.
fn remove_stale(path: &Path) -> Option<bool> {
    let file = File::options().read(true).write(true).open(path).ok()?;
    match lock(&file) {
        // It may have been finished, or removed and made anew, since it was opened.
        Lock::Ours if is_at(&file, path) => fs::remove_file(path).ok().map(|()| true),
        Lock::Ours => Some(true),
        Lock::Theirs => Some(false),
        Lock::Unknown => None,
    }
}

/// Elsewhere locks keep the file's own process from reading it by its path.
fn lock(file: &File) -> Lock {
    if !cfg!(unix) {
        return Lock::Unknown;
    }
    match file.try_lock() {
        Ok(()) => Lock::Ours,
        Err(TryLockError::WouldBlock) => Lock::Theirs,
        Err(TryLockError::Error(_)) => Lock::Unknown,
    }
}

/// Whether an open file is the one that a path names.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |found: fs::Metadata| (found.dev(), found.ino());
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => id(open) == id(named),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_part_is_its_maker_s_until_it_has_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.png");
        let mut part = Part::claim(&target).unwrap();
        part.file().write_all(b"abc").unwrap();
        assert_eq!(part.digest().unwrap(), Digest::of(b"abc"));
        // A lock counts for each opening of a file, so this process is as good as another.
        let second = Part::claim(&target).err().unwrap();
        assert!(matches!(second, Unclaimed::Busy), "{second}");
        assert_eq!(sweep(folder.path()), 0);
        let other = Part::claim(&folder.path().join("b.png")).unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        drop(other);
        part.finish(false).unwrap();
        assert_eq!(names(folder.path()), ["a.png"]);
        assert_eq!(fs::read(&target).unwrap(), b"abc");

        let part = Part::claim(&target).unwrap();
        assert!(part.finish(false).unwrap_err().contains("--overwrite"));
        assert_eq!(fs::read(&target).unwrap(), b"abc");
        Part::claim(&target).unwrap().finish(true).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"");
        assert_eq!(names(folder.path()), ["a.png"]);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let target = at("a.png");
        let name = Part::claim(&target).unwrap().path().to_path_buf();
        // Left: a file without a lock.
        fs::write(&name, b"half").unwrap();
        drop(Part::claim(&target).unwrap());
        assert!(names(folder.path()).is_empty());

        fs::write(&name, b"half").unwrap();
        fs::write(at(".upwise-old.part"), b"half").unwrap();
        for other in [".upwise-journal.jsonl", ".other.part", "my.part"] {
            fs::write(at(other), b"kept").unwrap();
        }
        fs::create_dir(at(".upwise-folder.part")).unwrap();
        std::os::unix::fs::symlink(at("my.part"), at(".upwise-link.part")).unwrap();
        let at_work = Part::claim(&at("b.png")).unwrap();
        assert_eq!(sweep(folder.path()), 2);
        assert!(at_work.path().exists());
        drop(at_work);
        let kept = [
            ".other.part",
            ".upwise-folder.part",
            ".upwise-journal.jsonl",
            ".upwise-link.part",
            "my.part",
        ];
        assert_eq!(names(folder.path()), kept);
    }
}
