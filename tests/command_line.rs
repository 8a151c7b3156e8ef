//! The command line: flags, environment, exit codes, messages, pipes, JSON.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, command, finish, run, run_with_input};
use pictures::*;

/// A folder with one small picture, and the picture's path.
fn one_picture() -> (Folder, String) {
    let folder = Folder::new();
    let input = folder.write("photo.png", &png_bytes(&photo(16, 12)));
    (folder, input)
}

#[test]
fn help_and_version() {
    let help = run(["--help"]).expect(0, &[]);
    assert!(
        String::from_utf8(help.stdout)
            .unwrap()
            .contains("Exit codes")
    );
    let help = run(["upscale", "--help"]).expect(0, &[]);
    let text = String::from_utf8(help.stdout).unwrap();
    for flag in [
        "--scale",
        "--model",
        "--tile",
        "--overwrite",
        "--json-lines",
        "UPWISE_THREADS",
    ] {
        assert!(text.contains(flag), "{flag}");
    }
    let version = run(["--version"]).expect(0, &[]);
    let version = String::from_utf8(version.stdout).unwrap();
    assert_eq!(
        version.trim(),
        format!("upwise {}", env!("CARGO_PKG_VERSION"))
    );
    let script = run(["completions", "bash"]).expect(0, &[]);
    assert!(
        String::from_utf8(script.stdout)
            .unwrap()
            .contains("upscale")
    );
}

#[test]
fn wrong_usage() {
    let (folder, input) = one_picture();
    for (args, word) in [
        (vec!["upscale"], "no input"),
        (vec!["upscale", &input, "-s", "9"], "1 to 8"),
        (vec!["upscale", &input, "-s", "-1"], "1 to 8"),
        (vec!["plan", &input, "-s", "-1"], "1 to 8"),
        (vec!["upscale", &input, "-s", "0"], "1 to 8"),
        (
            vec!["upscale", &input, "-s", "2", "-w", "100"],
            "cannot be used with",
        ),
        (vec!["upscale", &input, "-r", "100"], "1920x1080"),
        (vec!["upscale", &input, "-f", "gif"], "png, jpg"),
        (vec!["upscale", &input, "-j", "0"], "threads"),
        (vec!["upscale", &input, "--quality", "0"], "quality"),
        (vec!["upscale", &input, "--isa", "sse"], "avx2"),
        (vec!["upscale", &input, "--precision", "int8"], "bf16"),
        (
            vec!["upscale", &input, "-n", "nearest", "-o", "x.gif"],
            "suffix",
        ),
        (
            vec![
                "upscale", &input, "-n", "nearest", "-o", "x.jpg", "-f", "png",
            ],
            "-f",
        ),
        (
            vec!["upscale", &input, &input, "-n", "nearest", "-o", "-"],
            "one picture",
        ),
        (
            vec!["upscale", &input, "-n", "nearest", "-o", "-", "--json"],
            "JSON",
        ),
        (vec!["bench", "--model", "nearest"], "networks"),
        (vec!["enlarge"], "enlarge"),
    ] {
        run(&args).expect(2, &[word]);
    }
    assert_eq!(folder.files(), ["photo.png"]);
}

#[test]
fn the_default_model_is_in_the_binary() {
    let (folder, input) = one_picture();
    run(["upscale", &input]).expect(0, &["photo_4x.png", "64x48"]);
    // A smooth picture stays what it was: the mean of each block is the pixel that it came from.
    let (before, after) = (photo(16, 12), read_png_file(folder.at("photo_4x.png")));
    for (x, y) in [(2, 2), (5, 9), (13, 6)] {
        for channel in 0..3 {
            let block = (0..16).map(|i| after.at(4 * x + i % 4, 4 * y + i / 4)[channel]);
            let mean = block.sum::<u16>() / 16;
            assert!(mean.abs_diff(before.at(x, y)[channel]) <= 12, "{x},{y}");
        }
    }
    let list = run(["models", "--json"]).expect(0, &[]).json();
    assert_eq!(list["models"][0]["file"], serde_json::Value::Null);
}

#[test]
fn threads_and_tiles_change_nothing() {
    let folder = Folder::new();
    let input = folder.write("in.png", &png_bytes(&photo(150, 90)));
    let mut results = Vec::new();
    for options in [
        ["-j", "1", "-t", "0"],
        ["-j", "2", "-t", "64"],
        ["-j", "3", "-t", "32"],
    ] {
        let out = folder.arg("out.png");
        let upscale = ["upscale", &input, "-o", &out, "--overwrite"];
        run(upscale.iter().chain(&options)).expect(0, &[]);
        results.push(read_png_file(&out));
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn missing_things() {
    let (folder, input) = one_picture();
    let missing = folder.arg("missing.png");
    run(["upscale", &missing, "-n", "nearest"]).expect(66, &["missing.png"]);
    run(["upscale", &input, "-n", "no-such-model"])
        .expect(69, &["no-such-model", "lanczos", "-m DIR"]);
    run(["upscale", &input, "-n", "./no-such.pth"]).expect(69, &["no-such.pth"]);
    let junk = folder.write("junk.pth", b"not weights");
    run(["upscale", &input, "-n", &junk]).expect(69, &["junk.pth"]);
    let empty = Folder::new();
    run(["upscale", empty.path().to_str().unwrap(), "-n", "nearest"]).expect(66, &["no pictures"]);
    run(["models", "inspect", "no-such-model"]).expect(69, &["no-such-model"]);
    run(["models", "inspect", "photo"]).expect(69, &["is a family", "photo-fast-x4"]);
    assert_eq!(folder.files(), ["junk.pth", "photo.png"]);
}

#[test]
fn several_inputs_one_missing() {
    let (folder, input) = one_picture();
    let (missing, to) = (folder.arg("missing.png"), folder.arg("out"));
    let result = run([
        "upscale", &missing, "-i", &input, "-n", "nearest", "-o", &to, "--json",
    ])
    .expect(1, &["missing.png", "1 of 2 pictures failed"]);
    let document = result.json();
    assert_eq!(document["schema"], "upwise.upscale/1");
    assert_eq!(
        (&document["done"], &document["failed"]),
        (&1.into(), &1.into())
    );
    assert_eq!(document["items"][0]["status"], "failed");
    assert_eq!(document["items"][0]["error"]["code"], 66);
    assert_eq!(document["items"][1]["status"], "done");
    assert_eq!(document["items"][1]["width"], 32);
    assert_eq!(document["items"][1]["format"], "png");
    assert_eq!(folder.files(), ["out/photo.png", "photo.png"]);
}

#[test]
fn json_lines_and_errors_before_the_start() {
    let (folder, input) = one_picture();
    let other = folder.write("other.png", b"no picture");
    let to = folder.arg("out");
    let result = run([
        "upscale",
        &input,
        &other,
        "-n",
        "nearest",
        "-o",
        &to,
        "--json-lines",
    ])
    .expect(1, &[]);
    let text = String::from_utf8(result.stdout).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    let [forecast, items @ ..] = &lines[..] else {
        panic!("{text}");
    };
    assert_eq!(forecast["schema"], "upwise.upscale.forecast/1");
    assert!(
        items
            .iter()
            .all(|line| line["schema"] == "upwise.upscale.item/1")
    );
    let statuses: Vec<_> = items.iter().map(|line| &line["status"]).collect();
    assert_eq!(statuses, ["started", "done", "failed"]);
    assert_eq!(items[0]["input"], items[1]["input"]);
    assert_eq!(items[0]["forecast"]["output_bytes"], 32 * 24 * 3);
    assert_eq!(items[2]["error"]["kind"], "bad_input");

    let result = run(["upscale", &input, "-n", "nope", "--json"]).expect(69, &["nope"]);
    assert_eq!(result.json()["error"]["code"], 69);
}

#[test]
fn pipes() {
    let (folder, _) = one_picture();
    let png = png_bytes(&photo(16, 12));
    let piped = run_with_input(["upscale", "-i", "-", "-o", "-", "-n", "nearest"], &png);
    let piped = piped.expect(0, &[]);
    assert_eq!(read_png(&piped.stdout), photo(16, 12).blocks(2));
    let jpeg = run_with_input(["upscale", "-", "-n", "nearest", "-f", "jpg", "-q"], &png);
    let jpeg = jpeg.expect(0, &[]);
    assert!(jpeg.stderr.is_empty(), "{}", jpeg.stderr);
    assert_eq!(read_jpeg(&jpeg.stdout).pixels.width, 32);
    let out = folder.arg("piped.bmp");
    run_with_input(["upscale", "-", "-n", "nearest", "-o", &out], &png).expect(0, &[]);
    assert!(folder.at("piped.bmp").exists());
    // A failure puts nothing into the pipe.
    let broken = &png[..png.len() / 2];
    let result = run_with_input(["upscale", "-", "-n", "nearest"], broken).expect(65, &["cut off"]);
    assert!(result.stdout.is_empty());
    run_with_input(["upscale", "-", "-n", "nearest"], b"").expect(65, &["empty"]);
}

#[test]
fn quiet_and_verbose_and_gpu() {
    let (folder, input) = one_picture();
    let out = folder.arg("out.png");
    let upscale = [
        "upscale",
        &input,
        "-n",
        "nearest",
        "-o",
        &out,
        "--overwrite",
    ];
    let quiet = run(upscale.iter().chain(&["--quiet"])).expect(0, &[]);
    assert!(quiet.stderr.is_empty() && quiet.stdout.is_empty());
    let normal = run(upscale).expect(0, &["100.00%", "photo.png", "out.png"]);
    assert!(normal.stdout.is_empty(), "standard output is for data");
    run(upscale.iter().chain(&["-v"])).expect(
        0,
        &[
            "PNG of 16x12",
            "MB of memory, 1 MB of output before compression",
        ],
    );
    for gpu in ["-1", "auto"] {
        let run = run(upscale.iter().chain(&["-g", gpu])).expect(0, &[]);
        assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    }
    run(upscale.iter().chain(&["-g", "0"])).expect(0, &["warning", "CPU"]);
}

#[test]
fn flags_go_before_the_environment() {
    let (folder, input) = one_picture();
    let out = folder.arg("out.png");
    let upscale = ["upscale", &input, "-n", "nearest", "-o", &out];
    finish(command().args(upscale).env("UPWISE_MAX_MEMORY", "1K")).expect(75, &["--max-memory"]);
    finish(command().args(upscale).env("UPWISE_THREADS", "many")).expect(2, &["many"]);
    finish(command().args(upscale).env("UPWISE_ISA", "sse")).expect(2, &["sse"]);
    let flag = upscale.iter().chain(&["--max-memory", "1G"]);
    finish(command().args(flag).env("UPWISE_MAX_MEMORY", "1K")).expect(0, &[]);
}

#[test]
fn memory_that_is_allowed_is_shared_by_what_runs_side_by_side() {
    let folder = Folder::new();
    let photo = photo(300, 200);
    let colour = folder.write("colour.png", &png_bytes(&photo));
    let grey = folder.write("grey.png", &png_bytes(&deep_grey(300, 200)));
    let model = data::committed("compact-4x1-x3-grey.safetensors");
    let out = folder.arg("out.png");
    let upscale = |input: &str, memory: &str| {
        let args = [
            "upscale",
            input,
            "-o",
            &out,
            "--overwrite",
            "-j",
            "1",
            "--isa",
            "portable",
        ];
        let model = model.to_str().unwrap();
        run(args.iter().chain(&["-n", model, "--max-memory", memory]))
    };
    // Colour is three passes of a network of one channel, each with memory of its own.
    upscale(&grey, "26376K").expect(0, &[]);
    upscale(&colour, "26376K").expect(75, &["--max-memory"]);
    // Tiles are cut for what the rows leave, so little is enough, and changes nothing.
    upscale(&colour, "29M").expect(0, &[]);
    let cut = read_png_file(&out);
    upscale(&colour, "1G").expect(0, &[]);
    assert!(read_png_file(&out) == cut);
}
