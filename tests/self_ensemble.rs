//! Self-ensemble against the mean of eight pictures that are turned here, and against itself when it is cut.

mod support;

use support::data;
use support::engine::{arithmetics, options, run};
use upwise_engine::{EngineOptions, Image, Isa, Model, Precision};

/// Turns a picture by a quarter, counter-clockwise.
fn quarter(image: &Image) -> Image {
    let (width, height, channels) = (image.width(), image.height(), image.channels());
    let mut data = Vec::new();
    for x in (0..width).rev() {
        for y in 0..height {
            data.extend_from_slice(&image.row(y)[x * channels..][..channels]);
        }
    }
    Image::new(height, width, channels, data).expect("a picture")
}

/// Upside down.
fn flipped(image: &Image) -> Image {
    let rows = (0..image.height()).rev().flat_map(|y| image.row(y));
    Image::new(
        image.width(),
        image.height(),
        image.channels(),
        rows.copied().collect(),
    )
    .expect("a picture")
}

fn noise(width: usize, height: usize, channels: usize) -> Image {
    let mut seed = 5u32;
    let samples = (0..width * height * channels).map(|_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 24) as f32
    });
    Image::new(width, height, channels, samples.collect()).expect("a picture")
}

fn ensemble(options: EngineOptions) -> EngineOptions {
    EngineOptions {
        self_ensemble: true,
        ..options
    }
}

/// Chains, dense blocks, attention, a network that reads blocks of 2x2, one of four resolutions, one of grey.
const MODELS: [&str; 6] = [
    "compact-8x2-x2",
    "compact-4x1-x3-grey",
    "drunet-4",
    "rrdb-6-x2",
    "span-6-x2",
    "rlfn-6-x2",
];

fn open(name: &str) -> Model {
    let path = data::committed(&format!("{name}.safetensors"));
    Model::open(&path).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn it_is_the_mean_of_eight_orientations() {
    for name in MODELS {
        let model = open(name);
        let once = options(Isa::detect(), 2, None);
        let input = noise(45, 32, model.info().in_channels);
        let mut mean: Vec<f64> = Vec::new();
        for turns in 0..4 {
            for flip in [false, true] {
                let mut turned = if flip { flipped(&input) } else { input.clone() };
                for _ in 0..turns {
                    turned = quarter(&turned);
                }
                let mut output = run(model.network(), &turned, &once);
                for _ in turns..4 {
                    output = quarter(&output);
                }
                if flip {
                    output = flipped(&output);
                }
                mean.resize(output.data().len(), 0.0);
                for (mean, value) in mean.iter_mut().zip(output.data()) {
                    *mean += f64::from(*value) / 8.0;
                }
            }
        }
        let upright = run(model.network(), &input, &once);
        let output = run(model.network(), &input, &ensemble(once));
        assert_eq!(
            (output.width(), output.height()),
            (upright.width(), upright.height())
        );
        let worst = |image: &Image| {
            let pairs = image.data().iter().zip(&mean);
            pairs.fold(0.0f64, |worst, (a, b)| worst.max((f64::from(*a) - b).abs()))
        };
        let peak = mean.iter().fold(0.0f64, |peak, v| peak.max(v.abs()));
        assert!(
            worst(&output) < 1e-6 * peak,
            "{name}: off by {}",
            worst(&output)
        );
        // Otherwise nothing would have been shown.
        assert!(worst(&upright) > 1e-3 * peak, "{name}: {}", worst(&upright));
    }
}

#[test]
fn tiles_threads_and_memory_change_no_bit() {
    for name in MODELS {
        let model = open(name);
        // No multiples of the grid of kernels, so that mirrored tiles begin elsewhere on it.
        let input = noise(100, 83, model.info().in_channels);
        for (isa, precision) in arithmetics() {
            let options = |threads, tile| {
                let options = ensemble(options(isa, threads, tile));
                EngineOptions {
                    precision,
                    ..options
                }
            };
            let whole = run(model.network(), &input, &options(1, None));
            let tiled = options(2, Some(24));
            let engine = upwise_engine::Engine::new(&model, &tiled).expect("an engine");
            let tiling = engine.tiling(100, 83).expect("a tiling");
            assert!(tiling.tiles > 1, "{name}: {tiling:?}");
            if !tiling.exact {
                let far = ["rlfn-6-x2", "drunet-4"];
                assert!(far.contains(&name), "{name} does not look that far");
                continue;
            }
            let tiled = engine.run(&input, None).expect("an output");
            assert!(
                whole == tiled,
                "{name} on {isa}, {precision}: tiles or threads show"
            );
        }
    }
    // What is held counts: the output of a band, and the maps of the taller orientation.
    let model = open("compact-8x2-x2");
    let engine = |max_memory, self_ensemble| {
        let options = EngineOptions {
            max_memory,
            self_ensemble,
            precision: Precision::F32,
            ..EngineOptions::default()
        };
        upwise_engine::Engine::new(&model, &options).expect("an engine")
    };
    let plain = engine(None, false).tiling(600, 2000).expect("a tiling");
    let all = engine(None, true).tiling(600, 2000).expect("a tiling");
    let output = 600 * 2 * 2000 * 2 * 3 * 4;
    assert_eq!((plain.tiles, all.tiles), (1, 1));
    assert!(all.memory_bytes >= plain.memory_bytes + output, "{all:?}");
    let tight = engine(Some(all.memory_bytes / 2), true);
    let tight = tight.tiling(600, 2000).expect("a tiling");
    assert!(
        tight.tiles > 1 && tight.memory_bytes <= all.memory_bytes / 2,
        "{tight:?}"
    );
}
