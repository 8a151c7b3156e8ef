//! A Fourier transform of power-of-two length.

use std::f64::consts::PI;

/// The transform of one length (Cooley and Tukey 1965, radix 2, in place).
pub(super) struct Fft {
    /// cos and sin of a full turn in `length` steps, the first half of it.
    turns: Vec<(f32, f32)>,
}

impl Fft {
    /// # Panics
    ///
    /// Panics unless `length` is a power of two from 2 on.
    pub(super) fn new(length: usize) -> Self {
        assert!(length.is_power_of_two() && length >= 2);
        let turns = (0..length / 2)
            .map(|i| {
                let angle = -2.0 * PI * i as f64 / length as f64;
                (angle.cos() as f32, angle.sin() as f32)
            })
            .collect();
        Fft { turns }
    }

    /// Squared magnitudes for the frequencies from 0 to a half of as many real samples as the length.
    pub(super) fn power(&self, samples: &[f32]) -> Vec<f32> {
        let length = self.turns.len() * 2;
        assert_eq!(samples.len(), length);
        let bits = length.trailing_zeros();
        let mut data: Vec<(f32, f32)> = (0..length)
            .map(|i| (samples[i.reverse_bits() >> (usize::BITS - bits)], 0.0))
            .collect();
        let mut half = 1;
        while half < length {
            let stride = length / (2 * half);
            for group in data.chunks_exact_mut(2 * half) {
                let (low, high) = group.split_at_mut(half);
                for (i, (a, b)) in low.iter_mut().zip(high).enumerate() {
                    let (cos, sin) = self.turns[i * stride];
                    let turned = (b.0 * cos - b.1 * sin, b.0 * sin + b.1 * cos);
                    *b = (a.0 - turned.0, a.1 - turned.1);
                    *a = (a.0 + turned.0, a.1 + turned.1);
                }
            }
            half *= 2;
        }
        data[..=length / 2]
            .iter()
            .map(|(re, im)| re * re + im * im)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_sum() {
        let samples: Vec<f32> = (0..64).map(|i| ((i * 29 + 7) % 53) as f32 - 26.0).collect();
        for (k, &found) in Fft::new(64).power(&samples).iter().enumerate() {
            let sum = |part: fn(f64) -> f64| -> f64 {
                let angles = (0..64).map(|i| 2.0 * PI * (i * k) as f64 / 64.0);
                samples
                    .iter()
                    .zip(angles)
                    .map(|(&v, a)| f64::from(v) * part(a))
                    .sum()
            };
            let expected = sum(f64::cos).powi(2) + sum(f64::sin).powi(2);
            assert!(
                (f64::from(found) - expected).abs() < 1e-3 * (1.0 + expected),
                "{k}"
            );
        }
    }
}
