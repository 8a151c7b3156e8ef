//! What an enlargement does to a spectrum.
//!
//! The power of photographs falls with a power of the frequency. Enlarging by s repeats the spectrum of the small
//! picture every 1/s and weighs it with the square of the kernel's response: little is left beyond 1/(2s), with images
//! of the lower part in it. So each factor predicts a spectrum, and so does none; how much better one fits tells
//! it from a blur, and 1/s from 1 - 1/s, which look alike in periods.

use std::sync::LazyLock;

use super::axis::WINDOW;

/// Bins of the spectrum that are compared: the lowest are the content's own, the last is the window's.
const BINS: std::ops::Range<usize> = 5..62;
/// Exponents of the fall of power.
const FALLS: [f32; 6] = [0.8, 1.4, 2.0, 2.6, 3.2, 4.0];
/// Squares of the deviation, in samples, of a blur that the picture had before: its power is exp(-b f²).
const BLURS: [f32; 3] = [0.0, 4.0, 10.0];
/// Noise and quantisation below the strongest bin, in dB.
const FLOORS: [f32; 7] = [60.0, 40.0, 36.0, 32.0, 28.0, 24.0, 20.0];
/// Lowest frequency, in cycles a sample of the small picture, at which the fall goes on.
const FLAT: f32 = 0.02;
/// Responses are tabulated in this step up to this frequency, in cycles a sample of the small picture.
const STEP: f32 = 0.01;
const HIGHEST: f32 = 2.6;

/// Squared responses of bilinear, bicubic (Keys 1981, a = -1/2) and Lanczos (3 lobes) interpolation.
static RESPONSES: LazyLock<[Vec<f32>; 3]> = LazyLock::new(|| {
    let sinc = |x: f64| {
        let x = x * std::f64::consts::PI;
        if x == 0.0 { 1.0 } else { x.sin() / x }
    };
    let bilinear = |x: f64| (1.0 - x).max(0.0);
    let bicubic = |x: f64| {
        if x < 1.0 {
            (1.5 * x - 2.5) * x * x + 1.0
        } else if x < 2.0 {
            ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
        } else {
            0.0
        }
    };
    let lanczos = |x: f64| {
        if x < 3.0 {
            sinc(x) * sinc(x / 3.0)
        } else {
            0.0
        }
    };
    [tabulate(bilinear), tabulate(bicubic), tabulate(lanczos)]
});

fn tabulate(kernel: impl Fn(f64) -> f64) -> Vec<f32> {
    const STEPS: usize = 50;
    let taps: Vec<(f64, f64)> = (0..3 * STEPS)
        .map(|i| (i as f64 + 0.5) / STEPS as f64)
        .map(|x| (x, 2.0 * kernel(x) / STEPS as f64))
        .collect();
    (0..=(HIGHEST / STEP) as usize)
        .map(|i| {
            let turn = 2.0 * std::f64::consts::PI * f64::from(STEP) * i as f64;
            let response: f64 = taps.iter().map(|&(x, v)| v * (turn * x).cos()).sum();
            (response * response) as f32
        })
        .collect()
}

/// Root mean square difference in dB of a spectrum to the best prediction for pictures that were not enlarged.
pub(super) fn native(spectrum: &[f32]) -> f32 {
    shapes()
        .map(|(fall, blur)| best(spectrum, |f| natural(f, fall, blur)))
        .fold(f32::INFINITY, f32::min)
}

fn shapes() -> impl Iterator<Item = (f32, f32)> {
    FALLS
        .into_iter()
        .flat_map(|fall| BLURS.map(|blur| (fall, blur)))
}

/// Power of a picture that was taken at its size.
fn natural(frequency: f32, fall: f32, blur: f32) -> f32 {
    frequency.max(FLAT).powf(-fall) * (-blur * frequency * frequency).exp()
}

/// The same for pictures that were enlarged by `factor` with any kernel.
pub(super) fn enlarged(spectrum: &[f32], factor: f32) -> f32 {
    let mut least = f32::INFINITY;
    for response in RESPONSES.iter() {
        for (fall, blur) in shapes() {
            let predict = |f: f32| {
                let cycles = f * factor;
                let at = ((cycles / STEP).round() as usize).min(response.len() - 1);
                response[at] * natural((cycles - cycles.round()).abs(), fall, blur)
            };
            least = least.min(best(spectrum, predict));
        }
    }
    least
}

/// The least difference over all floors; the level is free.
fn best(spectrum: &[f32], predict: impl Fn(f32) -> f32) -> f32 {
    let predicted: Vec<f32> = BINS.map(|k| predict(k as f32 / WINDOW as f32)).collect();
    let strongest = predicted.iter().fold(0.0f32, |m, &v| m.max(v));
    FLOORS
        .iter()
        .map(|floor| {
            let floor = strongest * 10.0f32.powf(-floor / 10.0);
            let (mut sum, mut squares) = (0.0, 0.0);
            for (&found, &v) in spectrum[BINS].iter().zip(&predicted) {
                let difference = found - 10.0 * (v + floor).log10();
                sum += difference;
                squares += difference * difference;
            }
            let count = BINS.len() as f32;
            (squares / count - (sum / count) * (sum / count))
                .max(0.0)
                .sqrt()
        })
        .fold(f32::INFINITY, f32::min)
}
