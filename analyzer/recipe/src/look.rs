//! Pictures of cases, for those who set the lines: numbers alone have never shown where an enlargement breaks.

use std::path::Path;

use anyhow::{Context, Result};
use upwise_engine::{Filter, Image, Light};

use crate::degrade::{Damaged, TRUTH, resize};
use crate::sources::to_rgb8;

/// Writes a strip: truth, the damaged picture in blocks, then what arms made of it, all of the truth's size.
pub fn write(path: &Path, damaged: &Damaged, made: &[Image]) -> Result<()> {
    let picture = &damaged.picture;
    let (width, height) = (picture.width() * TRUTH, picture.height() * TRUTH);
    let blocks = resize(picture, width, height, Filter::Nearest, Light::Encoded)?;
    let parts: Vec<Vec<u8>> = [&damaged.truth, &blocks]
        .into_iter()
        .chain(made)
        .map(to_rgb8)
        .collect();
    let mut strip = Vec::new();
    for y in 0..height {
        for part in &parts {
            strip.extend_from_slice(&part[y * width * 3..][..width * 3]);
        }
    }
    save(path, strip, width * parts.len(), height)
}

/// Writes a picture as it is.
pub fn write_one(path: &Path, picture: &Image) -> Result<()> {
    save(path, to_rgb8(picture), picture.width(), picture.height())
}

fn save(path: &Path, samples: Vec<u8>, width: usize, height: usize) -> Result<()> {
    image::RgbImage::from_raw(width as u32, height as u32, samples)
        .context("as many samples as pixels")?
        .save(path)
        .with_context(|| format!("cannot write {}", path.display()))
}
