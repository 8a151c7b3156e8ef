//! The size that is asked for, in the ways in which people ask.

use crate::{Error, Result};

/// The size of an output picture, given the input's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Both sides times this, 1 to 8.
    Scale(f64),
    /// This many pixels across; the height follows.
    Width(usize),
    /// This many pixels down; the width follows.
    Height(usize),
    /// Exactly this width and height, whatever the shape of the input.
    Size(usize, usize),
    /// This many millions of pixels, in the input's shape.
    Megapixels(f64),
}

/// The largest enlargement of a side: beyond it networks invent more than they know.
const MAX_SCALE: usize = 8;

impl Target {
    /// Width and height of the output for an input of `width` times `height` pixels.
    ///
    /// Sides are rounded to the nearest whole pixel, halves up, each on its own; with [`Target::Width`]
    /// and [`Target::Height`] the given side is exact. [`Target::Megapixels`] may therefore be missed by
    /// half a row and half a column.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input or the target has no pixels, or if a side would shrink or grow
    /// beyond eight times; [`Error::Limits`] if the result overflows.
    pub fn size(&self, width: usize, height: usize) -> Result<(usize, usize)> {
        if width == 0 || height == 0 {
            return Err(Error::Shape(format!(
                "a picture of {width}x{height} pixels cannot be enlarged"
            )));
        }
        let (Some(largest_width), Some(largest_height)) =
            (width.checked_mul(MAX_SCALE), height.checked_mul(MAX_SCALE))
        else {
            return Err(Error::Limits(format!(
                "{width}x{height} pixels cannot be enlarged: the size overflows"
            )));
        };
        let out_of_range = |found: String| {
            Error::Shape(format!(
                "{found}, but sides can grow 1 to {MAX_SCALE} times: from {width}x{height} to at most \
                 {largest_width}x{largest_height} pixels"
            ))
        };
        let by = |scale: f64, asked: String| match scale {
            // Also turns away NaN.
            1.0..=8.0 => Ok((
                round(width as f64 * scale, width, largest_width),
                round(height as f64 * scale, height, largest_height),
            )),
            _ => Err(out_of_range(asked)),
        };
        let (w, h) = match *self {
            Target::Scale(scale) => by(scale, format!("a scale of {scale} was asked for"))?,
            Target::Megapixels(millions) => {
                let scale = (millions * 1e6 / (width as f64 * height as f64)).sqrt();
                by(
                    scale,
                    format!("{millions} megapixels are {scale:.3} times each side"),
                )?
            }
            Target::Width(w) => (w, in_proportion(height, w, width)),
            Target::Height(h) => (in_proportion(width, h, height), h),
            Target::Size(w, h) => (w, h),
        };
        if (width..=largest_width).contains(&w) && (height..=largest_height).contains(&h) {
            return Ok((w, h));
        }
        Err(out_of_range(format!("{w}x{h} pixels were asked for")))
    }
}

/// The nearest whole number, kept in range: rounding must not leave it.
fn round(side: f64, least: usize, most: usize) -> usize {
    (side.round() as usize).clamp(least, most)
}

/// `side * to / from`, rounded; saturates.
fn in_proportion(side: usize, to: usize, from: usize) -> usize {
    let exact = (side as u128 * to as u128 + from as u128 / 2) / from as u128;
    usize::try_from(exact).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(target: Target, width: usize, height: usize) -> (usize, usize) {
        target.size(width, height).expect("a possible size")
    }

    fn refused(target: Target, width: usize, height: usize) -> String {
        target
            .size(width, height)
            .expect_err("an impossible size")
            .to_string()
    }

    #[test]
    fn each_way_of_asking() {
        assert_eq!(size(Target::Scale(2.0), 640, 427), (1280, 854));
        assert_eq!(size(Target::Scale(1.5), 3, 5), (5, 8));
        assert_eq!(size(Target::Width(1920), 640, 427), (1920, 1281));
        assert_eq!(size(Target::Height(1000), 640, 427), (1499, 1000));
        assert_eq!(size(Target::Size(700, 900), 640, 427), (700, 900));
        // 640 x 427 to 4 million: times 3.8257.
        assert_eq!(size(Target::Megapixels(4.0), 640, 427), (2449, 1634));
    }

    #[test]
    fn both_ends_of_the_range_are_allowed() {
        for target in [Target::Scale(1.0), Target::Width(7), Target::Size(7, 3)] {
            assert_eq!(size(target, 7, 3), (7, 3));
        }
        for target in [Target::Scale(8.0), Target::Height(24), Target::Size(56, 24)] {
            assert_eq!(size(target, 7, 3), (56, 24));
        }
        assert_eq!(size(Target::Megapixels(1.0), 1000, 1000), (1000, 1000));
        assert_eq!(size(Target::Megapixels(64.0), 1000, 1000), (8000, 8000));
        // A thin picture: the other side rounds, and stays in range.
        assert_eq!(size(Target::Width(10_001), 10_000, 1), (10_001, 1));
        assert_eq!(size(Target::Height(8), 10_000, 1), (80_000, 8));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        for (target, part) in [
            (Target::Scale(0.5), "scale of 0.5"),
            (Target::Scale(8.01), "scale of 8.01"),
            (Target::Scale(f64::NAN), "scale of NaN"),
            (Target::Scale(f64::INFINITY), "scale of inf"),
            (Target::Scale(-2.0), "scale of -2"),
            (Target::Width(99), "99x"),
            (Target::Width(0), "0x0"),
            (Target::Width(801), "801x"),
            (Target::Height(usize::MAX), "pixels were asked for"),
            (Target::Size(100, 0), "100x0"),
            (Target::Size(100, 49), "100x49"),
            (Target::Megapixels(0.001), "0.001 megapixels"),
            (Target::Megapixels(f64::NAN), "NaN megapixels"),
            (Target::Megapixels(-1.0), "-1 megapixels"),
        ] {
            let text = refused(target, 100, 50);
            assert!(text.contains(part) && text.contains("800x400"), "{text}");
        }
    }

    #[test]
    fn nothing_overflows() {
        assert!(refused(Target::Scale(2.0), 0, 5).contains("0x5"));
        assert!(refused(Target::Scale(2.0), usize::MAX / 4, 5).contains("overflows"));
        let side = usize::MAX / 8;
        assert_eq!(
            size(Target::Width(side * 8), side, side),
            (side * 8, side * 8)
        );
        assert_eq!(size(Target::Scale(8.0), side, 1).1, 8);
    }
}
