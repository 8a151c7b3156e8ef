//! Damages a known image.

use anyhow::{Context, Result, ensure};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use upwise_engine::{Filter, Image, Light, Resample, Rows};

use crate::ladder::{Case, Damage, Grain, Jpeg, Kernel};
use crate::random::Random;
use crate::sources::{from_rgb8, to_rgb8};

/// The truth is this many times as large as the damaged picture.
pub const TRUTH: usize = 4;

/// What was made of a known image.
pub struct Damaged {
    /// Undamaged, four times as large as `picture`.
    pub truth: Image,
    /// Undamaged, twice as large.
    pub half: Image,
    /// As a decoder gives it.
    pub picture: Image,
    /// The file.
    pub bytes: usize,
    /// Its quantisation table of luma, if the file is a JPEG.
    pub luma_quantisation: Option<Vec<u16>>,
}

/// Damages a part of `source`.
pub fn damage(source: &Image, case: &Case) -> Result<Damaged> {
    let (width, height) = (case.width * TRUTH, case.height * TRUTH);
    ensure!(
        source.width() >= width && source.height() >= height,
        "{}: the source is too small",
        case.key
    );
    let damage = &case.damage;
    let mut random = Random::of(&case.key);
    let truth = contrast(&crop(source, case, width, height), damage.contrast);
    let half = reduce(&truth, width / 2, height / 2, damage.linear)?;

    let mut picture = blur(&truth, damage.blur * TRUTH as f32);
    if let Some((length, angle)) = damage.motion {
        picture = motion(&picture, length * TRUTH as f32, angle);
    }
    let detail = |side: usize| ((side as f32 / damage.factor).round() as usize).max(8);
    picture = reduce(
        &picture,
        detail(case.width),
        detail(case.height),
        damage.linear,
    )?;
    let (early, late) = match damage.noise {
        Some(grain) if grain.early => (Some(grain), None),
        other => (None, other),
    };
    if let Some(grain) = early {
        picture = noise(&picture, grain, &mut random);
    }
    if let Some(jpeg) = damage.first_jpeg {
        picture = save(&quantised(&picture), jpeg)?.0;
    }
    picture = enlarge(&picture, case.width, case.height, damage)?;
    if let Some(grain) = late {
        picture = noise(&picture, grain, &mut random);
    }
    picture = quantised(&picture);
    let mut file = None;
    if let Some(jpeg) = damage.jpeg {
        let (saved, bytes) = save(&picture, jpeg)?;
        (picture, file) = (saved, Some(bytes));
    }
    let (bytes, luma_quantisation) = match file.filter(|_| case.is_jpeg) {
        Some(file) => (file.len(), luma_table(&file)),
        None => (png_length(&picture)?, None),
    };
    Ok(Damaged {
        truth,
        half,
        picture,
        bytes,
        luma_quantisation,
    })
}

/// Resamples with the engine.
pub fn resize(
    picture: &Image,
    width: usize,
    height: usize,
    filter: Filter,
    light: Light,
) -> Result<Image> {
    let rows: Box<dyn Rows> = Box::new(picture.rows());
    let mut rows = Resample::new(rows, width, height, filter, light)?;
    Ok(Image::read(&mut rows)?)
}

/// As viewers enlarge.
pub fn enlarged(picture: &Image, width: usize, height: usize) -> Result<Image> {
    let made = resize(picture, width, height, Filter::Bicubic, Light::Encoded)?;
    Ok(quantised(&made))
}

fn reduce(picture: &Image, width: usize, height: usize, linear: bool) -> Result<Image> {
    match linear {
        true => resize(picture, width, height, Filter::Lanczos, Light::Linear),
        false => resize(picture, width, height, Filter::Bicubic, Light::Encoded),
    }
    .map(|picture| map(&picture, |v| v.clamp(0.0, 1.0)))
}

fn enlarge(picture: &Image, width: usize, height: usize, damage: &Damage) -> Result<Image> {
    let made = match damage.kernel {
        Kernel::Bilinear => bilinear(picture, width, height),
        Kernel::Bicubic => resize(picture, width, height, Filter::Bicubic, Light::Encoded)?,
        Kernel::Lanczos => resize(picture, width, height, Filter::Lanczos, Light::Encoded)?,
    };
    Ok(map(&made, |v| v.clamp(0.0, 1.0)))
}

fn map(picture: &Image, change: impl Fn(f32) -> f32) -> Image {
    let data = picture.data().iter().map(|&v| change(v)).collect();
    Image::new(picture.width(), picture.height(), picture.channels(), data).expect("the same size")
}

/// As 8 bits keep it.
pub fn quantised(picture: &Image) -> Image {
    map(picture, |v| (v.clamp(0.0, 1.0) * 255.0).round() / 255.0)
}

fn crop(source: &Image, case: &Case, width: usize, height: usize) -> Image {
    let x = ((source.width() - width) as f32 * case.corner.0) as usize;
    let y = ((source.height() - height) as f32 * case.corner.1) as usize;
    let rows = (y..y + height).flat_map(|y| &source.row(y)[x * 3..(x + width) * 3]);
    Image::new(width, height, 3, rows.copied().collect()).expect("a part of a picture")
}

/// Less contrast around a dark grey, as in too little light.
fn contrast(picture: &Image, contrast: f32) -> Image {
    const DARK: f32 = 0.12;
    let lift = DARK * (1.0 - contrast);
    map(picture, |v| lift + contrast * v)
}

fn noise(picture: &Image, grain: Grain, random: &mut Random) -> Image {
    let mut data = picture.data().to_vec();
    for pixel in data.chunks_exact_mut(3) {
        let same = random.normal();
        for v in pixel {
            let draw = if grain.colour { random.normal() } else { same };
            let strength = if grain.shot { (*v * 2.0).sqrt() } else { 1.0 };
            *v += draw * strength * grain.sigma / 255.0;
        }
    }
    Image::new(picture.width(), picture.height(), 3, data).expect("the same size")
}

/// A value of a neighbour, the border's beyond the border.
fn at(picture: &Image, x: isize, y: isize, c: usize) -> f32 {
    let x = x.clamp(0, picture.width() as isize - 1) as usize;
    let y = y.clamp(0, picture.height() as isize - 1) as usize;
    picture.row(y)[x * 3 + c]
}

fn from_pixels(width: usize, height: usize, value: impl Fn(usize, usize, usize) -> f32) -> Image {
    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            data.extend([0, 1, 2].map(|c| value(x, y, c)));
        }
    }
    Image::new(width, height, 3, data).expect("as many samples as pixels")
}

fn blur(picture: &Image, sigma: f32) -> Image {
    if sigma <= 0.0 {
        return picture.clone();
    }
    let weights = gaussian(sigma);
    let (width, height, reach) = (picture.width(), picture.height(), weights.len() / 2);
    let mut data = Vec::with_capacity(width * height * 3);
    // Columns first: whole rows are added, then each row with shifted copies of itself.
    for y in 0..height {
        let mut sum = vec![0.0; width * 3];
        for (i, &weight) in weights.iter().enumerate() {
            let y = (y + i).saturating_sub(reach).min(height - 1);
            add(&mut sum, picture.row(y), weight);
        }
        let (first, last) = (&sum[..3], &sum[width * 3 - 3..]);
        let padded = [first.repeat(reach), sum.clone(), last.repeat(reach)].concat();
        let mut row = vec![0.0; width * 3];
        for (i, &weight) in weights.iter().enumerate() {
            add(&mut row, &padded[i * 3..(i + width) * 3], weight);
        }
        data.extend(row);
    }
    Image::new(width, height, 3, data).expect("the same size")
}

fn add(sum: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

/// Weights of a Gaussian to three standard deviations on both sides, of sum 1.
pub fn gaussian(sigma: f32) -> Vec<f32> {
    let reach = (sigma * 3.0).ceil() as i32;
    let weights = (-reach..=reach).map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp());
    let weights: Vec<f32> = weights.collect();
    let sum: f32 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

/// Averages along a line, a sample for each pixel of its length.
fn motion(picture: &Image, length: f32, angle: f32) -> Image {
    let count = length.round().max(1.0) as isize;
    let (dx, dy) = (angle.cos(), angle.sin());
    from_pixels(picture.width(), picture.height(), |x, y, c| {
        let total: f32 = (0..count)
            .map(|i| {
                let t = i as f32 - (count - 1) as f32 / 2.0;
                let (x, y) = (x as f32 + t * dx, y as f32 + t * dy);
                at(picture, x.round() as isize, y.round() as isize, c)
            })
            .sum();
        total / count as f32
    })
}

fn bilinear(picture: &Image, width: usize, height: usize) -> Image {
    let place = |i: usize, from: usize, to: usize| {
        let x = (i as f32 + 0.5) * from as f32 / to as f32 - 0.5;
        (x.floor() as isize, x - x.floor())
    };
    from_pixels(width, height, |x, y, c| {
        let (x, u) = place(x, picture.width(), width);
        let (y, v) = place(y, picture.height(), height);
        let row = |y: isize| at(picture, x, y, c) * (1.0 - u) + at(picture, x + 1, y, c) * u;
        row(y) * (1.0 - v) + row(y + 1) * v
    })
}

/// What a decoder makes of it, and the file.
fn save(picture: &Image, jpeg: Jpeg) -> Result<(Image, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, jpeg.quality);
    encoder.set_sampling_factor(match jpeg.halved {
        true => SamplingFactor::F_2_2,
        false => SamplingFactor::F_1_1,
    });
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder.encode(&to_rgb8(picture), width, height, ColorType::Rgb)?;
    let decoded = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
        .context("a JPEG that was just made")?;
    Ok((from_rgb8(&decoded.to_rgb8()), bytes))
}

fn png_length(picture: &Image) -> Result<usize> {
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    let pixels = image::RgbImage::from_raw(width, height, to_rgb8(picture));
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels
        .context("as many samples as pixels")?
        .write_to(&mut bytes, image::ImageFormat::Png)?;
    Ok(bytes.into_inner().len())
}

/// The first quantisation table of a baseline JPEG, in row order.
fn luma_table(file: &[u8]) -> Option<Vec<u16>> {
    let at = file.windows(2).position(|pair| pair == [0xff, 0xdb])?;
    let table = file.get(at + 5..at + 5 + 64)?;
    let mut rows = vec![0; 64];
    for (i, &value) in table.iter().enumerate() {
        rows[ZIGZAG[i]] = u16::from(value);
    }
    Some(rows)
}

/// Place in row order of the i-th coefficient of a file (ITU-T T.81, figure A.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];
