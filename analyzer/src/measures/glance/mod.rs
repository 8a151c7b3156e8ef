//! What ways to enlarge the picture would come to, by a small network that looks at its pixels.
//!
//! It was trained on what was measured: known images, damaged, enlarged and compared (`recipe/glance.py`). Six convolutions run on
//! the engine, over all of a small picture or over squares spread evenly over a large one; mean and deviation of each of their
//! channels go through two layers. What it says is one voice among those that [`odds`](crate::decision::odds) weighs.

mod network;

use std::sync::OnceLock;

use upwise_engine::{Engine, EngineOptions, Image};

use crate::raster::Raster;
use crate::report::{Place, Utilities};
use network::{BLOCK, Head};

/// Longer side up to which a picture is looked at as a whole.
pub const WHOLE: usize = 128;
/// Side of the squares of larger ones, and how many there are at most.
const SQUARE: usize = 96;
const SQUARES: usize = 9;
/// Shortest side that says anything.
const LEAST: usize = 16;

/// The network, made ready when it is first asked; `None` if this machine grants it no threads.
fn loaded() -> Option<&'static (Engine, Head)> {
    static LOADED: OnceLock<(Engine, Head)> = OnceLock::new();
    if LOADED.get().is_none() {
        // Not in `get_or_init`: a worker that waits for the engine's threads takes up other work, which may ask for it as well.
        let made = load()?;
        // Whoever is first; the others' are dropped.
        let _ = LOADED.set(made);
    }
    LOADED.get()
}

fn load() -> Option<(Engine, Head)> {
    let (network, head) = network::read().ok()?;
    let options = EngineOptions {
        threads: rayon::current_num_threads(),
        ..EngineOptions::default()
    };
    Some((Engine::from_network(&network, &options).ok()?, head))
}

/// Expected utilities by 2 and by 4; `None` under 16 pixels a side.
pub fn measure(raster: &Raster<'_>) -> Option<[Utilities; 2]> {
    let places = places(raster.width(), raster.height());
    let (engine, head) = loaded().filter(|_| !places.is_empty())?;
    let mut sums = Sums::new(head.channels());
    for place in places {
        let seen = engine.run(&pixels(raster, place), None).ok()?;
        sums.add(&seen);
    }
    Some(head.answers(&sums.pooled()))
}

/// All of a small picture, or squares of a large one, as evenly spread as they can be.
fn places(width: usize, height: usize) -> Vec<Place> {
    if width.min(height) < LEAST {
        return Vec::new();
    }
    let side = if width.max(height) <= WHOLE {
        WHOLE
    } else {
        SQUARE
    };
    let cut = |room: usize| room.min(side) / BLOCK * BLOCK;
    let (mut columns, mut rows) = (width.div_ceil(side), height.div_ceil(side));
    while columns * rows > SQUARES {
        match columns >= rows {
            true => columns -= 1,
            false => rows -= 1,
        }
    }
    // From one border to the other; one alone in the middle.
    let start = |i: usize, count: usize, room: usize, size: usize| match count {
        1 => (room - size) / 2,
        _ => i * (room - size) / (count - 1),
    };
    let (wide, high) = (cut(width), cut(height));
    let place = |i: usize| Place {
        x: start(i % columns, columns, width, wide),
        y: start(i / columns, rows, height, high),
        width: wide,
        height: high,
    };
    (0..columns * rows).map(place).collect()
}

/// Part of a picture, over the ground where it is transparent, 0 to 1.
fn pixels(raster: &Raster<'_>, place: Place) -> Image {
    let mut data = Vec::with_capacity(place.width * place.height * 3);
    let mut row = vec![[0.0; 3]; place.width];
    for y in place.y..place.y + place.height {
        raster.rgb_row(y, place.x, &mut row);
        data.extend(row.as_flattened().iter().map(|v| v / 255.0));
    }
    Image::new(place.width, place.height, 3, data).expect("three samples a pixel")
}

/// Sums of each channel and of its squares.
struct Sums {
    sums: Vec<[f64; 2]>,
    count: usize,
}

impl Sums {
    fn new(channels: usize) -> Sums {
        Sums {
            sums: vec![[0.0; 2]; channels],
            count: 0,
        }
    }

    /// Adds a map that left the engine as an image: channel `(c * BLOCK + dy) * BLOCK + dx` in each block of pixels.
    fn add(&mut self, seen: &Image) {
        let (width, height, channels) = (seen.width(), seen.height(), seen.channels());
        for y in 0..height {
            for (x, pixel) in seen.row(y).chunks_exact(channels).enumerate() {
                for (c, &v) in pixel.iter().enumerate() {
                    let v = f64::from(v);
                    let sum = &mut self.sums[(c * BLOCK + y % BLOCK) * BLOCK + x % BLOCK];
                    sum[0] += v;
                    sum[1] += v * v;
                }
            }
        }
        self.count += width / BLOCK * (height / BLOCK);
    }

    /// Means, then logarithms of variances.
    fn pooled(&self) -> Vec<f32> {
        let count = self.count as f64;
        let mean = |sum: &[f64; 2]| sum[0] / count;
        let variance = |sum: &[f64; 2]| (sum[1] / count - mean(sum).powi(2)).max(0.0);
        let means = self.sums.iter().map(|sum| mean(sum) as f32);
        let spreads = self
            .sums
            .iter()
            .map(|sum| (variance(sum) + network::FLOOR).ln() as f32);
        means.chain(spreads).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Samples;

    fn glance(
        width: usize,
        height: usize,
        pixel: impl Fn(usize, usize) -> [u8; 3],
    ) -> Option<[Utilities; 2]> {
        let data: Vec<u8> = (0..width * height)
            .flat_map(|i| pixel(i % width, i / width))
            .collect();
        measure(&Raster::new(width, height, 3, Samples::U8(&data)).expect("samples fit"))
    }

    /// What `recipe/glance.py` says of the same two pictures, in f32.
    #[test]
    fn as_the_library_answers() {
        let waves = |x: usize, y: usize| {
            [0, 1, 2].map(|c: usize| (128 + (x * 3 + y * 2 + c * 40) % 97 - (x * y / 7) % 61) as u8)
        };
        let noise = |x: usize, y: usize| {
            [0, 1, 2].map(|c: usize| ((x * 7 + y * 13 + c * 29) * 37 % 256 + x * y) as u8)
        };
        let golden = include_str!("golden.tsv").lines().map(|line| {
            let cells: Vec<f32> = line
                .split('\t')
                .map(|v| v.parse().expect("a number"))
                .collect();
            <[f32; 6]>::try_from(cells).expect("six answers")
        });
        let found = [glance(96, 72, waves), glance(64, 100, noise)].map(|found| {
            let [two, four] = found.expect("large enough");
            [
                two.filter,
                two.network,
                two.fix,
                four.filter,
                four.network,
                four.fix,
            ]
        });
        for (found, expected) in found.into_iter().zip(golden) {
            for (a, b) in found.into_iter().zip(expected) {
                assert!((a - b).abs() < 2e-3, "{found:?} instead of {expected:?}");
            }
        }
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn squares_are_spread_evenly_and_lie_inside() {
        for (width, height) in [
            (16, 16),
            (17, 128),
            (129, 16),
            (640, 480),
            (4096, 40),
            (6000, 4000),
        ] {
            let places = places(width, height);
            assert!((1..=SQUARES).contains(&places.len()), "{width}x{height}");
            for place in &places {
                assert!(place.x + place.width <= width && place.y + place.height <= height);
                assert!(place.width.is_multiple_of(BLOCK) && place.width >= LEAST);
                assert!(place.height.is_multiple_of(BLOCK) && place.height >= LEAST);
            }
        }
        assert_eq!(places(640, 480).len(), 9);
        assert_eq!(places(4096, 40).len(), 9);
        assert_eq!(places(100, 128).len(), 1);
        assert!(places(15, 900).is_empty());
    }

    /// The same texture, whole or in squares.
    #[test]
    fn a_large_picture_is_like_its_parts() {
        let texture = |x: usize, y: usize| [(x % 16 * 9 + y % 16 * 5) as u8 + 20; 3];
        let small = glance(96, 96, texture).expect("large enough");
        let large = glance(960, 960, texture).expect("large enough");
        let apart = (small[1].filter - large[1].filter).abs();
        assert!(apart < 0.05, "{small:?} {large:?}");
    }

    #[test]
    fn noise_lowers_what_is_expected() {
        let scene = |x: usize, y: usize| {
            let (u, v) = (x as f32, y as f32);
            (128.0
                + 50.0 * (u / 9.0).sin() * (v / 13.0).cos()
                + if (x / 24 + y / 17).is_multiple_of(2) {
                    30.0
                } else {
                    -30.0
                }) as u8
        };
        let clean = glance(100, 80, |x, y| [scene(x, y); 3]).expect("large enough");
        let noisy = glance(100, 80, |x, y| {
            let mixed = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
            let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2C1B_3C6D) >> 26;
            [scene(x, y).saturating_add(mixed as u8).saturating_sub(32); 3]
        })
        .expect("large enough");
        assert!(
            noisy[1].filter < clean[1].filter - 0.05,
            "{clean:?} {noisy:?}"
        );
    }
}
