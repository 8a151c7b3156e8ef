//! Colours stay what their profile says they are.

#[path = "support/command.rs"]
mod command;
#[path = "support/pictures.rs"]
mod pictures;
#[path = "support/profiles.rs"]
#[allow(dead_code)]
mod profiles;

use command::{Folder, run};
use pictures::*;

/// Every pair of channels over their whole range, whatever the profile makes of them.
fn gamut() -> Pixels {
    let samples = (0..64 * 64).flat_map(|i| {
        let (x, y) = (i % 64 * 4 + 1, i / 64 * 4 + 2);
        [x as u16, y as u16, ((x + y) / 2) as u16]
    });
    Pixels::new(64, 64, 3, samples.collect())
}

fn tagged(profile: &str) -> Vec<u8> {
    png_with(&gamut(), |info| {
        info.icc_profile = Some(profiles::named(profile).into());
    })
}

#[test]
fn wide_gamuts_come_back_within_a_step() {
    let folder = Folder::new();
    for profile in ["p3", "adobe", "srgb"] {
        let input = folder.write("in.png", &tagged(profile));
        for (suffix, least) in [
            ("png", 0.999),
            ("tif", 0.999),
            ("webp", 0.999),
            ("bmp", 0.999),
            ("jpg", 0.6),
        ] {
            let there = folder.arg(&format!("there.{suffix}"));
            let back = folder.arg("back.png");
            for (from, to) in [(&input, &there), (&there, &back)] {
                run([
                    "upscale",
                    from,
                    "-n",
                    "lanczos",
                    "-s",
                    "1",
                    "-o",
                    to,
                    "--overwrite",
                ])
                .expect(0, &[]);
            }
            let info = png_info(&back);
            assert_eq!(
                info.icc_profile.as_deref(),
                Some(&profiles::named(profile)[..]),
                "{profile} through {suffix}"
            );
            let seen = read_png_file(&back);
            let pairs = seen.samples.iter().zip(gamut().samples);
            let close = pairs.filter(|(a, b)| a.abs_diff(*b) <= 1).count();
            let share = close as f64 / seen.samples.len() as f64;
            println!(
                "{profile} through {suffix}: {:.2} % within a step",
                100.0 * share
            );
            assert!(share >= least, "{profile} through {suffix}: {share}");
        }
    }
}

/// A bitmap of 8 x 4 pixels in two greys of a palette, whose header (BITMAPV5HEADER, as Microsoft documents it) says `space` and
/// places `profile` before the pixels.
fn bitmap(space: &[u8; 4], profile: &[u8]) -> Vec<u8> {
    let palette = [[40u8, 40, 40, 0], [200, 200, 200, 0]].concat();
    let before = 14 + 124 + palette.len() + profile.len();
    let mut file = b"BM".to_vec();
    let mut put = |values: &[u32]| file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    put(&[before as u32 + 16, 0, before as u32]);
    put(&[124, 8, 4, 1 | 1 << 16, 0, 16, 2835, 2835, 2, 0]);
    put(&[0; 4]);
    put(&[u32::from_be_bytes(*space)]);
    put(&[0; 12]);
    put(&[4, 124 + palette.len() as u32, profile.len() as u32, 0]);
    file.extend(palette);
    file.extend(profile);
    file.extend([[0b0101_0011u8, 0, 0, 0]; 4].concat());
    file
}

#[test]
fn bitmaps_have_profiles() {
    let folder = Folder::new();
    let out = folder.arg("out.png");
    let enlarge = |bytes: &[u8], words: &[&str]| {
        let input = folder.write("in.bmp", bytes);
        run([
            "upscale",
            &input,
            "-n",
            "nearest",
            "-s",
            "1",
            "-o",
            &out,
            "--overwrite",
        ])
        .expect(0, words);
        png_info(&out).icc_profile.map(|icc| icc.into_owned())
    };
    let p3 = profiles::named("p3");
    let file = bitmap(b"MBED", &p3);
    assert_eq!(enlarge(&file, &[]).as_deref(), Some(&p3[..]));
    // Greys in a profile of colours are colours.
    let seen = read_png_file(&out);
    assert_eq!(
        (seen.channels, &seen.samples[..6]),
        (3, &[40, 40, 40, 200, 200, 200][..])
    );
    let none: [(&[u8; 4], &[&str]); 3] = [
        (b"sRGB", &[]),
        (b"Win ", &[]),
        (b"LINK", &["warning", "in.bmp", "another file"]),
    ];
    for (space, words) in none {
        assert_eq!(enlarge(&bitmap(space, &p3), words), None);
        assert_eq!(read_png_file(&out).channels, 1);
    }
    let mut cut = bitmap(b"MBED", &p3);
    let length = cut.len() as u32;
    cut[14 + 116..][..4].copy_from_slice(&length.to_le_bytes());
    assert_eq!(enlarge(&cut, &["warning", "in.bmp", "cut off"]), None);
}

#[test]
fn a_network_makes_the_same_of_samples_with_any_profile() {
    let folder = Folder::new();
    let plain = folder.write("plain.png", &png_bytes(&gamut()));
    let out = folder.arg("out.png");
    for scale in ["1", "2"] {
        let enlarge = |input: &str| {
            run([
                "upscale",
                input,
                "-n",
                "photo",
                "-s",
                scale,
                "-o",
                &out,
                "--overwrite",
            ])
            .expect(0, &[]);
            read_png_file(&out)
        };
        let expected = enlarge(&plain);
        for profile in ["p3", "adobe"] {
            let input = folder.write("in.png", &tagged(profile));
            assert_eq!(enlarge(&input), expected, "{profile} at {scale}x");
            let icc = png_info(&out).icc_profile;
            assert_eq!(icc.as_deref(), Some(&profiles::named(profile)[..]));
        }
    }
}

/// The same picture as a file of `suffix`, and what a browser would be given of it.
fn web_of(folder: &Folder, input: &str, suffix: &str) -> Pixels {
    let there = folder.arg(&format!("there.{suffix}"));
    let web = folder.arg("web.png");
    for (from, to, how) in [
        (input, &there, &["-s", "1"][..]),
        (&there, &web, &["--deliver", "web:64", "-f", "png"]),
    ] {
        let plain = ["upscale", from, "-n", "lanczos", "--overwrite", "-o", to];
        run([&plain, how].concat()).expect(0, &[]);
    }
    let info = png_info(&web);
    assert!(info.icc_profile.is_none() && info.gama_chunk.is_none());
    read_png_file(&web)
}

/// Chunks of PNG instead of a profile: gamma alone, and the primaries of P3 with the curve of sRGB, on the way through formats that
/// know only profiles.
#[test]
fn what_png_declares_is_what_is_seen() {
    let folder = Folder::new();
    let linear = png_with(&gamut(), |info| {
        info.source_gamma = Some(png::ScaledFloat::new(1.0));
    });
    let expected: Vec<u16> = gamut()
        .samples
        .iter()
        .map(|&v| {
            let light = f64::from(v) / 255.0;
            let curve = match light <= 0.003_130_8 {
                true => 12.92 * light,
                false => 1.055 * light.powf(1.0 / 2.4) - 0.055,
            };
            (255.0 * curve).round() as u16
        })
        .collect();
    let input = folder.write("linear.png", &linear);
    for suffix in ["png", "tif", "webp"] {
        let seen = web_of(&folder, &input, suffix);
        let worst = seen
            .samples
            .iter()
            .zip(&expected)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(worst <= Some(2), "{suffix}: {worst:?}");
    }
    // A format that stores grey as three channels has no room for a profile of one.
    let grey = Pixels::new(64, 64, 1, (0..64 * 64).map(|i| i / 16).collect());
    let input = png_with(&grey, |info| {
        info.source_gamma = Some(png::ScaledFloat::new(1.0));
    });
    let input = folder.write("grey.png", &input);
    let expected = web_of(&folder, &input, "png");
    assert_ne!(expected.samples, grey.samples);
    for suffix in ["tif", "webp"] {
        let seen = web_of(&folder, &input, suffix);
        let every = seen.samples.len() / expected.samples.len();
        let pairs = seen.samples.iter().step_by(every).zip(&expected.samples);
        let worst = pairs.map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(1), "grey {suffix}: {worst:?}");
    }
    let wide = png_with(&gamut(), |info| {
        info.source_chromaticities = Some(png::SourceChromaticities::new(
            (0.3127, 0.3290),
            (0.680, 0.320),
            (0.265, 0.690),
            (0.150, 0.060),
        ));
    });
    let profiled = folder.write("profiled.png", &tagged("p3"));
    let expected = web_of(&folder, &profiled, "png");
    let input = folder.write("wide.png", &wide);
    for suffix in ["png", "tif", "webp"] {
        let seen = web_of(&folder, &input, suffix);
        let pairs = seen.samples.iter().zip(&expected.samples);
        let worst = pairs.map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(3), "{suffix}: {worst:?}");
        assert_ne!(seen.samples, gamut().samples);
    }
}

/// As programs leave them that turn a picture grey and keep its profile.
#[test]
fn greys_in_a_profile_of_colours_get_one_of_greys() {
    let folder = Folder::new();
    let grey = Pixels::new(8, 8, 1, vec![100; 64]);
    let tagged = png_with(&grey, |info| {
        info.icc_profile = Some(profiles::named("adobe").into());
    });
    let input = folder.write("in.png", &tagged);
    let out = folder.arg("out.png");
    let enlarge = |more: &[&str]| {
        let plain = [
            "upscale",
            &input,
            "-n",
            "nearest",
            "--overwrite",
            "-o",
            &out,
        ];
        run([&plain, more].concat()).expect(0, &["warning", "in.png", "profile"]);
        read_png_file(&out)
    };
    let seen = enlarge(&[]);
    assert_eq!((seen.channels, seen.samples[0]), (1, 100));
    let icc = png_info(&out).icc_profile.expect("a profile");
    assert_eq!(&icc[16..20], b"GRAY");
    // The curve of Adobe RGB, 563/256, on that of sRGB.
    let seen = enlarge(&["--deliver", "web:16", "-f", "png"]);
    let light = (100.0f64 / 255.0).powf(563.0 / 256.0);
    let expected = 255.0 * (1.055 * light.powf(1.0 / 2.4) - 0.055);
    assert!(
        (f64::from(seen.samples[0]) - expected).abs() <= 1.0,
        "{}",
        seen.samples[0]
    );
    // A format without profiles: converted, and not also said to be impossible.
    let avif = folder.arg("out.avif");
    let saved = run(["upscale", &input, "-n", "nearest", "-o", &avif]).expect(0, &["converted"]);
    assert!(!saved.stderr.contains("cannot be used"), "{}", saved.stderr);

    // A GIF of one pixel, grey by its palette.
    let p3 = profiles::named("p3");
    let mut gif =
        b"GIF89a\x01\0\x01\0\x80\0\0\x28\x28\x28\xc8\xc8\xc8\x21\xff\x0bICCRGBG1012".to_vec();
    for piece in p3.chunks(255) {
        gif.push(piece.len() as u8);
        gif.extend(piece);
    }
    gif.extend(b"\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b");
    let input = folder.write("in.gif", &gif);
    let plain = [
        "upscale",
        &input,
        "-n",
        "nearest",
        "--overwrite",
        "-o",
        &out,
    ];
    run(plain).expect(0, &[]);
    assert_eq!(read_png_file(&out).samples[..3], [40, 40, 40]);
    assert_eq!(png_info(&out).icc_profile.as_deref(), Some(&p3[..]));
}
