//! `upwise plan`, and series that are enlarged by one.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, run, run_with_input};
use pictures::*;

/// Three pictures of different kinds and sizes.
fn series() -> Folder {
    let folder = Folder::new();
    folder.write("in/a.png", &png_bytes(&photo(64, 48)));
    folder.write("in/b.png", &png_bytes(&deep_grey(40, 30)));
    folder.write("in/c.jpg", &jpeg_bytes(&photo(33, 50)));
    folder
}

#[test]
fn a_plan_says_what_upscale_then_does() {
    let folder = series();
    let (input, plan) = (folder.arg("in/a.png"), folder.arg("plan.json"));
    let made = run([
        "plan", &input, "-n", "photo", "-s", "2", "--plan", &plan, "--json",
    ]);
    let made = made.expect(0, &[]).json();
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&plan).unwrap()).expect("JSON");
    assert_eq!(made, written);
    assert_eq!(made["schema"], "upwise.plan/1");
    assert_eq!(made["settings"]["model"], "photo-fast-x2");
    assert_eq!(
        made["settings"]["weights_sha256"].as_str().unwrap().len(),
        64
    );
    let forecast = &made["forecast"];
    assert_eq!(
        (&forecast["width"], &forecast["height"]),
        (&128.into(), &96.into())
    );
    assert_eq!(forecast["output_bytes"], 128 * 96 * 3);
    assert!(forecast["seconds"].as_f64().unwrap() > 0.0);
    assert!(forecast["memory_bytes"].as_u64().unwrap() > 128 * 96 * 3);

    // The series: all by the same model and factor, and the planned picture exactly as without a plan.
    let (from, out) = (folder.arg("in"), folder.arg("out"));
    let done = run(["upscale", "--plan", &plan, &from, "-o", &out, "--json"])
        .expect(0, &[])
        .json();
    for item in done["items"].as_array().unwrap() {
        assert_eq!(item["model"], "photo-fast-x2");
        assert_eq!(
            item["width"].as_u64().unwrap(),
            2 * item["input_width"].as_u64().unwrap()
        );
    }
    let direct = folder.arg("direct.png");
    run([
        "upscale",
        &input,
        "-n",
        "photo-fast-x2",
        "-s",
        "2",
        "-o",
        &direct,
    ])
    .expect(0, &[]);
    assert!(read_png_file(direct) == read_png_file(folder.at("out/a.png")));
    // Done by this plan is done; by another it is not.
    let again = run(["upscale", "--plan", &plan, &from, "-o", &out, "--json"])
        .expect(0, &[])
        .json();
    assert_eq!(again["skipped"], 3);
}

#[test]
fn self_ensemble_is_part_of_a_plan() {
    let folder = series();
    let (input, plan) = (folder.arg("in/a.png"), folder.arg("plan.json"));
    let network = ["-n", "photo-fast-x2"];
    let made = ["plan", &input, "-x", "-s", "2", "--plan", &plan].into_iter();
    let made = run(made.chain(network)).expect(0, &[]);
    let words = String::from_utf8(made.stdout).unwrap();
    assert!(words.contains("photo-fast-x2, self-ensemble"), "{words}");
    let upscale = |output: &str, more: &[&str]| {
        let output = folder.arg(output);
        let words = ["upscale", &input, "-o", &output];
        run(words.into_iter().chain(more.iter().copied())).expect(0, &[]);
        read_png_file(&output)
    };
    let planned = upscale("planned.png", &["--plan", &plan]);
    let ensemble = upscale("ensemble.png", &["-x", "-n", "photo-fast-x2"]);
    let plain = upscale("plain.png", &["-n", "photo-fast-x2"]);
    assert!(planned == ensemble);
    assert!(plain != ensemble, "it changed nothing");
    assert!(plain.distance(&ensemble) < 20, "and not much");

    // A plan of before there was such a thing, and what is another result for the journal.
    let text = std::fs::read_to_string(&plan).unwrap();
    let older = text.replace(",\n    \"self_ensemble\": true", "");
    assert_ne!(text, older);
    std::fs::write(&plan, older).unwrap();
    assert!(upscale("older.png", &["--plan", &plan]) == plain);
    let (from, out) = (folder.arg("in"), folder.arg("out"));
    let count = |words: &[&str], of: &str| {
        let words = [
            "upscale",
            &from,
            "-o",
            &out,
            "-n",
            "photo-fast-x2",
            "--json",
        ]
        .into_iter()
        .chain(words.iter().copied());
        run(words).expect(0, &[]).json()[of].clone()
    };
    assert_eq!(count(&[], "done"), 3);
    assert_eq!(count(&["-x"], "done"), 3);
    assert_eq!(count(&["-x"], "skipped"), 3);
}

#[test]
fn a_plan_shrinks_what_it_says() {
    let folder = series();
    let (input, plan) = (folder.arg("in/a.png"), folder.arg("plan.json"));
    run(["plan", &input, "-n", "lanczos", "-s", "2", "--plan", &plan]).expect(0, &[]);
    let text = std::fs::read_to_string(&plan).unwrap();
    let step = r#""steps": [{"step": "shrink", "width": 0.5, "height": 0.5}]"#;
    let text = text.replace(r#""steps": []"#, step);
    std::fs::write(&plan, &text).unwrap();
    let out = folder.arg("out.png");
    let said = run(["upscale", "--plan", &plan, &input, "-o", &out, "-v"]);
    said.expect(0, &["shrink to 50.0 %"]);
    let made = read_png_file(&out);
    // The size is of the picture as it came.
    assert_eq!((made.width, made.height), (128, 96));
    let plain = folder.arg("plain.png");
    run(["upscale", &input, "-n", "lanczos", "-s", "2", "-o", &plain]).expect(0, &[]);
    assert!(read_png_file(&plain) != made, "half of it was thrown away");
    assert!(read_png_file(&plain).distance(&made) < 60, "and no more");
}

#[test]
fn a_plan_repairs_what_it_says() {
    let folder = series();
    let (input, plan) = (folder.arg("in/a.png"), folder.arg("plan.json"));
    let plain = folder.arg("plain.png");
    run(["upscale", &input, "-n", "lanczos", "-s", "2", "-o", &plain]).expect(0, &[]);
    for repair in ["deblock", "denoise"] {
        // As a plan of its own, which also tells the digest of its weights.
        let alone = [
            "plan",
            &input,
            "-n",
            repair,
            "-s",
            "1",
            "--overwrite",
            "--plan",
            &plan,
        ];
        run(alone).expect(0, &[]);
        let out = folder.arg(&format!("{repair}.png"));
        run(["upscale", "--plan", &plan, &input, "-o", &out]).expect(0, &[]);
        assert_eq!(read_png_file(&out).width, 64);
        let text = std::fs::read_to_string(&plan).unwrap();
        let digest = text.split("weights_sha256\": \"").nth(1).unwrap();
        let digest = digest.split('"').next().unwrap();

        let filter = [
            "plan",
            &input,
            "-n",
            "lanczos",
            "-s",
            "2",
            "--overwrite",
            "--plan",
            &plan,
        ];
        run(filter).expect(0, &[]);
        let text = std::fs::read_to_string(&plan).unwrap();
        let with = |step: &str, digest: &str| {
            let step = format!(
                r#""steps": [{{"step": "{step}", "model": "{repair}", "weights_sha256": "{digest}"}}]"#
            );
            std::fs::write(&plan, text.replace(r#""steps": []"#, &step)).unwrap();
        };
        with(repair, digest);
        let out = folder.arg(&format!("{repair}-2x.png"));
        let said = run(["upscale", "--plan", &plan, &input, "-o", &out, "-v"]);
        said.expect(0, &[&format!("{repair} by {repair}")]);
        assert!(read_png_file(&out) != read_png_file(&plain), "{repair}");
        with(repair, &"0".repeat(64));
        let out = folder.arg("not.png");
        run(["upscale", "--plan", &plan, &input, "-o", &out]).expect(69, &["weights"]);
        let other = if repair == "deblock" {
            "denoise"
        } else {
            "deblock"
        };
        with(other, digest);
        run(["upscale", "--plan", &plan, &input, "-o", &out]).expect(69, &["made to"]);
        assert!(!std::path::Path::new(&out).exists());
    }
}

#[test]
fn a_plan_does_not_replace_its_picture() {
    let folder = series();
    let input = folder.arg("in/a.png");
    let before = std::fs::read(&input).unwrap();
    run(["plan", &input, "--plan", &input, "--overwrite"]).expect(2, &["a.png", "it is the input"]);
    assert!(std::fs::read(&input).unwrap() == before);
}

#[test]
fn a_repair_keeps_the_size_in_a_plan_too() {
    let folder = series();
    let plan = run(["plan", &folder.arg("in/a.png"), "-n", "denoise", "--json"]);
    let plan = plan.expect(0, &[]).json();
    assert_eq!(plan["settings"]["model"], "denoise");
    assert_eq!(
        (&plan["forecast"]["width"], &plan["forecast"]["height"]),
        (&64.into(), &48.into())
    );
}

#[test]
fn people_read_it() {
    let folder = series();
    let input = folder.arg("in/a.png");
    let said = run(["plan", &input, "-n", "nearest", "-s", "3"]).expect(0, &[]);
    let said = String::from_utf8(said.stdout).unwrap();
    for word in [
        "64x48",
        "upscale 3x",
        "nearest",
        "192x144",
        "advice",
        "memory",
    ] {
        assert!(said.contains(word), "{word} in {said}");
    }
    let piped = run_with_input(
        ["plan", "-", "-n", "nearest", "--json"],
        &jpeg_bytes(&photo(20, 10)),
    );
    assert_eq!(piped.expect(0, &[]).json()["input"]["name"], "-");
    // What triage advises is the factor where none is asked for.
    let plan = run(["plan", &input, "--json"]).expect(0, &[]).json();
    let advised = run(["triage", &input, "--json"]).expect(0, &[]).json();
    let scale = advised["decision"]["scale"].as_f64().unwrap_or(4.0);
    assert_eq!(plan["settings"]["scale"], scale);
}

#[test]
fn wrong_plans_are_refused_before_anything_is_done() {
    let folder = series();
    let (input, plan) = (folder.arg("in/a.png"), folder.arg("plan.json"));
    run(["plan", &input, "-n", "photo-fast-x4", "--plan", &plan]).expect(0, &[]);
    run(["plan", &input, "--plan", &plan]).expect(73, &["exists already", "--overwrite"]);
    let sound = std::fs::read_to_string(&plan).unwrap();
    let out = folder.arg("out.png");
    let weights = sound.split("weights_sha256\": \"").nth(1).unwrap();
    let other_weights = format!(
        "{}{}",
        if weights.starts_with('0') { '1' } else { '0' },
        &weights[1..64]
    );
    for (from, to, code, words) in [
        (
            "upwise.plan/1",
            "upwise.plan/9",
            65,
            ["upwise.plan/9", "upwise plan"],
        ),
        (
            "photo-fast-x4",
            "photo-slow-x9",
            69,
            ["photo-slow-x9", "plan.json"],
        ),
        (
            "\"photo-fast-x4\"",
            "\"photo\"",
            69,
            ["family", "plan.json"],
        ),
        (&weights[..64], &other_weights, 69, ["weights", "plan.json"]),
        ("\"scale\"", "\"sclae\"", 65, ["no plan", "sclae"]),
        ("{", "", 65, ["no plan", "plan.json"]),
    ] {
        std::fs::write(&plan, sound.replacen(from, to, 1)).unwrap();
        run(["upscale", "--plan", &plan, &input, "-o", &out]).expect(code, &words);
    }
    std::fs::write(&plan, &sound).unwrap();
    for args in [
        ["-s", "2"],
        ["-n", "photo"],
        ["-w", "90"],
        ["--mode", "best"],
    ] {
        let plan = ["upscale", "--plan", &plan, &input, "-o", &out];
        run(plan.iter().chain(&args)).expect(2, &["cannot be used with"]);
    }
    run(["upscale", "--plan", &folder.arg("none.json"), &input]).expect(66, &["none.json"]);
    assert!(!folder.at("out.png").exists());
}
