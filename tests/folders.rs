//! Folders of pictures: names by a pattern, shards, and pictures that overlap.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, run};
use pictures::*;

/// A folder `in` of small pictures that differ, one in a folder of its own; `count` in all.
fn shots(count: usize) -> Folder {
    let folder = Folder::new();
    for i in 0..count {
        let name = match i {
            0 => "in/deep/00.png".to_string(),
            _ => format!("in/{i:02}.png"),
        };
        folder.write(&name, &png_bytes(&photo(6 + i, 5)));
    }
    folder
}

/// Names and contents of the files under `name`.
fn contents(folder: &Folder, name: &str) -> Vec<(String, Vec<u8>)> {
    let files = folder.files().into_iter();
    files
        .filter_map(|file| {
            let within = file.strip_prefix(name)?.strip_prefix('/')?.to_string();
            Some((within, std::fs::read(folder.at(&file)).expect("a file")))
        })
        .collect()
}

#[test]
fn names_by_a_pattern() {
    let folder = shots(3);
    let (from, to) = (folder.arg("in"), folder.arg("out"));
    let upscale = |pattern: &str, rest: &[&str]| {
        let args = ["upscale", &from, "-o", &to, "-n", "nearest", "--recursive"];
        run(args.iter().chain(&["--name", pattern]).chain(rest))
    };
    upscale("{index}-{stem}_{scale}x.{ext}", &["-s", "2"]).expect(0, &[]);
    upscale("{stem}_{width}w_{model}.bmp", &["-w", "20"]).expect(0, &[]);
    let names: Vec<String> = contents(&folder, "out").into_iter().map(|f| f.0).collect();
    assert_eq!(
        names,
        [
            "01_20w_nearest.bmp",
            "02_20w_nearest.bmp",
            "1-01_2x.png",
            "2-02_2x.png",
            "deep/00_20w_nearest.bmp",
            "deep/3-00_2x.png",
        ]
    );
    // Nothing of a name that is no name, or of one name for two, is begun.
    let before = folder.files();
    for (pattern, words) in [
        ("same.png", &["01.png", "02.png", "nothing was done"][..]),
        ("{stem}/{index}.{ext}", &["--name", "-o"]),
        ("{stem}_{size}.{ext}", &["{size} is unknown"]),
        ("{stem}_{width}.{ext}", &["{width}", "--width"]),
        ("{stem}", &["which format"]),
    ] {
        upscale(pattern, &[]).expect(2, words);
    }
    upscale("{stem}.{ext}", &["--suffix", "x"]).expect(2, &["cannot be used with"]);
    assert_eq!(folder.files(), before);
    // Beside its input as well; but a whole name leaves nothing to a pattern.
    let one = folder.arg("in/01.png");
    let alone = [
        "upscale",
        &one,
        "-n",
        "nearest",
        "--name",
        "big-{stem}.{ext}",
    ];
    run(alone).expect(0, &["big-01.png"]);
    let file = folder.arg("x.png");
    run(alone.iter().chain(&["-o", &file])).expect(2, &["--name"]);
}

#[test]
fn names_that_are_too_long_are_found_out_first() {
    let folder = Folder::new();
    let input = folder.write("in.png", &png_bytes(&photo(8, 6)));
    let suffix = "x".repeat(250);
    run(["upscale", &input, "-n", "nearest", "--suffix", &suffix]).expect(73, &["too long"]);
    assert_eq!(folder.files(), ["in.png"]);
}

#[test]
fn shards_do_each_picture_once_whatever_the_threads() {
    let folder = shots(12);
    let from = folder.arg("in");
    let upscale = |to: &str, rest: &[&str]| {
        let to = folder.arg(to);
        let args = ["upscale", &from, "-o", &to, "-s", "2", "--recursive"];
        run(args.iter().chain(rest)).expect(0, &[])
    };
    upscale("whole", &["-j", "1"]);
    let whole = contents(&folder, "whole");
    assert_eq!(whole.len(), 12);
    let mut counts = Vec::new();
    for shard in ["3/3", "1/3", "2/3"] {
        let before = contents(&folder, "parts").len();
        upscale("parts", &["-j", "2", "--shard", shard, "-q"]);
        counts.push(contents(&folder, "parts").len() - before);
    }
    // Nothing was done twice, or it would have been refused.
    assert!(contents(&folder, "parts") == whole);
    assert!(
        counts.iter().filter(|&&count| count > 0).count() > 1,
        "{counts:?}"
    );
    // A part without pictures is done at once.
    upscale("few", &["--shard", "77/1000"]);
    assert!(contents(&folder, "few").len() < 2);
    run(["upscale", &from, "--shard", "3/2"]).expect(2, &["1/8"]);
}

/// A pipe that can be opened shows when it is read.
#[cfg(unix)]
#[test]
fn the_next_picture_is_read_while_one_is_enlarged() {
    let folder = Folder::new();
    let first = folder.write("a.png", &png_bytes(&photo(160, 160)));
    let second = folder.arg("b.png");
    let made = std::process::Command::new("mkfifo").arg(&second).status();
    assert!(made.expect("mkfifo").success());
    let mut child = command::command()
        .args(["upscale", &first, &second, "-o", &folder.arg("out")])
        .args(["-j", "1", "-q", "-n"])
        .arg(data::committed("rrdb-8-x4.safetensors"))
        .spawn()
        .unwrap();
    // Waits until the other side opens it as well.
    let mut pipe = std::fs::File::options().write(true).open(&second).unwrap();
    let first_is_done = folder.at("out/a.png").exists();
    std::io::Write::write_all(&mut pipe, &png_bytes(&photo(8, 6))).unwrap();
    drop(pipe);
    assert!(child.wait().unwrap().success());
    assert!(
        !first_is_done,
        "the second was not looked at before the first was done"
    );
    assert_eq!(read_png_file(folder.at("out/b.png")).width, 32);
}

#[test]
fn a_batch_needs_no_more_memory_than_its_pictures_do() {
    let folder = Folder::new();
    for name in ["in/a.png", "in/b.png", "in/c.png"] {
        folder.write(name, &png_bytes(&deep_grey(300, 200)));
    }
    let from = folder.arg("in");
    let model = data::committed("compact-4x1-x3-grey.safetensors");
    let upscale = |to: &str, memory: &str| {
        let to = folder.arg(to);
        let args = ["upscale", &from, "-o", &to, "-j", "1", "--isa", "portable"];
        let rest = ["--max-memory", memory, "-n", model.to_str().unwrap()];
        run(args.iter().chain(&rest)).expect(0, &[]);
    };
    // Too little for one and the next beside it.
    upscale("narrow", "1800K");
    upscale("wide", "1G");
    assert!(contents(&folder, "narrow") == contents(&folder, "wide"));
}
