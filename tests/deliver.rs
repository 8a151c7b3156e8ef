//! Results as printers and web pages take them: exact pixels, colours, bytes, depth, and what goes with them.

#[path = "support/command.rs"]
mod command;
#[path = "support/pictures.rs"]
mod pictures;
#[path = "support/profiles.rs"]
#[allow(dead_code)]
mod profiles;

use command::{Folder, Run, run};
use pictures::*;

#[track_caller]
fn upscale(arguments: &[&str]) -> Run {
    run(["upscale"].iter().chain(arguments))
}

/// Noise: what no quality makes small.
fn noise(width: usize, height: usize) -> Pixels {
    let mut state = 7u32;
    let samples = (0..width * height * 3).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u16
    });
    Pixels::new(width, height, 3, samples.collect())
}

#[test]
fn a_sheet_is_covered_to_the_pixel() {
    let folder = Folder::new();
    let pixels = photo(120, 80);
    let input = folder.write("photo.png", &png_bytes(&pixels));
    // 40 mm at 101.6 pixels per inch are 160 pixels: twice the 80 that are left of the width.
    let out = folder.arg("square.png");
    upscale(&[
        &input,
        "-n",
        "nearest",
        "--deliver",
        "print:40x40mm@101.6",
        "-o",
        &out,
    ])
    .expect(0, &["cropped", "33 %"]);
    let middle = (0..80 * 80).flat_map(|i| pixels.at(20 + i % 80, i / 80).to_vec());
    let middle = Pixels::new(80, 80, 3, middle.collect());
    assert_eq!(read_png_file(&out), middle.blocks(2));
    let density = png_info(&out).pixel_dims.expect("a density");
    assert_eq!((density.xppu, density.yppu), (4000, 4000));

    // A sheet with a name lies as the picture does, one in numbers as it was given.
    for (sheet, (width, height)) in [
        ("print:A6@72", (420, 298)),
        ("print:105x148mm@72", (298, 420)),
        ("print:letter@40", (440, 340)),
    ] {
        let out = folder.arg("sheet.png");
        upscale(&[
            &input,
            "-n",
            "lanczos",
            "--deliver",
            sheet,
            "-o",
            &out,
            "--overwrite",
        ])
        .expect(0, &[]);
        let seen = read_png_file(&out);
        assert_eq!((seen.width, seen.height), (width, height), "{sheet}");
    }
    // Smaller than the picture: reduced.
    upscale(&[&input, "--deliver", "print:A6@10"]).expect(0, &["photo_A6.tif"]);
    let (format, width, height) = probe(&folder.at("photo_A6.tif"));
    assert_eq!((format, width, height), ("TIFF".into(), 58, 41));
    upscale(&[
        &input,
        "--deliver",
        "print:A6@72",
        "-o",
        &folder.arg("no.jpg"),
    ])
    .expect(2, &["TIFF or PNG"]);
    upscale(&[&input, "--deliver", "print:A0@300"]).expect(75, &["photo.png", "8 times"]);
    upscale(&[&input, "--deliver", "print:A9"]).expect(2, &["A0 to A6"]);
    upscale(&[&input, "--deliver", "web:90", "-s", "2"]).expect(2, &["cannot be used with"]);
}

fn probe(path: &std::path::Path) -> (String, usize, usize) {
    let input = upwise::picture::Input::open(path, u64::MAX).expect("a file");
    let found = upwise::picture::decode::probe(input).expect("a picture");
    (found.format.to_string(), found.width, found.height)
}

#[test]
fn pages_get_srgb_and_nothing_private() {
    let folder = Folder::new();
    let p3 = profiles::named("p3");
    // Flat patches, so that nothing but the conversion of colours counts.
    let patches = [
        [200, 120, 90],
        [60, 90, 160],
        [128, 128, 128],
        [230, 210, 40],
    ];
    let samples = (0..60 * 40).flat_map(|i| patches[i % 60 / 15]);
    let pixels = Pixels::new(60, 40, 3, samples.collect());
    let png = png_with(&pixels, |info| {
        info.icc_profile = Some(p3.clone().into());
        info.exif_metadata = Some(orientation(1).into());
    });
    let input = folder.write("wide.png", &png);
    upscale(&[&input, "-n", "nearest", "--deliver", "web:120"]).expect(0, &["wide_120px.jpg"]);
    let page = read_jpeg(&std::fs::read(folder.at("wide_120px.jpg")).unwrap());
    assert_eq!((page.pixels.width, page.pixels.height), (120, 80));
    assert_eq!((page.icc, page.exif), (None, None));
    let lossless = folder.arg("page.png");
    upscale(&[
        &input,
        "-n",
        "nearest",
        "--deliver",
        "web:120",
        "-o",
        &lossless,
    ])
    .expect(0, &[]);
    let lossless = read_png_file(&lossless);
    for (i, patch) in patches.iter().enumerate() {
        let expected = profiles::convert(*patch, &profiles::DISPLAY_P3, &profiles::SRGB);
        let exact = lossless.at(30 * i + 12, 30);
        assert!(
            exact.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1),
            "{patch:?} became {exact:?}, not {expected:?}"
        );
        let seen = page.pixels.at(30 * i + 12, 30);
        assert!(
            seen.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 6),
            "{patch:?} became {seen:?}, not {expected:?}"
        );
    }
    // A larger picture is reduced.
    let input = folder.write("large.png", &png_bytes(&photo(400, 200)));
    upscale(&[&input, "--deliver", "web:100"]).expect(0, &[]);
    let page = read_jpeg(&std::fs::read(folder.at("large_100px.jpg")).unwrap()).pixels;
    assert_eq!((page.width, page.height), (100, 50));
}

#[test]
fn a_format_without_profiles_gets_srgb() {
    let folder = Folder::new();
    let pixels = Pixels::new(8, 8, 3, [200, 120, 90].repeat(64));
    let png = png_with(&pixels, |info| {
        info.icc_profile = Some(profiles::named("adobe").into());
    });
    let input = folder.write("in.png", &png);
    let out = folder.arg("out.avif");
    upscale(&[&input, "-n", "nearest", "-o", &out]).expect(0, &["warning", "sRGB"]);
    let grey = Pixels::new(8, 8, 1, vec![100; 64]);
    let png = png_with(&grey, |info| {
        info.icc_profile = Some(profiles::named("grey").into());
    });
    let input = folder.write("grey.png", &png);
    upscale(&[&input, "-n", "nearest", "--deliver", "web:16", "-f", "png"]).expect(0, &[]);
    let seen = read_png_file(folder.at("grey_16px.png"));
    // (100/255)^2.2 of light on the curve of sRGB.
    let light = (100.0f64 / 255.0).powf(2.2);
    let expected = 255.0 * (1.055 * light.powf(1.0 / 2.4) - 0.055);
    assert_eq!((seen.channels, seen.width), (1, 16));
    assert!(
        (f64::from(seen.samples[0]) - expected).abs() <= 1.0,
        "{}",
        seen.samples[0]
    );
    let broken = png_with(&pixels, |info| info.icc_profile = Some(profile().into()));
    let input = folder.write("broken.png", &broken);
    upscale(&[&input, "-n", "nearest", "--deliver", "web:16"])
        .expect(0, &["warning", "cannot be used"]);
}

#[test]
fn quality_follows_the_bytes() {
    let folder = Folder::new();
    let input = folder.write("in.png", &png_bytes(&noise(60, 50)));
    for (name, most) in [("a.jpg", 9000), ("a.avif", 6000)] {
        let out = folder.arg(name);
        let most_bytes = most.to_string();
        let common = [&input[..], "-n", "lanczos", "-s", "2", "-o", &out];
        let mut budgeted = common.to_vec();
        budgeted.extend(["--max-bytes", &most_bytes, "--json"]);
        let item = upscale(&budgeted).expect(0, &[]).json()["items"][0].clone();
        let bytes = std::fs::metadata(&out).unwrap().len();
        assert!(bytes <= most, "{name}: {bytes} bytes");
        assert_eq!(item["bytes"].as_u64(), Some(bytes));
        let quality = item["quality"].as_u64().expect("a quality");
        assert!((2..95).contains(&quality), "{name}: quality {quality}");
        // One more would have been too much.
        let better = (quality + 1).to_string();
        let mut better_run = common.to_vec();
        better_run.extend(["--quality", &better, "--overwrite"]);
        upscale(&better_run).expect(0, &[]);
        let larger = std::fs::metadata(&out).unwrap().len();
        assert!(larger > most, "{name}: {larger} bytes at quality {better}");
        std::fs::remove_file(&out).unwrap();
    }
    let out = folder.arg("small.jpg");
    upscale(&[&input, "-n", "lanczos", "-o", &out, "--max-bytes", "300"])
        .expect(75, &["small.jpg", "quality 1", "--max-bytes"]);
    assert_eq!(folder.files(), ["in.png"]);
    let out = folder.arg("roomy.jpg");
    upscale(&[
        &input,
        "-n",
        "lanczos",
        "-o",
        &out,
        "--max-bytes",
        "1M",
        "--quality",
        "80",
        "--json",
    ])
    .expect(0, &[]);
    upscale(&[&input, "-n", "lanczos", "-f", "png", "--max-bytes", "1M"])
        .expect(2, &["--max-bytes", "PNG has none"]);
}

#[test]
fn depth_is_as_asked() {
    let folder = Folder::new();
    let eight = folder.write("eight.png", &png_bytes(&photo(30, 20)));
    let sixteen = folder.write("sixteen.png", &png_bytes(&deep_grey(30, 20)));
    let out = folder.arg("out.png");
    upscale(&[&eight, "-n", "lanczos", "--bit-depth", "16", "-o", &out]).expect(0, &[]);
    let deep = read_png_file(&out);
    assert!(deep.sixteen);
    // Between two steps of 8 bits there is more than those.
    assert!(deep.samples.iter().any(|v| v % 257 != 0));
    upscale(&[
        &sixteen,
        "-n",
        "nearest",
        "-s",
        "1",
        "--bit-depth",
        "8",
        "-o",
        &out,
        "--overwrite",
    ])
    .expect(0, &[]);
    let flat = read_png_file(&out);
    let expected = deep_grey(30, 20)
        .samples
        .iter()
        .map(|&v| (f64::from(v) / 257.0).round() as u16)
        .collect::<Vec<_>>();
    assert_eq!((flat.sixteen, flat.samples), (false, expected));
    let jpeg = folder.arg("out.jpg");
    upscale(&[&eight, "-n", "lanczos", "--bit-depth", "16", "-o", &jpeg]).expect(2, &["8 bits"]);
    upscale(&[&eight, "--bit-depth", "12"]).expect(2, &["8 or 16"]);
}

#[test]
fn stripped_of_all_but_profile_and_density() {
    let folder = Folder::new();
    let png = png_with(&photo(20, 10), |info| {
        info.icc_profile = Some(profiles::named("p3").into());
        info.exif_metadata = Some(orientation(6).into());
        info.pixel_dims = Some(png::PixelDimensions {
            xppu: 11811,
            yppu: 11811,
            unit: png::Unit::Meter,
        });
        let chunk = png::text_metadata::TEXtChunk::new("parameters", "a secret");
        info.uncompressed_latin1_text.push(chunk);
    });
    let input = folder.write("in.png", &png);
    let out = folder.arg("out.png");
    upscale(&[&input, "-n", "nearest", "--strip", "-o", &out]).expect(0, &[]);
    let info = png_info(&out);
    assert_eq!((info.width, info.height), (20, 40), "upright all the same");
    assert_eq!(
        info.icc_profile.as_deref(),
        Some(&profiles::named("p3")[..])
    );
    assert_eq!(info.pixel_dims.map(|d| d.xppu), Some(11811));
    assert!(info.exif_metadata.is_none() && info.uncompressed_latin1_text.is_empty());
}
