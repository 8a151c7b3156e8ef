//! sRGB's transfer curve, IEC 61966-2-1, in arithmetic that compilers turn into vectors.
//!
//! The curve needs powers of 2.4 and 1/2.4. With `r` the fifth root, `t^2.4 = t^2 r^2`; and
//! `x^(5/12) = x^(1/4) x^(1/6)`, square roots and a cube root. The two odd roots start from a division of
//! the floating-point exponent and are refined to rounding error. That makes no calls and no branches.
//! Below zero the curve is continued as an odd function, above one by its formula: nothing is cut off.

/// Light from sample values. Alpha, the last of 2 or 4 channels, stays.
pub(super) fn decode_row(row: &mut [f32], channels: usize) {
    each_colour(row, channels, decode);
}

/// Sample values from light. Alpha stays.
pub(super) fn encode_row(row: &mut [f32], channels: usize) {
    each_colour(row, channels, encode);
}

/// The curve of a block is one loop without branches, and so is putting alpha back: both become vectors.
fn each_colour(row: &mut [f32], channels: usize, map: impl Fn(f32) -> f32) {
    let alpha = matches!(channels, 2 | 4);
    let (blocks, rest) = row.as_chunks_mut::<BLOCK>();
    for block in blocks {
        let before = *block;
        for value in block.iter_mut() {
            *value = map(*value);
        }
        if alpha {
            put_back(block, &before, channels);
        }
    }
    let before = rest.to_vec();
    rest.iter_mut().for_each(|value| *value = map(*value));
    if alpha {
        put_back(rest, &before, channels);
    }
}

/// A multiple of 2 and 4, so that every block begins with a pixel.
const BLOCK: usize = 64;

fn put_back(row: &mut [f32], before: &[f32], channels: usize) {
    let pixels = row.chunks_exact_mut(channels);
    for (pixel, before) in pixels.zip(before.chunks_exact(channels)) {
        pixel[channels - 1] = before[channels - 1];
    }
}

#[inline(always)]
fn decode(v: f32) -> f32 {
    let a = v.abs();
    let t = (a + 0.055) * (1.0 / 1.055);
    let root = fifth_root(t);
    let curved = t * t * root * root;
    let light = if a <= 0.04045 {
        a * (1.0 / 12.92)
    } else {
        curved
    };
    light.copysign(v)
}

#[inline(always)]
fn encode(v: f32) -> f32 {
    let a = v.abs();
    let half = a.sqrt();
    let curved = 1.055 * (half.sqrt() * cube_root(half)) - 0.055;
    let value = if a <= 0.003_130_8 { a * 12.92 } else { curved };
    value.copysign(v)
}

/// Two steps of Halley's method from an estimate that is 4 % off at most.
#[inline(always)]
fn cube_root(x: f32) -> f32 {
    let mut y = f32::from_bits(x.to_bits() / 3 + 0x2a51_3792);
    for _ in 0..2 {
        let cube = y * y * y;
        y *= (cube + 2.0 * x) / (2.0 * cube + x);
    }
    y
}

/// Three steps of Newton's method from an estimate that is 6 % off at most.
#[inline(always)]
fn fifth_root(x: f32) -> f32 {
    let mut y = f32::from_bits(x.to_bits() / 5 + 0x32c8_0000);
    for _ in 0..3 {
        let square = y * y;
        y = 0.8 * y + 0.2 * x / (square * square);
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact_decode(v: f64) -> f64 {
        match v {
            ..=0.04045 => v / 12.92,
            _ => ((v + 0.055) / 1.055).powf(2.4),
        }
    }

    fn exact_encode(v: f64) -> f64 {
        match v {
            ..=0.0031308 => v * 12.92,
            _ => 1.055 * v.powf(1.0 / 2.4) - 0.055,
        }
    }

    #[test]
    fn agrees_with_the_standard() {
        for i in 0..=200_000 {
            // To four, with the unit interval in small steps.
            let v = if i <= 160_000 {
                i as f32 / 160_000.0
            } else {
                i as f32 / 50_000.0 - 2.0
            };
            for (ours, exact, name) in [
                (decode(v), exact_decode(v.into()), "decode"),
                (encode(v), exact_encode(v.into()), "encode"),
            ] {
                // Rounding of a dozen operations; a 16-bit step is 1.5e-5.
                let error = (f64::from(ours) - exact).abs();
                assert!(
                    error <= 7e-7 * exact.max(1.0),
                    "{name}({v}) = {ours}, exact {exact}"
                );
            }
        }
    }

    #[test]
    fn every_16_bit_value_returns() {
        for i in 0..=65_535 {
            let v = i as f32 / 65_535.0;
            assert_eq!((encode(decode(v)) * 65_535.0).round(), i as f32);
        }
    }

    #[test]
    fn what_is_out_of_range_is_kept() {
        assert_eq!(decode(-0.5), -decode(0.5));
        assert_eq!(encode(-0.2), -encode(0.2));
        assert_eq!((decode(0.0), encode(0.0)), (0.0, 0.0));
        assert!(decode(2.0) > 4.0 && encode(decode(2.0)) > 1.999);
        assert!(decode(f32::NAN).is_nan() && encode(f32::NAN).is_nan());
    }

    #[test]
    fn alpha_is_not_light() {
        for (channels, alpha) in [(2, 1), (4, 3)] {
            let mut row = vec![0.5; 7 * channels];
            decode_row(&mut row, channels);
            for (i, v) in row.iter().enumerate() {
                assert_eq!(
                    *v == 0.5,
                    i % channels == alpha,
                    "channel {i} of {channels}"
                );
            }
        }
        for channels in [1, 3] {
            let mut row = vec![0.5; 7 * channels];
            encode_row(&mut row, channels);
            assert!(row.iter().all(|v| *v != 0.5));
        }
    }
}
