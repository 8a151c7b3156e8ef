//! Networks built from weight files, run by the plain reference and compared with PyTorch's output.
//!
//! What passes here is right in every respect but speed: names, shapes, merged branches, hyper-parameters.

mod support;

use std::path::Path;

use support::data;
use support::golden::Golden;
use support::reference;
use upwise_engine::Model;
use upwise_engine::network::{Family, ReceptiveRadius};

fn open(path: &Path) -> Model {
    Model::open(path).unwrap_or_else(|e| panic!("{e}"))
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
fn same_network(model: &Model, file: &str) {
    let Some(path) = data::shared(&format!("interop/{file}")) else {
        return;
    };
    let mut network = open(&path).network().clone();
    for (op, expected) in network.ops.iter_mut().zip(&model.network().ops) {
        // Convolutions are named as in the file.
        if let (upwise_engine::network::Op::Conv(a), upwise_engine::network::Op::Conv(b)) =
            (op, expected)
        {
            a.name.clone_from(&b.name);
        }
    }
    assert!(network == *model.network(), "{file} is another network");
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
    same_network(&model, "realesr-general-x4v3.pth");
}

#[test]
fn compact_anime() {
    let Some(model) = interop("realesr-animevideov3.safetensors", "realesr-animevideov3") else {
        return;
    };
    assert_eq!(model.info().receptive_radius, ReceptiveRadius::Pixels(18));
    same_network(&model, "realesr-animevideov3.pth");
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
        same_network(&model, file);
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
        for part in [file, key, "Compact", "SPAN", "ESRGAN", "RLFN"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
