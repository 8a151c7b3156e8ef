//! `upwise bench`: how fast a network runs here.

use std::time::Instant;

use serde_json::json;
use upwise_engine::{Engine, Image};
use upwise_weights::Family;

use crate::args::bench::BenchArgs;
use crate::failure::Failure;
use crate::models::{self, Choice, Wish};
use crate::output::{print, print_json};
use crate::{explain, interrupt, memory, upscale};

/// The factor for which a family's model is taken.
const FACTOR: f64 = 4.0;

/// Runs the command.
pub fn run(args: &BenchArgs) -> Result<(), Failure> {
    let wish = Wish::new(args.run.model.as_deref(), &args.run.models)?;
    let found = match wish.choice(args.run.mode.tier(), Family::Photo, FACTOR) {
        Choice::Model(found) => found,
        Choice::Resampler(_) => {
            return Err(Failure::Usage(
                "bench times networks; name a model with --model".into(),
            ));
        }
    };
    let model = models::open(&found)?;
    let info = model.info();
    let (width, height) = args.size;
    let options = upscale::engine_options(&args.run, args.run.machine.max_memory())?;
    let engine = Engine::new(&model, &options).map_err(|e| Failure::engine(&found.name, e))?;
    let explanation = engine
        .explain(width, height)
        .map_err(|e| Failure::engine(&found.name, e))?;
    let picture = synthetic(width, height, info.in_channels)?;

    let mut seconds = Vec::new();
    let mut result = None;
    for run in 0..=args.runs {
        if interrupt::requested() {
            return Err(Failure::Interrupted);
        }
        let start = Instant::now();
        let made = engine
            .run_reusing(&picture, None, result.take())
            .map_err(|e| Failure::engine(&found.name, e))?;
        // The first run also warms caches and faults pages in.
        if run > 0 {
            seconds.push(start.elapsed().as_secs_f64());
        }
        result = Some(made);
    }
    drop(result);
    let median = median(&mut seconds);
    let pixels = (width * height) as f64;
    let macs = engine.macs(width, height);
    let macs = macs.map_err(|e| Failure::engine(&found.name, e))?;
    // What tiles compute twice is no work done.
    let gmac_per_s = macs / explanation.tiling.overhead / median / 1e9;
    let mp_per_s = pixels / 1e6 / median;
    let peak_rss = memory::peak_rss();
    if args.json {
        return print_json(&json!({
            "model": found.name,
            "width": width,
            "height": height,
            "threads": options.threads,
            "isa": options.isa.to_string(),
            "precision": options.precision.to_string(),
            "self_ensemble": options.self_ensemble,
            "runs": args.runs,
            "median_s": median,
            "gmac_per_s": gmac_per_s,
            "mp_per_s": mp_per_s,
            "peak_rss_bytes": peak_rss,
            "plan": explain::json(&explanation),
        }));
    }
    print(&format!(
        "{} ({} {}x), {width}x{height}, {} threads, {}, {}, {} runs\n\
         median   {median:.4} s\n\
         speed    {gmac_per_s:.1} GMAC/s, {mp_per_s:.4} MP/s of input\n\
         memory   {}\n",
        found.name,
        info.family,
        info.scale,
        options.threads,
        options.isa,
        options.precision,
        args.runs,
        peak_rss.map_or("unknown".into(), |bytes| format!(
            "{} MiB at most",
            bytes >> 20
        )),
    ))?;
    if args.explain {
        print(&explain::table(&explanation))?;
    }
    Ok(())
}

/// A picture with structure at every scale: gradients, waves and a little noise, in [0, 1].
fn synthetic(width: usize, height: usize, channels: usize) -> Result<Image, Failure> {
    let count = width
        .checked_mul(height)
        .and_then(|n| n.checked_mul(channels))
        .filter(|&n| n as u64 * 4 <= memory::available() / 2)
        .ok_or_else(|| Failure::Limit(format!("{width}x{height} pixels do not fit the memory")))?;
    let mut data = Vec::with_capacity(count);
    let mut state = 0x9e37_79b9_u32;
    for y in 0..height {
        for x in 0..width {
            for c in 0..channels {
                // Xorshift (Marsaglia, 2003).
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                let noise = (state >> 8) as f32 / (1 << 24) as f32;
                let wave = ((x * (c + 1)) as f32 * 0.11).sin() * (y as f32 * 0.07).cos();
                let slope = (x + y) as f32 / (width + height) as f32;
                data.push(0.5 * slope + 0.2 * (wave + 1.0) + 0.1 * noise);
            }
        }
    }
    Image::new(width, height, channels, data).map_err(|e| Failure::engine("bench", e))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_median_is_between_its_neighbours() {
        assert_eq!(super::median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(super::median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
