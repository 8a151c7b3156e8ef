//! The processor's peak: f32 multiply-adds per second with nothing else to do.
//!
//! A direct convolution cannot be faster than this, so it is what the engine's speed is measured against.
//! Every thread runs independent chains of fused multiply-adds on registers: enough chains to hide the
//! instruction's latency (4 cycles, two per cycle: at least 8), few enough to stay in registers. All
//! threads run at once, because cores that work slow each other's clocks down.
//!
//! `cargo bench -p upwise-engine --bench roofline`, or `-- --json` for one line of JSON. It is not a
//! criterion bench because the best of a few short bursts is wanted, not an average.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

/// Independent accumulators.
const CHAINS: usize = 12;
/// Steps of all chains in a burst: about a twentieth of a second.
const STEPS: u64 = 20_000_000;
/// Bursts of which the best counts.
const BURSTS: usize = 5;

/// Something that multiplies and adds.
#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    lanes: usize,
    run: fn(u64) -> f32,
}

/// A chain that multiplies by `FACTOR` and adds `TERM` stays near 1.
const FACTOR: f32 = 0.5;
const TERM: f32 = 0.5;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{CHAINS, FACTOR, TERM, Unit, black_box};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f")]
    fn avx512(steps: u64) -> f32 {
        let (factor, term) = (_mm512_set1_ps(black_box(FACTOR)), _mm512_set1_ps(TERM));
        let mut sums = [_mm512_set1_ps(black_box(1.0)); CHAINS];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, factor, term);
            }
        }
        sums.into_iter().map(|sum| _mm512_reduce_add_ps(sum)).sum()
    }

    #[target_feature(enable = "avx2,fma")]
    fn avx2(steps: u64) -> f32 {
        let (factor, term) = (_mm256_set1_ps(black_box(FACTOR)), _mm256_set1_ps(TERM));
        let mut sums = [_mm256_set1_ps(black_box(1.0)); CHAINS];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, factor, term);
            }
        }
        sums.into_iter().map(|sum| _mm256_cvtss_f32(sum)).sum()
    }

    /// What every x86-64 processor has and plain builds are limited to: four lanes, and a multiplication and an
    /// addition for each multiply-add. The engine's `portable` kernels compile to these.
    fn sse2(steps: u64) -> f32 {
        let (factor, term) = (black_box(FACTOR), TERM);
        // SAFETY: SSE2 is part of x86-64.
        unsafe {
            let (factor, term) = (_mm_set1_ps(factor), _mm_set1_ps(term));
            let mut sums = [_mm_set1_ps(black_box(1.0)); CHAINS];
            for _ in 0..steps {
                for sum in &mut sums {
                    *sum = _mm_add_ps(_mm_mul_ps(*sum, factor), term);
                }
            }
            sums.into_iter().map(|sum| _mm_cvtss_f32(sum)).sum()
        }
    }

    /// Fastest first.
    pub fn units() -> Vec<Unit> {
        let mut units = Vec::new();
        if is_x86_feature_detected!("avx512f") {
            units.push(Unit {
                name: "avx512",
                lanes: 16,
                // SAFETY: the processor has AVX-512F, as was just asked.
                run: |steps| unsafe { avx512(steps) },
            });
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            units.push(Unit {
                name: "avx2",
                lanes: 8,
                // SAFETY: the processor has AVX2 and FMA, as was just asked.
                run: |steps| unsafe { avx2(steps) },
            });
        }
        units.push(Unit {
            name: "portable",
            lanes: 4,
            run: sse2,
        });
        units
    }
}

/// What the build's target guarantees, where multiply-add is an instruction of it.
#[cfg(not(target_arch = "x86_64"))]
fn portable(steps: u64) -> f32 {
    let (factor, term) = (black_box(FACTOR), black_box(TERM));
    let mut sums = [[black_box(1.0f32); 4]; CHAINS];
    for _ in 0..steps {
        for sum in sums.iter_mut().flatten() {
            *sum = sum.mul_add(factor, term);
        }
    }
    sums.iter().flatten().sum()
}

fn units() -> Vec<Unit> {
    #[cfg(target_arch = "x86_64")]
    return x86::units();
    #[cfg(not(target_arch = "x86_64"))]
    vec![Unit {
        name: "portable",
        lanes: 4,
        run: portable,
    }]
}

/// Multiply-adds per second of `threads` threads together, the best of a few bursts.
fn peak(unit: Unit, threads: usize, steps: u64) -> f64 {
    let start = Barrier::new(threads);
    let burst = || {
        start.wait();
        let begun = Instant::now();
        black_box((unit.run)(black_box(steps)));
        begun.elapsed().as_secs_f64()
    };
    let macs = (threads * CHAINS * unit.lanes) as f64 * steps as f64;
    (0..BURSTS)
        .map(|_| {
            std::thread::scope(|scope| {
                let running: Vec<_> = (0..threads).map(|_| scope.spawn(burst)).collect();
                let seconds = running.into_iter().map(|t| t.join().expect("a burst"));
                macs / seconds.fold(0.0, f64::max)
            })
        })
        .fold(0.0, f64::max)
}

fn main() {
    let given = |flag: &str| std::env::args().any(|a| a == flag);
    let steps = if given("--test") { 1000 } else { STEPS };
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut counts = vec![1, 2, all];
    counts.retain(|&threads| threads <= all);
    counts.dedup();
    let mut lines = Vec::new();
    for unit in units() {
        for &threads in &counts {
            let gmac_per_s = peak(unit, threads, steps) / 1e9;
            let isa = unit.name;
            lines.push(if given("--json") {
                format!(r#"{{"isa":"{isa}","threads":{threads},"gmac_per_s":{gmac_per_s:.2}}}"#)
            } else {
                format!("{isa:8} {threads:3} threads  {gmac_per_s:8.1} GMAC/s")
            });
        }
    }
    if given("--json") {
        println!("[{}]", lines.join(","));
    } else {
        println!("{}", lines.join("\n"));
    }
}
