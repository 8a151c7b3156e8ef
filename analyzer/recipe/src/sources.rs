//! The known images: tiles for training, BSD100 for the test.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use upwise_engine::{Filter, Image, Light};

use crate::degrade::resize;
use crate::random::{Random, fold};

/// Which side of the split a source is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    Train,
    Test,
}

impl Split {
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Test => "test",
        }
    }
}

/// One known image.
#[derive(Clone, Debug)]
pub struct Source {
    pub path: PathBuf,
    /// Unique: folder and file name, and by how much it is reduced if it is.
    pub name: String,
    /// Times as many pixels along a side as are taken of it, from 1 on.
    pub reduced: f32,
    /// The picture that it was cut from. No group is on both sides of a split.
    pub group: String,
    pub split: Split,
    pub drawn: bool,
}

/// Tiles are reduced by up to this: tiles are cut from large pictures, and whole ones that were handed over small
/// have more in each pixel.
const DENSER: f32 = 1.8;

/// Up to `train` tiles, each from another picture, photos and drawings by turns, every second one reduced as well, and up to
/// `test` images of BSD100; the same ones every time.
pub fn find(data: &Path, train: usize, test: usize) -> Result<Vec<Source>> {
    let groups = groups(&data.join("train/SOURCES.tsv"))?;
    let tiles = |folder: &str, drawn: bool| -> Result<Vec<Vec<Source>>> {
        let mut seen = HashSet::new();
        let mut sources = list(data, folder)?
            .into_iter()
            .map(|(path, name, file)| Source {
                group: groups.get(&file).cloned().unwrap_or(file),
                path,
                name,
                reduced: 1.0,
                split: Split::Train,
                drawn,
            })
            .collect::<Vec<_>>();
        sources.sort_by_key(|source| fold(&source.name));
        sources.retain(|source| seen.insert(source.group.clone()));
        let variants = sources.into_iter().enumerate().map(|(i, source)| {
            let denser = (i % 2 == 1).then(|| source.denser());
            [source].into_iter().chain(denser).collect()
        });
        Ok(variants.collect())
    };
    let (mut photo, mut art) = (
        tiles("train/photo", false)?.into_iter(),
        tiles("train/art", true)?.into_iter(),
    );
    // Two photos for a drawing, as in the folders, and as long as there are any.
    let turns = (0..).map(|i| match i % 3 {
        2 => art.next().or_else(|| photo.next()),
        _ => photo.next().or_else(|| art.next()),
    });
    let chosen = turns.take(train).map_while(|variants| variants);
    let mut sources: Vec<Source> = chosen.flatten().collect();
    let bench = list(data, "bench/bsd100")?.into_iter().take(test);
    sources.extend(bench.map(|(path, name, file)| Source {
        path,
        name,
        reduced: 1.0,
        group: format!("bsd100/{file}"),
        split: Split::Test,
        drawn: false,
    }));
    Ok(sources)
}

/// PNG and JPEG files of a folder by name: path, name with the folder, file name.
fn list(data: &Path, folder: &str) -> Result<Vec<(PathBuf, String, String)>> {
    let path = data.join(folder);
    let entries = fs::read_dir(&path).with_context(|| format!("cannot list {}", path.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if file.ends_with(".png") || file.ends_with(".jpg") {
            let (name, file) = (format!("{folder}/{file}"), file.into_owned());
            files.push((path, name, file));
        }
    }
    if files.is_empty() {
        bail!("{} has no .png and no .jpg", path.display());
    }
    files.sort();
    Ok(files)
}

/// The picture that each tile was cut from.
fn groups(path: &Path) -> Result<BTreeMap<String, String>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split('\t');
            Some((cells.next()?.to_string(), cells.next()?.to_string()))
        })
        .collect())
}

impl Source {
    /// The same, reduced.
    fn denser(&self) -> Source {
        let reduced = Random::of(&self.name).octaves(1.1, DENSER);
        let name = format!("{}@{reduced:.2}", self.name);
        Source {
            reduced,
            name,
            ..self.clone()
        }
    }

    /// Columns and rows of what is taken of it.
    pub fn size(&self) -> Result<(usize, usize)> {
        let size = image::image_dimensions(&self.path);
        let (width, height) =
            size.with_context(|| format!("cannot read {}", self.path.display()))?;
        let side = |side: u32| (side as f32 / self.reduced).round() as usize;
        Ok((side(width), side(height)))
    }

    /// Decodes to RGB.
    pub fn decode(&self) -> Result<Image> {
        let picture = image::open(&self.path);
        let picture = picture.with_context(|| format!("cannot read {}", self.path.display()))?;
        let picture = from_rgb8(&picture.to_rgb8());
        if self.reduced == 1.0 {
            return Ok(picture);
        }
        let (width, height) = self.size()?;
        resize(&picture, width, height, Filter::Lanczos, Light::Linear)
    }
}

pub fn from_rgb8(picture: &image::RgbImage) -> Image {
    let data = picture.as_raw().iter().map(|&v| f32::from(v) / 255.0);
    let (width, height) = picture.dimensions();
    Image::new(width as usize, height as usize, 3, data.collect()).expect("a decoded picture")
}

/// Samples as a file of 8 bits keeps them.
pub fn to_rgb8(picture: &Image) -> Vec<u8> {
    let levels = picture.data().iter().map(|v| (v * 255.0).round() as u8);
    levels.collect()
}
