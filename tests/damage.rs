//! Noise and other damage is done to photographs here, and must be measured as what it is.

#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/noise.rs"]
#[allow(dead_code)]
mod noise_source;
#[path = "support/photographs.rs"]
mod photographs;
#[path = "support/pictures.rs"]
mod pictures;

use noise_source::Noise;
use photographs::*;
use pictures::*;
use upwise_analyzer::measures::jpeg::{self, Jpeg};
use upwise_analyzer::measures::noise;
use upwise_analyzer::report::{Action, Status};
use upwise_analyzer::survey::Tile;
use upwise_analyzer::{FileFacts, Raster, analyze};

/// Adds normal noise of a deviation, to each sample its own or to all of a pixel the same.
fn noisy(pixels: &Pixels, sigma: f32, common: bool, seed: u64) -> Pixels {
    let mut noise = Noise(seed);
    // Twelve uniform numbers in [-1, 1) have a variance of 4 together.
    let mut normal = || (0..12).map(|_| noise.next()).sum::<f32>() / 2.0;
    let mut samples = pixels.samples.clone();
    for pixel in samples.chunks_mut(pixels.channels) {
        let all = normal();
        for v in pixel {
            let by = sigma * if common { all } else { normal() };
            *v = (f32::from(*v) + by).round().clamp(0.0, 255.0) as u16;
        }
    }
    Pixels::new(pixels.width, pixels.height, pixels.channels, samples)
}

fn sigma(pixels: &Pixels) -> f32 {
    with_raster(pixels, noise::measure)
        .expect("a photograph can be judged")
        .sigma
}

#[test]
fn noise_is_measured_as_it_was_added() {
    let Some(photographs) = photographs(9) else {
        return;
    };
    for true_sigma in [0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0] {
        for kind in ["colour", "grey", "common"] {
            let errors: Vec<f32> = photographs
                .iter()
                .enumerate()
                .map(|(i, photo)| {
                    let photo = if kind == "grey" { &grey(photo) } else { photo };
                    let noisy = noisy(photo, true_sigma, kind == "common", i as u64 + 1);
                    (sigma(&noisy) - true_sigma).abs()
                })
                .collect();
            let within = errors.iter().filter(|&&e| e < 1.5).count();
            println!(
                "{kind} {true_sigma}: mean error {:.2}, {within} of {} within 1.5",
                mean(&errors),
                errors.len()
            );
            assert!(mean(&errors) < 1.0, "{kind} {true_sigma}: {errors:?}");
            assert!(
                within * 100 >= errors.len() * 80,
                "{kind} {true_sigma}: {errors:?}"
            );
        }
    }
}

#[test]
fn noise_has_its_curve_and_place() {
    // Grey slopes with noise that grows with brightness, and four times as much in the right half.
    let (width, height) = (512, 256);
    let mut source = Noise(5);
    let mut samples = Vec::new();
    for _ in 0..height {
        for x in 0..width {
            let level = 60.0 + (x % 256) as f32 / 2.0;
            let sigma = level / 60.0 * if x < 256 { 1.0 } else { 4.0 };
            let normal = (0..12).map(|_| source.next()).sum::<f32>() / 2.0;
            samples.push((level + sigma * normal).round().clamp(0.0, 255.0) as u16);
        }
    }
    let picture = Pixels::new(width, height, 1, samples);
    with_raster(&picture, |raster, tiles| {
        let noise = noise::measure(raster, tiles).expect("a measure");
        let [left, right] = [0, 1].map(|i| noise.tiles[i].expect("a tile's noise"));
        assert!(
            (1.0..3.5).contains(&left) && (4.0..13.0).contains(&right),
            "{noise:?}"
        );
        let score = noise::score(Some(&noise), raster, tiles);
        assert_eq!(score.places, [tiles[1].place]);
        let map = noise.map(raster, tiles);
        assert_eq!((map.columns, map.rows, map.cells.len()), (2, 1, 2));
        assert!(map.cells[1] > 2.0 * map.cells[0]);
        // The quiet half is flatter, so it makes the curve.
        for level in &noise.curve {
            let expected = level.brightness / 60.0;
            assert!((level.sigma / expected - 1.0).abs() < 0.35, "{level:?}");
        }
        assert!(noise.curve.len() >= 3);
    });
}

#[test]
fn what_cannot_be_judged_says_so() {
    let flat = |width, height, v| Pixels::new(width, height, 1, vec![v; width * height]);
    for (picture, status) in [
        (flat(1, 1, 9), Status::TooSmall),
        (flat(5000, 7, 9), Status::TooSmall),
        (flat(300, 200, 0), Status::NotJudged),
        (flat(300, 200, 255), Status::NotJudged),
        (flat(300, 200, 128), Status::Measured),
    ] {
        with_raster(&picture, |raster, tiles| {
            let noise = noise::measure(raster, tiles);
            assert_eq!(noise::score(noise.as_ref(), raster, tiles).status, status);
            assert!(noise.is_none_or(|noise| noise.sigma == 0.0));
            let jpeg = jpeg::measure(raster, tiles, &FileFacts::default());
            let score = jpeg::score(jpeg.as_ref(), tiles);
            if raster.pixels() < 60_000 {
                assert_eq!(score.status, Status::TooSmall);
            } else {
                assert_eq!(score.value, Some(1.0));
                assert_eq!(jpeg.and_then(|jpeg| jpeg.quality()), None);
            }
        });
    }
}

/// Half the size by averages of four: no trace of JPEG is left.
fn halved(pixels: &Pixels) -> Pixels {
    let (width, height) = (pixels.width / 2, pixels.height / 2);
    let mut samples = Vec::new();
    for i in 0..width * height {
        let (x, y) = (i % width * 2, i / width * 2);
        for c in 0..pixels.channels {
            let four = [(0, 0), (1, 0), (0, 1), (1, 1)];
            let sum: u16 = four
                .iter()
                .map(|(dx, dy)| pixels.at(x + dx, y + dy)[c])
                .sum();
            samples.push((sum + 2) / 4);
        }
    }
    Pixels::new(width, height, pixels.channels, samples)
}

fn jpeg_of(pixels: &Pixels) -> Jpeg {
    let facts = FileFacts::default();
    with_raster(pixels, |raster, tiles| jpeg::measure(raster, tiles, &facts)).expect("blocks")
}

#[test]
fn jpeg_quality_is_found_in_pixels() {
    let Some(photographs) = photographs(12) else {
        return;
    };
    let mut blockiness = Vec::new();
    for quality in [10, 25, 40, 60, 75, 85, 90, 95] {
        let (mut errors, mut missed, mut grid) = (Vec::new(), 0, Vec::new());
        for (i, photo) in photographs.iter().enumerate() {
            // The photographs were JPEG themselves: their grid is moved away first.
            let photo = crop(photo, 3, 5);
            let photo = if i % 4 == 3 { grey(&photo) } else { photo };
            let (x, y) = (i * 3 % 8, i * 5 % 8);
            let found = jpeg_of(&crop(&compressed(&photo, quality, i % 2 == 0), x, y));
            grid.push(found.blockiness);
            match found.pixel_quality {
                Some(q) => errors.push((q - f32::from(quality)).abs()),
                None => missed += 1,
            }
            if found.pixel_quality.is_some() {
                assert_eq!(
                    found.phase,
                    Some(((8 - x) % 8, (8 - y) % 8)),
                    "{quality}, {i}"
                );
            }
        }
        errors.sort_by(f32::total_cmp);
        println!("quality {quality}: errors {errors:?}, {missed} missed");
        assert!(
            missed <= 1 && errors[errors.len() * 9 / 10] <= 2.0,
            "{quality}: {errors:?}"
        );
        blockiness.push(mean(&grid));
    }
    println!("blockiness {blockiness:.3?}");
    assert!(blockiness.is_sorted_by(|a, b| a > b));
    assert!(blockiness[0] > 0.3 && blockiness[7] < 0.05);
}

#[test]
fn what_compression_left_nothing_of_is_made_anew() {
    let Some(photographs) = photographs(15) else {
        return;
    };
    let action = |photo: &Pixels, quality: u8| {
        let looked = |raster: &Raster<'_>, _: &[Tile]| analyze(raster, &FileFacts::default());
        with_raster(&compressed(photo, quality, true), looked)
            .decision
            .action
    };
    for photo in &photographs {
        assert_eq!(action(photo, 4), Action::Regenerate);
        assert_ne!(action(photo, 12), Action::Regenerate);
    }
}

#[test]
fn no_jpeg_where_there_was_none() {
    let Some(photographs) = photographs(9) else {
        return;
    };
    for (i, photo) in photographs.iter().enumerate() {
        let clean = halved(photo);
        for picture in [noisy(photo, 4.0, false, i as u64), grey(&clean), clean] {
            let found = jpeg_of(&picture);
            assert_eq!(
                (found.pixel_quality, found.phase),
                (None, None),
                "picture {i}"
            );
            assert!(found.blockiness < 0.1, "picture {i}: {found:?}");
        }
    }
}

#[test]
fn the_worse_of_two_saves_counts() {
    // A gradient with some texture, saved badly, then well at the same phase.
    let mut source = Noise(3);
    let samples = (0..256 * 192).map(|i| (60 + i % 256 / 2) as f32 + 8.0 * source.next());
    let picture = Pixels::new(256, 192, 1, samples.map(|v| v as u16).collect());
    let twice = compressed(&compressed(&picture, 30, false), 96, false);
    // The standard's table is that of quality 50; a twelfth of it is about that of 96.
    let table = |divisor: u16| jpeg::LUMA.map(|v: u16| (v / divisor).max(1)).to_vec();
    for (file, pixels, expected) in [(12, &twice, 30.0), (1, &picture, 50.0), (1, &twice, 30.0)] {
        let facts = FileFacts {
            luma_quantisation: Some(table(file)),
            ..FileFacts::default()
        };
        let found = with_raster(pixels, |raster, tiles| jpeg::measure(raster, tiles, &facts));
        let quality = found.as_ref().and_then(Jpeg::quality).expect("a quality");
        assert!((quality - expected).abs() < 4.0, "{found:?}");
    }
}
