//! Which family of models suits a picture, by cues that cost next to nothing.
//!
//! A few hundred rows are looked at. The thresholds lean towards [`Family::Photo`], which does least harm
//! where it is wrong.

use upwise_weights::Family;

use crate::picture::{Picture, Samples};

/// Rows and columns beyond which only every so many rows, and the left part of each, are looked at.
const ROWS: usize = 512;
const COLUMNS: usize = 2048;
/// Smallest side that says anything.
const LEAST: usize = 24;

/// Largest difference of neighbours that counts as none: compression leaves as much.
const FLAT: i32 = 2;
/// Difference of luma that counts as the edge of a stroke.
const STROKE: i32 = 48;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cues {
    /// Share of horizontal neighbours that hardly differ.
    flat: f64,
    /// Share of horizontal neighbours that are the same.
    same: f64,
    /// Share of horizontal neighbours across the edge of a stroke.
    strokes: f64,
    /// Share of the two most common colours, at 16 levels a channel.
    two_colours: f64,
    /// Share of the eight most common colours.
    eight_colours: f64,
    /// Standard deviation of the noise in 8-bit steps: median of a Laplacian difference (Immerkaer 1996).
    noise: f64,
    /// Mean difference across one column in eight over that across the others: blocks of JPEG.
    blocks: f64,
}

/// The family and, in words for people, why.
pub fn family(picture: &Picture) -> (Family, &'static str) {
    if picture.width < LEAST || picture.height < LEAST {
        return (Family::Photo, "too small to tell what it shows");
    }
    let cues = look(picture);
    if cues.flat > 0.85 && cues.two_colours > 0.55 && cues.strokes > 0.008 {
        (Family::Text, "two colours and sharp strokes")
    } else if cues.same > 0.6 && cues.eight_colours > 0.5 && cues.noise < 0.5 {
        (Family::Art, "flat areas of few colours")
    } else if cues.noise > 5.0 {
        (Family::Recover, "noise")
    } else if cues.blocks > 1.5 {
        (Family::Recover, "blocks of compression")
    } else {
        (Family::Photo, "a clean picture")
    }
}

fn look(picture: &Picture) -> Cues {
    let channels = picture.layout().channels();
    let columns = picture.width.min(COLUMNS);
    let step = picture.height.div_ceil(ROWS);
    let mut colours = vec![0u32; 4096];
    let mut laplacians = vec![0u32; 1021];
    let mut phases = [(0u64, 0u64); 8];
    let (mut pairs, mut flat, mut same, mut strokes) = (0u64, 0u64, 0u64, 0u64);
    for y in (1..picture.height - 1).step_by(step) {
        let [above, row, below] = [y - 1, y, y + 1].map(|y| pixels(picture, y, columns, channels));
        let luma = |rgb: [i32; 3]| (77 * rgb[0] + 150 * rgb[1] + 29 * rgb[2]) >> 8;
        let [up, here, down] =
            [&above, &row, &below].map(|row| row.iter().map(|&p| luma(p)).collect::<Vec<_>>());
        for x in 1..columns {
            let difference = (0..3)
                .map(|c| (row[x][c] - row[x - 1][c]).abs())
                .max()
                .unwrap_or(0);
            let step = (here[x] - here[x - 1]).abs();
            pairs += 1;
            flat += u64::from(difference <= FLAT);
            same += u64::from(difference == 0);
            strokes += u64::from(step > STROKE);
            phases[x % 8].0 += step as u64;
            phases[x % 8].1 += 1;
        }
        for rgb in &row {
            colours[rgb
                .iter()
                .fold(0, |index, &v| index << 4 | (v as usize >> 4))] += 1;
        }
        for x in 1..columns - 1 {
            let corners = up[x - 1] + up[x + 1] + down[x - 1] + down[x + 1];
            let sides = up[x] + down[x] + here[x - 1] + here[x + 1];
            let value = (corners - 2 * sides + 4 * here[x]).unsigned_abs() as usize;
            laplacians[value.min(1020)] += 1;
        }
    }
    let mut steps = phases.map(|(sum, count)| sum as f64 / count.max(1) as f64);
    steps.sort_by(f64::total_cmp);
    colours.sort_unstable_by(|a, b| b.cmp(a));
    let all = f64::from(colours.iter().sum::<u32>());
    let most = |n: usize| f64::from(colours[..n].iter().sum::<u32>()) / all;
    let share = |count: u64| count as f64 / pairs as f64;
    Cues {
        flat: share(flat),
        same: share(same),
        strokes: share(strokes),
        two_colours: most(2),
        eight_colours: most(8),
        // Of a normal distribution half lies within 0.6745 deviations; the mask has the norm 6.
        noise: median(&laplacians) / 0.6745 / 6.0,
        blocks: steps[7] / ((steps[3] + steps[4]) / 2.0 + 0.3),
    }
}

/// The value below which half of a histogram lies.
fn median(histogram: &[u32]) -> f64 {
    let half = histogram.iter().map(|&n| u64::from(n)).sum::<u64>() / 2;
    let mut seen = 0;
    let at = histogram.iter().position(|&n| {
        seen += u64::from(n);
        seen > half
    });
    at.unwrap_or(0) as f64
}

/// The first pixels of a row as 8-bit RGB.
fn pixels(picture: &Picture, y: usize, columns: usize, channels: usize) -> Vec<[i32; 3]> {
    let start = y * picture.width * channels;
    let rgb = |at: usize, value: &dyn Fn(usize) -> i32| {
        let first = start + at * channels;
        if picture.colour {
            [value(first), value(first + 1), value(first + 2)]
        } else {
            [value(first); 3]
        }
    };
    let row = 0..columns;
    match &picture.samples {
        Samples::U8(data) => row.map(|x| rgb(x, &|i| i32::from(data[i]))).collect(),
        Samples::U16(data) => row.map(|x| rgb(x, &|i| i32::from(data[i] >> 8))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Format, Metadata};

    fn picture(size: usize, value: impl Fn(usize, usize) -> u8) -> Picture {
        let data = (0..size * size)
            .map(|i| value(i % size, i / size))
            .collect();
        Picture {
            width: size,
            height: size,
            colour: false,
            alpha: false,
            samples: Samples::U8(data),
            format: Format::Png,
            metadata: Metadata::default(),
            warnings: Vec::new(),
        }
    }

    /// Roughly normal, with deviation 1.
    fn noise(x: usize, y: usize) -> f64 {
        let mut state = (x * 7919 + y * 104_729) as u64 ^ 0x9e37_79b9_7f4a_7c15;
        let mut sum = -6.0;
        for _ in 0..12 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            sum += (state >> 11) as f64 / (1u64 << 53) as f64;
        }
        sum
    }

    fn hills(x: usize, y: usize) -> f64 {
        128.0 + 60.0 * (x as f64 / 9.0).sin() * (y as f64 / 7.0).cos()
    }

    #[test]
    fn each_family_by_what_marks_it() {
        let photo = picture(128, |x, y| hills(x, y) as u8);
        assert_eq!(family(&photo).0, Family::Photo);
        let noisy = picture(128, |x, y| (hills(x, y) + 9.0 * noise(x, y)) as u8);
        assert_eq!(family(&noisy), (Family::Recover, "noise"));
        let blocks = picture(128, |x, y| {
            (hills(x / 8 * 8, y / 8 * 8) as usize + x % 8 + y % 8) as u8
        });
        assert_eq!(family(&blocks), (Family::Recover, "blocks of compression"));
        let text = picture(
            128,
            |x, y| if y % 16 < 10 && x % 11 == 3 { 20 } else { 250 },
        );
        assert_eq!(family(&text).0, Family::Text);
        let poster = picture(128, |x, y| [30, 90, 160, 220][(x / 29 + y / 40) % 4]);
        assert_eq!(family(&poster).0, Family::Art);
        let dot = picture(8, |_, _| 0);
        assert_eq!(family(&dot).0, Family::Photo);
    }

    #[test]
    fn noise_is_measured_in_steps() {
        let flat = picture(200, |x, y| (128.0 + 8.0 * noise(x, y)).round() as u8);
        let found = look(&flat).noise;
        assert!((found - 8.0).abs() < 0.8, "{found}");
    }

    #[test]
    fn sixteen_bits_and_large_pictures_give_the_same_cues() {
        let eight = picture(96, |x, y| hills(x, y) as u8);
        let mut sixteen = eight.clone();
        let Samples::U8(data) = &eight.samples else {
            unreachable!()
        };
        sixteen.samples = Samples::U16(data.iter().map(|&v| u16::from(v) * 257).collect());
        assert_eq!(look(&eight), look(&sixteen));
        let large = picture(1200, |x, y| hills(x, y) as u8);
        assert_eq!(family(&large).0, Family::Photo);
    }
}
