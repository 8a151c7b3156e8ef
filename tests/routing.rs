//! Which model enlarges a picture: by its content, by family, by factor, by name.

#[path = "support/command.rs"]
mod command;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, run};
use pictures::*;

/// Smooth hills, as a clean photograph has.
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
    assert_eq!(models, ["photo-fast-x4", "text-fast-x4"]);
    let hills = folder.arg("photos/hills.png");
    let why = ["photo-fast-x4 (a clean picture)"];
    let again = folder.arg("again.png");
    run(["upscale", &hills, "-o", &again, "-v"]).expect(0, &why);
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
    assert_eq!(named(&["-w", "90"]), ("photo-fast-x2".into(), 90));
    assert_eq!(named(&["-w", "100"]), ("photo-fast-x4".into(), 100));
    assert_eq!(
        named(&["--mode", "best", "-s", "3"]),
        ("photo-best-x4".into(), 144)
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

#[test]
fn unknown_names_are_told_the_families() {
    let folder = Folder::new();
    let input = folder.write("hills.png", &png_bytes(&hills()));
    run(["upscale", &input, "-n", "phto"])
        .expect(69, &["phto", "auto", "recover", "photo-best-x4"]);
    run(["upscale", &input, "--mode", "fastest"]).expect(2, &["fast", "best"]);
}
