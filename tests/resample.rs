//! The resampler against the definition: for every output pixel, a sum over all of the picture, in f64.

use std::f64::consts::PI;

use upwise_engine::{Error, Filter, Image, Light, Resample, Rows};

const FILTERS: [Filter; 3] = [Filter::Nearest, Filter::Bicubic, Filter::Lanczos];

/// A picture of noise in [0, 1] that depends on nothing but its size.
fn noise(width: usize, height: usize, channels: usize) -> Image {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let data = (0..width * height * channels).map(|_| next()).collect();
    Image::new(width, height, channels, data).unwrap()
}

fn resize(image: &Image, width: usize, height: usize, filter: Filter, light: Light) -> Image {
    let source = Box::new(image.rows());
    Image::read(&mut Resample::new(source, width, height, filter, light).unwrap()).unwrap()
}

fn kernel(filter: Filter, x: f64) -> f64 {
    let x = x.abs();
    match filter {
        Filter::Nearest => unreachable!(),
        Filter::Bicubic => match x {
            0.0..1.0 => 1.5 * x.powi(3) - 2.5 * x.powi(2) + 1.0,
            1.0..2.0 => -0.5 * x.powi(3) + 2.5 * x.powi(2) - 4.0 * x + 2.0,
            _ => 0.0,
        },
        Filter::Lanczos if x < 1e-12 => 1.0,
        Filter::Lanczos if x < 3.0 => {
            3.0 * (PI * x).sin() * (PI * x / 3.0).sin() / (PI * x).powi(2)
        }
        Filter::Lanczos => 0.0,
    }
}

/// Weights of all source pixels for one output pixel along an axis.
fn weights(filter: Filter, from: usize, to: usize, index: usize) -> Vec<f64> {
    if filter == Filter::Nearest || from == to {
        let pick = (index as f64 + 0.5) * from as f64 / to as f64;
        return (0..from)
            .map(|i| f64::from(u8::from(i == pick as usize)))
            .collect();
    }
    let scale = from as f64 / to as f64;
    let centre = (index as f64 + 0.5) * scale - 0.5;
    let raw: Vec<_> = (0..from)
        .map(|i| kernel(filter, (i as f64 - centre) / scale.max(1.0)))
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|w| w / sum).collect()
}

fn to_light(v: f64) -> f64 {
    let a = v.abs();
    let light = if a <= 0.04045 {
        a / 12.92
    } else {
        ((a + 0.055) / 1.055).powf(2.4)
    };
    light.copysign(v)
}

fn from_light(v: f64) -> f64 {
    let a = v.abs();
    let value = if a <= 0.0031308 {
        a * 12.92
    } else {
        1.055 * a.powf(1.0 / 2.4) - 0.055
    };
    value.copysign(v)
}

fn oracle(image: &Image, width: usize, height: usize, filter: Filter, light: Light) -> Vec<f64> {
    let channels = image.channels();
    let curved = |c: usize| {
        let alpha = matches!(channels, 2 | 4) && c + 1 == channels;
        light == Light::Linear && filter != Filter::Nearest && !alpha
    };
    let mut out = Vec::new();
    for y in 0..height {
        let rows = weights(filter, image.height(), height, y);
        for x in 0..width {
            let columns = weights(filter, image.width(), width, x);
            for c in 0..channels {
                let mut sum = 0.0;
                for (sy, wy) in rows.iter().enumerate() {
                    for (sx, wx) in columns.iter().enumerate() {
                        let v = f64::from(image.row(sy)[sx * channels + c]);
                        sum += wy * wx * if curved(c) { to_light(v) } else { v };
                    }
                }
                out.push(if curved(c) { from_light(sum) } else { sum });
            }
        }
    }
    out
}

#[test]
fn agrees_with_the_definition() {
    // Sides that grow, shrink and stay, in every combination; more rows than one batch.
    let sides = [
        (1, 1),
        (1, 6),
        (5, 1),
        (9, 9),
        (7, 23),
        (23, 7),
        (40, 41),
        (90, 37),
        (37, 90),
    ];
    for (i, (w, to_w)) in sides.into_iter().enumerate() {
        for (j, (h, to_h)) in sides.into_iter().enumerate() {
            let channels = 1 + (i + j) % 4;
            let filter = FILTERS[(i + 2 * j) % 3];
            let light = [Light::Linear, Light::Encoded][i % 2];
            let image = noise(w, h, channels);
            let ours = resize(&image, to_w, to_h, filter, light);
            let exact = match (w == to_w) && (h == to_h) {
                true => image.data().iter().map(|v| f64::from(*v)).collect(),
                false => oracle(&image, to_w, to_h, filter, light),
            };
            assert_eq!(ours.data().len(), exact.len());
            for (a, b) in ours.data().iter().zip(&exact) {
                // Near black the curve is steep, and an overshoot below zero may cross it there.
                let tolerance = if light == Light::Linear { 2e-5 } else { 2e-6 };
                assert!(
                    (f64::from(*a) - b).abs() < tolerance,
                    "{w}x{h} to {to_w}x{to_h}, {channels} channels, {filter:?} {light:?}: {a} for {b}"
                );
            }
        }
    }
}

#[test]
fn a_size_that_stays_passes_through_bit_for_bit() {
    let mut data = noise(5, 4, 3).data().to_vec();
    data[..4].copy_from_slice(&[-0.0, f32::NAN, 1e30, -7.5]);
    let bits: Vec<_> = data.iter().map(|v| v.to_bits()).collect();
    let image = Image::new(5, 4, 3, data).unwrap();
    for filter in FILTERS {
        for light in [Light::Linear, Light::Encoded] {
            let out = resize(&image, 5, 4, filter, light);
            assert!(
                out.data()
                    .iter()
                    .map(|v| v.to_bits())
                    .eq(bits.iter().copied())
            );
        }
    }
}

#[test]
fn a_constant_stays_itself() {
    for value in [0.0, 0.002, 0.2, 1.0, 1.7, -0.3] {
        for filter in FILTERS {
            for light in [Light::Linear, Light::Encoded] {
                for (w, h, to_w, to_h) in [
                    (6, 5, 17, 31),
                    (70, 80, 11, 9),
                    (3000, 2, 1, 3),
                    (2, 5000, 3, 1),
                ] {
                    let image = Image::new(w, h, 3, vec![value; w * h * 3]).unwrap();
                    for v in resize(&image, to_w, to_h, filter, light).data() {
                        assert!(
                            (v - value).abs() <= 2e-6,
                            "{value} became {v}: {filter:?} {light:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn nearest_repeats_and_picks_exactly() {
    let image = noise(5, 3, 3);
    let big = resize(&image, 20, 12, Filter::Nearest, Light::Linear);
    for y in 0..12 {
        for x in 0..20 {
            assert_eq!(big.row(y)[x * 3..][..3], image.row(y / 4)[x / 4 * 3..][..3]);
        }
    }
    let back = resize(&big, 5, 3, Filter::Nearest, Light::Linear);
    assert_eq!(back, image);
}

/// Black and white squares look like half the light, which sRGB writes as 188 of 255, not as 128.
#[test]
fn linear_light_keeps_the_brightness_of_a_checkerboard() {
    let side = 64;
    let data = (0..side * side)
        .map(|i| ((i / side + i) % 2) as f32)
        .collect();
    let board = Image::new(side, side, 1, data).unwrap();
    for filter in [Filter::Bicubic, Filter::Lanczos] {
        let mean = |light| {
            let small = resize(&board, 16, 16, filter, light);
            let inner = (3..13).flat_map(|y| small.row(y)[3..13].to_vec());
            inner.map(|v| f64::from(v) * 255.0).sum::<f64>() / 100.0
        };
        assert!(
            (mean(Light::Linear) - 187.516).abs() < 0.05,
            "{filter:?}: {}",
            mean(Light::Linear)
        );
        assert!((mean(Light::Encoded) - 127.5).abs() < 0.05, "{filter:?}");
    }
}

#[test]
fn huge_ratios() {
    let wide = noise(40_000, 3, 1);
    let mean = wide.data().iter().map(|v| f64::from(*v)).sum::<f64>() / wide.data().len() as f64;
    for filter in [Filter::Bicubic, Filter::Lanczos] {
        let dot = resize(&wide, 1, 1, filter, Light::Encoded);
        assert!((f64::from(dot.data()[0]) - mean).abs() < 0.02);
        let tall = Image::new(3, 40_000, 1, wide.data().to_vec()).unwrap();
        let exact = oracle(&tall, 1, 1, filter, Light::Encoded)[0];
        let dot = resize(&tall, 1, 1, filter, Light::Encoded);
        assert!((f64::from(dot.data()[0]) - exact).abs() < 2e-6);
        // One pixel to many: nothing to interpolate with.
        let pixel = Image::new(1, 1, 2, vec![0.25, 0.75]).unwrap();
        let tall = resize(&pixel, 3, 10_000, filter, Light::Encoded);
        assert!(tall.data().chunks(2).all(|p| p == [0.25, 0.75]));
    }
}

/// Counts how many rows are read before each row of the result.
struct Counted {
    image: Image,
    read: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Rows for Counted {
    fn width(&self) -> usize {
        self.image.width()
    }
    fn height(&self) -> usize {
        self.image.height()
    }
    fn channels(&self) -> usize {
        self.image.channels()
    }
    fn next_row(&mut self, row: &mut [f32]) -> upwise_engine::Result<()> {
        let y = self.read.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if y == 150 {
            return Err(Error::Source("the file ends here".into()));
        }
        row.copy_from_slice(self.image.row(y));
        Ok(())
    }
}

/// Rows are not read long before they are needed, and a failing source is reported, not papered over.
#[test]
fn rows_stream() {
    for (height, scale) in [(400, 2.0), (100, 0.5)] {
        let read = std::sync::Arc::default();
        let source = Counted {
            image: noise(8, 200, 1),
            read: std::sync::Arc::clone(&read),
        };
        let mut rows =
            Resample::new(Box::new(source), 9, height, Filter::Lanczos, Light::Linear).unwrap();
        let mut row = vec![0.0; 9];
        let error = (0..height).find_map(|y| {
            let result = rows.next_row(&mut row);
            let ahead = read.load(std::sync::atomic::Ordering::Relaxed) as f64 - y as f64 / scale;
            assert!(ahead < 80.0, "{ahead} rows ahead");
            result.err()
        });
        assert!(matches!(error, Some(Error::Source(_))));
    }
}

#[test]
fn misuse_is_an_error() {
    let image = noise(4, 4, 1);
    let make = |w, h| {
        let source = Box::new(image.rows());
        Resample::new(source, w, h, Filter::Bicubic, Light::Linear)
    };
    assert!(matches!(make(0, 4), Err(Error::Shape(_))));
    assert!(matches!(make(4, 0), Err(Error::Shape(_))));
    assert!(matches!(make(usize::MAX / 2, 4), Err(Error::Limits(_))));
    let mut rows = make(6, 2).unwrap();
    assert!(matches!(rows.next_row(&mut [0.0; 5]), Err(Error::Shape(_))));
    rows.next_row(&mut [0.0; 6]).unwrap();
    rows.next_row(&mut [0.0; 6]).unwrap();
    assert!(matches!(rows.next_row(&mut [0.0; 6]), Err(Error::Shape(_))));
}
