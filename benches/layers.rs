//! One kind of layer at a time, on one thread: what each kernel reaches on maps that stay in the cache.
//!
//! `cargo bench -p upwise-engine --bench layers`; `elem/s` are multiply-adds per second, counted directly:
//! Winograd's may exceed the processor's peak, which the bench `roofline` measures.

#![allow(missing_docs)]

mod support;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use support::{chain, passes};
use upwise_engine::network::Activation;

const SIDE: usize = 96;
/// Enough that reading the picture and writing the result do not count.
const LAYERS: usize = 8;

fn layers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("layers");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    let (none, leaky) = (Activation::Identity, Activation::LeakyRelu(0.2));
    for (name, channels, copies, kernel, activation) in [
        ("3x3-64", 64, 1, 3, &none),
        ("3x3-48", 48, 1, 3, &none),
        ("3x3-32", 32, 1, 3, &none),
        ("3x3-16", 16, 1, 3, &none),
        ("3x3-8", 8, 1, 3, &none),
        ("3x3-64-leaky", 64, 1, 3, &leaky),
        ("3x3-48-silu", 48, 1, 3, &Activation::Silu),
        ("3x3-192-to-64", 64, 3, 3, &none),
        ("1x1-192-to-48", 48, 4, 1, &none),
        ("5x5-32", 32, 1, 5, &none),
    ] {
        let network = chain(LAYERS, channels, copies, kernel, activation);
        passes(&mut group, name, &network, SIDE, 1);
    }
    group.finish();
}

criterion_group!(benches, layers);
criterion_main!(benches);
