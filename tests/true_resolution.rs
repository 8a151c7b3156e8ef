//! Photographs are enlarged here, by code of its own, and the factor must be found; without that, none.

#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/photographs.rs"]
mod photographs;
#[path = "support/pictures.rs"]
mod pictures;

use photographs::*;
use pictures::*;
use proptest::prelude::*;
use upwise_analyzer::measures::resolution::{self, Resolution};
use upwise_analyzer::measures::{jpeg, noise};
use upwise_analyzer::report::{Action, Score, Status, Step};
use upwise_analyzer::{FileFacts, Raster, Samples, analyze};

type Kernel = fn(f64) -> f64;

fn bilinear(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

/// Keys's with a = -1/2.
fn bicubic(x: f64) -> f64 {
    match x.abs() {
        x if x < 1.0 => 1.5 * x.powi(3) - 2.5 * x.powi(2) + 1.0,
        x if x < 2.0 => -0.5 * (x.powi(3) - 5.0 * x.powi(2) + 8.0 * x - 4.0),
        _ => 0.0,
    }
}

fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| {
        let x = x * std::f64::consts::PI;
        if x == 0.0 { 1.0 } else { x.sin() / x }
    };
    if x.abs() < 3.0 {
        sinc(x) * sinc(x / 3.0)
    } else {
        0.0
    }
}

/// A row of samples at another length, larger or the same: pixel centres are at halves, ends are left out of the sum.
fn stretched(row: &[f64], length: usize, kernel: Kernel) -> Vec<f64> {
    let factor = length as f64 / row.len() as f64;
    (0..length)
        .map(|i| {
            let centre = (i as f64 + 0.5) / factor - 0.5;
            let near =
                (centre - 3.0).ceil().max(0.0) as usize..row.len().min((centre + 4.0) as usize);
            let weights: Vec<f64> = near.clone().map(|j| kernel(j as f64 - centre)).collect();
            let sum: f64 = near.zip(&weights).map(|(j, w)| row[j] * w).sum();
            sum / weights.iter().sum::<f64>()
        })
        .collect()
}

fn enlarged(pixels: &Pixels, width: usize, height: usize, kernel: Kernel) -> Pixels {
    let channels = pixels.channels;
    let mut samples = vec![0; width * height * channels];
    for c in 0..channels {
        let mut columns = vec![Vec::new(); width];
        for y in 0..pixels.height {
            let row: Vec<f64> = (0..pixels.width)
                .map(|x| pixels.at(x, y)[c].into())
                .collect();
            for (column, v) in columns.iter_mut().zip(stretched(&row, width, kernel)) {
                column.push(v);
            }
        }
        for (x, column) in columns.iter().enumerate() {
            for (y, v) in stretched(column, height, kernel).into_iter().enumerate() {
                samples[(y * width + x) * channels + c] = v.round().clamp(0.0, 255.0) as u16;
            }
        }
    }
    Pixels::new(width, height, channels, samples)
}

fn measured(pixels: &Pixels) -> (Option<Resolution>, Score) {
    with_raster(pixels, |raster, _| {
        let found = resolution::measure(raster);
        (found, resolution::score(found.as_ref(), raster))
    })
}

#[test]
fn factors_are_found_after_jpeg() {
    let Some(photographs) = photographs(17) else {
        return;
    };
    let kernels: [(&str, Kernel); 3] = [
        ("bilinear", bilinear),
        ("bicubic", bicubic),
        ("Lanczos", lanczos),
    ];
    let mut errors = Vec::new();
    for (name, kernel) in kernels {
        for factor in [1.2, 1.5, 2.0, 2.5, 3.0, 4.0] {
            let mut right = 0;
            for photo in &photographs {
                // Small parts of it, so that the results are of about its size.
                let keep = |side: usize| (side as f64 / f64::max(1.0, factor / 1.7)) as usize;
                let small = crop(
                    photo,
                    photo.width - keep(photo.width),
                    photo.height - keep(photo.height),
                );
                let side = |side: usize| (side as f64 * factor).round() as usize;
                let large = enlarged(&grey(&small), side(small.width), side(small.height), kernel);
                let (found, _) = measured(&compressed(&large, 90, false));
                let [x, y] = found.expect("large enough").factor.map(f64::from);
                let error = (x / factor - 1.0).abs().max((y / factor - 1.0).abs());
                right += usize::from(error < 0.05);
                errors.push(error);
            }
            println!(
                "{name} {factor}: {right} of {} within 5 %",
                photographs.len()
            );
        }
    }
    errors.sort_by(f64::total_cmp);
    let right = errors.iter().filter(|&&e| e < 0.05).count();
    println!(
        "{right} of {}; median error {:.4}",
        errors.len(),
        errors[errors.len() / 2]
    );
    assert!(right * 100 >= errors.len() * 80);
    assert!(errors[errors.len() / 2] < 0.005);
}

#[test]
fn native_photographs_are_native() {
    let Some(photographs) = photographs(4) else {
        return;
    };
    let mut wrong = 0;
    for (i, photo) in photographs.iter().enumerate() {
        let picture = if i % 2 == 0 {
            photo
        } else {
            &compressed(photo, 90, true)
        };
        let (found, score) = measured(picture);
        if found.expect("large enough").is_enlarged() {
            println!("photograph {i}: {}", score.sentence);
            wrong += 1;
        } else {
            assert_eq!(score.value, Some(1.0));
        }
    }
    assert!(
        wrong * 50 <= photographs.len(),
        "{wrong} of {}",
        photographs.len()
    );
}

#[test]
fn a_blur_is_no_enlargement() {
    let Some(photographs) = photographs(12) else {
        return;
    };
    let weights = [1.0, 4.0, 6.0, 4.0, 1.0].map(|w| w / 16.0);
    let mut wrong = 0;
    for photo in &photographs {
        let photo = grey(photo);
        let mut blurred = photo.clone();
        for y in 2..photo.height - 2 {
            for x in 2..photo.width - 2 {
                let sum: f64 = (0..25)
                    .map(|i| {
                        f64::from(photo.at(x + i % 5 - 2, y + i / 5 - 2)[0])
                            * weights[i % 5]
                            * weights[i / 5]
                    })
                    .sum();
                blurred.samples[y * photo.width + x] = sum.round() as u16;
            }
        }
        let (found, score) = measured(&compressed(&blurred, 90, false));
        if found.expect("large enough").is_enlarged() {
            println!("{}", score.sentence);
            wrong += 1;
        }
    }
    assert!(wrong <= 1, "{wrong} of {}", photographs.len());
}

#[test]
fn axes_have_factors_of_their_own() {
    let Some(photographs) = photographs(30) else {
        return;
    };
    let mut right = 0;
    for photo in &photographs {
        let wide = enlarged(&grey(photo), photo.width * 5 / 2, photo.height, bilinear);
        let [x, y] = measured(&wide).0.expect("large enough").factor;
        println!("{x} {y}");
        right += usize::from((x - 2.5).abs() < 0.02 && y == 1.0);
    }
    assert!(right + 1 >= photographs.len());
}

#[test]
fn repeated_pixels_are_counted() {
    for times in [2, 3, 5] {
        let large = photo(70, 66).blocks(times);
        let (found, score) = measured(&large);
        let found = found.expect("large enough");
        assert!(
            found.repeated && found.factor == [times as f32; 2],
            "{found:?}"
        );
        assert_eq!(score.status, Status::Measured);
        let (size, decision) = with_raster(&large, |raster, _| {
            (
                found.true_size(raster),
                analyze(raster, &FileFacts::default()).decision,
            )
        });
        assert_eq!(size, (70, 66));
        let shrink = Step::Shrink {
            width: 70,
            height: 66,
        };
        assert_eq!(
            (decision.action, decision.steps[0]),
            (Action::FixFirst, shrink)
        );
    }
    assert_eq!(measured(&photo(400, 127)).1.status, Status::TooSmall);
    let flat = Pixels::new(300, 200, 1, vec![77; 60_000]);
    assert_eq!(measured(&flat).1.value, Some(1.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the picture is, every measure has a status and no number that is none.
    #[test]
    fn any_picture_has_an_answer(
        width in 1usize..300,
        height in 1usize..300,
        channels in 1usize..=4,
        deep: bool,
        noise_of in 0u32..256,
        step in 1usize..40,
        seed: u64,
    ) {
        let mut state = seed | 1;
        let samples: Vec<u16> = (0..width * height * channels)
            .map(|i| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let pattern = (i / channels % width / step * 61 + i / channels / width / step * 23) as u32;
                ((pattern + state as u32 % (noise_of + 1)) % 256) as u16 * if deep { 257 } else { 1 }
            })
            .collect();
        let bytes: Vec<u8> = samples.iter().map(|&v| v as u8).collect();
        let data = if deep { Samples::U16(&samples) } else { Samples::U8(&bytes) };
        let raster = Raster::new(width, height, channels, data).expect("a picture");
        let tiles = tiles_of(&raster);
        let noise_found = noise::measure(&raster, &tiles);
        let jpeg_found = jpeg::measure(&raster, &tiles, &FileFacts::default());
        let resolution_found = resolution::measure(&raster);
        let scores = [
            noise::score(noise_found.as_ref(), &raster, &tiles),
            jpeg::score(jpeg_found.as_ref(), &tiles),
            resolution::score(resolution_found.as_ref(), &raster),
        ];
        for score in scores {
            let measured = score.status == Status::Measured;
            prop_assert_eq!(score.value.is_some(), measured);
            prop_assert!(score.value.is_none_or(|v| (0.0..=1.0).contains(&v)));
        }
        if let Some(found) = noise_found {
            prop_assert!((0.0..200.0).contains(&found.sigma));
            let map = found.map(&raster, &tiles);
            prop_assert!(map.cells.iter().all(|v| (0.0..=1.0).contains(v)));
        }
        if let Some(found) = jpeg_found {
            let map = found.map(&raster, &tiles);
            prop_assert!(map.cells.iter().all(|v| (0.0..=1.0).contains(v)));
            prop_assert!(found.quality().is_none_or(|q| (1.0..=100.0).contains(&q)));
        }
        if let Some(found) = resolution_found {
            // As documented: blocks of repeated pixels may be larger than what interpolation is found at.
            let most = if found.repeated { 32.01 } else { 4.61 };
            prop_assert!(found.factor.iter().all(|f| (1.0..most).contains(f)));
        }
    }
}
