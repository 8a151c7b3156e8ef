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
    run(["upscale", &from, "-o", &to, "--suffix", "/../x"]).expect(2, &["--suffix", "-o"]);
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
fn two_runs_at_once_share_a_folder() {
    let folder = shots(12);
    let start = || {
        let args = [
            "upscale",
            &folder.arg("in"),
            "-o",
            &folder.arg("out"),
            "-s",
            "2",
            "-n",
            "photo",
        ];
        command::command()
            .args(args)
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("a run")
    };
    // Whichever comes later to a picture that the other is making does the rest first, and then looks again.
    let runs = [start(), start(), start()];
    for mut run in runs {
        assert_eq!(run.wait().expect("an end").code(), Some(0));
    }
    assert_eq!(
        contents(&folder, "out").len(),
        11,
        "one is in a folder within"
    );
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

/// The first line of `--json-lines`: what a batch will take.
fn forecast(run: &command::Run) -> serde_json::Value {
    let text = std::str::from_utf8(&run.stdout).expect("text");
    let first = text.lines().next().expect("a line");
    let line: serde_json::Value = serde_json::from_str(first).expect("JSON");
    assert_eq!(line["schema"], "upwise.upscale.forecast/1");
    line
}

#[test]
fn what_a_folder_takes_is_said_before_it_is_begun() {
    let folder = Folder::new();
    let rgb = photo(20, 10);
    let grey = Pixels::new(30, 20, 1, vec![90; 600]);
    folder.write("in/a.png", &png_bytes(&rgb));
    folder.write("in/b.jpg", &jpeg_bytes(&grey));
    folder.write("in/c.png", b"\x89PNG\r\n\x1a\nno header");
    folder.write("in/d.png", &png_bytes(&rgb));
    folder.write("out/d.png", b"somebody else's");
    // A header that does not end within the first bytes that are looked at.
    let metadata = [&[0xff, 0xe5, 0xff, 0xff][..], &[0; 65533]].concat();
    let jpeg = jpeg_bytes(&grey);
    folder.write(
        "in/e.jpg",
        &[&jpeg[..2], &metadata, &metadata, &metadata, &jpeg[2..]].concat(),
    );
    let (from, to) = (folder.arg("in"), folder.arg("out"));
    let args = ["upscale", &from, "-o", &to, "-s", "3", "-n", "bicubic"];
    let words = ["5 pictures, 1 with a result already, 1 that cannot be done: "];
    let run_lines = run(args.iter().chain(&["--json-lines"])).expect(1, &words);
    let line = forecast(&run_lines);
    assert_eq!(line["pictures"], 5);
    assert_eq!((&line["present"], &line["refused"]), (&1.into(), &1.into()));
    // 8 bits of grey stay one channel.
    assert_eq!(line["output_bytes"], (20 * 10 * 3 + 2 * 30 * 20) * 9);
    assert!(line["seconds"].is_null());
    assert!(line["memory_bytes"].as_u64().expect("bytes") > 1 << 20);
    // Again, there is nothing left that could be done; in one document as well.
    let again = run(args.iter().chain(&["--json"])).expect(1, &["5 pictures, 4 with a result"]);
    let document = again.json();
    assert_eq!(document["forecast"]["present"], 4);
    assert_eq!(document["forecast"]["output_bytes"], 0);
}

#[test]
fn a_long_folder_is_known_by_its_headers() {
    let folder = Folder::new();
    // Only the beginning of each: what is damaged later fails in its turn.
    let start = |side| png_bytes(&Pixels::new(side, side, 3, vec![7; side * side * 3]));
    folder.write("in/a.png", &start(2000)[..100]);
    folder.write("in/b.png", &start(1000)[..100]);
    let (from, to) = (folder.arg("in"), folder.arg("out"));
    let args = ["upscale", &from, "-o", &to, "-n", "photo", "--json-lines"];
    let seconds = |scale: &str| {
        let run = run(args.iter().chain(&["-s", scale])).expect(1, &["2 pictures: about "]);
        let line = forecast(&run);
        let side = 1000 * scale.parse::<u64>().expect("a factor");
        assert_eq!(line["output_bytes"], 5 * side * side * 3);
        line["seconds"].as_f64().expect("seconds")
    };
    assert!((0.1..10_000.0).contains(&seconds("4")));
    // What does not fit the memory cannot be done: of these, the larger.
    let run = run(args.iter().chain(&["--max-memory", "56M"])).expect(1, &[]);
    assert_eq!(forecast(&run)["refused"], 1);
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
    upscale("narrow", "26376K");
    upscale("wide", "1G");
    assert!(contents(&folder, "narrow") == contents(&folder, "wide"));
}
