//! The engine against PyTorch's goldens and against itself: every instruction set, tiled and whole, one
//! thread and several.

mod support;

use support::data;
use support::engine::{arithmetics, image, map, options, run};
use support::golden::Golden;
use upwise_engine::network::ReceptiveRadius;
use upwise_engine::{Engine, EngineOptions, Image, Isa, Model, Precision};

/// Every checkpoint with a golden: weights, golden.
const INTEROP: [(&str, &str); 16] = [
    ("realesr-general-x4v3.safetensors", "realesr-general-x4v3"),
    ("realesr-general-x4v3.pth", "realesr-general-x4v3"),
    ("realesr-animevideov3.safetensors", "realesr-animevideov3"),
    ("realesr-animevideov3.pth", "realesr-animevideov3"),
    ("span-x4-ch28.pth", "span-x4-ch28"),
    ("span-tiny-x2.safetensors", "span-tiny-x2"),
    ("span-tiny-x4-no-norm.safetensors", "span-tiny-x4-no-norm"),
    ("rlfn-x4.pth", "rlfn-x4"),
    ("rlfn-s-x2.pth", "rlfn-s-x2"),
    ("rrdb-tiny-x1.safetensors", "rrdb-tiny-x1"),
    ("rrdb-tiny-x2.safetensors", "rrdb-tiny-x2"),
    ("rrdb-tiny-x4.safetensors", "rrdb-tiny-x4"),
    ("rrdb-tiny-x4.pth", "rrdb-tiny-x4"),
    ("rrdb-tiny-x4-oldkeys.pth", "rrdb-tiny-x4"),
    ("rrdb-tiny-x4-bsrgan.pth", "rrdb-tiny-x4"),
    ("rrdb-tiny-x4-legacy.pth", "rrdb-tiny-x4"),
];

fn open(file: &str) -> Option<Model> {
    let path = data::shared(&format!("interop/{file}"))?;
    Some(Model::open(&path).unwrap_or_else(|e| panic!("{e}")))
}

/// The small networks that the repository carries.
const COMMITTED: [&str; 10] = [
    "compact-4x1-x2-leakyrelu",
    "compact-4x1-x2-relu",
    "compact-4x1-x3-grey",
    "compact-6x2-x1-rgba",
    "compact-8x2-x2",
    "drunet-4",
    "rlfn-6-x2",
    "rrdb-6-x2",
    "rrdb-8-x4",
    "span-6-x2",
];

#[test]
fn committed_goldens_on_every_instruction_set() {
    for name in COMMITTED {
        let path = data::committed(&format!("{name}.safetensors"));
        let model = Model::open(&path).unwrap_or_else(|e| panic!("{e}"));
        let golden = Golden::open(&data::committed(&format!("{name}.golden.safetensors")));
        for isa in Isa::available() {
            let output = run(
                model.network(),
                &image(&golden.input),
                &options(isa, 2, None),
            );
            golden.check(&map(&output), &format!("{name} on {isa}"));
        }
    }
}

#[test]
fn goldens_on_every_instruction_set() {
    for (file, golden) in INTEROP {
        let Some(model) = open(file) else { return };
        let Some(path) = data::shared(&format!("interop/{golden}.golden.safetensors")) else {
            return;
        };
        let golden = Golden::open(&path);
        for isa in Isa::available() {
            let output = run(
                model.network(),
                &image(&golden.input),
                &options(isa, 2, None),
            );
            golden.check(&map(&output), &format!("{file} on {isa}"));
        }
    }
}

/// A picture with edges, ramps and noise: tile errors show anywhere.
fn picture(width: usize, height: usize, channels: usize) -> Image {
    let mut seed = 7u32;
    let data = (0..width * height * channels)
        .map(|i| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (i / channels % width, i / channels / width);
            let ramp = (x + 2 * y) as f32 / (width + 2 * height) as f32;
            let edge = f32::from(u8::from((x / 7 + y / 5) % 2 == 0)) * 0.3;
            (ramp * 0.5 + edge + (seed >> 24) as f32 / 1280.0).min(1.0)
        })
        .collect();
    Image::new(width, height, channels, data).expect("a picture")
}

#[test]
fn tiles_and_threads_change_no_bit() {
    for (file, tile) in [
        ("realesr-animevideov3.safetensors", 64),
        ("span-tiny-x2.safetensors", 24),
        ("span-tiny-x4-no-norm.safetensors", 24),
        ("rrdb-tiny-x4.safetensors", 64),
        ("rrdb-tiny-x2.safetensors", 64),
    ] {
        let Some(model) = open(file) else { return };
        let network = model.network();
        for (isa, precision) in arithmetics()
            .into_iter()
            .filter(|&(isa, _)| isa != Isa::Portable || tile < 64)
        {
            let options = |threads, tile| EngineOptions {
                precision,
                ..options(isa, threads, tile)
            };
            let engine = Engine::new(&model, &options(2, Some(tile))).expect("an engine");
            let halo = engine.tiling(512, 512).expect("a tiling").halo;
            // No multiple of anything, and larger than a tile with its halo.
            let input = picture(tile + halo + 45, tile + halo + 31, network.input.channels);
            let tiling = engine
                .tiling(input.width(), input.height())
                .expect("a tiling");
            assert!(tiling.tiles > 1, "{file}: {tiling:?}");
            let tiled = engine.run(&input, None).expect("an output");
            let whole = run(network, &input, &options(1, None));
            if tiling.exact {
                assert!(
                    whole == tiled,
                    "{file} on {isa}, {precision}: tiles or threads show"
                );
                continue;
            }
            // Where the halo covers the receptive radius, nothing but rounding may differ; beyond it a
            // quarter of an eight-bit step.
            let ReceptiveRadius::Pixels(radius) = network.info.receptive_radius else {
                continue;
            };
            let bound = match precision {
                Precision::F32 if radius <= halo => 2e-5,
                // Numbers that lie between two bf16 are rounded to either.
                Precision::Bf16 if radius <= halo => 2e-4,
                _ => 1e-3,
            };
            let worst = (whole.data().iter().zip(tiled.data()))
                .fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs()));
            assert!(
                worst < bound,
                "{file} on {isa}, {precision}: tiles differ by {worst}"
            );
        }
    }
}

/// What bf16 may cost where it is allowed, on everything that ships and on the community's models.
#[test]
fn bf16_stays_within_45_decibels_of_f32() {
    let options = options(Isa::detect(), 2, None);
    let coarse = EngineOptions {
        precision: Precision::Bf16,
        ..options.clone()
    };
    if let Err(e) = coarse.precision.check(coarse.isa) {
        println!("skipped: {e}");
        return;
    }
    let shipped = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../weights"));
    let shipped = shipped.expect("the weights").map(|entry| {
        let path = entry.expect("an entry").path();
        let is_model = path.extension().is_some_and(|e| e == "safetensors");
        is_model.then(|| Model::open(&path).unwrap_or_else(|e| panic!("{e}")))
    });
    let community = INTEROP.iter().map(|(file, _)| open(file));
    let mut models = 0;
    for model in shipped.chain(community).flatten() {
        let input = picture(120, 96, model.info().in_channels);
        let exact = run(model.network(), &input, &options);
        let rounded = run(model.network(), &input, &coarse);
        assert!(
            exact != rounded,
            "{}: bf16 was not used",
            model.info().detail
        );
        let squares = exact.data().iter().zip(rounded.data());
        let squares =
            squares.map(|(a, b)| f64::from(a.clamp(0.0, 1.0) - b.clamp(0.0, 1.0)).powi(2));
        let mean = squares.sum::<f64>() / exact.data().len() as f64;
        let decibels = -10.0 * mean.log10();
        println!(
            "{:?} {}: {decibels:.1} dB",
            model.info().family,
            model.info().detail
        );
        assert!(decibels >= 45.0, "{decibels:.1} dB");
        models += 1;
    }
    assert!(models >= 11, "{models} models");
}

/// Results go into an earlier result's memory where that has room, whatever it held, and change no bit.
#[test]
fn a_spent_result_gives_its_memory() {
    let path = data::committed("compact-8x2-x2.safetensors");
    let model = Model::open(&path).unwrap_or_else(|e| panic!("{e}"));
    let engine = Engine::new(&model, &options(Isa::detect(), 2, None)).expect("an engine");
    let input = picture(61, 47, 3);
    let fresh = engine.run(&input, None).expect("an output");
    let spent = |width, height| {
        let data = vec![f32::NAN; width * height * 3];
        Image::new(width, height, 3, data).expect("a picture")
    };
    for (width, height) in [(122, 94), (400, 300), (1, 1)] {
        let old = spent(width, height);
        let (room, at) = (old.data().len(), old.data().as_ptr());
        let result = engine
            .run_reusing(&input, None, Some(old))
            .expect("an output");
        assert!(result == fresh, "{width}x{height}");
        let reused = room >= fresh.data().len();
        assert_eq!(result.data().as_ptr() == at, reused, "{width}x{height}");
        // That malloc gave the same address for less would show here.
        let kept = result.into_data().capacity();
        assert_eq!(kept, room.max(fresh.data().len()), "{width}x{height}");
    }
    let tiled = Engine::new(&model, &options(Isa::detect(), 2, Some(24))).expect("an engine");
    let result = tiled.run_reusing(&input, None, Some(spent(400, 300)));
    assert!(result.expect("an output") == tiled.run(&input, None).expect("an output"));
}

#[test]
fn memory_limit_cuts_and_changes_no_bit() {
    let Some(model) = open("realesr-animevideov3.safetensors") else {
        return;
    };
    let (width, height) = (410, 390);
    let input = picture(width, height, 3);
    let whole = run(model.network(), &input, &options(Isa::detect(), 2, None));
    let mut last = u64::MAX;
    for mib in [64, 56, 48] {
        let options = EngineOptions {
            max_memory: Some(mib << 20),
            ..options(Isa::detect(), 2, None)
        };
        let engine = Engine::new(&model, &options).expect("an engine");
        let tiling = engine.tiling(width, height).expect("a tiling");
        assert!(tiling.tiles > 1 && tiling.exact, "{tiling:?}");
        assert!(
            tiling.memory_bytes <= mib << 20 && tiling.memory_bytes < last,
            "{tiling:?}"
        );
        last = tiling.memory_bytes;
        assert!(
            engine.run(&input, None).expect("an output") == whole,
            "{tiling:?}"
        );
    }
    let options = EngineOptions {
        max_memory: Some(100_000),
        ..EngineOptions::default()
    };
    let error = Engine::new(&model, &options)
        .expect("an engine")
        .tiling(width, height)
        .unwrap_err();
    assert!(
        error.to_string().contains("raise the memory limit"),
        "{error}"
    );
}
