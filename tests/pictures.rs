//! What goes in comes out: pixels, depth, grey, transparency, orientation, profiles, in every format.
//!
//! `-n nearest` changes nothing but the size, so that what it makes can be told exactly.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, run};
use pictures::*;

/// Enlarges a file twice with nearest neighbour and returns the bytes of the result.
#[track_caller]
fn doubled(folder: &Folder, input: &str, output: &str) -> Vec<u8> {
    let out = folder.arg(output);
    run(["upscale", input, "-n", "nearest", "-s", "2", "-o", &out]).expect(0, &[]);
    std::fs::read(out).expect("the result")
}

#[test]
fn a_photo_keeps_its_pixels() {
    let folder = Folder::new();
    let jpeg = jpeg_bytes(&photo(50, 40));
    let seen = read_jpeg(&jpeg).pixels;
    let input = folder.write("photo.jpg", &jpeg);
    let result = read_png(&doubled(&folder, &input, "out.png"));
    // Two decoders may differ by a rounding.
    assert!(result.distance(&seen.blocks(2)) <= 1);
    let again = read_jpeg(&doubled(&folder, &input, "out.jpg")).pixels;
    assert!(again.distance(&seen.blocks(2)) <= 12);
    assert_eq!(folder.files(), ["out.jpg", "out.png", "photo.jpg"]);
}

#[test]
fn transparency_and_depth_and_grey_stay() {
    let folder = Folder::new();
    let grey_alpha = Pixels::new(9, 5, 2, (0..90).map(|i| i * 2 + 1).collect());
    let mut deep_colour = photo(20, 10);
    deep_colour
        .samples
        .iter_mut()
        .for_each(|v| *v = (*v * 257) ^ 0x55);
    deep_colour.sixteen = true;
    for (name, pixels) in [
        (
            "grey",
            Pixels::new(7, 9, 1, (0..63).map(|i| i * 4).collect()),
        ),
        ("grey and alpha", grey_alpha),
        ("colour", photo(33, 21)),
        ("deep grey", deep_grey(31, 17)),
        ("deep colour", deep_colour),
    ] {
        let input = folder.write("in.png", &png_bytes(&pixels));
        let result = read_png(&doubled(&folder, &input, "out.png"));
        assert_eq!(result, pixels.blocks(2), "{name}");
        std::fs::remove_file(folder.at("out.png")).unwrap();
    }
}

#[test]
fn palettes_become_colour() {
    let folder = Folder::new();
    let (bytes, pixels) = palette_png(24, 12);
    let input = folder.write("palette.png", &bytes);
    let result = read_png(&doubled(&folder, &input, "out.png"));
    let expected = pixels.blocks(2);
    for (seen, expected) in result.samples.chunks(4).zip(expected.samples.chunks(4)) {
        assert_eq!(seen[3], expected[3]);
        if expected[3] > 0 {
            assert_eq!(seen, expected);
        }
    }
}

#[test]
fn every_format_holds_what_it_can() {
    let folder = Folder::new();
    let colour = folder.write("colour.png", &png_bytes(&photo(30, 20)));
    let alpha = folder.write("alpha.png", &png_bytes(&masked(30, 20)));
    let deep = folder.write("deep.png", &png_bytes(&deep_grey(30, 20)));
    for suffix in ["png", "webp", "tif", "bmp"] {
        // There and back: what is read from the format is what was written to it.
        for (name, input, pixels) in [
            ("colour", &colour, photo(30, 20)),
            ("alpha", &alpha, masked(30, 20)),
        ] {
            let there = format!("{name}.{suffix}.{suffix}");
            doubled(&folder, input, &there);
            let back = doubled(
                &folder,
                &folder.arg(&there),
                &format!("{name}.{suffix}.back.png"),
            );
            let (seen, expected) = (read_png(&back), pixels.blocks(4));
            for (seen, expected) in seen
                .samples
                .chunks(seen.channels)
                .zip(expected.samples.chunks(pixels.channels))
            {
                if expected.last() != Some(&0) || pixels.channels == 3 {
                    assert_eq!(seen, expected, "{name} through {suffix}");
                }
            }
        }
    }
    let there = "deep.tif";
    doubled(&folder, &deep, there);
    let back = read_png(&doubled(&folder, &folder.arg(there), "deep.out.png"));
    assert_eq!(back, deep_grey(30, 20).blocks(4));

    let out = folder.arg("deep.jpg");
    run(["upscale", &deep, "-n", "nearest", "-o", &out])
        .expect(0, &["warning", "JPEG has 8 bits a sample"]);
    assert_eq!(read_jpeg(&std::fs::read(out).unwrap()).pixels.channels, 1);
    let out = folder.arg("alpha.jpg");
    run(["upscale", &alpha, "-n", "nearest", "-o", &out])
        .expect(0, &["warning", "no transparency", "white"]);
    let flat = read_jpeg(&std::fs::read(out).unwrap()).pixels;
    assert!(
        flat.at(59, 20).iter().all(|&v| v >= 250),
        "{:?}",
        flat.at(59, 20)
    );
}

#[test]
fn masks_have_no_dark_fringe() {
    let folder = Folder::new();
    // One bright colour beside hidden black: whatever darkens, darkens because of the black.
    let samples = (0..20 * 10)
        .flat_map(|i| {
            if i % 20 < 9 {
                [230, 200, 180, 255]
            } else {
                [0, 0, 0, 0]
            }
        })
        .collect();
    let input = folder.write("mask.png", &png_bytes(&Pixels::new(20, 10, 4, samples)));
    let models = data::committed("compact-8x2-x2.safetensors");
    for model in ["lanczos", "bicubic", models.to_str().unwrap()] {
        let out = folder.arg("out.png");
        run([
            "upscale",
            &input,
            "-n",
            model,
            "-s",
            "3",
            "-o",
            &out,
            "--overwrite",
        ])
        .expect(0, &[]);
        let result = read_png_file(out);
        assert_eq!((result.width, result.height, result.channels), (60, 30, 4));
        if model == "lanczos" || model == "bicubic" {
            for pixel in result.samples.chunks(4).filter(|pixel| pixel[3] > 0) {
                for (value, full) in pixel.iter().zip([230, 200, 180]) {
                    assert!(value.abs_diff(full) <= 1, "{model}: {pixel:?}");
                }
            }
            assert_eq!(result.at(2, 15)[3], 255);
            assert_eq!(result.at(57, 15)[3], 0);
        }
    }
}

#[test]
fn rotated_photos_come_out_upright() {
    let folder = Folder::new();
    // Stored lying on its side; upright it is 20 wide and 30 high.
    let stored = photo(30, 20);
    let jpeg = jpeg_with(&stored, |encoder| {
        encoder.add_exif_metadata(&orientation(6)).unwrap();
    });
    let seen = read_jpeg(&jpeg).pixels;
    let input = folder.write("side.jpg", &jpeg);
    let result = read_png(&doubled(&folder, &input, "out.png"));
    assert_eq!((result.width, result.height), (40, 60));
    for (x, y) in [(0, 0), (19, 0), (0, 29), (7, 11)] {
        // Orientation 6: the first column of what is shown is the last row of what is stored.
        let expected = seen.at(y, 19 - x);
        let shown = result.at(2 * x, 2 * y);
        assert!(
            shown.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= 1),
            "{x},{y}"
        );
    }
    let exif = png_info(folder.at("out.png")).exif_metadata.expect("EXIF");
    assert_eq!(orientation_in(&exif), 1);
    let again = read_jpeg(&doubled(&folder, &input, "out.jpg"));
    assert_eq!(orientation_in(&again.exif.expect("EXIF")), 1);
}

#[test]
fn profiles_density_and_text_are_carried() {
    let folder = Folder::new();
    let png = png_with(&photo(20, 10), |info| {
        info.icc_profile = Some(profile().into());
        info.pixel_dims = Some(png::PixelDimensions {
            xppu: 11811,
            yppu: 11811,
            unit: png::Unit::Meter,
        });
        let chunk = png::text_metadata::TEXtChunk::new("parameters", "a lighthouse, steps 20");
        info.uncompressed_latin1_text.push(chunk);
    });
    let input = folder.write("in.png", &png);
    for suffix in ["png", "jpg", "tif", "webp"] {
        let there = format!("there.{suffix}");
        doubled(&folder, &input, &there);
        doubled(&folder, &folder.arg(&there), &format!("back.{suffix}.png"));
        let info = png_info(folder.at(&format!("back.{suffix}.png")));
        assert_eq!(
            info.icc_profile.as_deref(),
            Some(&profile()[..]),
            "{suffix}"
        );
        if suffix != "webp" {
            let density = info.pixel_dims.expect("a density").xppu;
            assert!(density.abs_diff(11811) <= 1, "{suffix}: {density}");
        }
    }
    let text = &png_info(folder.at("there.png")).uncompressed_latin1_text;
    assert_eq!(text[0].text, "a lighthouse, steps 20");

    let jpeg = jpeg_with(&photo(20, 10), |encoder| {
        encoder.add_icc_profile(&profile()).unwrap();
    });
    let input = folder.write("in.jpg", &jpeg);
    let result = read_jpeg(&doubled(&folder, &input, "out.jpg"));
    assert_eq!(result.icc, Some(profile()));
}

#[test]
fn xmp_and_iptc_are_carried() {
    let folder = Folder::new();
    let xmp = |orientation: u8| format!("<x:xmpmeta tiff:Orientation=\"{orientation}\"/>");
    let iptc = b"8BIM\x04\x04\0\0\0\0\0\x09\x1c\x02\x78\0\x04word\0".to_vec();
    let jpeg = jpeg_with(&photo(20, 10), |encoder| {
        let segment = [&b"http://ns.adobe.com/xap/1.0/\0"[..], xmp(3).as_bytes()].concat();
        encoder.add_app_segment(1, segment).unwrap();
        let segment = [&b"Photoshop 3.0\0"[..], &iptc].concat();
        encoder.add_app_segment(13, segment).unwrap();
    });
    let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
    let mut input = folder.write("0.jpg", &jpeg);
    for name in ["1.tif", "2.jpg", "3.png", "4.webp", "5.jpg"] {
        let bytes = doubled(&folder, &input, name);
        assert!(has(&bytes, xmp(1).as_bytes()), "XMP in {name}");
        // PNG and WebP have no place for it.
        assert_eq!(has(&bytes, &iptc), name < "3", "IPTC in {name}");
        input = folder.arg(name);
    }
}

#[test]
fn comments_are_carried_and_what_is_not_is_said() {
    let folder = Folder::new();
    let jpeg = jpeg_with(&photo(20, 10), |encoder| {
        let extended = b"http://ns.adobe.com/xmp/extension/\0and more".to_vec();
        encoder.add_app_segment(1, extended).unwrap();
        let damaged = b"Exif\0\0neither II nor MM".to_vec();
        encoder.add_app_segment(1, damaged).unwrap();
    });
    // Behind the start of the picture; readers care for no order.
    let comment = b"\xff\xfe\0\x10made by a mill";
    let input = folder.write("in.jpg", &[&jpeg[..2], comment, &jpeg[2..]].concat());
    let double = |from: &str, to: &str| {
        let args = ["upscale", from, "-n", "lanczos", "-s", "2", "-o", to];
        run(args).expect(0, &[]).stderr
    };
    let out = folder.arg("out.jpg");
    let said = double(&input, &out);
    assert!(said.contains("XMP beyond its first 64 KiB"), "{said}");
    assert!(said.contains("EXIF is damaged"), "{said}");
    assert!(!said.contains("text beside"), "{said}");
    let bytes = std::fs::read(&out).unwrap();
    assert_eq!(bytes[20..][..comment.len()], comment[..]);
    read_jpeg(&bytes);
    let out = folder.arg("out.png");
    double(&input, &out);
    let text = &png_info(&out).uncompressed_latin1_text;
    assert_eq!(
        (&*text[0].keyword, &*text[0].text),
        ("Comment", "made by a mill")
    );
    let said = double(&input, &folder.arg("out.tif"));
    assert!(
        said.contains("text beside EXIF and XMP cannot be carried"),
        "{said}"
    );
}

#[test]
fn inks_and_untransformed_colour_are_read() {
    let folder = Folder::new();
    let inks: Vec<u8> = (0..32 * 24)
        .flat_map(|i| {
            [
                255 - i % 32 * 5,
                90 + i / 32 * 4,
                200 - i % 32,
                255 - i / 32,
            ]
            .map(|v| v as u8)
        })
        .collect();
    for colours in [
        jpeg_encoder::ColorType::Cmyk,
        jpeg_encoder::ColorType::CmykAsYcck,
    ] {
        let mut jpeg = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 100);
        encoder.encode(&inks, 32, 24, colours).unwrap();
        // The decoder's own conversion, which is that of ideal inks.
        let seen = read_jpeg(&jpeg).pixels;
        let input = folder.write("inks.jpg", &jpeg);
        let out = folder.arg("inks.png");
        run([
            "upscale",
            &input,
            "-n",
            "nearest",
            "-o",
            &out,
            "--overwrite",
        ])
        .expect(0, &["warning", "CMYK"]);
        assert!(
            read_png_file(&out).distance(&seen.blocks(2)) <= 2,
            "{colours:?}"
        );
    }
    // RGB as such: an Adobe segment says that there is no transform.
    let mut jpeg = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, 100);
    let segment = b"Adobe\0\x64\0\0\0\0\0".to_vec();
    encoder.add_app_segment(14, segment).unwrap();
    let pixels = photo(32, 24);
    encoder
        .encode(&pixels.bytes(), 32, 24, jpeg_encoder::ColorType::Ycbcr)
        .unwrap();
    let input = folder.write("rgb.jpg", &jpeg);
    let result = read_png(&doubled(&folder, &input, "rgb.png"));
    assert!(result.distance(&pixels.blocks(2)) <= 6);
}

#[test]
fn a_network_enlarges_colour_grey_and_alpha() {
    let folder = Folder::new();
    let colour = data::committed("span-6-x2.safetensors");
    let grey = data::committed("compact-4x1-x3-grey.safetensors");
    for (model, factor) in [(&colour, 2), (&grey, 3)] {
        for pixels in [
            photo(24, 18),
            masked(24, 18),
            deep_grey(24, 18),
            Pixels::new(8, 8, 1, (0..64).map(|i| i * 3).collect()),
        ] {
            let input = folder.write("in.png", &png_bytes(&pixels));
            let out = folder.arg("out.png");
            let model = model.to_str().unwrap();
            run(["upscale", &input, "-n", model, "-o", &out, "--overwrite"]).expect(0, &[]);
            let result = read_png_file(&out);
            assert_eq!(
                (result.width, result.height, result.channels, result.sixteen),
                (
                    pixels.width * factor,
                    pixels.height * factor,
                    pixels.channels,
                    pixels.sixteen
                )
            );
        }
    }
}

#[test]
fn real_photos_survive() {
    let Some(folder) = data::shared("bench/set5") else {
        return;
    };
    let out = Folder::new();
    let to = out.arg("out");
    let from = folder.to_str().unwrap();
    run(["upscale", from, "-n", "lanczos", "-s", "1.5", "-o", &to]).expect(0, &["5 pictures done"]);
    for name in out.files() {
        let before = read_png_file(folder.join(name.trim_start_matches("out/")));
        let after = read_png_file(out.at(&name));
        let scaled = |side: usize| (side as f64 * 1.5).round() as usize;
        assert_eq!(
            (after.width, after.height),
            (scaled(before.width), scaled(before.height))
        );
    }
}
