//! Numbers that tell kinds of pictures apart: how flat they are, how many colours, how their steps are spread.

use crate::raster::Raster;
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

/// Shares are of horizontal neighbours at full size, unless said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traits {
    /// Neighbours that are equal.
    pub same: f32,
    /// Neighbours that hardly differ.
    pub flat: f32,
    /// Neighbours across the edge of a stroke.
    pub strokes: f32,
    /// Share of pixels of the most common colour, at 16 levels a channel.
    pub one_colour: f32,
    /// Of the two most common.
    pub two_colours: f32,
    /// Of the eight most common.
    pub eight_colours: f32,
    /// Colours of 4096 that take a ten-thousandth of the pixels or more, as a share of 512.
    pub palette: f32,
    /// Mean of the largest less the smallest channel, 0 to 1.
    pub saturation: f32,
    /// Share of the brightest, 245 and more.
    pub white: f32,
    /// Share of cells of 8x8 pixels of the reduced copy in which luma hardly varies (deviation under 2).
    pub smooth: f32,
    /// Median deviation of those cells in levels, over 32.
    pub texture: f32,
    /// Mean gradient over its root mean square on the reduced copy: low where a few steps hold all of it.
    pub spread: f32,
    /// Of cells with a deviation of 10 and more, the share in which two colours explain nine tenths of it (Otsu).
    pub two_toned: f32,
    /// Deviation in levels that a fifth of the cells stay under, over 16.
    pub floor: f32,
    /// Share of the border (a strip of 3 %) within 12 levels of its median colour.
    pub plain_border: f32,
    /// Luma of that median, 0 to 1.
    pub border_luma: f32,
    /// Entropy of the luma histogram over 8 bits, 0 to 1.
    pub entropy: f32,
}

/// Measures a picture; `None` below 8 pixels a side.
pub fn measure(raster: &Raster<'_>, overview: &Overview) -> Option<Traits> {
    if raster.width().min(raster.height()) < LEAST {
        return None;
    }
    let mut traits = Traits::default();
    rows(raster, &mut traits);
    reduced(overview, &mut traits);
    Some(traits)
}

/// What needs full size.
fn rows(raster: &Raster<'_>, traits: &mut Traits) {
    let columns = raster.width().min(COLUMNS);
    let step = raster.height().div_ceil(ROWS);
    let mut colours = vec![0u32; 4096];
    let (mut pairs, mut same, mut flat, mut strokes) = (0u32, 0u32, 0u32, 0u32);
    let (mut saturation, mut white) = (0.0f64, 0u32);
    for y in (step / 2..raster.height()).step_by(step) {
        let mut before = [0.0f32; 3];
        for x in 0..columns {
            let alpha = raster.alpha(x, y);
            let here = raster.rgb(x, y).map(|v| v * alpha + 255.0 * (1.0 - alpha));
            let index = here
                .iter()
                .fold(0usize, |index, &v| index << 4 | (v as usize).min(255) >> 4);
            colours[index] += 1;
            let (low, high) = (
                here[0].min(here[1]).min(here[2]),
                here[0].max(here[1]).max(here[2]),
            );
            saturation += f64::from(high - low) / 255.0;
            white += u32::from(low >= 245.0);
            if x > 0 {
                let apart = (0..3)
                    .map(|c| (here[c] - before[c]).abs())
                    .fold(0.0, f32::max);
                let luma = |p: [f32; 3]| 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
                pairs += 1;
                same += u32::from(apart < 0.5);
                flat += u32::from(apart <= FLAT);
                strokes += u32::from((luma(here) - luma(before)).abs() > STROKE);
            }
            before = here;
        }
    }
    let all = colours.iter().sum::<u32>();
    colours.sort_unstable_by(|a, b| b.cmp(a));
    let most = |n: usize| colours[..n].iter().sum::<u32>() as f32 / all as f32;
    let share = |count: u32| count as f32 / pairs.max(1) as f32;
    traits.same = share(same);
    traits.flat = share(flat);
    traits.strokes = share(strokes);
    traits.one_colour = most(1);
    traits.two_colours = most(2);
    traits.eight_colours = most(8);
    let used = colours
        .iter()
        .filter(|&&n| n > 0 && n as f32 >= all as f32 * 1e-4)
        .count();
    traits.palette = (used as f32 / 512.0).min(1.0);
    traits.saturation = (saturation / f64::from(all)) as f32;
    traits.white = white as f32 / all as f32;
}

/// What is the same at any size.
fn reduced(overview: &Overview, traits: &mut Traits) {
    let (width, height) = (overview.width, overview.height);
    let luma = overview.luma();
    let mut bins = [0u32; 256];
    for &v in &luma {
        bins[(v as usize).min(255)] += 1;
    }
    let total = luma.len() as f32;
    traits.entropy = bins
        .iter()
        .filter(|&&n| n > 0)
        .map(|&n| n as f32 / total)
        .map(|p| -p * p.log2())
        .sum::<f32>()
        / 8.0;
    let mut deviations = Vec::new();
    let (mut busy, mut two_toned) = (0usize, 0usize);
    // Of the cells of a large copy a quarter is looked at.
    let step = if width.max(height) > 512 { 16 } else { 8 };
    for top in (0..height.saturating_sub(7)).step_by(step) {
        for left in (0..width.saturating_sub(7)).step_by(step) {
            let (mut sum, mut squares) = (0.0f32, 0.0f32);
            for y in top..top + 8 {
                for &v in &luma[y * width + left..y * width + left + 8] {
                    sum += v;
                    squares += v * v;
                }
            }
            let variance = (squares / 64.0 - (sum / 64.0).powi(2)).max(0.0);
            deviations.push(variance.sqrt());
            if variance >= 100.0 {
                let mut cell: Vec<f32> = (top..top + 8)
                    .flat_map(|y| &luma[y * width + left..y * width + left + 8])
                    .copied()
                    .collect();
                busy += 1;
                two_toned += usize::from(parted(&mut cell) > 0.9 * variance);
            }
        }
    }
    if !deviations.is_empty() {
        traits.smooth =
            deviations.iter().filter(|&&d| d < 2.0).count() as f32 / deviations.len() as f32;
        traits.floor = super::edges::percentile(&mut deviations, 0.2) / 16.0;
        traits.two_toned = two_toned as f32 / busy.max(1) as f32;
        traits.texture = super::edges::percentile(&mut deviations, 0.5) / 32.0;
    }
    let (mut sum, mut squares, mut count) = (0.0f64, 0.0f64, 0.0f64);
    for y in 1..height {
        for x in 1..width {
            let at = y * width + x;
            let g = f64::from((luma[at] - luma[at - 1]).hypot(luma[at] - luma[at - width]));
            sum += g;
            squares += g * g;
            count += 1.0;
        }
    }
    if squares > 0.0 {
        traits.spread = (sum / count / (squares / count).sqrt()) as f32;
    }
    border(overview, traits);
}

/// The variance between the two parts of some values, parted where it is largest. They are sorted.
fn parted(values: &mut [f32]) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let (total, count) = (values.iter().sum::<f32>(), values.len() as f32);
    let (mut sum, mut best) = (0.0, 0.0f32);
    for (i, v) in values[..values.len() - 1].iter().enumerate() {
        sum += v;
        let below = (i + 1) as f32;
        let apart = sum / below - (total - sum) / (count - below);
        best = best.max(below * (count - below) / (count * count) * apart * apart);
    }
    best
}

/// How plain the border is.
fn border(overview: &Overview, traits: &mut Traits) {
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
        super::edges::percentile(&mut values, 0.5)
    });
    let near = pixels
        .iter()
        .filter(|p| (0..3).all(|c| (p[c] - median[c]).abs() <= 12.0))
        .count();
    traits.plain_border = near as f32 / pixels.len() as f32;
    traits.border_luma = (0.299 * median[0] + 0.587 * median[1] + 0.114 * median[2]) / 255.0;
}
