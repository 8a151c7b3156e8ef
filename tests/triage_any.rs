//! Any picture gets an answer: statuses fit, numbers are numbers, nothing panics.

#[path = "support/analysis.rs"]
mod analysis;

use analysis::check;
use proptest::prelude::*;
use upwise_analyzer::report::{Action, Analysis, Content, Family, Measure};
use upwise_analyzer::{FileFacts, Raster, Samples, analyze};

fn look(width: usize, height: usize, channels: usize, data: &[u8]) -> Analysis {
    let raster = Raster::new(width, height, channels, Samples::U8(data)).expect("samples fit");
    analyze(&raster, &FileFacts::default())
}

#[test]
fn the_smallest_the_longest_and_the_emptiest() {
    for (width, height) in [
        (1, 1),
        (1, 300),
        (300, 1),
        (2, 2),
        (7, 9),
        (15, 15),
        (3000, 30),
        (30, 3000),
        (257, 8),
    ] {
        for channels in 1..=4 {
            for value in [0, 128, 255] {
                let data = vec![value; width * height * channels];
                let analysis = look(width, height, channels, &data);
                check(&analysis);
                assert_eq!(
                    analysis.decision.action,
                    Action::Keep,
                    "{width}x{height}: one colour"
                );
            }
        }
    }
}

#[test]
fn what_only_alpha_shows_is_seen() {
    // Black everywhere; a disc is opaque, the rest transparent: over white it is a black disc.
    let (width, height) = (200, 160);
    let data: Vec<u8> = (0..width * height)
        .flat_map(|i| {
            let far = ((i % width) as f32 - 100.0).hypot((i / width) as f32 - 80.0);
            [0, 0, 0, if far < 50.0 { 255 } else { 0 }]
        })
        .collect();
    let analysis = look(width, height, 4, &data);
    check(&analysis);
    let subject = analysis.score(Measure::SubjectClarity).expect("a score");
    assert!(subject.value.is_none_or(|value| value > 0.5), "{subject:?}");
}

/// White with the alpha of `inside`.
fn white(width: usize, height: usize, inside: impl Fn(usize, usize) -> bool) -> Vec<u8> {
    let alpha = |i: usize| 255 * u8::from(inside(i % width, i / width));
    (0..width * height)
        .flat_map(|i| [255, 255, 255, alpha(i)])
        .collect()
}

#[test]
fn white_on_nothing_is_seen() {
    let ring = |x: usize, y: usize| {
        let far = (x as f32 - 100.0).hypot(y as f32 - 80.0);
        (30.0..50.0).contains(&far)
    };
    let analysis = look(200, 160, 4, &white(200, 160, ring));
    check(&analysis);
    assert_ne!(analysis.decision.action, Action::Keep);
    assert!(analysis.evidence.edge_sigma.is_some());
    let full = look(200, 160, 4, &white(200, 160, |_, _| true));
    assert_eq!(full.decision.action, Action::Keep, "one colour");
}

#[test]
fn a_blur_without_edges_is_not_called_sound() {
    // Two slow waves: nothing shows whether they were ever sharp.
    let (width, height) = (320, 240);
    let data: Vec<u8> = (0..width * height)
        .flat_map(|i| {
            let (x, y) = ((i % width) as f32, (i / width) as f32);
            let wave = (x / 50.0).sin() + (y / 40.0).cos();
            [(128.0 + 50.0 * wave) as u8, (120.0 + 40.0 * wave) as u8, 90]
        })
        .collect();
    let analysis = look(width, height, 3, &data);
    check(&analysis);
    assert!(analysis.evidence.edge_sigma.is_none());
    assert_eq!(analysis.decision.action, Action::Inspect);
}

#[test]
fn a_gradient_is_not_made_of_blocks() {
    let (width, height) = (1200, 300);
    let data: Vec<u8> = (0..width * height)
        .map(|i| (100 + (i % width) / 30) as u8)
        .collect();
    let analysis = look(width, height, 1, &data);
    check(&analysis);
    assert_ne!(analysis.evidence.repeated, Some(true));
}

#[test]
fn what_was_enlarged_smoothly_is_no_pixel_art() {
    // Marks of hard edges at random, twice as large by bilinear interpolation.
    let (width, height) = (300, 200);
    let mut state = 7u32;
    let mut marks = vec![255u8; width * height];
    for _ in 0..900 {
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize % below
        };
        let (x, y, wide, high) = (next(290), next(190), 1 + next(8), 1 + next(8));
        for row in y..y + high {
            marks[row * width + x..][..wide].fill(0);
        }
    }
    let at = |x: usize, y: usize| f32::from(marks[y.min(height - 1) * width + x.min(width - 1)]);
    let data: Vec<u8> = (0..4 * width * height)
        .map(|i| {
            let part = |v: usize| {
                (
                    (v.saturating_sub(1)) / 2,
                    if v % 2 == 1 { 0.25 } else { 0.75 },
                )
            };
            let ((x, across), (y, down)) = (part(i % (2 * width)), part(i / (2 * width)));
            let row = |y: usize| at(x, y) * (1.0 - across) + at(x + 1, y) * across;
            (row(y) * (1.0 - down) + row(y + 1) * down) as u8
        })
        .collect();
    let analysis = look(2 * width, 2 * height, 1, &data);
    check(&analysis);
    assert_ne!(analysis.content, Content::PixelArt);
}

#[test]
fn a_plain_ground_was_never_a_jpeg() {
    // Grey of 250 in a lossless file, a step of one colour on it: quantised to many tables by chance.
    let data: Vec<u8> = (0..300 * 300)
        .map(|i| {
            if (80..200).contains(&(i % 300)) && (96..192).contains(&(i / 300)) {
                250
            } else {
                245
            }
        })
        .collect();
    let analysis = look(300, 300, 1, &data);
    check(&analysis);
    assert_eq!(analysis.evidence.jpeg_quality, None);
    let stripes: Vec<u8> = (0..256 * 256).map(|i| 255 * (i % 2) as u8).collect();
    assert_eq!(look(256, 256, 1, &stripes).evidence.jpeg_quality, None);
}

#[test]
fn noise_alone_is_nothing_to_build_on() {
    let mut state = 7u64;
    let data: Vec<u8> = (0..512 * 512 * 3)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    let analysis = look(512, 512, 3, &data);
    check(&analysis);
    assert!(
        matches!(
            analysis.decision.action,
            Action::Regenerate | Action::FixFirst
        ),
        "{:?}",
        analysis.decision
    );
}

#[test]
fn sprites_are_pixel_art_at_any_whole_size() {
    // A sprite of 24x24 in six colours.
    let sprite = |x: usize, y: usize| -> [u8; 3] {
        let colours = [
            [20, 20, 40],
            [200, 60, 50],
            [240, 200, 90],
            [60, 140, 80],
            [90, 90, 200],
            [250, 250, 250],
        ];
        let (dx, dy) = (x as i32 - 12, y as i32 - 11);
        let ring = (dx * dx + dy * dy) / 22;
        colours[if ring > 5 {
            5
        } else {
            (ring as usize + (x / 5 + y / 7) % 3) % 5
        }]
    };
    for block in [1, 2, 3, 7, 16] {
        let side = 24 * block;
        let data: Vec<u8> = (0..side * side)
            .flat_map(|i| sprite(i % side / block, i / side / block))
            .collect();
        let analysis = look(side, side, 3, &data);
        check(&analysis);
        assert_eq!(analysis.content, Content::PixelArt, "blocks of {block}");
        assert_eq!(analysis.decision.family, Family::Nearest);
        let scale = analysis.decision.scale.expect("a factor");
        assert_eq!(scale.fract(), 0.0);
        if block > 1 {
            assert_eq!(analysis.evidence.pixel_art_block, Some(block as f32));
        }
    }
}

#[test]
fn sixteen_bits_and_eight_give_one_answer() {
    let (width, height) = (180, 140);
    let value = |i: usize| {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        (128.0 + 70.0 * (x / 9.0).sin() * (y / 13.0).cos() + 30.0 * ((x * y) / 900.0).sin()) as u8
    };
    let eight: Vec<u8> = (0..width * height).map(value).collect();
    let sixteen: Vec<u16> = eight.iter().map(|&v| u16::from(v) * 257).collect();
    let raster = Raster::new(width, height, 1, Samples::U16(&sixteen)).expect("samples fit");
    let wide = analyze(&raster, &FileFacts::default());
    assert_eq!(wide, look(width, height, 1, &eight));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_size_and_content_has_an_answer(
        width in 1usize..90,
        height in 1usize..90,
        channels in 1usize..=4,
        seed in any::<u64>(),
        levels in 1u64..=256,
        block in 1usize..9,
    ) {
        let hash = |n: u64| {
            let mut x = n.wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            x ^= x >> 29;
            x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x ^ x >> 32
        };
        let data: Vec<u8> = (0..width * height * channels)
            .map(|i| {
                let (pixel, channel) = (i / channels, i % channels);
                let cell = (pixel % width / block) + 1000 * (pixel / width / block);
                (hash((cell * 4 + channel) as u64) % levels * 255 / levels.max(2).saturating_sub(1)).min(255) as u8
            })
            .collect();
        check(&look(width, height, channels, &data));
    }
}
