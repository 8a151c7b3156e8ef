//! Ctrl-C and termination: the first asks the work to stop, the second ends the process; so does the first where work cannot be
//! stopped. A limit on the size of files ends nothing.

use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::failure::EXIT_INTERRUPTED;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static DEAF: AtomicUsize = AtomicUsize::new(0);
static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Installs the handlers. A second signal does not wait for the work to notice the first.
pub fn install() {
    // Fails only if there is a handler already, and then that one decides.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) || DEAF.load(Ordering::SeqCst) > 0 {
            let paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
            for path in paths.iter() {
                let _ = std::fs::remove_file(path);
            }
            std::process::exit(EXIT_INTERRUPTED.into());
        }
    });
    // The signal of a file that grows beyond the limit (`ulimit -f`) would end the process where it stands. Once it is handled, the
    // write fails instead, and says so like that of a full disk.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// Whether the work should stop.
pub fn requested() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Does work that would notice a signal only at its end, and may take minutes: meanwhile the first one ends the process, as a
/// second one does. `None` if one has come before.
pub fn unless_interrupted<T>(work: impl FnOnce() -> T) -> Option<T> {
    struct Deaf;
    impl Drop for Deaf {
        fn drop(&mut self) {
            DEAF.fetch_sub(1, Ordering::SeqCst);
        }
    }
    DEAF.fetch_add(1, Ordering::SeqCst);
    let _deaf = Deaf;
    (!requested()).then(work)
}

/// Keeps a temporary file on the list of those that a second signal removes.
pub struct Guard(PathBuf);

/// Puts a temporary file on that list until the guard is dropped.
pub fn remove_on_abort(path: &Path) -> Guard {
    let mut paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
    paths.push(path.to_path_buf());
    Guard(path.to_path_buf())
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut paths = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        paths.retain(|path| *path != self.0);
    }
}
