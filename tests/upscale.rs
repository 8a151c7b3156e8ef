//! Whole enlargements: any target from a network of one factor, progress, and stopping.

mod support;

use std::ops::ControlFlow;
use std::sync::Mutex;
use support::data;
use support::engine::options;
use upwise_engine::{
    Engine, Error, Filter, Image, Isa, Light, Method, Model, Resample, Target, Upscaler,
};

/// The committed x2 Compact network.
fn doubler(tile: Option<usize>) -> Upscaler {
    let model = Model::open(&data::committed("compact-8x2-x2.safetensors")).expect("a model");
    let options = options(Isa::detect(), 2, tile);
    Upscaler::new(Method::Network(
        Engine::new(&model, &options).expect("an engine"),
    ))
}

fn picture(width: usize, height: usize) -> Image {
    let data = (0..width * height * 3)
        .map(|i| (i % 17) as f32 / 16.0)
        .collect();
    Image::new(width, height, 3, data).expect("a picture")
}

fn network_of(upscaler: &Upscaler) -> &Engine {
    match upscaler.method() {
        Method::Network(engine) => engine,
        Method::Filter(_) => panic!("no network"),
    }
}

fn resampled(image: &Image, width: usize, height: usize) -> Image {
    let rows = Box::new(image.rows());
    let mut resample =
        Resample::new(rows, width, height, Filter::Lanczos, Light::Linear).expect("a resample");
    Image::read(&mut resample).expect("a picture")
}

#[test]
fn the_network_runs_at_its_own_factor_only() {
    let upscaler = doubler(None);
    let engine = network_of(&upscaler);
    let small = picture(21, 13);
    let twice = engine.run(&small, None).expect("a picture");
    let four_times = engine.run(&twice, None).expect("a picture");
    for (scale, passes, expected) in [
        (2.0, 1, twice.clone()),
        // Less than its factor: enlarged, then shrunk. More: another pass first.
        (1.0, 1, resampled(&twice, 21, 13)),
        (1.5, 1, resampled(&twice, 32, 20)),
        (3.0, 2, resampled(&four_times, 63, 39)),
        (4.0, 2, four_times.clone()),
    ] {
        let target = Target::Scale(scale);
        let estimate = upscaler.estimate(21, 13, &target).expect("an estimate");
        assert_eq!(estimate.passes, passes, "x{scale}");
        let output = upscaler.image(&small, &target, None).expect("a picture");
        assert_eq!(
            (output.width(), output.height()),
            (estimate.width, estimate.height)
        );
        assert!(output == expected, "x{scale}");
    }
    let estimate = upscaler
        .estimate(21, 13, &Target::Scale(8.0))
        .expect("an estimate");
    assert_eq!(estimate.passes, 3);
    // Three passes over 21x13, 42x26 and 84x52 pixels.
    let pixels = 21.0 * 13.0 * (1.0 + 4.0 + 16.0);
    assert_eq!(estimate.macs, pixels * engine.info().macs_per_pixel as f64);
}

#[test]
fn progress_rises_to_the_end() {
    for tile in [None, Some(16)] {
        let upscaler = doubler(tile);
        let seen = Mutex::new(Vec::new());
        let observer = |share: f64| {
            seen.lock().expect("no panic").push(share);
            ControlFlow::Continue(())
        };
        upscaler
            .image(&picture(70, 50), &Target::Scale(4.0), Some(&observer))
            .expect("a picture");
        let seen = seen.into_inner().expect("no panic");
        assert!(seen.len() >= 2 && seen.is_sorted(), "{seen:?}");
        assert!((seen.last().unwrap() - 1.0).abs() < 1e-6, "{seen:?}");
    }
}

#[test]
fn breaking_stops_the_work() {
    let upscaler = doubler(Some(16));
    let calls = Mutex::new(0);
    let observer = |_: f64| {
        *calls.lock().expect("no panic") += 1;
        ControlFlow::Break(())
    };
    let error = upscaler
        .image(&picture(70, 50), &Target::Scale(2.0), Some(&observer))
        .expect_err("stopped");
    assert!(matches!(error, Error::Cancelled));
    assert_eq!(*calls.lock().expect("no panic"), 1);
}

#[test]
fn errors_of_the_source_come_through() {
    struct Torn;
    impl upwise_engine::Rows for Torn {
        fn width(&self) -> usize {
            8
        }
        fn height(&self) -> usize {
            8
        }
        fn channels(&self) -> usize {
            3
        }
        fn next_row(&mut self, _: &mut [f32]) -> upwise_engine::Result<()> {
            Err(Error::Source("torn.png ends early".into()))
        }
    }
    for tile in [None, Some(4)] {
        let upscaler = doubler(tile);
        let mut rows = upscaler.rows(Box::new(Torn), (16, 16), None).expect("rows");
        let error = rows.next_row(&mut [0.0; 48]).expect_err("torn");
        assert_eq!(error.to_string(), "torn.png ends early");
        assert!(rows.next_row(&mut [0.0; 48]).is_err(), "rows are missing");
    }
    let grey = Image::new(2, 2, 1, vec![0.5; 4]).expect("a picture");
    let error = doubler(None)
        .image(&grey, &Target::Scale(2.0), None)
        .expect_err("channels");
    assert!(
        error.to_string().contains("3 channels, the picture has 1"),
        "{error}"
    );
}

#[test]
fn filters_need_no_network() {
    let pixels = Image::new(2, 1, 1, vec![0.25, 0.75]).expect("a picture");
    let upscaler = Upscaler::new(Method::Filter(Filter::Nearest));
    let output = upscaler
        .image(&pixels, &Target::Scale(2.0), None)
        .expect("a picture");
    let row = [0.25, 0.25, 0.75, 0.75];
    assert_eq!(
        output,
        Image::new(4, 2, 1, [row, row].concat()).expect("a picture")
    );
}
