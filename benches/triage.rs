//! Looking at a picture: all measures and the decision, without decoding.
//!
//! `cargo bench -p upwise-analyzer --bench triage`; `elem/s` are pixels of the picture per second. The picture is drawn: bodies
//! with shading and outlines, texture on half of them, and the noise of a camera, so that no measure has less to do than in a
//! photograph.

#![allow(missing_docs)]

#[path = "../tests/support/noise.rs"]
mod noise;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use noise::Noise;
use upwise_analyzer::{FileFacts, Raster, Samples, analyze};

/// Side of a body in pixels, and the deviation of the noise in levels.
const BODY: usize = 90;
const SIGMA: f32 = 2.0;

fn picture(width: usize, height: usize) -> Vec<u8> {
    let mut noise = Noise(7);
    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (column, row) = (x / BODY, y / BODY);
            let (u, v) = (
                (x % BODY) as f32 / BODY as f32 - 0.5,
                (y % BODY) as f32 / BODY as f32 - 0.5,
            );
            let inside = u * u + v * v < 0.14;
            let shade = if inside {
                150.0 - 90.0 * (u + v)
            } else {
                70.0 + 40.0 * v
            };
            let is_textured = (column + row) % 2 == 0;
            let texture = if inside && is_textured {
                18.0 * (0.9 * x as f32).sin() * (0.7 * y as f32).cos()
            } else {
                0.0
            };
            let tint = ((column * 7 + row * 5) % 9) as f32 * 6.0 - 24.0;
            // Uniform noise of the same deviation.
            let grain = noise.many(3, SIGMA * 3.0f32.sqrt());
            let level = shade + texture;
            let colours = [level + tint, level, level - tint];
            data.extend(
                colours
                    .iter()
                    .zip(&grain)
                    .map(|(v, n)| (v + n).round().clamp(0.0, 255.0) as u8),
            );
        }
    }
    data
}

fn triage(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("triage");
    group.sample_size(20);
    for (width, height) in [(500, 500), (1000, 1000), (6000, 4000)] {
        let data = picture(width, height);
        let raster = Raster::new(width, height, 3, Samples::U8(&data)).expect("a picture");
        group.throughput(Throughput::Elements((width * height) as u64));
        group.bench_function(
            BenchmarkId::from_parameter(format!("{width}x{height}")),
            |b| {
                b.iter(|| analyze(&raster, &FileFacts::default()));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, triage);
criterion_main!(benches);
