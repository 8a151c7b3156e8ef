//! Networks with random weights, and how they are timed. A bench takes what it needs.
#![allow(dead_code)]

#[path = "../../tests/support/noise.rs"]
mod noise;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Throughput};
use noise::Noise;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use upwise_engine::network::{
    Activation, Conv, Family, INPUT, Input, ModelInfo, Network, Op, Output, ReceptiveRadius, Slot,
};
use upwise_engine::weights::StateDict;
use upwise_engine::{Engine, EngineOptions, Image, Isa, Model};

/// A checkpoint under construction, in the key style of its family.
#[derive(Default)]
struct Checkpoint(Vec<(String, Vec<usize>)>);

impl Checkpoint {
    fn tensor(&mut self, name: &str, shape: &[usize]) {
        self.0.push((name.into(), shape.into()));
    }

    fn conv(&mut self, name: &str, inside: usize, out: usize, kernel: usize) {
        self.tensor(&format!("{name}.weight"), &[out, inside, kernel, kernel]);
        self.tensor(&format!("{name}.bias"), &[out]);
    }

    /// Fills the tensors and reads them back as a model, as from a file.
    fn model(self) -> Model {
        let mut noise = Noise(1);
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = self
            .0
            .into_iter()
            .map(|(name, shape)| {
                let fan: usize = shape[1..].iter().product();
                // Variance of outputs as of inputs, so that no activation runs off.
                let values = noise.many(shape.iter().product(), (3.0 / fan as f32).sqrt());
                let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                (name, shape, bytes)
            })
            .collect();
        let views = tensors.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor");
            (name, view)
        });
        let file = safetensors::serialize(views, None).expect("a file");
        let dict = StateDict::from_bytes("bench", file).expect("a state dict");
        Model::from_state_dict(&dict).expect("a known network")
    }
}

/// Compact for a factor of four; `depth` convolutions stand between the first and the last.
pub fn compact(features: usize, depth: usize) -> Model {
    let mut file = Checkpoint::default();
    for i in 0..=depth {
        let inside = if i == 0 { 3 } else { features };
        file.conv(&format!("body.{}", 2 * i), inside, features, 3);
        file.tensor(&format!("body.{}.weight", 2 * i + 1), &[features]);
    }
    file.conv(&format!("body.{}", 2 * depth + 2), features, 48, 3);
    file.model()
}

/// SPAN of six blocks for a factor of four, branches merged.
pub fn span(features: usize) -> Model {
    let mut file = Checkpoint::default();
    file.conv("conv_1.eval_conv", 3, features, 3);
    for block in 1..=6 {
        for i in 1..=3 {
            let name = format!("block_{block}.c{i}_r.eval_conv");
            file.conv(&name, features, features, 3);
        }
    }
    file.conv("conv_2.eval_conv", features, features, 3);
    file.conv("conv_cat", 4 * features, features, 1);
    file.conv("upsampler.0", features, 48, 3);
    file.model()
}

/// ESRGAN's generator for a factor of four, 64 features and growth 32.
pub fn rrdb(blocks: usize) -> Model {
    let (features, growth) = (64, 32);
    let mut file = Checkpoint::default();
    file.conv("conv_first", 3, features, 3);
    for block in 0..blocks {
        for dense in 1..=3 {
            for i in 1..=5 {
                let out = if i == 5 { features } else { growth };
                let name = format!("body.{block}.rdb{dense}.conv{i}");
                file.conv(&name, features + (i - 1) * growth, out, 3);
            }
        }
    }
    for name in ["conv_body", "conv_up1", "conv_up2", "conv_hr"] {
        file.conv(name, features, features, 3);
    }
    file.conv("conv_last", features, 3, 3);
    file.model()
}

/// `layers` equal convolutions one after the other on maps of `channels`. Each reads the map before it
/// `copies` times, as one that concatenates `copies` maps would.
pub fn chain(
    layers: usize,
    channels: usize,
    copies: usize,
    kernel: usize,
    activation: &Activation,
) -> Network {
    let mut noise = Noise(2);
    let fan = channels * copies * kernel * kernel;
    let ops: Vec<Op> = (0..layers)
        .map(|i| {
            Op::Conv(Conv {
                name: format!("conv{i}"),
                inputs: vec![INPUT + i; copies],
                output: INPUT + i + 1,
                kernel,
                stride: 1,
                padding: kernel / 2,
                weight: noise.many(channels * fan, (3.0 / fan as f32).sqrt()),
                bias: noise.many(channels, 0.1),
                activation: activation.clone(),
                merges: Vec::new(),
            })
        })
        .collect();
    Network {
        info: ModelInfo {
            family: Family::Compact,
            scale: 1,
            in_channels: channels,
            out_channels: channels,
            parameters: layers * channels * (fan + 1),
            macs_per_pixel: (layers * channels * fan) as u64,
            receptive_radius: ReceptiveRadius::Pixels(layers * (kernel / 2)),
            detail: String::new(),
        },
        input: Input {
            channels,
            multiple: 1,
            affine: None,
        },
        slots: vec![Slot { channels }; layers + 1],
        ops,
        output: Output {
            slot: layers,
            shuffle: 1,
            skip: false,
        },
    }
}

/// Noise in [0, 1).
pub fn picture(width: usize, height: usize, channels: usize) -> Image {
    let mut noise = Noise(3);
    let data = (0..width * height * channels)
        .map(|_| noise.next() / 2.0 + 0.5)
        .collect();
    Image::new(width, height, channels, data).expect("a picture")
}

/// Times passes of `network` over `side` x `side` pixels on every instruction set of this machine. The
/// throughput is multiply-adds, counted directly.
pub fn passes(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    network: &Network,
    side: usize,
    threads: usize,
) {
    let input = picture(side, side, network.info.in_channels);
    let macs = network.info.macs_per_pixel * (side * side) as u64;
    group.throughput(Throughput::Elements(macs));
    for isa in Isa::available() {
        let options = EngineOptions {
            isa,
            threads,
            ..EngineOptions::default()
        };
        let engine = Engine::from_network(network, &options).expect("an engine");
        group.bench_function(BenchmarkId::new(name, isa), |b| {
            let mut result = None;
            b.iter(|| {
                let spent = result.take();
                result = Some(engine.run_reusing(&input, None, spent).expect("an output"));
            });
        });
    }
}
