//! Where results go: names, folders, what is never overwritten, and that nothing half-done stays.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, command, finish, run};
use pictures::*;

/// A folder with one small picture, and the picture's path.
fn one_picture() -> (Folder, String) {
    let folder = Folder::new();
    let input = folder.write("photo.png", &png_bytes(&photo(16, 12)));
    (folder, input)
}

#[test]
fn default_names() {
    let (folder, input) = one_picture();
    run(["upscale", &input, "-n", "nearest"]).expect(0, &["photo_2x.png", "32x24"]);
    run(["upscale", &input, "-n", "nearest", "-s", "2.5", "-f", "jpg"]).expect(0, &[]);
    run(["upscale", &input, "-n", "nearest", "-w", "40"]).expect(0, &[]);
    run(["upscale", &input, "-n", "nearest", "--height", "40"]).expect(0, &[]);
    run(["upscale", &input, "-n", "nearest", "-r", "20x20"]).expect(0, &["warning", "stretched"]);
    run(["upscale", &input, "-n", "nearest", "--suffix", "-big"]).expect(0, &[]);
    run(["upscale", &input, "-n", "nearest", "--megapixels", "0.001"]).expect(0, &[]);
    assert_eq!(
        folder.files(),
        [
            "photo-big.png",
            "photo.png",
            "photo_0.001mp.png",
            "photo_2.5x.jpg",
            "photo_20x20.png",
            "photo_2x.png",
            "photo_40h.png",
            "photo_40w.png"
        ]
    );
    let size = |name: &str| {
        let pixels = read_png_file(folder.at(name));
        (pixels.width, pixels.height)
    };
    assert_eq!(size("photo_40w.png"), (40, 30));
    assert_eq!(size("photo_40h.png"), (53, 40));
    assert_eq!(size("photo_20x20.png"), (20, 20));
    run(["upscale", &input, "-n", "nearest", "-w", "4000"]).expect(75, &["photo.png", "8 times"]);
}

#[test]
fn nothing_is_overwritten_unasked() {
    let (folder, input) = one_picture();
    let out = folder.write("out.png", b"precious");
    let upscale = ["upscale", &input, "-n", "nearest", "-o", &out];
    run(upscale).expect(73, &["out.png", "exists", "--overwrite"]);
    assert_eq!(std::fs::read(&out).unwrap(), b"precious");
    run(upscale.iter().chain(&["--overwrite"])).expect(0, &[]);
    assert_eq!(read_png_file(&out), photo(16, 12).blocks(2));
    // A failure leaves the old file alone even then.
    let bad = folder.write("bad.png", b"no picture");
    run(["upscale", &bad, "-n", "nearest", "-o", &out, "--overwrite"]).expect(65, &["bad.png"]);
    assert_eq!(read_png_file(&out), photo(16, 12).blocks(2));
    // In place, when it is asked for.
    run([
        "upscale",
        &input,
        "-n",
        "nearest",
        "-o",
        &input,
        "--overwrite",
    ])
    .expect(0, &[]);
    assert_eq!(read_png_file(&input), photo(16, 12).blocks(2));
    assert_eq!(folder.files(), ["bad.png", "out.png", "photo.png"]);
}

#[test]
fn targets_that_cannot_be_written() {
    let (folder, input) = one_picture();
    folder.write("file", b"");
    for (target, word) in [
        ("file/out.png", "file"),
        ("nowhere/out.png", "does not exist"),
    ] {
        let out = folder.arg(target);
        run(["upscale", &input, "-n", "nearest", "-o", &out]).expect(73, &["out.png", word]);
    }
    let out = folder.arg("file/");
    run(["upscale", &input, "-n", "nearest", "-o", &out]).expect(73, &["file"]);
    #[cfg(target_os = "linux")]
    {
        run(["upscale", &input, "-n", "nearest", "-o", "/proc/out.png"]).expect(73, &["/proc"]);
        let null = [
            "upscale",
            &input,
            "-n",
            "nearest",
            "-o",
            "/dev/null",
            "-f",
            "png",
        ];
        run(null.iter().chain(&["--overwrite"])).expect(73, &["not a plain file"]);
    }
    assert_eq!(folder.files(), ["file", "photo.png"]);
}

#[test]
fn a_folder_is_mirrored_and_bad_files_are_passed_over() {
    let folder = Folder::new();
    let small = png_bytes(&photo(8, 6));
    folder.write("in/a.png", &small);
    folder.write("in/b.JPG", &jpeg_bytes(&photo(8, 6)));
    folder.write("in/notes.txt", b"words");
    folder.write("in/.hidden.png", &small);
    folder.write("in/deep/er/c.png", &small);
    let (from, to) = (folder.arg("in"), folder.arg("out"));
    let flat = ["upscale", &from, "-o", &to, "-n", "nearest", "-s", "2"];
    run(flat).expect(0, &["2 pictures done"]);
    let made = |folder: &Folder| -> Vec<String> {
        let files = folder.files().into_iter();
        files.filter(|name| name.starts_with("out/")).collect()
    };
    assert_eq!(made(&folder), ["out/a.png", "out/b.JPG"]);

    folder.write("in/deep/broken.png", &small[..small.len() / 2]);
    let tree = flat.iter().chain(&["--recursive", "--overwrite"]);
    run(tree).expect(1, &["1 of 4 pictures failed", "broken.png", "cut off"]);
    assert_eq!(
        made(&folder),
        ["out/a.png", "out/b.JPG", "out/deep/er/c.png"]
    );

    // Without -o the results are a folder of their own beside it.
    run(["upscale", &from, "-n", "nearest"]).expect(0, &[]);
    assert!(folder.at("in_2x/a.png").exists());
}

#[test]
fn pictures_of_other_kinds_are_passed_over_by_name() {
    let folder = Folder::new();
    folder.write("in/a.png", &png_bytes(&photo(8, 6)));
    let raw =
        ["1.HEIC", "2.dng", "3.nef", "4.cr3"].map(|name| folder.write(&format!("in/{name}"), b"x"));
    let from = folder.arg("in");
    let said = ["pictures are of kinds", "1.HEIC", "2.dng", "3.nef, 1 more"];
    let upscale = ["upscale", &from, "-n", "nearest"];
    run(upscale).expect(0, &said);
    run(["triage", &from]).expect(0, &said);
    for quiet in [
        run(upscale.iter().chain(&["-q", "--overwrite"])),
        run(["triage", &from, "-q"]),
    ] {
        assert_eq!(quiet.expect(0, &[]).stderr, "");
    }
    std::fs::remove_file(folder.at("in/a.png")).expect("gone");
    raw[1..]
        .iter()
        .for_each(|file| std::fs::remove_file(file).expect("gone"));
    for command in ["upscale", "triage"] {
        run([command, &from]).expect(66, &["no pictures", "a picture is of a kind", "1.HEIC"]);
    }
}

#[test]
fn an_output_folder_within_the_input_is_not_an_input() {
    let folder = Folder::new();
    folder.write("in/a.png", &png_bytes(&photo(8, 6)));
    let (from, to) = (folder.arg("in"), folder.arg("in/out"));
    let upscale = [
        "upscale",
        &from,
        "-o",
        &to,
        "-n",
        "nearest",
        "--recursive",
        "--overwrite",
    ];
    run(upscale).expect(0, &[]);
    run(upscale).expect(0, &[]);
    assert_eq!(folder.files(), ["in/a.png", "in/out/a.png"]);
}

#[test]
fn two_inputs_that_become_one_output_are_refused_first() {
    let folder = Folder::new();
    let small = png_bytes(&photo(8, 6));
    let a = folder.write("a/same.png", &small);
    let b = folder.write("b/same.png", &small);
    let to = folder.arg("out");
    run(["upscale", &a, &b, "-n", "nearest", "-o", &to])
        .expect(2, &["a/same.png", "b/same.png", "nothing was done"]);
    folder.write("c/x.png", &small);
    folder.write("c/x.jpg", &jpeg_bytes(&photo(8, 6)));
    run([
        "upscale",
        &folder.arg("c"),
        "-n",
        "nearest",
        "-o",
        &to,
        "-f",
        "png",
    ])
    .expect(2, &["x.jpg", "x.png"]);
    // A result over a picture that is still to be read.
    let first = folder.write("d/x.png", &small);
    let second = folder.write("d/x_2x.png", &small);
    run(["upscale", &first, &second, "-n", "nearest", "--overwrite"]).expect(2, &["x_2x.png"]);
    assert!(!folder.at("out").exists());
    assert_eq!(std::fs::read(second).unwrap(), small);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = Folder::new();
    // Minutes of work for any machine; it is stopped in the middle.
    let samples = vec![100; 3000 * 3000];
    let input = folder.write("big.png", &png_bytes(&Pixels::new(3000, 3000, 1, samples)));
    let model = data::committed("rrdb-8-x4.safetensors");
    let mut child = command()
        .args([
            "upscale",
            &input,
            "-j",
            "1",
            "-o",
            &folder.arg("out.png"),
            "-n",
        ])
        .arg(model)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = |folder: &Folder| folder.files().iter().any(|name| name.contains(".part"));
    let start = Instant::now();
    while !begun(&folder) && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(begun(&folder), "it never began: {:?}", child.try_wait());
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    assert_eq!(folder.files(), ["big.png"]);
}

/// A limit on the size of files is met as a full disk is: one sentence, the exit code of outputs, nothing half-written. Without a
/// handler of its signal the process would die over an unfinished file.
#[test]
#[cfg(unix)]
fn a_limit_on_the_size_of_files_is_an_error() {
    let folder = Folder::new();
    let input = folder.write("photo.png", &png_bytes(&photo(160, 120)));
    for name in ["big.png", "big.tif", "big.jpg", "big.webp"] {
        let mut shell = std::process::Command::new("sh");
        // Blocks of 512 bytes: more than the journal takes, less than any of these.
        shell.args([
            "-c",
            "ulimit -f 4 && exec \"$@\"",
            "sh",
            env!("CARGO_BIN_EXE_upwise"),
        ]);
        shell.args([
            "upscale",
            &input,
            "-n",
            "bicubic",
            "-s",
            "4",
            "-o",
            &folder.arg(name),
        ]);
        finish(&mut shell).expect(74, &[name, "too large"]);
        assert_eq!(folder.files(), ["photo.png"], "{name}");
    }
}
