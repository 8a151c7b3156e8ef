//! `upwise models` and `upwise bench`: what is found, what is reported, which processors and arithmetic are used.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, command, finish, run};
use pictures::*;
use upwise_engine::{Isa, Precision};

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

    let pictures = Folder::new();
    let input = pictures.write("photo.png", &png_bytes(&photo(16, 12)));
    run(["upscale", &input, "-n", "span-6-x2", "-m", folder]).expect(0, &["photo_2x.png"]);
    assert_eq!(read_png_file(pictures.at("photo_2x.png")).width, 32);
}

#[test]
fn a_folder_of_models_that_is_not_there_is_named() {
    for rest in [&[][..], &["--json"]] {
        let args = ["models", "-m", "nowhere/at-all"].iter().chain(rest);
        run(args).expect(69, &["nowhere/at-all: no folder of models (-m)"]);
    }
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
