//! Where test data lies: small goldens in the repository, larger files beside it.

use std::path::{Path, PathBuf};

/// The repository's root, whichever crate a test was compiled for.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("a crate's parent").to_path_buf()
}

/// `tests/goldens/NAME`.
pub fn committed(name: &str) -> PathBuf {
    root().join("tests/goldens").join(name)
}

/// `NAME` under `$UPWISE_TEST_DATA`, or under `shared/data` beside the repository.
///
/// That data is not part of the repository: without it this says that a test is skipped and returns
/// `None`, unless `UPWISE_REQUIRE_DATA=1`, which makes it a failure.
pub fn shared(name: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("UPWISE_TEST_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => root().join("../shared/data"),
    };
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var_os("UPWISE_REQUIRE_DATA").is_some_and(|v| v == "1");
    assert!(!required, "{} is required but missing", path.display());
    eprintln!("skipped: {} is not there", path.display());
    None
}
