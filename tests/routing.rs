//! Which model enlarges a picture: by its content, by family, by factor, by name.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/noise.rs"]
mod noise;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, run};
use noise::Noise;
use pictures::*;

/// Smooth hills, as a photograph out of focus has.
fn hills() -> Pixels {
    let value = |x: usize, y: usize, c: usize| {
        let (x, y) = (x as f64 / (7.0 + c as f64), y as f64 / 9.0);
        (128.0 + 60.0 * x.sin() * y.cos()) as u16
    };
    let samples = (0..48 * 48 * 3).map(|i| value(i / 3 % 48, i / 144, i % 3));
    Pixels::new(48, 48, 3, samples.collect())
}

/// Black strokes on white.
fn page() -> Pixels {
    let ink = |x: usize, y: usize| if y % 16 < 10 && x % 9 == 4 { 15 } else { 250 };
    let samples = (0..48 * 48).map(|i| ink(i % 48, i / 48));
    Pixels::new(48, 48, 1, samples.collect())
}

/// The model of the only item.
fn model(args: &[&str]) -> (String, u64) {
    let folder = Folder::new();
    let out = folder.arg("out.png");
    let args = [
        &["upscale"],
        args,
        &["-o", &out, "--json", "--threads", "1"],
    ]
    .concat();
    let document = run(args).expect(0, &[]).json();
    let item = &document["items"][0];
    let name = item["model"].as_str().expect("a model").to_string();
    (name, item["width"].as_u64().expect("a width"))
}

#[test]
fn auto_looks_at_each_picture() {
    let folder = Folder::new();
    folder.write("photos/hills.png", &png_bytes(&hills()));
    folder.write("photos/page.png", &png_bytes(&page()));
    let (input, out) = (folder.arg("photos"), folder.arg("out"));
    let document = run(["upscale", &input, "-o", &out, "--json"])
        .expect(0, &[])
        .json();
    assert_eq!(document["model"], "auto");
    let models: Vec<_> = (0..2)
        .map(|i| document["items"][i]["model"].clone())
        .collect();
    // Hills without an edge look soft.
    assert_eq!(models, ["camera-fast-x4", "text-fast-x4"]);
    let hills = folder.arg("photos/hills.png");
    let why = ["camera-fast-x4 (a soft or lightly damaged photo)"];
    let again = folder.arg("again.png");
    run(["upscale", &hills, "-o", &again, "-v"]).expect(0, &why);
    if let Some(soft) = data::shared("bench/set5/img_001.png") {
        let soft = soft.to_str().expect("UTF-8");
        assert_eq!(model(&[soft, "-s", "2"]).0, "camera-fast-x2");
    }
    if let Some(crisp) = data::shared("bench/set5/img_004.png") {
        let photo = crisp.to_str().expect("UTF-8").to_string();
        assert_eq!(model(&[&photo, "-s", "2"]).0, "photo-fast-x2");
        let saved = folder.arg("saved.jpg");
        let save = ["-n", "lanczos", "-s", "1", "--quality", "88"];
        let args = [&["upscale", &photo, "-o", &saved], &save[..]].concat();
        run(args).expect(0, &[]);
        assert_eq!(model(&[&saved, "-s", "2"]).0, "camera-fast-x2");
        assert_eq!(model(&[&saved, "-s", "3"]).0, "camera-fast-x4");
    }
}

/// A sprite of six colours, each of its pixels a block of eight.
fn sprite() -> Pixels {
    let colours = [
        [20, 20, 40],
        [200, 60, 50],
        [240, 200, 80],
        [60, 140, 70],
        [90, 110, 200],
        [230, 230, 220],
    ];
    let mut state = 11u32;
    let samples = (0..16 * 16).flat_map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        colours[(state >> 24) as usize % colours.len()]
    });
    Pixels::new(16, 16, 3, samples.collect()).blocks(8)
}

#[test]
fn pixel_art_stays_blocks_where_the_factor_is_whole() {
    let folder = Folder::new();
    let input = folder.write("sprite.png", &png_bytes(&sprite()));
    assert_eq!(model(&[&input]), ("nearest".into(), 512));
    assert_eq!(model(&[&input, "-s", "2.5"]).0, "art-fast-x4");
    let out = folder.arg("out.png");
    run(["upscale", &input, "-s", "3", "-o", &out]).expect(0, &[]);
    assert!(read_png_file(&out) == sprite().blocks(3));
    // A second run over a folder knows what the first one did.
    let (from, to) = (folder.arg("in"), folder.arg("out"));
    folder.write("in/sprite.png", &png_bytes(&sprite()));
    run(["upscale", &from, "-o", &to]).expect(0, &[]);
    let again = run(["upscale", &from, "-o", &to, "--json"]).expect(0, &[]);
    assert_eq!(again.json()["skipped"], 1);
}

#[test]
fn advice_is_given_kept_quiet_or_obeyed() {
    let folder = Folder::new();
    let blank = Pixels::new(64, 48, 3, vec![90; 64 * 48 * 3]);
    let input = folder.write("blank.png", &png_bytes(&blank));
    let out = folder.arg("out.png");
    let upscale = |more: &[&str]| {
        let args = ["upscale", &input, "-o", &out, "--overwrite"];
        run(args.iter().chain(more))
    };
    // One colour: there is nothing to gain, and triage is sure of it.
    let advice = run(["triage", &input, "--exit-code", "--json"]);
    assert_eq!(advice.expect(30, &[]).json()["decision"]["action"], "keep");
    let refused = upscale(&["--strict", "--json"]).expect(30, &["blank.png", "keep", "--strict"]);
    assert_eq!(refused.json()["items"][0]["error"]["kind"], "advice");
    assert!(!folder.at("out.png").exists());
    upscale(&["--strict", "-n", "photo"]).expect(30, &["keep"]);
    upscale(&[]).expect(0, &["warning: ", "triage advises: keep"]);
    for quiet in [
        &["--force"][..],
        &["-n", "photo"],
        &["-n", "nearest"],
        &["-q"],
    ] {
        let said = upscale(quiet).expect(0, &[]).stderr;
        assert!(!said.contains("triage"), "{quiet:?}: {said}");
    }
    upscale(&["--force", "--strict"]).expect(2, &["cannot be used with"]);
    // Of several, those are passed over that it advises against.
    folder.write("in/blank.png", &png_bytes(&blank));
    folder.write("in/sprite.png", &png_bytes(&sprite()));
    let (from, to) = (folder.arg("in"), folder.arg("to"));
    run(["upscale", &from, "-o", &to, "--strict"]).expect(1, &["blank.png"]);
    assert!(folder.at("to/sprite.png").exists() && !folder.at("to/blank.png").exists());
}

#[test]
fn a_family_has_a_model_for_the_factor_and_the_mode() {
    let folder = Folder::new();
    let input = folder.write("hills.png", &png_bytes(&hills()));
    let named = |args: &[&str]| model(&[&[&input[..]], args].concat());
    assert_eq!(named(&["-n", "photo"]), ("photo-fast-x4".into(), 192));
    assert_eq!(
        named(&["-n", "photo", "-s", "2"]),
        ("photo-fast-x2".into(), 96)
    );
    assert_eq!(
        named(&["-n", "photo", "-w", "90"]),
        ("photo-fast-x2".into(), 90)
    );
    assert_eq!(
        named(&["-n", "photo", "-w", "100"]),
        ("photo-fast-x4".into(), 100)
    );
    assert_eq!(
        named(&["-n", "photo", "--mode", "best", "-s", "3"]),
        ("photo-best-x4".into(), 144)
    );
    assert_eq!(
        named(&["-n", "photo", "--mode", "best", "-s", "2"]),
        ("photo-best-x2".into(), 96)
    );
    assert_eq!(
        named(&["-n", "recover", "--mode", "best"]),
        ("recover-fast-x4".into(), 192)
    );
    assert_eq!(named(&["-n", "text"]), ("text-fast-x4".into(), 192));
    // A name is a name: the network runs at its own factor, the rest is resampled.
    assert_eq!(
        named(&["-n", "photo-fast-x4", "-s", "2"]),
        ("photo-fast-x4".into(), 96)
    );
    assert_eq!(
        named(&["-n", "photo-fast-x2"]),
        ("photo-fast-x2".into(), 96)
    );
}

/// The program carries the weight files without what only other programs read.
#[test]
fn a_name_does_what_the_file_of_that_name_does() {
    let folder = Folder::new();
    let input = folder.write("hills.png", &png_bytes(&hills()));
    let shipped = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../weights"));
    let files: Vec<_> = shipped
        .expect("the weights")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
        .collect();
    assert!(files.len() >= 12, "{files:?}");
    for file in files {
        let name = file.file_stem().and_then(|name| name.to_str());
        let (name, out) = (name.expect("a name"), folder.arg("out.png"));
        let made = |model: &str| {
            run(["upscale", &input, "-n", model, "-o", &out, "--overwrite"]).expect(0, &[]);
            read_png_file(&out)
        };
        assert!(made(name) == made(file.to_str().expect("a path")), "{name}");
    }
}

#[test]
fn who_asks_for_eight_orientations_of_letters_is_told() {
    let folder = Folder::new();
    let input = folder.write("page.png", &png_bytes(&page()));
    let out = folder.arg("out.png");
    let said = |model: &str, option: &str| {
        let args = ["upscale", &input, "-n", model, option, "-o", &out];
        run([&args[..], &["--overwrite"]].concat())
            .expect(0, &[])
            .stderr
            .contains("without -x")
    };
    assert!(said("text", "-x"));
    assert!(!said("text", "-v"));
    assert!(!said("photo", "-x"));
}

#[test]
fn unknown_names_are_told_the_families() {
    let folder = Folder::new();
    let input = folder.write("hills.png", &png_bytes(&hills()));
    run(["upscale", &input, "-n", "phto"])
        .expect(69, &["phto", "auto", "recover", "photo-best-x4"]);
    run(["upscale", &input, "--mode", "fastest"]).expect(2, &["fast", "best"]);
}

/// A photograph that somebody enlarged twofold, or along one side only.
#[test]
fn what_was_enlarged_before_goes_back_first_where_one_pass_reaches() {
    let Some(photo) = data::shared("bench/set14/img_011.png") else {
        return;
    };
    let folder = Folder::new();
    let photo = photo.to_str().expect("a name");
    let large = folder.arg("large.png");
    run(["upscale", photo, "-n", "bicubic", "-s", "2", "-o", &large]).expect(0, &[]);
    let advised = run(["triage", &large, "--json"]).expect(0, &[]).json();
    let steps = &advised["decision"]["steps"];
    assert!(steps.to_string().contains("shrink"), "{steps}");
    let out = folder.arg("out.png");
    let upscale = |scale: &str| {
        run([
            "upscale",
            &large,
            "-s",
            scale,
            "-o",
            &out,
            "-v",
            "--overwrite",
        ])
    };
    // Twice as large is four times its true size, for which there are models.
    let said = upscale("2").expect(0, &["shrink to ", "-x4"]);
    assert!(!said.stderr.contains("first shrink"), "{}", said.stderr);
    assert!(!said.stderr.contains("stretched"), "{}", said.stderr);
    let (before, after) = (read_png_file(&large), read_png_file(&out));
    assert_eq!(
        (after.width, after.height),
        (2 * before.width, 2 * before.height)
    );
    // Beyond that it is enlarged as it is, and that is said.
    let said = upscale("4").expect(0, &["triage advises: first shrink to"]);
    assert!(!said.stderr.contains("shrink to 5"), "{}", said.stderr);
}

#[test]
fn what_a_repair_leaves_chooses_the_family() {
    // Crisp, so that nothing but its damage is to be chosen by.
    let Some(photo) = data::shared("bench/bsd100/img_020.png") else {
        return;
    };
    let folder = Folder::new();
    let out = folder.arg("out.png");
    let photo = photo.to_str().expect("a name");
    let said = |input: &str| {
        let said = run(["upscale", input, "-v", "--overwrite", "-o", &out]).expect(0, &[]);
        said.stderr
    };
    let (mut noisy, mut noise) = (read_png_file(photo), Noise(7));
    for sample in &mut noisy.samples {
        // Sums of four have a deviation of 2 / sqrt(3); this, of 12.
        let sum: f32 = noise.many(4, 6.0 * 3f32.sqrt()).iter().sum();
        *sample = (f32::from(*sample) + sum).round().clamp(0.0, 255.0) as u16;
    }
    let words = said(&folder.write("noisy.png", &png_bytes(&noisy)));
    assert!(words.contains("denoise by denoise"), "{words}");
    assert!(words.contains("photo-fast-x4"), "{words}");
    let blocky = folder.arg("blocky.jpg");
    let save = ["-n", "lanczos", "-s", "1", "--quality", "20"];
    run([&["upscale", photo, "-o", &blocky], &save[..]].concat()).expect(0, &[]);
    let words = said(&blocky);
    assert!(words.contains("deblock by deblock"), "{words}");
    assert!(words.contains("photo-fast-x4"), "{words}");
}

/// A marmot on granite, which hardly has any noise. It was a JPEG of good quality once.
#[test]
fn texture_is_not_taken_for_noise() {
    let Some(photo) = data::shared("bench/bsd100/img_077.png") else {
        return;
    };
    let folder = Folder::new();
    let out = folder.arg("out.png");
    let photo = photo.to_str().expect("a name");
    let said = run(["upscale", photo, "-v", "-o", &out]).expect(0, &["camera-fast-x4"]);
    assert!(!said.stderr.contains("denoise by"), "{}", said.stderr);
}
