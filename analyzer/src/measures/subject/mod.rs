//! Does one thing stand out?
//!
//! Saliency by the minimum barrier distance to the picture's border, in three raster passes a Lab channel, with the
//! distance of colours to those of the four borders beside it (MB+, Zhang et al., ICCV 2015), on a copy of 300
//! pixels. What is over Otsu's threshold falls into components; the largest is the subject.

mod mask;
mod saliency;

use std::sync::LazyLock;

use crate::report::{Map, Measure, Place, Score, Status};
use crate::survey::Overview;

/// Longer side of the copy that is looked at.
pub const SIDE: usize = 300;
/// Smallest side that is looked at.
const LEAST: usize = 16;

/// The subject of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Columns of the copy.
    pub columns: usize,
    /// Rows of the copy.
    pub rows: usize,
    /// How much every pixel of the copy stands out, 0 to 1.
    pub saliency: Vec<f32>,
    /// Which of them belong to the subject.
    pub mask: Vec<bool>,
    /// Share of the picture that it takes.
    pub share: f32,
    /// Its part of everything that stands out.
    pub whole: f32,
    /// How far its colours lie from those around it: chi-square distance of Lab histograms, 0 to 1.
    pub contrast: f32,
    /// Share of the border pixels that it touches.
    pub border: f32,
    /// Share of each border (left, top, right, bottom) that it touches.
    pub borders: [f32; 4],
    /// Its bounding box in the picture.
    pub place: Place,
    /// All of it, 0 nothing stands out to 1 one clear thing.
    pub clarity: f32,
}

/// Finds the subject; `None` in pictures under 16 pixels and in those of one colour.
///
/// `overview` should be at most [`SIDE`] pixels long; `picture` is the whole picture.
pub fn measure(overview: &Overview, picture: Place) -> Option<Subject> {
    let (width, height) = (overview.width, overview.height);
    if width.min(height) < LEAST {
        return None;
    }
    let lab: Vec<[f32; 3]> = overview.rgb.iter().map(|&p| lab(p)).collect();
    let saliency = saliency::map(&lab, width, height)?;
    let threshold = mask::otsu(&saliency);
    let over: Vec<bool> = saliency.iter().map(|&v| v > threshold).collect();
    let salient = over.iter().filter(|&&v| v).count();
    let mask = mask::largest_component(&over, width, height);
    let count = mask.iter().filter(|&&v| v).count();
    if count == 0 {
        return None;
    }
    let (mut x0, mut y0, mut x1, mut y1) = (width, height, 0, 0);
    for (i, _) in mask.iter().enumerate().filter(|(_, inside)| **inside) {
        let (x, y) = (i % width, i / width);
        (x0, y0, x1, y1) = (x0.min(x), y0.min(y), x1.max(x), y1.max(y));
    }
    let touched = |cells: &mut dyn Iterator<Item = usize>, length: usize| {
        cells.filter(|&i| mask[i]).count() as f32 / length as f32
    };
    let borders = [
        touched(&mut (0..height).map(|y| y * width), height),
        touched(&mut (0..width), width),
        touched(&mut (0..height).map(|y| y * width + width - 1), height),
        touched(&mut (0..width).map(|x| (height - 1) * width + x), width),
    ];
    let total = 2.0 * (width + height) as f32;
    let border = ((borders[0] + borders[2]) * height as f32
        + (borders[1] + borders[3]) * width as f32)
        / total;
    let share = count as f32 / mask.len() as f32;
    let whole = count as f32 / salient as f32;
    let contrast = mask::histogram_distance(&lab, &mask);
    let size = (share / 0.03).min(1.0) * ((1.0 - share) / 0.3).clamp(0.0, 1.0);
    let clarity = size.sqrt() * (0.45 * contrast + 0.3 * whole + 0.25 * (1.0 - border));
    let factor = overview.factor;
    let (x, y) = (x0 * factor, y0 * factor);
    let place = Place {
        x,
        y,
        width: ((x1 + 1) * factor).min(picture.width) - x,
        height: ((y1 + 1) * factor).min(picture.height) - y,
    };
    Some(Subject {
        columns: width,
        rows: height,
        saliency,
        mask,
        share,
        whole,
        contrast,
        border,
        borders,
        place,
        clarity,
    })
}

/// Linear light of sRGB (IEC 61966-2-1) at every quarter of its 255 levels.
static LINEAR: LazyLock<[f32; 4 * 255 + 2]> = LazyLock::new(|| {
    std::array::from_fn(|i| {
        let v = i as f32 / (4.0 * 255.0);
        if v <= 0.04045 {
            v / 12.92
        } else {
            ((v + 0.055) / 1.055).powf(2.4)
        }
    })
});

/// CIE Lab under D65 from sRGB of 0 to 255.
fn lab(rgb: [f32; 3]) -> [f32; 3] {
    let linear = rgb.map(|v| {
        let quarters = v.clamp(0.0, 255.0) * 4.0;
        let (at, part) = (quarters as usize, quarters - quarters as usize as f32);
        LINEAR[at] + part * (LINEAR[at + 1] - LINEAR[at])
    });
    let mix = |m: [f32; 3]| m[0] * linear[0] + m[1] * linear[1] + m[2] * linear[2];
    let cube = |t: f32| {
        if t > 0.008_856 {
            cube_root(t)
        } else {
            7.787 * t + 16.0 / 116.0
        }
    };
    let x = cube(mix([0.412_456, 0.357_576, 0.180_438]) / 0.950_47);
    let y = cube(mix([0.212_673, 0.715_152, 0.072_175]));
    let z = cube(mix([0.019_334, 0.119_192, 0.950_304]) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Of a positive number, within 3 units of its last place: a guess from its exponent, and two steps of Halley's method.
fn cube_root(t: f32) -> f32 {
    let mut root = f32::from_bits(t.to_bits() / 3 + 0x2a50_8935);
    for _ in 0..2 {
        let cube = root * root * root;
        root *= (cube + 2.0 * t) / (2.0 * cube + t);
    }
    root
}

/// The score of what was measured.
pub fn score(subject: Option<&Subject>, picture: Place) -> Score {
    let Some(subject) = subject else {
        return if picture.width.min(picture.height) < LEAST {
            Score::absent(
                Measure::SubjectClarity,
                Status::TooSmall,
                "too small to have a subject",
            )
        } else {
            Score::measured(Measure::SubjectClarity, 0.0, "nothing stands out")
        };
    };
    let words = match subject.clarity {
        v if v > 0.6 => "subject clear",
        v if v > 0.35 => "a subject, not clearly apart from what is around it",
        _ => "no single subject",
    };
    Score::measured(Measure::SubjectClarity, subject.clarity, words).at(vec![subject.place])
}

/// What stands out in a picture of so many columns, pixel by pixel of the copy.
pub fn map(subject: &Subject, width: usize) -> Map {
    Map {
        measure: Measure::SubjectClarity,
        side: width.div_ceil(subject.columns.max(1)),
        columns: subject.columns,
        rows: subject.rows,
        cells: subject.saliency.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overview(
        width: usize,
        height: usize,
        colour: impl Fn(usize, usize) -> [f32; 3],
    ) -> Overview {
        let rgb = (0..width * height).map(|i| colour(i % width, i / width));
        Overview::of(width, height, 2, rgb.collect())
    }

    #[test]
    fn a_disc_on_a_ground_is_the_subject() {
        let disc = |x: usize, y: usize| (x as f32 - 60.0).hypot(y as f32 - 40.0) < 20.0;
        let overview = overview(120, 90, |x, y| {
            if disc(x, y) {
                [200.0, 40.0, 30.0]
            } else {
                [90.0 + (x % 7) as f32, 120.0, 90.0 + (y % 5) as f32]
            }
        });
        let picture = Place {
            x: 0,
            y: 0,
            width: 239,
            height: 180,
        };
        let subject = measure(&overview, picture).unwrap();
        let wrong = (0..120 * 90)
            .filter(|&i| subject.mask[i] != disc(i % 120, i / 120))
            .count();
        assert!(wrong < 60, "{wrong} pixels differ");
        assert!(subject.clarity > 0.7, "{}", subject.clarity);
        let place = subject.place;
        assert!(
            (78..=84).contains(&place.x) && (76..=84).contains(&place.width),
            "{place:?}"
        );
    }

    #[test]
    fn one_colour_has_no_subject() {
        let flat = overview(60, 60, |_, _| [128.0; 3]);
        let picture = Place {
            x: 0,
            y: 0,
            width: 120,
            height: 120,
        };
        assert!(measure(&flat, picture).is_none());
        assert_eq!(score(None, picture).value, Some(0.0));
    }

    #[test]
    fn cube_roots() {
        for i in 1..=20_000 {
            let t = i as f32 * 1e-4;
            let expected = f64::from(t).cbrt();
            let apart = (f64::from(cube_root(t)) - expected).abs() / expected;
            assert!(apart < 4e-7, "{t}: {apart}");
        }
    }

    #[test]
    fn lab_of_white_and_of_pure_red() {
        let white = lab([255.0; 3]);
        assert!((white[0] - 100.0).abs() < 0.01 && white[1].abs() < 0.05 && white[2].abs() < 0.05);
        let red = lab([255.0, 0.0, 0.0]);
        for (found, known) in red.into_iter().zip([53.24, 80.09, 67.20]) {
            assert!((found - known).abs() < 0.05, "{red:?}");
        }
    }
}
