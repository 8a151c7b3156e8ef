//! Random small networks on every instruction set against the f64 reference: sizes, channels, kernels,
//! strides, concatenation, activations, merges, shuffles and cuts as they come.

mod support;

use proptest::prelude::*;
use support::engine::{arithmetics, image, map, options, run};
use support::noise::Noise;
use support::reference::{self, Map};
use upwise_engine::network::{
    Activation, Conv, Family, INPUT, Input, Merge, ModelInfo, Network, Op, Output, ReceptiveRadius,
    Slot,
};
use upwise_engine::{Engine, EngineOptions, Isa, Precision};

/// A network under construction.
struct Sketch {
    noise: Noise,
    slots: Vec<Slot>,
    ops: Vec<Op>,
}

impl Sketch {
    fn new(seed: u64, channels: usize) -> Sketch {
        Sketch {
            noise: Noise(seed),
            slots: vec![Slot { channels }],
            ops: Vec::new(),
        }
    }

    fn slot(&mut self, channels: usize) -> usize {
        self.slots.push(Slot { channels });
        self.slots.len() - 1
    }

    /// A `kernel` x `kernel` convolution of `inputs`; its output keeps the size unless `stride` is 2.
    fn conv(
        &mut self,
        inputs: &[usize],
        outputs: usize,
        (kernel, stride): (usize, usize),
        activation: Activation,
        merges: Vec<Merge>,
    ) -> usize {
        let channels: usize = inputs.iter().map(|&s| self.slots[s].channels).sum();
        let fan = channels * kernel * kernel;
        let output = self.slot(outputs);
        let weight = self.noise.many(outputs * fan, (3.0 / fan as f32).sqrt());
        self.ops.push(Op::Conv(Conv {
            name: format!("conv{output}"),
            inputs: inputs.to_vec(),
            output,
            kernel,
            stride,
            padding: if stride == 1 { kernel / 2 } else { 0 },
            weight,
            bias: self.noise.many(outputs, 0.5),
            activation,
            merges,
        }));
        output
    }

    fn finish(self, slot: usize, (shuffle, skip): (usize, bool), scale: usize) -> Network {
        let channels = self.slots[INPUT].channels;
        let outputs = self.slots[slot].channels / (shuffle * shuffle);
        Network {
            info: ModelInfo {
                family: Family::Compact,
                scale,
                in_channels: channels,
                out_channels: outputs,
                parameters: 0,
                macs_per_pixel: 1,
                receptive_radius: ReceptiveRadius::WholeImage,
                detail: String::new(),
            },
            input: Input {
                channels,
                multiple: 1,
                affine: None,
            },
            slots: self.slots,
            ops: self.ops,
            output: Output {
                slot,
                shuffle,
                skip,
            },
        }
    }
}

fn activation(kind: u8, noise: &mut Noise, outputs: usize) -> Activation {
    match kind {
        0 => Activation::Identity,
        1 => Activation::LeakyRelu(0.2),
        2 => Activation::PRelu(noise.many(outputs, 0.5)),
        _ => Activation::Silu,
    }
}

/// Runs on every instruction set and in every precision; bounds are relative to the largest output.
fn check(network: &Network, input: &Map) {
    let expected = reference::run(network, input);
    let peak = expected.data.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    for (isa, precision) in arithmetics() {
        let bound = match precision {
            // Sums of up to 1,900 products, rounded once more by Winograd's transforms. Of 9,000 runs one was off
            // by 2.1e-5, one in a hundred by more than 1.05e-5. The sigmoid meant for bf16 would be off by 2e-4.
            Precision::F32 => 4e-5,
            // Every factor is rounded by up to 2^-9 of itself, in up to four layers.
            Precision::Bf16 => 2e-2,
        };
        for threads in [1, 3] {
            let options = EngineOptions {
                precision,
                ..options(isa, threads, None)
            };
            let output = map(&run(network, &image(input), &options));
            assert_eq!(output.size(), expected.size());
            for (a, b) in output.data.iter().zip(&expected.data) {
                assert!(
                    (a - b).abs() <= bound * peak,
                    "{isa}, {precision}: {a} instead of {b}, peak {peak}"
                );
            }
        }
    }
}

fn input(seed: u64, channels: usize, width: usize, height: usize) -> Map {
    let values = Noise(seed ^ 0xabcd).many(channels * width * height, 1.0);
    // Through f32, as the engine sees it.
    Map::from_fn(channels, height, width, |c, y, x| {
        values[(c * height + y) * width + x].into()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two maps are concatenated and convolved; a third is merged in up to two ways.
    #[test]
    fn convolution_and_epilogue(
        seed: u64,
        (width, height) in (1usize..40, 1usize..24),
        (channels, more, outputs) in (1usize..70, 0usize..40, 1usize..100),
        kernel in prop::sample::select(vec![1usize, 3, 3, 3, 5]),
        kind in 0u8..4,
        merges in prop::collection::vec(0u8..3, 0..=2),
    ) {
        let mut net = Sketch::new(seed, 3);
        let a = net.conv(&[INPUT], channels, (3, 1), Activation::Identity, vec![]);
        let mut inputs = vec![a];
        if more > 0 {
            inputs.push(net.conv(&[INPUT], more, (1, 1), Activation::Silu, vec![]));
        }
        let other = net.conv(&[INPUT], outputs, (1, 1), Activation::Identity, vec![]);
        let act = activation(kind, &mut net.noise, outputs);
        let merges = merges
            .into_iter()
            .map(|kind| match kind {
                0 => Merge::Residual { slot: other, scale: 0.2 },
                1 => Merge::SpanAttention { slot: other },
                _ => Merge::Gate { slot: other },
            })
            .collect();
        let out = net.conv(&inputs, outputs, (kernel, 1), act, merges);
        check(&net.finish(out, (1, false), 1), &input(seed, 3, width, height));
    }

    /// Stride, pooling, bilinear resize back, nearest enlargement.
    #[test]
    fn pooling_and_resizing(
        seed: u64,
        (width, height) in (17usize..40, 17usize..32),
        channels in 1usize..40,
        factor in 1usize..4,
    ) {
        let mut net = Sketch::new(seed, 3);
        let a = net.conv(&[INPUT], channels, (3, 1), Activation::LeakyRelu(0.0), vec![]);
        let half = net.conv(&[a], channels, (3, 2), Activation::Identity, vec![]);
        let pooled = net.slot(channels);
        net.ops.push(Op::MaxPool { input: half, output: pooled, kernel: 7, stride: 3 });
        let back = net.slot(channels);
        net.ops.push(Op::Bilinear { input: pooled, output: back, like: a });
        let gate = vec![Merge::Gate { slot: back }];
        let b = net.conv(&[a], channels, (1, 1), Activation::Identity, gate);
        let big = net.slot(channels);
        net.ops.push(Op::Nearest { input: b, output: big, factor });
        let out = net.conv(&[big], 3, (3, 1), Activation::Identity, vec![]);
        check(&net.finish(out, (1, false), factor), &input(seed, 3, width, height));
    }

    /// A stride whose pixels come back by a shuffle.
    #[test]
    fn strides_and_shuffles(
        seed: u64,
        (width, height) in (1usize..20, 1usize..16),
        channels in 1usize..60,
    ) {
        let mut net = Sketch::new(seed, 3);
        let a = net.conv(&[INPUT], channels, (3, 1), Activation::LeakyRelu(0.1), vec![]);
        let half = net.conv(&[a], channels, (3, 2), Activation::LeakyRelu(0.1), vec![]);
        if let Some(Op::Conv(conv)) = net.ops.last_mut() {
            conv.padding = 1;
        }
        let out = net.conv(&[half], 12, (3, 1), Activation::Identity, vec![]);
        check(&net.finish(out, (2, false), 1), &input(seed, 3, 2 * width, 2 * height));
    }

    /// Space to depth, depth to space, and Compact's skip.
    #[test]
    fn shuffles(
        seed: u64,
        (width, height) in (1usize..12, 1usize..12),
        factor in 1usize..5,
        channels in 1usize..5,
        skip: bool,
    ) {
        let mut net = Sketch::new(seed, channels);
        let out = if skip {
            let a = net.conv(&[INPUT], 24, (3, 1), Activation::Silu, vec![]);
            net.conv(&[a], channels * factor * factor, (3, 1), Activation::Identity, vec![])
        } else {
            let out = net.slot(channels * factor * factor);
            net.ops.push(Op::PixelUnshuffle { input: INPUT, output: out, factor });
            out
        };
        let scale = if skip { factor } else { 1 };
        let sides = if skip { (width, height) } else { (width * factor, height * factor) };
        let input = input(seed, channels, sides.0, sides.1);
        let network = net.finish(out, (factor, skip), scale);
        check(&network, &input);
        if !skip {
            // Unshuffled and shuffled back: the very same numbers.
            let output = run(&network, &image(&input), &options(Isa::detect(), 2, None));
            prop_assert_eq!(output, image(&input));
        }
    }

    /// Down to a map of a lower resolution and up again, with what was there before added.
    #[test]
    fn folds_and_unfolds(
        seed: u64,
        (width, height) in (1usize..30, 1usize..12),
        (channels, inner) in (1usize..40, 1usize..40),
        factor in 1usize..4,
    ) {
        let mut net = Sketch::new(seed, 3);
        let a = net.conv(&[INPUT], channels, (3, 1), Activation::LeakyRelu(0.0), vec![]);
        let low = net.slot(channels * factor * factor);
        net.ops.push(Op::PixelUnshuffle { input: a, output: low, factor });
        let b = net.conv(&[low], inner, (3, 1), Activation::LeakyRelu(0.0), vec![]);
        let many = net.conv(&[b], channels * factor * factor, (1, 1), Activation::Identity, vec![]);
        let high = net.slot(channels);
        net.ops.push(Op::DepthToSpace { input: many, output: high, factor });
        let skip = vec![Merge::Residual { slot: a, scale: 1.0 }];
        let c = net.conv(&[high], channels, (3, 1), Activation::LeakyRelu(0.0), skip);
        let out = net.conv(&[c], 3, (3, 1), Activation::Identity, vec![]);
        let network = net.finish(out, (1, false), 1);
        check(&network, &input(seed, 3, width * factor, height * factor));
    }

    /// Any tile and any number of threads gives the bits of the whole image.
    #[test]
    fn tiles_of_random_chains(
        seed: u64,
        (width, height) in (20usize..90, 20usize..90),
        channels in prop::sample::select(vec![16usize, 24, 33, 48]),
        layers in 1usize..4,
        tile in 1usize..40,
    ) {
        let mut net = Sketch::new(seed, 3);
        let mut last = net.conv(&[INPUT], channels, (3, 1), Activation::LeakyRelu(0.1), vec![]);
        for _ in 0..layers {
            let merges = vec![Merge::SpanAttention { slot: last }];
            last = net.conv(&[last], channels, (3, 1), Activation::Silu, merges);
        }
        let out = net.conv(&[last], 12, (3, 1), Activation::Identity, vec![]);
        let network = net.finish(out, (2, true), 2);
        let input = image(&input(seed, 3, width, height));
        for (isa, precision) in arithmetics() {
            let options = |threads, tile| EngineOptions { precision, ..options(isa, threads, tile) };
            let whole = run(&network, &input, &options(1, None));
            let engine = Engine::from_network(&network, &options(3, Some(tile))).unwrap();
            prop_assert!(engine.tiling(width, height).unwrap().exact);
            prop_assert!(engine.run(&input, None).unwrap() == whole);
        }
    }
}

/// A network is public data: what is wrong with it must be said, and must never reach a kernel.
#[test]
fn malformed_networks_are_refused() {
    let good = || {
        let mut net = Sketch::new(1, 3);
        let a = net.conv(&[INPUT], 16, (3, 1), Activation::Silu, vec![]);
        let out = net.conv(&[a], 12, (3, 1), Activation::Identity, vec![]);
        net.finish(out, (2, true), 2)
    };
    fn conv(network: &mut Network, index: usize) -> &mut Conv {
        match &mut network.ops[index] {
            Op::Conv(conv) => conv,
            _ => unreachable!("the sketch has convolutions only"),
        }
    }
    let engine =
        |network: &Network| Engine::from_network(network, &options(Isa::detect(), 1, None));
    assert!(engine(&good()).is_ok());
    type Damage = fn(&mut Network);
    let breaks: [(&str, Damage); 14] = [
        ("unknown slot", |n| conv(n, 1).inputs = vec![9]),
        ("read before written", |n| conv(n, 0).inputs = vec![2]),
        ("written twice", |n| conv(n, 1).output = 1),
        ("input overwritten", |n| conv(n, 0).output = INPUT),
        ("no inputs", |n| conv(n, 1).inputs.clear()),
        ("short weights", |n| conv(n, 1).weight.truncate(1)),
        ("short bias", |n| conv(n, 1).bias.truncate(1)),
        ("kernel too large", |n| conv(n, 1).kernel = 1000),
        ("stride zero", |n| conv(n, 1).stride = 0),
        ("slopes", |n| {
            conv(n, 1).activation = Activation::PRelu(vec![0.1; 3])
        }),
        ("merge of another shape", |n| {
            conv(n, 1).merges = vec![Merge::Gate { slot: 1 }]
        }),
        ("shuffle that does not divide", |n| n.output.shuffle = 5),
        ("scale that is not reached", |n| n.info.scale = 4),
        ("affine of another length", |n| {
            n.input.affine = Some(vec![(1.0, 0.0)])
        }),
    ];
    for (what, damage) in breaks {
        let mut network = good();
        damage(&mut network);
        assert!(engine(&network).is_err(), "{what}");
    }
    // A stride makes the output smaller than the scale says; only the image size tells.
    let mut network = good();
    conv(&mut network, 1).stride = 2;
    let picture = image(&input(1, 3, 8, 8));
    assert!(
        engine(&network)
            .and_then(|e| e.run(&picture, None))
            .is_err()
    );
}
