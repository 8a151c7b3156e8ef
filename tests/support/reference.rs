//! A network run the plain way: f64, one loop per dimension, nothing fused, nothing clever.
//!
//! This is the oracle for the engine's own kernels. It shares the description of the network with them
//! and nothing else.

use rayon::prelude::*;
use upwise_engine::network::{Activation, Conv, INPUT, Merge, Network, Op};

/// A feature map, `[channels][height][width]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub data: Vec<f64>,
}

impl Map {
    pub fn new(channels: usize, height: usize, width: usize, data: Vec<f64>) -> Map {
        assert_eq!(data.len(), channels * height * width);
        Map {
            channels,
            height,
            width,
            data,
        }
    }

    /// A map of `f(channel, y, x)`.
    pub fn from_fn(
        channels: usize,
        height: usize,
        width: usize,
        f: impl Fn(usize, usize, usize) -> f64 + Sync,
    ) -> Map {
        let mut data = vec![0.0; channels * height * width];
        if !data.is_empty() {
            let planes = data.par_chunks_mut(height * width).enumerate();
            planes.for_each(|(c, plane)| {
                for (i, value) in plane.iter_mut().enumerate() {
                    *value = f(c, i / width, i % width);
                }
            });
        }
        Map::new(channels, height, width, data)
    }

    pub fn size(&self) -> (usize, usize, usize) {
        (self.channels, self.height, self.width)
    }

    pub fn at(&self, c: usize, y: usize, x: usize) -> f64 {
        self.data[(c * self.height + y) * self.width + x]
    }

    fn plane(&self, c: usize) -> &[f64] {
        let pixels = self.height * self.width;
        &self.data[c * pixels..][..pixels]
    }
}

/// The network's output for an image of `network.input.channels`.
///
/// Sides that are no multiple of `network.input.multiple`, or too short for the network's windows, are
/// the caller's mistake: mirroring is not this function's subject.
pub fn run(network: &Network, image: &Map) -> Map {
    assert_eq!(image.channels, network.input.channels);
    assert_eq!(image.height % network.input.multiple, 0);
    assert_eq!(image.width % network.input.multiple, 0);
    let mut slots: Vec<Option<Map>> = vec![None; network.slots.len()];
    slots[INPUT] = Some(match &network.input.affine {
        Some(affine) => Map::from_fn(image.channels, image.height, image.width, |c, y, x| {
            let (scale, offset) = affine[c];
            image.at(c, y, x) * f64::from(scale) + f64::from(offset)
        }),
        None => image.clone(),
    });
    for op in &network.ops {
        let get = |slot: &usize| {
            slots[*slot]
                .as_ref()
                .expect("a slot is written before it is read")
        };
        let made = match op {
            Op::Conv(conv) => {
                let inputs: Vec<_> = conv.inputs.iter().map(get).collect();
                let merges: Vec<_> = conv.merges.iter().map(|m| (m, get(&m.slot()))).collect();
                finish(convolve(conv, &inputs), conv, &merges)
            }
            Op::PixelUnshuffle { input, factor, .. } => unshuffle(get(input), *factor),
            Op::DepthToSpace { input, factor, .. } => depth_to_space(get(input), *factor),
            Op::Nearest { input, factor, .. } => nearest(get(input), *factor),
            Op::MaxPool {
                input,
                kernel,
                stride,
                ..
            } => max_pool(get(input), *kernel, *stride),
            Op::Bilinear { input, like, .. } => bilinear(get(input), get(like)),
        };
        let slot = op.output();
        assert_eq!(made.channels, network.slots[slot].channels);
        assert!(slots[slot].is_none(), "slot {slot} is written twice");
        slots[slot] = Some(made);
    }

    let last = slots[network.output.slot]
        .as_ref()
        .expect("the output slot is written");
    let shuffled = shuffle(last, network.output.shuffle);
    if !network.output.skip {
        return shuffled;
    }
    let skip = nearest(image, shuffled.height / image.height);
    let sum = shuffled.data.iter().zip(&skip.data).map(|(a, b)| a + b);
    let data = sum.collect();
    Map { data, ..shuffled }
}

fn convolve(conv: &Conv, inputs: &[&Map]) -> Map {
    let (k, stride, pad) = (conv.kernel, conv.stride, conv.padding);
    let channels: usize = inputs.iter().map(|map| map.channels).sum();
    let out = conv.bias.len();
    assert_eq!(conv.weight.len(), out * channels * k * k);
    let (h, w) = (inputs[0].height, inputs[0].width);
    assert!(inputs.iter().all(|m| (m.height, m.width) == (h, w)));
    let height = (h + 2 * pad - k) / stride + 1;
    let width = (w + 2 * pad - k) / stride + 1;
    let mut data = vec![0.0; out * height * width];
    data.par_chunks_mut(height * width)
        .enumerate()
        .for_each(|(o, plane)| {
            plane.fill(conv.bias[o].into());
            let planes = inputs
                .iter()
                .flat_map(|map| (0..map.channels).map(|c| map.plane(c)));
            for (c, source) in planes.enumerate() {
                for ky in 0..k {
                    for kx in 0..k {
                        let weight = conv.weight[((o * channels + c) * k + ky) * k + kx].into();
                        tap(plane, width, source, (h, w), (ky, kx), stride, pad, weight);
                    }
                }
            }
        });
    Map::new(out, height, width, data)
}

/// Adds `weight` times the source, seen through one tap of the kernel, to every output pixel.
#[allow(clippy::too_many_arguments)]
fn tap(
    plane: &mut [f64],
    width: usize,
    source: &[f64],
    (h, w): (usize, usize),
    (ky, kx): (usize, usize),
    stride: usize,
    pad: usize,
    weight: f64,
) {
    for (y, row) in plane.chunks_mut(width).enumerate() {
        let Some(sy) = (y * stride + ky).checked_sub(pad).filter(|sy| *sy < h) else {
            continue;
        };
        let from = &source[sy * w..][..w];
        for (x, value) in row.iter_mut().enumerate() {
            if let Some(sx) = (x * stride + kx).checked_sub(pad).filter(|sx| *sx < w) {
                *value += weight * from[sx];
            }
        }
    }
}

fn sigmoid(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}

/// Activation, then merges in order.
fn finish(map: Map, conv: &Conv, merges: &[(&Merge, &Map)]) -> Map {
    for (_, other) in merges {
        assert_eq!(other.size(), map.size());
    }
    Map::from_fn(map.channels, map.height, map.width, |c, y, x| {
        let v = map.at(c, y, x);
        let leaky = |slope: f32| v.max(0.0) + f64::from(slope) * v.min(0.0);
        let activated = match &conv.activation {
            Activation::Identity => v,
            Activation::LeakyRelu(slope) => leaky(*slope),
            Activation::PRelu(slopes) => leaky(slopes[c]),
            Activation::Silu => v * sigmoid(v),
        };
        merges.iter().fold(activated, |v, (merge, other)| {
            let other = other.at(c, y, x);
            match merge {
                Merge::Residual { scale, .. } => v * f64::from(*scale) + other,
                Merge::SpanAttention { .. } => (v + other) * (sigmoid(v) - 0.5),
                Merge::Gate { .. } => other * sigmoid(v),
            }
        })
    })
}

fn unshuffle(map: &Map, f: usize) -> Map {
    let (channels, height, width) = (map.channels * f * f, map.height / f, map.width / f);
    Map::from_fn(channels, height, width, |c, y, x| {
        let (dy, dx) = (c / f % f, c % f);
        map.at(c / (f * f), y * f + dy, x * f + dx)
    })
}

fn shuffle(map: &Map, f: usize) -> Map {
    let (channels, height, width) = (map.channels / (f * f), map.height * f, map.width * f);
    Map::from_fn(channels, height, width, |c, y, x| {
        map.at((c * f + y % f) * f + x % f, y / f, x / f)
    })
}

fn depth_to_space(map: &Map, f: usize) -> Map {
    let (channels, height, width) = (map.channels / (f * f), map.height * f, map.width * f);
    Map::from_fn(channels, height, width, |c, y, x| {
        map.at((y % f * f + x % f) * channels + c, y / f, x / f)
    })
}

fn nearest(map: &Map, f: usize) -> Map {
    Map::from_fn(map.channels, map.height * f, map.width * f, |c, y, x| {
        map.at(c, y / f, x / f)
    })
}

fn max_pool(map: &Map, kernel: usize, stride: usize) -> Map {
    let height = (map.height - kernel) / stride + 1;
    let width = (map.width - kernel) / stride + 1;
    Map::from_fn(map.channels, height, width, |c, y, x| {
        let mut best = f64::NEG_INFINITY;
        for dy in 0..kernel {
            for dx in 0..kernel {
                best = best.max(map.at(c, y * stride + dy, x * stride + dx));
            }
        }
        best
    })
}

/// PyTorch's `interpolate(mode="bilinear", align_corners=False)`: pixel centres, clamped at the low edge
/// before and at the high edge after the split into cell and fraction.
fn bilinear(map: &Map, like: &Map) -> Map {
    let cell = |i: usize, from: usize, to: usize| {
        let at = ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0);
        let low = (at as usize).min(from - 1);
        (low, (low + 1).min(from - 1), at - low as f64)
    };
    Map::from_fn(map.channels, like.height, like.width, |c, y, x| {
        let (y0, y1, fy) = cell(y, map.height, like.height);
        let (x0, x1, fx) = cell(x, map.width, like.width);
        let top = map.at(c, y0, x0) * (1.0 - fx) + map.at(c, y0, x1) * fx;
        let bottom = map.at(c, y1, x0) * (1.0 - fx) + map.at(c, y1, x1) * fx;
        top * (1.0 - fy) + bottom * fy
    })
}
