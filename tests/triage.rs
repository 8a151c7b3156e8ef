//! `upwise triage`: what it prints, for people and for scripts, and what it ends with.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, Run, command, finish, run, run_with_input};
use pictures::*;
use serde_json::Value;

/// A folder with a PNG, a JPEG in a folder of its own, and a file that is no picture.
fn mixed() -> Folder {
    let folder = Folder::new();
    folder.write("in/photo.png", &png_bytes(&photo(96, 64)));
    folder.write("in/deep/photo.jpg", &jpeg_bytes(&photo(80, 60)));
    folder.write("in/notes.txt", b"no picture");
    folder
}

fn text(run: &Run) -> String {
    String::from_utf8(run.stdout.clone()).expect("UTF-8")
}

/// Fails unless a document is what the schema says.
#[track_caller]
fn check(document: &Value) {
    let schema = run(["triage", "--schema"]).expect(0, &[]).json();
    let validator = jsonschema::draft202012::new(&schema).expect("a sound schema");
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?} in {document:#}");
}

/// The exit code that stands for what a report advises.
fn code(report: &Value) -> i32 {
    let action = report["decision"]["action"].as_str().expect("an action");
    let codes = [
        ("upscale", 0),
        ("fix_first", 10),
        ("regenerate", 20),
        ("keep", 30),
        ("inspect", 40),
    ];
    let known = codes.iter().find(|(name, _)| *name == action);
    known.expect("a known action").1
}

#[test]
fn a_report_is_what_its_schema_says() {
    let folder = Folder::new();
    for (name, bytes) in [
        ("photo.png", png_bytes(&photo(96, 64))),
        ("photo.jpg", jpeg_bytes(&photo(80, 60))),
        ("deep.png", png_bytes(&deep_grey(70, 50))),
        ("masked.png", png_bytes(&masked(48, 48))),
        ("dot.png", png_bytes(&photo(1, 1))),
        ("line.png", png_bytes(&photo(300, 1))),
    ] {
        let input = folder.write(name, &bytes);
        let report = run(["triage", &input, "--json"]).expect(0, &[]).json();
        check(&report);
        assert_eq!(report["input"], input);
        assert_eq!(report["picture"]["bytes"], bytes.len());
    }
    let deep = folder.arg("deep.png");
    let report = run(["triage", &deep, "--json"]).expect(0, &[]).json();
    let facts = &report["picture"];
    assert_eq!(
        (&facts["bits"], &facts["channels"]),
        (&16.into(), &1.into())
    );
    assert_eq!(
        (&facts["width"], &facts["height"]),
        (&70.into(), &50.into())
    );
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let folder = mixed();
    let input = folder.arg("in/photo.png");
    let report = run(["triage", &input, "--json"]).expect(0, &[]).json();
    let schema = run(["triage", "--schema"]).expect(0, &[]).json();
    let validator = jsonschema::draft202012::new(&schema).expect("a sound schema");
    assert!(validator.is_valid(&report));
    for (pointer, wrong) in [
        ("/decision/action", "enlarge".into()),
        ("/decision/confidence", 1.5.into()),
        ("/decision/scale", 0.into()),
        ("/schema", "upwise.triage/2".into()),
        ("/scores/0/measure", "beauty".into()),
        ("/timing_ms", 3.into()),
        ("/decision/steps", serde_json::json!([{"step": "shrink"}])),
        (
            "/decision/steps",
            serde_json::json!([{"step": "deblock", "width": 3}]),
        ),
    ] {
        let mut broken = report.clone();
        *broken.pointer_mut(pointer).expect(pointer) = wrong;
        assert!(!validator.is_valid(&broken), "{pointer}");
    }
    // A measure that is absent has no value, and one that is there has one.
    let mut broken = report.clone();
    broken["scores"][0]["status"] = "measured".into();
    broken["scores"][0]["value"] = Value::Null;
    assert!(!validator.is_valid(&broken));
}

#[test]
fn people_read_what_scripts_read() {
    let folder = mixed();
    let input = folder.arg("in/photo.png");
    let report = run(["triage", &input, "--json"]).expect(0, &[]).json();
    let said = text(&run(["triage", &input]).expect(0, &[]));
    let action = report["decision"]["action"].as_str().unwrap();
    assert!(
        said.contains(&action.replace('_', " ").to_uppercase()),
        "{said}"
    );
    assert!(
        said.contains("96x64 PNG") && said.contains("confidence"),
        "{said}"
    );
    for score in report["scores"].as_array().unwrap() {
        let sentence = score["sentence"].as_str().unwrap();
        let (neutral, named) = (
            ["pixel_art", "content"].contains(&score["measure"].as_str().unwrap()),
            report["decision"]["reasons"]
                .as_array()
                .unwrap()
                .iter()
                .any(|reason| reason["measure"] == score["measure"]),
        );
        if score["status"] == "measured" && !neutral && !named {
            assert!(said.contains(sentence), "{sentence} in {said}");
        }
    }
    // Not a terminal: no escapes, unless they are asked for.
    assert!(!said.contains('\u{1b}'), "{said}");
    let forced = finish(
        command()
            .args(["triage", &input])
            .env("CLICOLOR_FORCE", "1"),
    );
    assert!(text(&forced.expect(0, &[])).contains('\u{1b}'));
    let never = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
    let never = finish(command().args(["triage", &input]).envs(never)).expect(0, &[]);
    assert!(!text(&never).contains('\u{1b}'));
    let quiet = run(["triage", &input, "-q"]).expect(0, &[]);
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty());
}

#[test]
fn folders_and_lines() {
    let folder = mixed();
    let input = folder.arg("in");
    let flat = run(["triage", &input, "--json"]).expect(0, &[]).json();
    check(&flat);
    assert_eq!(
        flat["schema"], "upwise.triage/1",
        "one picture is one report"
    );
    let both = run(["triage", &input, "--recursive", "--json"])
        .expect(0, &[])
        .json();
    check(&both);
    assert_eq!((&both["done"], &both["failed"]), (&2.into(), &0.into()));

    folder.write("in/broken.png", &png_bytes(&photo(96, 64))[..200]);
    let lines = run(["triage", &input, "--recursive", "--json-lines"]).expect(1, &["broken.png"]);
    let lines: Vec<Value> = text(&lines)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    assert_eq!(lines.len(), 3);
    lines.iter().for_each(check);
    assert_eq!(lines[0]["error"]["code"], 65);
    assert!(lines[1]["input"].as_str().unwrap().ends_with("photo.jpg"));
    let all = run(["triage", &input, "--recursive", "--json"])
        .expect(1, &[])
        .json();
    check(&all);
    assert_eq!((&all["done"], &all["failed"]), (&2.into(), &1.into()));
}

#[test]
fn the_exit_code_is_the_advice_if_asked() {
    let folder = mixed();
    let (one, all) = (folder.arg("in/photo.png"), folder.arg("in"));
    let report = run(["triage", &one, "--json"]).expect(0, &[]).json();
    run(["triage", &one, "--exit-code", "-q"]).expect(code(&report), &[]);
    let both = run(["triage", &all, "--recursive", "--json"])
        .expect(0, &[])
        .json();
    let largest = both["pictures"].as_array().unwrap().iter().map(code).max();
    run(["triage", &all, "--recursive", "--exit-code", "-q"]).expect(largest.unwrap(), &[]);
    // What could not be looked at goes before the advice.
    let missing = folder.arg("missing.png");
    run(["triage", &missing, "--exit-code"]).expect(66, &["missing.png"]);
    run(["triage", &one, &missing, "--exit-code", "-q"]).expect(1, &["missing.png"]);
}

#[test]
fn bad_input_has_its_code_and_words() {
    let folder = mixed();
    let broken = folder.write("broken.jpg", &jpeg_bytes(&photo(80, 60))[..300]);
    let failed = run(["triage", &broken, "--json"]).expect(65, &["broken.jpg", "cut off"]);
    check(&failed.json());
    let notes = folder.arg("in/notes.txt");
    run(["triage", &notes]).expect(65, &["notes.txt", "not a picture"]);
    let photo = folder.arg("in/photo.png");
    run(["triage", &photo, "--max-input-pixels", "100"]).expect(75, &["--max-input-pixels"]);
    run(["triage", &photo, "--max-memory", "1K"]).expect(75, &["--max-memory"]);
    run(["triage"]).expect(2, &["no input"]);
    run(["triage", &photo, "--json", "--json-lines"]).expect(2, &["cannot be used with"]);
    run(["triage", folder.arg("empty").as_str()]).expect(66, &[]);
    std::fs::create_dir(folder.at("bare")).unwrap();
    run(["triage", &folder.arg("bare")]).expect(66, &["no pictures"]);
}

#[test]
fn the_network_is_tried_if_asked() {
    let folder = Folder::new();
    let input = folder.write("photo.png", &png_bytes(&sharp(300, 200)));
    let report = run(["triage", &input, "--probe", "--json"])
        .expect(0, &[])
        .json();
    check(&report);
    let probe = &report["probe"];
    let gains: Vec<f64> = probe["tiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tile| tile["gain"].as_f64().unwrap())
        .collect();
    assert!(!gains.is_empty() && gains.len() <= 3);
    let least = gains.iter().copied().fold(f64::INFINITY, f64::min);
    let gain = probe["gain"].as_f64().unwrap();
    assert!(least <= gain && gain > 0.5, "edges come back: {gains:?}");
    let said = text(&run(["triage", &input, "--probe"]).expect(0, &[]));
    assert!(said.contains("against bicubic"), "{said}");
    let plain = run(["triage", &input, "--json"]).expect(0, &[]).json();
    assert_eq!(
        (&plain["probe"], &plain["timing_ms"]["probe"]),
        (&Value::Null, &Value::Null)
    );
}

/// Discs with clean edges, on grey.
fn sharp(width: usize, height: usize) -> Pixels {
    let samples = (0..width * height).map(|i| {
        let (x, y) = ((i % width) as f64, (i / width) as f64);
        let distance = ((x % 60.0 - 30.0).powi(2) + (y % 50.0 - 25.0).powi(2)).sqrt();
        let inside = (20.0 - distance + 0.5).clamp(0.0, 1.0);
        (90.0 + 120.0 * inside) as u16
    });
    Pixels::new(width, height, 1, samples.collect())
}

#[test]
fn standard_input_is_a_picture() {
    let png = png_bytes(&photo(96, 64));
    let piped = run_with_input(["triage", "-", "--json"], &png)
        .expect(0, &[])
        .json();
    check(&piped);
    assert_eq!(
        (&piped["input"], &piped["picture"]["width"]),
        (&"-".into(), &96.into())
    );
    run_with_input(["triage", "-"], b"").expect(65, &["empty"]);
    run_with_input(["triage", "-", "-"], &png).expect(2, &["one picture only"]);
}

/// A row of reasons and what was decided.
fn decided(pixels: &Pixels) -> String {
    let folder = Folder::new();
    let input = folder.write("in.png", &png_bytes(pixels));
    let report = run(["triage", &input, "--json"]).expect(0, &[]).json();
    format!("{} {}", report["content"], report["decision"])
}

#[test]
fn one_colour_is_one_colour() {
    let grey = |width: usize, height: usize, value: fn(usize, usize) -> u16| {
        let samples = (0..width * height).map(|i| value(i % width, i / width));
        Pixels::new(width, height, 1, samples.collect())
    };
    assert!(decided(&grey(256, 90, |_, _| 77)).contains("one colour"));
    assert!(decided(&grey(3, 2, |_, _| 77)).contains("one colour"));
    // No neighbours differ by more than a level, or there are too few to tell.
    assert!(!decided(&grey(256, 90, |x, _| x as u16)).contains("one colour"));
    assert!(!decided(&grey(2, 90, |x, y| (y * 97 + x * 31) as u16 % 256)).contains("one colour"));
}

#[test]
fn a_grey_photograph_is_no_pixel_art() {
    let mut state = 7u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as f64 / 64.0 - 2.0
    };
    let light =
        |x: usize, y: usize| 110.0 + 40.0 * (x as f64 / 17.0).sin() * (y as f64 / 23.0).cos();
    for depth in [1.0, 0.15] {
        let samples = (0..64 * 64).map(|i| {
            let value = (light(i % 64, i / 64) - 110.0) * depth + 110.0;
            (value + noise()).round() as u16
        });
        let said = decided(&Pixels::new(64, 64, 1, samples.collect()));
        assert!(
            !said.contains("pixel_art") && !said.contains("nearest"),
            "{said}"
        );
    }
    // Its sprites still are.
    let sprite = (0..64 * 64).map(|i| {
        let (x, y) = (i % 64 / 2, i / 128);
        [20, 90, 200][(x * x + y * 3 + (x * y) % 5) / 37 % 3]
    });
    let said = decided(&Pixels::new(64, 64, 1, sprite.collect()));
    assert!(said.contains("pixel_art"), "{said}");
}
