//! Numbers that tell kinds of pictures apart: how flat they are, how many colours, how their steps are spread.

use super::edges::percentile;
use super::texture::{self, Texture};
use crate::raster::{Raster, luma};
use crate::survey::Overview;

/// Rows that are looked at, and columns of each.
const ROWS: usize = 256;
const COLUMNS: usize = 2048;
/// Least side that says anything.
const LEAST: usize = 8;
/// Largest difference that counts as none: compression leaves as much.
const FLAT: f32 = 3.0;
/// Difference of luma that counts as the edge of a stroke.
const STROKE: f32 = 48.0;
/// Largest difference from the border's colour that counts as its ground, and share of the border from which there is one.
const NEAR: f32 = 12.0;
const GROUND: f32 = 0.5;
/// Levels on either side that a luma is compared with.
const AROUND: usize = 6;

/// Shares are of horizontal neighbours at full size, unless said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traits {
    /// Neighbours that are equal.
    pub same: f32,
    /// Neighbours that hardly differ.
    pub flat: f32,
    /// Neighbours across the edge of a stroke.
    pub strokes: f32,
    /// Share of pixels of the two most common colours, at 16 levels a channel.
    pub two_colours: f32,
    /// Of the eight most common.
    pub eight_colours: f32,
    /// Colours of 4096 that take a ten-thousandth of the pixels or more, as a share of 512.
    pub palette: f32,
    /// Mean of the largest less the smallest channel, 0 to 1.
    pub saturation: f32,
    /// Share of pixels with half the largest difference and more.
    pub vivid: f32,
    /// Share with next to none.
    pub grey: f32,
    /// Share of the brightest, 245 and more.
    pub white: f32,
    /// Share of the darkest, luma under 16.
    pub black: f32,
    /// Share of pixels whose luma is more common than those around it: inks make peaks, light does not.
    pub peaks: f32,
    /// Entropy of the histogram of colour without luma, at 32 levels a channel, over 10 bits.
    pub chroma: f32,
    /// Share of the border (a strip of 3 %) within 12 levels of its median colour.
    pub plain_border: f32,
    /// Luma of that median, 0 to 1.
    pub border_luma: f32,
    /// Share of the picture that is like the border, 0 if that is not plain.
    pub ground: f32,
    /// Entropy of the luma histogram of what is not ground, over 8 bits, 0 to 1.
    pub entropy: f32,
    /// ln of how many colours, at 32 levels a channel, take four fifths of that; of the copy of the subject.
    pub colours: f32,
    /// Entropy of the luma histogram of all of it, likewise.
    pub tones: f32,
    /// Steps of the copy that text is looked for on.
    pub texture: Texture,
}

/// Measures a picture from itself and two copies; `None` below 8 pixels a side.
pub fn measure(raster: &Raster<'_>, overview: &Overview, small: &Overview) -> Option<Traits> {
    if raster.width().min(raster.height()) < LEAST {
        return None;
    }
    let mut traits = Traits::default();
    rows(raster, &mut traits);
    let ground = border(small, &mut traits);
    traits.ground = share_of_ground(small, ground);
    let shown = || {
        let pixels = small.rgb.iter().copied();
        pixels.filter(|&p| ground.is_none_or(|g| !near(p, g)))
    };
    traits.colours = colours(shown());
    traits.entropy = entropy(shown().map(luma));
    traits.tones = entropy(overview.luma.iter().copied());
    let plain: Vec<bool> = overview
        .rgb
        .iter()
        .map(|&p| ground.is_some_and(|g| near(p, g)))
        .collect();
    traits.texture = texture::measure(&texture::Copy {
        width: overview.width,
        height: overview.height,
        luma: &overview.luma,
        rgb: &overview.rgb,
        ground: &plain,
    });
    Some(traits)
}

/// What needs full size.
fn rows(raster: &Raster<'_>, traits: &mut Traits) {
    let columns = raster.width().min(COLUMNS);
    let step = raster.height().div_ceil(ROWS);
    let mut colours = vec![0u32; 4096];
    let mut chroma = vec![0u32; 1024];
    let mut lumas = [0u32; 256];
    let (mut pairs, mut same, mut flat, mut strokes) = (0u32, 0u32, 0u32, 0u32);
    let (mut saturation, mut white, mut vivid, mut grey) = (0.0f64, 0u32, 0u32, 0u32);
    let mut row = vec![[0.0f32; 3]; columns];
    for y in (step / 2..raster.height()).step_by(step) {
        raster.rgb_row(y, 0, &mut row);
        let mut before = [0.0f32; 3];
        for (x, &here) in row.iter().enumerate() {
            let index = here
                .iter()
                .fold(0usize, |index, &v| index << 4 | (v as usize).min(255) >> 4);
            colours[index] += 1;
            let light = luma(here);
            lumas[(light as usize).min(255)] += 1;
            let part = |v: f32| (((v - light) / 16.0 + 16.0) as usize).min(31);
            chroma[part(here[0]) * 32 + part(here[2])] += 1;
            let (low, high) = (
                here[0].min(here[1]).min(here[2]),
                here[0].max(here[1]).max(here[2]),
            );
            saturation += f64::from(high - low) / 255.0;
            white += u32::from(low >= 245.0);
            vivid += u32::from(high - low >= 128.0);
            grey += u32::from(high - low < 12.0);
            if x > 0 {
                let apart = (0..3)
                    .map(|c| (here[c] - before[c]).abs())
                    .fold(0.0, f32::max);
                pairs += 1;
                same += u32::from(apart < 0.5);
                flat += u32::from(apart <= FLAT);
                strokes += u32::from((light - luma(before)).abs() > STROKE);
            }
            before = here;
        }
    }
    let all = colours.iter().sum::<u32>() as f32;
    colours.sort_unstable_by(|a, b| b.cmp(a));
    let most = |n: usize| colours[..n].iter().sum::<u32>() as f32 / all;
    let share = |count: u32| count as f32 / pairs.max(1) as f32;
    traits.same = share(same);
    traits.flat = share(flat);
    traits.strokes = share(strokes);
    traits.two_colours = most(2);
    traits.eight_colours = most(8);
    let used = colours
        .iter()
        .filter(|&&n| n > 0 && n as f32 >= all * 1e-4)
        .count();
    traits.palette = (used as f32 / 512.0).min(1.0);
    traits.saturation = (saturation / f64::from(all)) as f32;
    traits.white = white as f32 / all;
    traits.vivid = vivid as f32 / all;
    traits.grey = grey as f32 / all;
    traits.black = lumas[..16].iter().sum::<u32>() as f32 / all;
    traits.peaks = peaks(&lumas, all);
    traits.chroma = bits(&chroma) / 10.0;
}

/// What stands out of a histogram smoothed by a box.
fn peaks(bins: &[u32; 256], all: f32) -> f32 {
    // The ends collect what is clipped.
    let inner = &bins[4..252];
    let over = inner.iter().enumerate().map(|(i, &n)| {
        let around = &inner[i.saturating_sub(AROUND)..(i + AROUND + 1).min(inner.len())];
        (n as f32 - around.iter().sum::<u32>() as f32 / around.len() as f32).max(0.0)
    });
    over.sum::<f32>() / all
}

/// Entropy of a histogram in bits.
fn bits(bins: &[u32]) -> f32 {
    let total = bins.iter().sum::<u32>() as f32;
    bins.iter()
        .filter(|&&n| n > 0)
        .map(|&n| n as f32 / total)
        .map(|p| -p * p.log2())
        .sum()
}

fn entropy(luma: impl Iterator<Item = f32>) -> f32 {
    let mut bins = [0u32; 256];
    for v in luma {
        bins[(v as usize).min(255)] += 1;
    }
    bits(&bins) / 8.0
}

/// ln of one more than the fewest colours of 32768 that take four fifths of the pixels.
fn colours(pixels: impl Iterator<Item = [f32; 3]>) -> f32 {
    let mut counts = vec![0u32; 1 << 15];
    let mut left = 0i64;
    for pixel in pixels {
        let index = pixel
            .iter()
            .fold(0usize, |index, &v| index << 5 | (v as usize).min(255) >> 3);
        counts[index] += 1;
        left += 4;
    }
    counts.retain(|&n| n > 0);
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let enough = counts.iter().take_while(|&&n| {
        let more = left > 0;
        left -= (5 * n as i64).min(left);
        more
    });
    (enough.count() as f32).ln_1p()
}

fn share_of_ground(copy: &Overview, ground: Option<[f32; 3]>) -> f32 {
    let like = |colour| copy.rgb.iter().filter(|&&p| near(p, colour)).count();
    ground.map_or(0.0, |colour| like(colour) as f32 / copy.rgb.len() as f32)
}

fn near(pixel: [f32; 3], colour: [f32; 3]) -> bool {
    (0..3).all(|c| (pixel[c] - colour[c]).abs() <= NEAR)
}

/// How plain the border is, and its colour if it is plain.
fn border(overview: &Overview, traits: &mut Traits) -> Option<[f32; 3]> {
    let (width, height) = (overview.width, overview.height);
    let strip = (width.min(height) * 3 / 100).max(1);
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            if x < strip || y < strip || x + strip >= width || y + strip >= height {
                pixels.push(overview.rgb[y * width + x]);
            }
        }
    }
    let median = [0, 1, 2].map(|c| {
        let mut values: Vec<f32> = pixels.iter().map(|p| p[c]).collect();
        percentile(&mut values, 0.5)
    });
    let like = pixels.iter().filter(|p| near(**p, median)).count();
    traits.plain_border = like as f32 / pixels.len() as f32;
    traits.border_luma = luma(median) / 255.0;
    (traits.plain_border >= GROUND).then_some(median)
}
