//! Photographs, what is commonly done to them, and how the analyzer gets to see them.
#![allow(dead_code)]

use super::data;
use super::pictures::*;
use upwise_analyzer::survey::{Tile, tiles};
use upwise_analyzer::{Raster, Samples};

/// Every `step`th of the photographs of BSD100.
pub fn photographs(step: usize) -> Option<Vec<Pixels>> {
    let folder = data::shared("bench/bsd100")?;
    let pictures = (1..=100)
        .step_by(step)
        .map(|i| read_png_file(folder.join(format!("img_{i:03}.png"))))
        .collect();
    Some(pictures)
}

/// Runs `look` over the picture as the analyzer sees it.
pub fn with_raster<T>(pixels: &Pixels, look: impl FnOnce(&Raster<'_>, &[Tile]) -> T) -> T {
    let bytes = pixels.bytes();
    let samples = Samples::U8(&bytes);
    let raster =
        Raster::new(pixels.width, pixels.height, pixels.channels, samples).expect("a picture");
    let tiles = tiles_of(&raster);
    look(&raster, &tiles)
}

/// The tiles that the analyzer looks at.
pub fn tiles_of(raster: &Raster<'_>) -> Vec<Tile> {
    let places = tiles(raster).into_iter();
    places.map(|place| Tile::new(raster, place)).collect()
}

pub fn grey(pixels: &Pixels) -> Pixels {
    let samples = pixels
        .samples
        .chunks(pixels.channels)
        .map(|p| (p.iter().sum::<u16>() + 1) / pixels.channels as u16)
        .collect();
    Pixels::new(pixels.width, pixels.height, 1, samples)
}

pub fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

pub fn crop(pixels: &Pixels, x: usize, y: usize) -> Pixels {
    let (width, height) = (pixels.width - x, pixels.height - y);
    let samples = (0..width * height)
        .flat_map(|i| pixels.at(x + i % width, y + i / width))
        .copied()
        .collect();
    Pixels::new(width, height, pixels.channels, samples)
}

/// Through JPEG and back.
pub fn compressed(pixels: &Pixels, quality: u8, subsampled: bool) -> Pixels {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(if subsampled {
        jpeg_encoder::SamplingFactor::F_2_2
    } else {
        jpeg_encoder::SamplingFactor::F_1_1
    });
    let colours = match pixels.channels {
        1 => jpeg_encoder::ColorType::Luma,
        _ => jpeg_encoder::ColorType::Rgb,
    };
    let (width, height) = (pixels.width as u16, pixels.height as u16);
    encoder
        .encode(&pixels.bytes(), width, height, colours)
        .expect("a JPEG");
    read_jpeg(&bytes).pixels
}
