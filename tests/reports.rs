//! The reports of `upwise triage` that are files: the picture with what was found, and pages for a browser.

#[path = "support/command.rs"]
mod command;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, run};
use pictures::*;

fn three() -> Folder {
    let folder = Folder::new();
    folder.write("in/a.png", &png_bytes(&photo(900, 700)));
    folder.write("in/a.jpg", &jpeg_bytes(&photo(80, 60)));
    folder.write("in/deep/b.png", &png_bytes(&masked(40, 30)));
    folder
}

/// Discs with clean edges: nothing is wrong with them, so no map covers them.
fn discs(width: usize, height: usize) -> Pixels {
    let samples = (0..width * height).flat_map(|i| {
        let (x, y) = ((i % width) as f64, (i / width) as f64);
        let distance = ((x % 90.0 - 45.0).powi(2) + (y % 70.0 - 35.0).powi(2)).sqrt();
        let inside = (25.0 - distance + 0.5).clamp(0.0, 1.0);
        [70.0, 90.0, 60.0].map(|ground| (ground + 140.0 * inside) as u16)
    });
    Pixels::new(width, height, 3, samples.collect())
}

#[test]
fn an_overlay_is_the_picture_and_more() {
    let folder = three();
    let (input, out) = (folder.arg("in/sharp.png"), folder.arg("out.png"));
    let picture = discs(900, 700);
    folder.write("in/sharp.png", &png_bytes(&picture));
    run(["triage", &input, "--overlay", &out, "-q"]).expect(0, &[]);
    let drawn = read_png_file(&out);
    assert_eq!((drawn.width, drawn.channels), (900, 3));
    assert!(drawn.height > 700, "a strip of words is below");
    // Boxes and labels are lines: most of the picture is as it was.
    let pixels = (0..900 * 700).map(|i| (i % 900, i / 900));
    let same = pixels
        .filter(|&(x, y)| drawn.at(x, y) == picture.at(x, y))
        .count();
    assert!(same > 300_000, "{same}");
    // Small ones are enlarged by whole pixels.
    let small = folder.arg("in/a.jpg");
    run(["triage", &small, "--overlay", &out, "--overwrite", "-q"]).expect(0, &[]);
    assert_eq!(read_png_file(&out).width, 640);
}

#[test]
fn a_page_is_whole_and_says_what_the_terminal_says() {
    let folder = three();
    let (input, out) = (folder.arg("in/a.png"), folder.arg("report.html"));
    let said = run(["triage", &input, "--html", &out]).expect(0, &[]);
    let said = String::from_utf8(said.stdout).unwrap();
    let page = std::fs::read_to_string(&out).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    let headline = said.lines().nth(1).unwrap();
    let action = headline.split([' ', ':']).next().unwrap().to_lowercase();
    assert!(page.contains(&format!("<title>{action}")), "{action}");
    for outside in ["http://", "https://", "<script", "<link", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(
        folder.files(),
        ["in/a.jpg", "in/a.png", "in/deep/b.png", "report.html"]
    );
}

#[test]
fn folders_have_a_list_and_a_tree() {
    let folder = three();
    folder.write("in/torn.png", &png_bytes(&photo(90, 70))[..300]);
    let (input, html, overlays) = (
        folder.arg("in"),
        folder.arg("list.html"),
        folder.arg("drawn"),
    );
    let args = [
        "triage",
        &input,
        "--recursive",
        "--html",
        &html,
        "--overlay",
        &overlays,
        "-q",
    ];
    run(args).expect(1, &["torn.png"]);
    let page = std::fs::read_to_string(&html).unwrap();
    assert_eq!(page.matches("<article").count(), 3);
    for name in ["a.jpg", "a.png", "b.png", "torn.png"] {
        assert!(page.contains(name), "{name}");
    }
    let drawn: Vec<String> = folder.files();
    let drawn: Vec<&String> = drawn
        .iter()
        .filter(|name| name.starts_with("drawn/"))
        .collect();
    assert_eq!(
        drawn,
        ["drawn/a.jpg.png", "drawn/a.png.png", "drawn/deep/b.png.png"]
    );
    // Nothing is replaced unasked, and that is known before anything is looked at.
    let again = run(args).expect(73, &["exists already", "--overwrite"]);
    assert!(!again.stderr.contains("torn.png"), "{}", again.stderr);
    run(args.iter().chain(&["--overwrite"])).expect(1, &["torn.png"]);
}

#[test]
fn what_cannot_be_written_is_said_first() {
    let folder = three();
    let input = folder.arg("in/a.png");
    let nowhere = folder.arg("missing/report.html");
    run(["triage", &input, "--html", &nowhere]).expect(73, &["missing", "does not exist"]);
    run(["triage", &input, "--overlay", &folder.arg("o.jpg")]).expect(2, &["PNG"]);
    let same = folder.arg("same.png");
    run(["triage", &input, "--overlay", &same, "--html", &same]).expect(2, &["same file"]);
    let other = folder.write("other/a.png", &png_bytes(&photo(20, 20)));
    let out = folder.arg("drawn");
    run(["triage", &input, &other, "--overlay", &out]).expect(2, &["both become"]);
    assert!(!folder.at("drawn").exists());
}

#[test]
fn a_folder_of_one_picture_is_a_folder() {
    let folder = Folder::new();
    let (input, file) = (folder.arg("in"), folder.arg("in/a.png"));
    folder.write("in/a.png", &png_bytes(&photo(40, 30)));
    run(["triage", &input, "--overlay", &folder.arg("drawn")]).expect(0, &[]);
    run(["triage", &file, "--overlay", &folder.arg("new/")]).expect(0, &[]);
    run(["triage", &file, "--overlay", &folder.arg("one.png")]).expect(0, &[]);
    assert_eq!(
        folder.files(),
        ["drawn/a.png.png", "in/a.png", "new/a.png.png", "one.png"]
    );
    // What was drawn within the folder is no picture of it the next time.
    let within = folder.arg("in/marks");
    for _ in 0..2 {
        let args = ["--recursive", "--overlay", &within, "--overwrite"];
        run(["triage", &input].iter().chain(&args)).expect(0, &[]);
    }
    assert!(!folder.at("in/marks/marks").exists());
}

#[test]
fn inputs_are_not_written_over() {
    let folder = Folder::new();
    let bytes = png_bytes(&photo(40, 30));
    let input = folder.write("in/a.png", &bytes);
    let other = folder.write("in/a.png.png", &bytes);
    let overwrite = |args: &[&str]| {
        let args = [&["triage", "--overwrite"], args].concat();
        run(args).expect(2, &["it is an input"]);
    };
    overwrite(&[&input, "--html", &input]);
    overwrite(&[&input, "--overlay", &input]);
    overwrite(&[&folder.arg("in"), "--overlay", &folder.arg("in")]);
    for path in [input, other] {
        assert_eq!(std::fs::read(path).expect("still there"), bytes);
    }
}

#[test]
fn escapes_in_names_do_not_reach_the_terminal() {
    let folder = Folder::new();
    let name = "red\u{1b}[31m.png";
    let input = folder.write(name, b"no picture");
    for command in ["triage", "plan", "upscale"] {
        let said = run([command, &input]).expect(65, &["red?[31m.png"]);
        assert!(!said.stderr.contains('\u{1b}'), "{command}");
    }
}
