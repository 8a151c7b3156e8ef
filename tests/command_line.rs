//! The command line: flags, environment, exit codes, messages, pipes, JSON; models and bench.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, command, finish, run, run_with_input};
use pictures::*;
use upwise_engine::{Isa, Precision};

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
    upscale(&grey, "1800K").expect(0, &[]);
    upscale(&colour, "1800K").expect(75, &["--max-memory"]);
    // Tiles are cut for what the rows leave, so little is enough, and changes nothing.
    upscale(&colour, "5M").expect(0, &[]);
    let cut = read_png_file(&out);
    upscale(&colour, "1G").expect(0, &[]);
    assert!(read_png_file(&out) == cut);
}

#[test]
fn models_are_found_and_described() {
    let folder = data::committed("");
    let folder = folder.to_str().unwrap();
    let list = finish(command().args(["models"]).env("UPWISE_MODELS", folder)).expect(0, &[]);
    let text = String::from_utf8(list.stdout).unwrap();
    assert!(
        text.contains("span-6-x2 ") && text.contains("lanczos"),
        "{text}"
    );
    let json = run(["models", "-m", folder, "--json"])
        .expect(0, &[])
        .json();
    let models = json["models"].as_array().unwrap();
    let span = models
        .iter()
        .find(|model| model["name"] == "span-6-x2")
        .unwrap();
    assert_eq!(
        (&span["family"], &span["scale"]),
        (&"SPAN".into(), &2.into())
    );

    let text = run(["models", "inspect", "span-6-x2", "-m", folder]).expect(0, &[]);
    let text = String::from_utf8(text.stdout).unwrap();
    for word in [
        "SPAN",
        "2x",
        "parameters",
        "MACs per pixel",
        "receptive radius",
        "detail",
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let json = run(["models", "inspect", "span-6-x2", "-m", folder, "--json"]).expect(0, &[]);
    assert_eq!(json.json()["in_channels"], 3);

    let (pictures, input) = one_picture();
    run(["upscale", &input, "-n", "span-6-x2", "-m", folder]).expect(0, &["photo_2x.png"]);
    assert_eq!(read_png_file(pictures.at("photo_2x.png")).width, 32);
}

#[test]
fn bench_reports_its_keys() {
    let model = data::committed("span-6-x2.safetensors");
    let model = model.to_str().unwrap();
    let args = [
        "bench",
        "--model",
        model,
        "--size",
        "40x24",
        "--threads",
        "1",
        "--runs",
        "2",
    ];
    run(args).expect(0, &[]);
    let json = run(args.iter().chain(&["--json"])).expect(0, &[]).json();
    let mut keys: Vec<&str> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "gmac_per_s",
            "height",
            "isa",
            "median_s",
            "model",
            "mp_per_s",
            "peak_rss_bytes",
            "plan",
            "precision",
            "runs",
            "self_ensemble",
            "threads",
            "width"
        ]
    );
    assert_eq!((&json["width"], &json["height"]), (&40.into(), &24.into()));
    assert!(json["median_s"].as_f64().unwrap() > 0.0);
}

/// A container's bound on processors reaches a process as its affinity or its quota; of these, tests can set the first.
#[cfg(target_os = "linux")]
#[test]
fn only_processors_that_may_be_used_are() {
    let bench = [
        "bench",
        "--model",
        "photo-fast-x4",
        "--size",
        "16x16",
        "--runs",
        "1",
    ];
    let mut bound = std::process::Command::new("taskset");
    bound
        .args(["-c", "0"])
        .arg(command().get_program())
        .args(bench)
        .arg("--json");
    bound
        .env_remove("UPWISE_THREADS")
        .env_remove("RAYON_NUM_THREADS");
    if !bound.output().is_ok_and(|run| run.status.success()) {
        println!("skipped: taskset is not there, or the first processor is not ours");
        return;
    }
    assert_eq!(finish(&mut bound).expect(0, &[]).json()["threads"], 1);
}

#[test]
fn bench_explains_its_plan() {
    let bench = |isa: &str, size: &str| {
        let args = ["bench", "--size", size, "--runs", "1", "--isa", isa];
        let args = [&args[..], &["--threads", "1", "--model", "photo-fast-x4"]].concat();
        let text = run(args.iter().chain(&["--explain"])).expect(0, &[]).stdout;
        let json = run(args.iter().chain(&["--json"])).expect(0, &[]).json();
        (String::from_utf8(text).unwrap(), json["plan"].clone())
    };
    let (text, plan) = bench("portable", "40x24");
    let layers = plan["layers"].as_array().unwrap();
    assert_eq!(layers[0]["algorithm"], "direct");
    assert_eq!(layers[0]["in_channels"], 3);
    assert_eq!(
        (&layers[0]["width"], &layers[0]["height"]),
        (&40.into(), &24.into())
    );
    assert_eq!(layers[1]["algorithm"], "winograd");
    let share = |layer: &serde_json::Value| layer["cost_share"].as_f64().unwrap();
    let sum: f64 = layers.iter().map(share).sum();
    assert!((sum - 1.0).abs() < 1e-9);
    let bytes = |layer: &serde_json::Value| layer["packed_bytes"].as_u64().unwrap();
    assert_eq!(plan["packed_bytes"], layers.iter().map(bytes).sum::<u64>());
    assert_eq!(plan["order"], "frame");
    for word in [
        "frame",
        "winograd",
        "direct",
        layers[1]["name"].as_str().unwrap(),
    ] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

/// Where the processor has AMX, bf16 gives the picture of f32 but for the last bit or two; elsewhere it is refused by name.
#[test]
fn bf16_is_used_or_refused() {
    let folder = Folder::new();
    let input = folder.write("in.png", &png_bytes(&photo(96, 64)));
    let bench = |precision: &str| {
        let args = [
            "bench",
            "--size",
            "64x40",
            "--runs",
            "1",
            "-n",
            "photo-fast-x4",
        ];
        run(args.iter().chain(&["--json", "--precision", precision]))
    };
    let (exact, rounded) = (folder.arg("f32.png"), folder.arg("bf16.png"));
    let upscale = |output: &str, more: &[&str]| {
        let args = ["upscale", &input, "-n", "photo-fast-x4", "-o", output];
        run(args.iter().chain(more))
    };
    if let Err(e) = Precision::Bf16.check(Isa::Avx512) {
        bench("bf16").expect(2, &["AMX", "f32"]);
        upscale(&rounded, &["--precision", "bf16"]).expect(2, &["AMX", "f32"]);
        println!("the rest is skipped: {e}");
        return;
    }
    let plan = bench("bf16").expect(0, &[]).json()["plan"].clone();
    assert_eq!(plan["precision"], "bf16");
    let algorithm = |n: usize| plan["layers"][n]["algorithm"].clone();
    assert_eq!(
        (algorithm(0), algorithm(1)),
        ("direct".into(), "amx".into())
    );
    let f32 = bench("f32").expect(0, &[]).json();
    assert_eq!(f32["plan"]["layers"][1]["algorithm"], "winograd");

    upscale(&exact, &[]).expect(0, &[]);
    upscale(&rounded, &["--precision", "bf16"]).expect(0, &[]);
    let samples = |path: &str| read_png_file(path).samples;
    let (exact, bf16) = (samples(&exact), samples(&rounded));
    assert_ne!(exact, bf16);
    let worst = exact.iter().zip(&bf16).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(8), "{worst:?}");
    // It goes with AVX-512 only, which is said before anything is written.
    let other = folder.arg("other.png");
    upscale(&other, &["--precision", "bf16", "--isa", "avx2"]).expect(2, &["avx512"]);
    assert!(!std::path::Path::new(&other).exists());
}
