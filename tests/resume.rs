//! A second run over a folder: what is done is passed over by its content, what changed is done again, and nothing
//! that upwise did not write is replaced.

#[path = "support/command.rs"]
mod command;
#[path = "support/pictures.rs"]
mod pictures;

use std::fs;
use std::process::Command;

use command::{Folder, JOURNAL, Run, run};
use pictures::*;
use serde_json::Value;

/// A folder `in` of three small pictures, one in a folder of its own.
fn shots() -> Folder {
    let folder = Folder::new();
    for (i, name) in ["in/a.png", "in/b.png", "in/deep/c.png"].iter().enumerate() {
        folder.write(name, &png_bytes(&photo(6 + i, 5)));
    }
    folder
}

/// Enlarges `in` to `out`; more options may follow.
fn upscale(folder: &Folder, rest: &[&str]) -> Run {
    upscale_by("nearest", folder, rest)
}

fn upscale_by(model: &str, folder: &Folder, rest: &[&str]) -> Run {
    let (from, to) = (folder.arg("in"), folder.arg("out"));
    let args = ["upscale", &from, "-o", &to, "--recursive", "--json"];
    run(args.iter().chain(&["-n", model]).chain(rest))
}

/// Done, skipped and failed.
fn counts(run: &Run) -> [u64; 3] {
    let document = run.json();
    ["done", "skipped", "failed"].map(|key| document[key].as_u64().expect("a count"))
}

fn receipts(folder: &Folder) -> Vec<Value> {
    let text = fs::read_to_string(folder.at("out").join(JOURNAL)).expect("a journal");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Something that changes when a file is written anew.
#[cfg(unix)]
fn identity(path: std::path::PathBuf) -> (u64, std::time::SystemTime) {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).expect("a file");
    (found.ino(), found.modified().expect("a time"))
}

#[cfg(unix)]
#[test]
fn a_second_run_does_only_what_changed() {
    let folder = shots();
    let names = ["out/a.png", "out/b.png", "out/deep/c.png"];
    let first = upscale(&folder, &[]).expect(0, &["3 pictures done"]);
    assert_eq!(counts(&first), [3, 0, 0]);
    let made = names.map(|name| identity(folder.at(name)));

    let second = upscale(&folder, &[]).expect(0, &["0 pictures done, 3 done already"]);
    assert_eq!(counts(&second), [0, 3, 0]);
    assert_eq!(second.json()["items"][0]["status"], "skipped");
    assert_eq!(names.map(|name| identity(folder.at(name))), made);
    // Done again it would be the same bytes, so there is no sense in that even if files may be replaced.
    assert_eq!(counts(&upscale(&folder, &["--overwrite"])), [0, 3, 0]);

    // Another picture of the same name and length of time; a new one; one whose result is gone.
    folder.write("in/b.png", &png_bytes(&photo(20, 5)));
    folder.write("in/new.png", &png_bytes(&photo(9, 9)));
    fs::remove_file(folder.at("out/deep/c.png")).unwrap();
    let third = upscale(&folder, &[]).expect(0, &[]);
    assert_eq!(counts(&third), [3, 1, 0]);
    assert_eq!(
        read_png_file(folder.at("out/b.png")),
        photo(20, 5).blocks(2)
    );
    assert_eq!(identity(folder.at(names[0])), made[0]);
    assert_eq!(counts(&upscale(&folder, &[])), [0, 4, 0]);

    // Other settings are another result; threads and tiles are not.
    assert_eq!(
        counts(&upscale(&folder, &["-j", "1", "-t", "32"])),
        [0, 4, 0]
    );
    assert_eq!(counts(&upscale(&folder, &["-s", "3"])), [4, 0, 0]);
    assert_eq!(read_png_file(folder.at(names[0])), photo(6, 5).blocks(3));
    // The same name from other weights.
    assert_eq!(
        counts(&upscale_by("bicubic", &folder, &["-s", "3"])),
        [4, 0, 0]
    );
}

#[test]
fn nothing_is_trusted_by_its_name() {
    let folder = shots();
    folder.write("out/a.png", b"somebody's own");
    let first = upscale(&folder, &[]).expect(1, &["a.png", "no receipt", "--overwrite"]);
    assert_eq!(counts(&first), [2, 0, 1]);
    // A result that somebody worked on is theirs, even if its length is the same.
    let mut edited = fs::read(folder.at("out/b.png")).unwrap();
    *edited.last_mut().unwrap() ^= 1;
    fs::write(folder.at("out/b.png"), &edited).unwrap();
    let second = upscale(&folder, &[]).expect(1, &["b.png", "not what upwise wrote"]);
    assert_eq!(counts(&second), [0, 1, 2]);
    assert_eq!(fs::read(folder.at("out/a.png")).unwrap(), b"somebody's own");
    assert_eq!(fs::read(folder.at("out/b.png")).unwrap(), edited);
    assert_eq!(counts(&upscale(&folder, &["--overwrite"])), [2, 1, 0]);
    assert_eq!(counts(&upscale(&folder, &[])), [0, 3, 0]);
    // Without the journal nothing is known.
    fs::remove_file(folder.at("out").join(JOURNAL)).unwrap();
    upscale(&folder, &[]).expect(1, &["3 of 3 pictures failed"]);
}

#[test]
fn other_pictures_of_the_same_names_are_not_taken_for_changed_ones() {
    let folder = shots();
    upscale(&folder, &[]).expect(0, &[]);
    let other = png_bytes(&photo(30, 20));
    folder.write("more/a.png", &other);
    let (more, to) = (folder.arg("more"), folder.arg("out"));
    let args = ["upscale", &more, "-o", &to, "-n", "nearest"];
    run(args).expect(73, &["out/a.png", "another picture", "--overwrite"]);
    assert_eq!(read_png_file(folder.at("out/a.png")), photo(6, 5).blocks(2));
    run(args.iter().chain(&["--overwrite"])).expect(0, &[]);
    assert_eq!(
        read_png_file(folder.at("out/a.png")),
        photo(30, 20).blocks(2)
    );
}

#[test]
fn results_in_their_inputs_places_are_not_enlarged_again() {
    let folder = shots();
    let from = folder.arg("in");
    let args = ["upscale", &from, "-o", &from, "-n", "nearest"];
    run(args).expect(1, &["exists already", "--overwrite"]);
    let overwrite = || run(args.iter().chain(&["--overwrite"]));
    overwrite().expect(0, &["2 pictures done"]);
    folder.write("in/new.png", &png_bytes(&photo(9, 9)));
    overwrite().expect(0, &["1 picture done, 2 done already"]);
    assert_eq!(read_png_file(folder.at("in/a.png")), photo(6, 5).blocks(2));
    // In another way it would be enlarged again, and that is asked for.
    run(args.iter().chain(&["-s", "3"])).expect(1, &["it is the input itself"]);
    assert_eq!(read_png_file(folder.at("in/a.png")), photo(6, 5).blocks(2));
}

#[test]
fn folders_can_move() {
    let folder = shots();
    upscale(&folder, &[]).expect(0, &[]);
    let moved = Folder::new();
    for name in ["in", "out"] {
        // Copied, so that even the times are other ones.
        let copy = Command::new("cp")
            .arg("-r")
            .arg(folder.at(name))
            .arg(moved.at(name))
            .status();
        assert!(copy.expect("cp").success());
    }
    assert_eq!(counts(&upscale(&moved, &[])), [0, 3, 0]);
}

#[test]
fn a_receipt_says_what_can_be_checked() {
    let folder = shots();
    run([
        "upscale",
        &folder.arg("in"),
        "-o",
        &folder.arg("out"),
        "--recursive",
        "--quality",
        "80",
    ])
    .expect(0, &[]);
    let receipts = receipts(&folder);
    assert_eq!(receipts.len(), 3);
    let receipt = receipts
        .iter()
        .find(|receipt| receipt["output"] == "deep/c.png")
        .expect("a receipt");
    assert_eq!(receipt["schema"], "upwise.receipt/1");
    assert_eq!(receipt["input"], "deep/c.png");
    assert_eq!(receipt["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(receipt["model"], "photo-fast-x4");
    assert_eq!(receipt["settings"]["quality"], 80);
    assert_eq!(receipt["settings"]["model"], "auto");
    assert_eq!(
        (&receipt["width"], &receipt["height"]),
        (&32.into(), &20.into())
    );
    assert!(receipt["reason"].is_string());
    for (key, path) in [("input", "in/deep/c.png"), ("output", "out/deep/c.png")] {
        let path = folder.at(path);
        let length = fs::metadata(&path).unwrap().len();
        assert_eq!(receipt[format!("{key}_bytes")], length);
        // Somebody else's idea of SHA-256.
        let Ok(sum) = Command::new("sha256sum").arg(&path).output() else {
            println!("skipped: there is no sha256sum");
            continue;
        };
        let sum = String::from_utf8(sum.stdout).unwrap();
        let digest = receipt[format!("{key}_sha256")].as_str().unwrap();
        assert!(sum.starts_with(digest), "{sum} is not {digest}");
    }
}

#[test]
fn single_pictures_have_no_journal() {
    let folder = shots();
    let (input, out) = (folder.arg("in/a.png"), folder.arg("out/a.png"));
    fs::create_dir(folder.at("out")).unwrap();
    run(["upscale", &input, "-n", "nearest", "-o", &out]).expect(0, &[]);
    run(["upscale", &input, "-n", "nearest", "-o", &out]).expect(73, &["--overwrite"]);
    run(["upscale", &input, "-n", "nearest"]).expect(0, &[]);
    assert!(!folder.at("out").join(JOURNAL).exists());
    assert!(!folder.at("in").join(JOURNAL).exists());
}

#[cfg(unix)]
#[test]
fn two_runs_share_a_folder() {
    let folder = Folder::new();
    for i in 0..40 {
        folder.write(&format!("in/{i:02}.png"), &png_bytes(&photo(40 + i, 30)));
    }
    let runs: Vec<_> = (0..3)
        .map(|_| {
            let (from, to) = (folder.arg("in"), folder.arg("out"));
            let mut command = command::command();
            command.args(["upscale", &from, "-o", &to, "-n", "nearest", "-j", "1"]);
            std::thread::spawn(move || command::finish(&mut command))
        })
        .collect();
    for run in runs {
        let run = run.join().expect("a run");
        assert!(run.code == 0 || run.code == 1, "{}", run.stderr);
        for line in run
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: /"))
        {
            let busy = line.contains("another upwise") || line.contains("it appeared while");
            assert!(busy, "{line}");
        }
    }
    for i in 0..40 {
        let made = read_png_file(folder.at(&format!("out/{i:02}.png")));
        assert_eq!(made, photo(40 + i, 30).blocks(2));
    }
    assert_eq!(folder.files().len(), 80);
    let again = ["upscale", &folder.arg("in"), "-o", &folder.arg("out")];
    run(again.iter().chain(&["-n", "nearest"])).expect(0, &["40 done already"]);
}
