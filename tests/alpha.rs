//! Transparency without fringes: what shows of a masked picture is what the opaque picture would have become, whatever
//! colour is hidden under the mask.

#[path = "support/command.rs"]
mod command;
#[path = "support/pictures.rs"]
mod pictures;

use std::io::Cursor;

use command::{Folder, run};
use pictures::*;
use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::RGB8;
use tiff::tags::ExtraSamples;

const SIDE: usize = 48;

/// Steps of 255 by which colours may be off on average, and at most: filters and networks look across the edge, and
/// see there what is nearest to it.
const MEAN: f64 = 0.3;
const LARGEST: f64 = 8.0;

/// How much of a pixel a mask shows, 0 to 255.
type Mask = fn(f64) -> u16;

/// Opaque within the radius, nothing outside.
fn hard(distance: f64) -> u16 {
    if distance < 15.0 { 255 } else { 0 }
}

/// From opaque to nothing over ten pixels.
fn soft(distance: f64) -> u16 {
    ((20.0 - distance) / 10.0 * 255.0).clamp(0.0, 255.0).round() as u16
}

fn masked_by(mask: Mask, opaque: &Pixels, hidden: [u16; 3]) -> Pixels {
    let samples = opaque.samples.chunks(3).enumerate().flat_map(|(i, rgb)| {
        let (x, y) = ((i % SIDE) as f64, (i / SIDE) as f64);
        let alpha = mask((x - 23.0).hypot(y - 25.0));
        let colour = if alpha == 0 {
            hidden
        } else {
            [rgb[0], rgb[1], rgb[2]]
        };
        [colour[0], colour[1], colour[2], alpha]
    });
    Pixels::new(SIDE, SIDE, 4, samples.collect())
}

fn enlarged(folder: &Folder, pixels: &Pixels, model: &str) -> Pixels {
    let input = folder.write("in.png", &png_bytes(pixels));
    let out = folder.arg("out.png");
    run([
        "upscale",
        &input,
        "-n",
        model,
        "-s",
        "2",
        "-o",
        &out,
        "--overwrite",
    ])
    .expect(0, &[]);
    read_png_file(out)
}

#[test]
fn what_shows_is_what_the_opaque_picture_becomes() {
    let folder = Folder::new();
    let opaque = photo(SIDE, SIDE);
    for model in ["lanczos", "bicubic", "photo"] {
        let truth = enlarged(&folder, &opaque, model);
        for (name, mask) in [("hard", hard as Mask), ("soft", soft)] {
            let mut first = None;
            for hidden in [[0; 3], [255; 3], [0, 255, 0]] {
                let result = enlarged(&folder, &masked_by(mask, &opaque, hidden), model);
                let shown: Vec<(&[u16], &[u16])> = result
                    .samples
                    .chunks(4)
                    .zip(truth.samples.chunks(3))
                    .filter(|(pixel, _)| pixel[3] > 0)
                    .collect();
                // Laid over any background, a difference counts as much as it shows.
                let (mut sum, mut largest, mut count) = (0.0, 0.0f64, 0.0);
                for (pixel, truth) in &shown {
                    for (a, b) in pixel.iter().zip(*truth) {
                        let off = f64::from(a.abs_diff(*b)) * f64::from(pixel[3]) / 255.0;
                        sum += off;
                        largest = largest.max(off);
                        count += 1.0;
                    }
                }
                let mean = sum / count;
                println!(
                    "{model}, {name}, {hidden:?}: mean {mean:.3}, largest {largest:.1} of 255"
                );
                assert!(
                    mean < MEAN && largest < LARGEST,
                    "{model}, {name} mask over {hidden:?}: mean {mean:.3}, largest {largest:.1}"
                );
                // What was hidden has no say in what shows.
                let visible: Vec<Vec<u16>> = shown.iter().map(|(p, _)| p.to_vec()).collect();
                let first = first.get_or_insert_with(|| visible.clone());
                assert!(
                    *first == visible,
                    "{model}, {name}: {hidden:?} shines through"
                );
            }
        }
    }
}

#[test]
fn a_mask_goes_through_the_network_as_a_picture_does() {
    let folder = Folder::new();
    let opaque = photo(SIDE, SIDE);
    for mask in [hard as Mask, soft] {
        let both = masked_by(mask, &opaque, [0; 3]);
        let alone = both.samples.chunks(4).map(|pixel| pixel[3]).collect();
        let alone = enlarged(&folder, &Pixels::new(SIDE, SIDE, 1, alone), "photo");
        let both = enlarged(&folder, &both, "photo");
        let alpha: Vec<u16> = both.samples.chunks(4).map(|pixel| pixel[3]).collect();
        assert_eq!(alpha, alone.samples);
    }
}

/// A TIFF of RGB with `extra` behind it, each sample of a pixel its number in the file.
fn tiff_with(extra: &[ExtraSamples]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).expect("an encoder");
    let mut image = encoder.new_image::<RGB8>(4, 3).expect("a directory");
    image.extra_samples(extra).expect("a tag");
    let samples: Vec<u8> = (0..12 * (3 + extra.len())).map(|i| i as u8).collect();
    image.write_data(&samples).expect("pixels");
    file.into_inner()
}

#[test]
fn channels_beside_colours_and_transparency_are_left_out_and_it_is_said() {
    let folder = Folder::new();
    let (alpha, other) = (ExtraSamples::UnassociatedAlpha, ExtraSamples::Unspecified);
    for (extra, channels, words) in [
        (vec![alpha], 4, None),
        (vec![other], 3, Some("a channel beside its colours")),
        (vec![alpha, other], 4, Some("a channel beside its colours")),
        (vec![other; 3], 3, Some("3 channels beside its colours")),
    ] {
        let input = folder.write("in.tif", &tiff_with(&extra));
        let out = folder.arg("out.png");
        let arguments = ["upscale", &input, "-n", "nearest", "-s", "1", "-o", &out];
        let said = run(arguments).expect(0, &[]).stderr;
        assert_eq!(
            words.filter(|words| said.contains(words)),
            words,
            "{extra:?}: {said}"
        );
        assert_eq!(said.contains("left out"), words.is_some(), "{said}");
        let stored = 3 + extra.len();
        let expected = (0..12 * stored).filter(|i| i % stored < channels);
        let seen = read_png_file(out.clone());
        assert_eq!(seen.channels, channels);
        assert_eq!(seen.samples, expected.map(|i| i as u16).collect::<Vec<_>>());
        std::fs::remove_file(out).unwrap();
    }
}
