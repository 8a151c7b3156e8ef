//! The middle of a picture in given proportions.

use super::{Picture, Samples};

impl Picture {
    /// Cuts off both sides, or top and bottom, so that the picture has the proportions of `width` to `height`, to
    /// the nearest whole pixel. Returns the share of its pixels that was cut off.
    pub fn crop_to_proportions(&mut self, (width, height): (usize, usize)) -> f64 {
        let rounded = |side: usize, to: usize, from: usize| {
            let exact = (side as u128 * to as u128 + from as u128 / 2) / from as u128;
            usize::try_from(exact).unwrap_or(usize::MAX).max(1)
        };
        let before = (self.width, self.height);
        let kept = (
            rounded(self.height, width, height).min(self.width),
            rounded(self.width, height, width).min(self.height),
        );
        let channels = self.layout().channels();
        match &mut self.samples {
            Samples::U8(data) => keep_middle(data, before, kept, channels),
            Samples::U16(data) => keep_middle(data, before, kept, channels),
        }
        (self.width, self.height) = kept;
        1.0 - (kept.0 * kept.1) as f64 / (before.0 * before.1) as f64
    }
}

fn keep_middle<T: Copy>(
    data: &mut Vec<T>,
    before: (usize, usize),
    kept: (usize, usize),
    channels: usize,
) {
    let (left, top) = ((before.0 - kept.0) / 2, (before.1 - kept.1) / 2);
    let row = kept.0 * channels;
    for y in 0..kept.1 {
        let from = ((top + y) * before.0 + left) * channels;
        data.copy_within(from..from + row, y * row);
    }
    data.truncate(row * kept.1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Format, Metadata};

    fn picture(width: usize, height: usize) -> Picture {
        Picture {
            width,
            height,
            colour: false,
            alpha: false,
            samples: Samples::U8((0..width * height).map(|i| i as u8).collect()),
            format: Format::Png,
            metadata: Metadata::default(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn the_middle_stays() {
        let mut wide = picture(6, 2);
        let cut = wide.crop_to_proportions((100, 100));
        assert_eq!((wide.width, wide.height), (2, 2));
        assert_eq!(wide.samples, Samples::U8(vec![2, 3, 8, 9]));
        assert!((cut - 2.0 / 3.0).abs() < 1e-9);
        let mut tall = picture(2, 5);
        tall.crop_to_proportions((2, 3));
        assert_eq!(tall.samples, Samples::U8((2..8).collect()));
        let mut same = picture(4, 3);
        assert_eq!(same.crop_to_proportions((8, 6)), 0.0);
        let mut thin = picture(200, 1);
        thin.crop_to_proportions((1, 1_000_000));
        assert_eq!((thin.width, thin.height), (1, 1));
    }
}
