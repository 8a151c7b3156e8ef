//! Networks built from weight files, run by the plain reference and compared with PyTorch's output.
//!
//! What passes here is right in every respect but speed: names, shapes, merged branches, hyper-parameters.

mod support;

use std::path::Path;

use support::data;
use support::golden::Golden;
use support::reference::{self, Map};
use upwise_engine::Model;
use upwise_engine::network::{Family, Op, ReceptiveRadius};

fn open(path: &Path) -> Model {
    Model::open(path).unwrap_or_else(|e| panic!("{e}"))
}

/// Runs a network that `goldens/make.py` made.
fn committed(name: &str) -> Model {
    let model = open(&data::committed(&format!("{name}.safetensors")));
    let golden = Golden::open(&data::committed(&format!("{name}.golden.safetensors")));
    let output = reference::run(model.network(), &golden.input);
    golden.check(&output, name);
    model
}

/// Runs `interop/FILE` against `interop/GOLDEN.golden.safetensors`.
fn interop(file: &str, golden: &str) -> Option<Model> {
    let weights = data::shared(&format!("interop/{file}"))?;
    let golden = data::shared(&format!("interop/{golden}.golden.safetensors"))?;
    let model = open(&weights);
    let golden = Golden::open(&golden);
    let output = reference::run(model.network(), &golden.input);
    golden.check(&output, file);
    Some(model)
}

/// Another file of the same network must give the same network, number for number.
fn same_network(model: &Model, path: &Path) {
    let mut network = open(path).network().clone();
    for (op, expected) in network.ops.iter_mut().zip(&model.network().ops) {
        // Convolutions are named as in the file.
        if let (Op::Conv(a), Op::Conv(b)) = (op, expected) {
            a.name.clone_from(&b.name);
        }
    }
    assert!(network == *model.network(), "{}", path.display());
}

#[test]
fn small_compact_networks() {
    for (name, scale, channels, detail) in [
        ("compact-8x2-x2", 2, 3, "8 features, 4 convolutions"),
        ("compact-4x1-x3-grey", 3, 1, "4 features, 3 convolutions"),
        ("compact-6x2-x1-rgba", 1, 4, "6 features, 4 convolutions"),
        ("compact-4x1-x2-relu", 2, 3, "4 features, 3 convolutions"),
        (
            "compact-4x1-x2-leakyrelu",
            2,
            3,
            "4 features, 3 convolutions",
        ),
    ] {
        let model = committed(name);
        let info = model.info();
        assert_eq!(
            (info.family, info.scale),
            (Family::Compact, scale),
            "{name}"
        );
        let image = (info.in_channels, info.out_channels);
        assert_eq!(image, (channels, channels), "{name}");
        assert_eq!(info.detail, detail);
    }
}

#[test]
fn small_span_networks() {
    for (name, scale, features, detail) in [
        ("span-6-x2", 2, 6, "6 features, 2 blocks"),
        ("span-5-x3-slim", 3, 5, "5 features, 3 blocks"),
    ] {
        let info = committed(name).info().clone();
        assert_eq!((info.family, info.scale), (Family::Span, scale), "{name}");
        assert_eq!(info.detail, detail);
        // As it runs: 3x3 convolutions only, however they were trained.
        let blocks = if features == 6 { 2 } else { 3 };
        let conv = |i: usize, o: usize, k: usize| (i * o * k * k, o);
        let parts = [
            conv(3, features, 3),
            conv(4 * features, features, 1),
            conv(features, 3 * scale * scale, 3),
        ];
        let inner = [conv(features, features, 3)].repeat(3 * blocks + 1);
        let all = parts.iter().chain(&inner);
        let (weights, biases) = all.fold((0, 0), |(w, b), part| (w + part.0, b + part.1));
        assert_eq!(info.macs_per_pixel, weights as u64, "{name}");
        assert_eq!(info.parameters, weights + biases, "{name}");
    }
}

#[test]
fn small_rrdb_networks() {
    let model = committed("rrdb-8-x4");
    let info = model.info();
    assert_eq!((info.family, info.scale), (Family::Esrgan, 4));
    // 1 + 15 + 1 at input resolution. The first of four output pixels then sees: conv_last and conv_hr
    // two to the left, conv_up2 one more, which is -3 on the fourfold map and -2 (floor) on the twofold;
    // conv_up1 -3, which is -2 on the input's.
    assert_eq!(info.receptive_radius, ReceptiveRadius::Pixels(17 + 2));
    let dense = (8 + 12 + 16 + 20) * 4 * 9 + 24 * 8 * 9;
    let low = 3 * 8 * 9 + 3 * dense + 8 * 8 * 9;
    let high = 4 * 8 * 8 * 9 + 16 * (2 * 8 * 8 * 9 + 8 * 3 * 9);
    assert_eq!(info.macs_per_pixel, low + high);

    let model = committed("rrdb-6-x2");
    assert_eq!(model.info().scale, 2);
    assert_eq!(model.network().input.multiple, 2);
}

#[test]
fn small_rlfn_network() {
    let model = committed("rlfn-6-x2");
    assert_eq!(model.info().receptive_radius, ReceptiveRadius::WholeImage);
    assert_eq!(model.info().scale, 2);
}

#[test]
fn small_drunet_network() {
    let model = committed("drunet-4");
    let info = model.info();
    assert_eq!((info.family, info.scale), (Family::Drunet, 1));
    assert_eq!((info.in_channels, info.out_channels), (3, 3));
    assert_eq!(
        info.detail,
        "4-6-5-8 features, 2 blocks a level, told a noise of sigma 15"
    );
    // Two convolutions a block, eight at each level but the lowest, which has four; nothing has biases.
    let blocks = 9 * (8 * (4 * 4 + 6 * 6 + 5 * 5) + 4 * 8 * 8);
    let between = 2 * 4 * (4 * 6 + 6 * 5 + 5 * 8);
    assert_eq!(info.parameters, 9 * (4 * 4 + 4 * 3) + blocks + between);
    assert_eq!(model.network().input.multiple, 8);
}

/// The stated radius is exact: changing one input pixel changes output up to there and no farther.
#[test]
fn receptive_radius_is_what_a_changed_pixel_reaches() {
    for name in [
        "compact-4x1-x3-grey",
        "span-5-x3-slim",
        "rrdb-8-x4",
        "rrdb-6-x2",
        "drunet-4",
    ] {
        let model = open(&data::committed(&format!("{name}.safetensors")));
        let network = model.network();
        let ReceptiveRadius::Pixels(radius) = model.info().receptive_radius else {
            panic!("{name} looks at the whole image");
        };
        let (scale, multiple) = (model.info().scale, network.input.multiple);
        let side = (2 * radius + 6).next_multiple_of(multiple);
        let channels = network.input.channels;
        let image = Map::from_fn(channels, 8, side, |c, y, x| {
            ((c + 3 * y + 7 * x) % 5) as f64 / 4.0
        });
        let before = reference::run(network, &image);
        let mut farthest = 0;
        for phase in 0..multiple {
            let at = (radius + 2).next_multiple_of(multiple) + phase;
            let mut changed = image.clone();
            // Large, so that rounding does not swallow what arrives at the rim.
            changed.data[4 * side + at] += 1e9;
            let after = reference::run(network, &changed);
            for (i, (a, b)) in before.data.iter().zip(&after.data).enumerate() {
                if a != b {
                    farthest = farthest.max((i % before.width / scale).abs_diff(at));
                }
            }
        }
        assert_eq!(farthest, radius, "{name}");
    }
}

#[test]
fn every_container_gives_the_same_network() {
    let model = committed("compact-8x2-x2");
    for file in ["compact-8x2-x2.pth", "compact-8x2-x2-legacy.pth"] {
        same_network(&model, &data::committed(file));
    }
}

#[test]
fn compact_general() {
    let Some(model) = interop("realesr-general-x4v3.safetensors", "realesr-general-x4v3") else {
        return;
    };
    let info = model.info();
    assert_eq!((info.family, info.scale), (Family::Compact, 4));
    assert_eq!((info.in_channels, info.out_channels), (3, 3));
    // 34 convolutions of radius 1.
    assert_eq!(info.receptive_radius, ReceptiveRadius::Pixels(34));
    let macs = 3 * 64 * 9 + 32 * 64 * 64 * 9 + 64 * 48 * 9;
    assert_eq!(info.macs_per_pixel, macs);
    // Weights, biases and slopes: the file's own tensors, nothing merged.
    assert_eq!(info.parameters as u64, macs + 33 * 64 + 48 + 33 * 64);
    if let Some(path) = data::shared("interop/realesr-general-x4v3.pth") {
        same_network(&model, &path);
    }
}

#[test]
fn compact_anime() {
    let Some(model) = interop("realesr-animevideov3.safetensors", "realesr-animevideov3") else {
        return;
    };
    assert_eq!(model.info().receptive_radius, ReceptiveRadius::Pixels(18));
    if let Some(path) = data::shared("interop/realesr-animevideov3.pth") {
        same_network(&model, &path);
    }
}

#[test]
fn span_slim() {
    let Some(model) = interop("span-x4-ch28.pth", "span-x4-ch28") else {
        return;
    };
    let info = model.info();
    assert_eq!((info.family, info.scale), (Family::Span, 4));
    // conv_1, six blocks of three, conv_2, upsampler.
    assert_eq!(info.receptive_radius, ReceptiveRadius::Pixels(21));
}

#[test]
fn span_training_form_ignores_the_stored_eval_conv() {
    interop("span-tiny-x2.safetensors", "span-tiny-x2");
}

#[test]
fn span_without_normalisation() {
    interop("span-tiny-x4-no-norm.safetensors", "span-tiny-x4-no-norm");
}

#[test]
fn rlfn() {
    let Some(model) = interop("rlfn-x4.pth", "rlfn-x4") else {
        return;
    };
    let info = model.info();
    assert_eq!((info.family, info.scale), (Family::Rlfn, 4));
    assert_eq!(info.receptive_radius, ReceptiveRadius::WholeImage);
    // ESA's strided 3x3 leaves 7 of 15 pixels, which its pool needs.
    assert_eq!(model.network().minimum_side(), 15);
    interop("rlfn-s-x2.pth", "rlfn-s-x2");
}

#[test]
fn rrdb_in_every_key_style() {
    let Some(model) = interop("rrdb-tiny-x4.safetensors", "rrdb-tiny-x4") else {
        return;
    };
    let info = model.info();
    assert_eq!((info.family, info.scale), (Family::Esrgan, 4));
    for file in [
        "rrdb-tiny-x4.pth",
        "rrdb-tiny-x4-oldkeys.pth",
        "rrdb-tiny-x4-bsrgan.pth",
        "rrdb-tiny-x4-legacy.pth",
    ] {
        if let Some(path) = data::shared(&format!("interop/{file}")) {
            same_network(&model, &path);
        }
    }
}

#[test]
fn rrdb_with_pixel_unshuffle() {
    for (scale, unshuffle) in [(1, 4), (2, 2)] {
        let name = format!("rrdb-tiny-x{scale}");
        let Some(model) = interop(&format!("{name}.safetensors"), &name) else {
            return;
        };
        assert_eq!(model.info().scale, scale);
        assert_eq!(model.network().input.multiple, unshuffle);
    }
}

#[test]
fn other_networks_are_refused_by_name() {
    for (file, key) in [
        ("rfdn-x4.pth", "B1.c1_d"),
        ("dncnn-gray-sigma25.pth", "model.0.weight"),
    ] {
        let Some(path) = data::shared(&format!("interop/{file}")) else {
            return;
        };
        let error = Model::open(&path).unwrap_err();
        assert!(matches!(error, upwise_engine::Error::Unsupported { .. }));
        let text = error.to_string();
        for part in [file, key, "Compact", "SPAN", "ESRGAN", "RLFN", "DRUNet"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
