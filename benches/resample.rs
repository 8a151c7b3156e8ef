//! Resizing a picture by filter, in both kinds of light.
//!
//! `cargo bench -p upwise-engine --bench resample`; `elem/s` are pixels of the result per second.

#![allow(missing_docs)]

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::picture;
use upwise_engine::{Filter, Image, Light, Resample};

const SIDE: usize = 512;

fn resample(criterion: &mut Criterion) {
    let image = picture(SIDE, SIDE, 3);
    let mut group = criterion.benchmark_group("resample");
    group.sample_size(20);
    for (to, side) in [("half", SIDE / 2), ("double", SIDE * 2)] {
        group.throughput(Throughput::Elements((side * side) as u64));
        for filter in [Filter::Nearest, Filter::Bicubic, Filter::Lanczos] {
            for light in [Light::Linear, Light::Encoded] {
                let id = BenchmarkId::new(to, format!("{filter:?}-{light:?}").to_lowercase());
                group.bench_function(id, |b| {
                    b.iter(|| {
                        let rows = Box::new(image.rows());
                        let mut rows = Resample::new(rows, side, side, filter, light)?;
                        Image::read(&mut rows)
                    });
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, resample);
criterion_main!(benches);
