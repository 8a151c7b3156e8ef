//! What plain rules look at: the statistics of the baselines.

use upwise_engine::Image;

use crate::score::Plane;

/// Statistics of luma.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plain {
    /// Variance of the Laplacian, the usual measure of blur (Pech-Pacheco et al. 2000).
    laplacian: f32,
    /// Entropy of the histogram in bits, by which CleanVision finds pictures without information.
    entropy: f32,
    /// 99th percentile, 0 to 1, by which CleanVision finds dark pictures.
    bright: f32,
    /// 5th percentile, 0 to 1, by which it finds light ones.
    dark: f32,
}

impl Plain {
    pub const NAMES: [&str; 4] = ["laplacian", "entropy", "bright", "dark"];

    pub fn values(&self) -> [f32; 4] {
        [self.laplacian, self.entropy, self.bright, self.dark]
    }

    pub fn of(picture: &Image) -> Plain {
        let luma = Plane::luma(picture);
        let (width, height) = (luma.width, luma.height);
        let (mut sum, mut squares) = (0.0f64, 0.0f64);
        for y in 1..height - 1 {
            for x in 1..width - 1 {
                let at = |x: usize, y: usize| luma.data[y * width + x];
                let around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
                let value = f64::from(around - 4.0 * at(x, y));
                sum += value;
                squares += value * value;
            }
        }
        let inner = ((width - 2) * (height - 2)) as f64;
        let mean = sum / inner;

        let mut levels = [0usize; 256];
        luma.data
            .iter()
            .for_each(|&v| levels[v.round() as usize] += 1);
        let count = luma.data.len();
        let shares = levels
            .iter()
            .filter(|&&n| n > 0)
            .map(|&n| n as f32 / count as f32);
        let percentile = |percent: usize| {
            let mut below = 0;
            let found = levels.iter().position(|n| {
                below += n;
                below * 100 >= count * percent
            });
            found.unwrap_or(255) as f32 / 255.0
        };
        Plain {
            laplacian: (squares / inner - mean * mean) as f32,
            entropy: shares.map(|share| -share * share.log2()).sum(),
            bright: percentile(99),
            dark: percentile(5),
        }
    }
}
