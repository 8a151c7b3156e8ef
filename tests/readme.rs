//! The README's commands, run as a stranger would run them.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use command::{command, finish};
use std::fs;
use std::path::Path;

/// Lines of the README's `sh` blocks.
fn commands(readme: &str) -> Vec<&str> {
    let mut inside = false;
    readme
        .lines()
        .filter(|line| {
            if line.starts_with("```") {
                inside = *line == "```sh";
                return false;
            }
            inside && !line.trim().is_empty() && !line.starts_with('#')
        })
        .collect()
}

/// The pictures and folders that the README names.
fn prepare(folder: &Path) {
    let photo = pictures::jpeg_bytes(&pictures::photo(40, 30));
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).expect("a written picture");
    };
    write("photo.jpg", &photo);
    write("scan.png", &pictures::png_bytes(&pictures::photo(20, 30)));
    write(
        "sprite.png",
        &pictures::png_bytes(&pictures::masked(16, 16)),
    );
    fs::create_dir(folder.join("shots")).expect("a folder");
    write("shots/one.jpg", &photo);
    write("shots/two.jpg", &photo);
    let model = data::committed("compact-8x2-x2.safetensors");
    fs::copy(model, folder.join("model.safetensors")).expect("a copied model");
}

#[test]
fn commands_do_what_it_says() {
    let readme = fs::read_to_string(data::root().join("README.md")).expect("the README");
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path());
    let mut ran = 0;
    for line in commands(&readme) {
        let line = line.split(" #").next().unwrap_or(line).trim();
        let arguments = match line.strip_prefix("cargo run --release -- ") {
            Some(arguments) => arguments,
            None => match line.strip_prefix("upwise ") {
                Some(arguments) => arguments,
                // Building, testing and the Python recipes are other people's to run.
                None => continue,
            },
        };
        let words = arguments.split_whitespace();
        let run = finish(command().args(words).current_dir(folder.path()));
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        ran += 1;
    }
    assert!(ran >= 5, "only {ran} commands found");
    let big = pictures::read_png_file(folder.path().join("photo_4x.png"));
    assert_eq!((big.width, big.height), (160, 120));
}

#[test]
fn ci_runs_its_test_command() {
    let readme = fs::read_to_string(data::root().join("README.md")).expect("the README");
    let ci = fs::read_to_string(data::root().join(".ci/run")).expect("the CI script");
    let test = commands(&readme)
        .into_iter()
        .find(|line| line.starts_with("cargo test"));
    let test = test.expect("the README says how to test");
    assert!(ci.contains(test), "{test} is not what CI runs");
}

#[test]
fn everything_it_points_at_exists() {
    let readme = fs::read_to_string(data::root().join("README.md")).expect("the README");
    let targets = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    for target in targets.filter(|target| !target.contains("://")) {
        assert!(data::root().join(target).exists(), "{target}");
    }
}
