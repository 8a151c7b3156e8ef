//! Whole networks at 256 x 256 pixels, on all processors and every instruction set of this machine.
//!
//! `cargo bench -p upwise-engine --bench networks`; `elem/s` are multiply-adds per second.

#![allow(missing_docs)]

mod support;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use support::{compact, passes, rrdb, span};
use upwise_engine::EngineOptions;

const SIDE: usize = 256;

fn networks(criterion: &mut Criterion) {
    let threads = EngineOptions::default().threads;
    let mut group = criterion.benchmark_group("networks");
    // A pass takes long beside the clock's resolution: few samples of one pass are enough.
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for (name, model) in [
        ("compact-64x16", compact(64, 16)),
        ("compact-48x9", compact(48, 9)),
        ("compact-32x16", compact(32, 16)),
        ("span-48", span(48)),
        ("rrdb-3x64-32", rrdb(3)),
    ] {
        passes(&mut group, name, model.network(), SIDE, threads);
    }
    group.finish();
}

criterion_group!(benches, networks);
criterion_main!(benches);
