//! A picture's channels to the engine and back.
//!
//! A network takes one or three channels. Colour goes through a network of three as it is; grey is
//! handed over three times and the three answers are averaged; alpha, where it varies, goes through as
//! a grey picture of its own. A network of one channel sees every channel apart. A filter takes them all
//! at once.

use upwise_engine::{Error, Result, Rows};

use crate::picture::{Depth, Layout, Picture, Samples};

/// One run over the picture: which of its channels go in, and what comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Channels of the picture, in the order in which they are handed over.
    pub channels: Vec<usize>,
    /// Whether all that comes out is averaged to one channel.
    pub averaged: bool,
}

impl Pass {
    /// Channels of the result that this pass makes.
    fn produced(&self) -> usize {
        if self.averaged {
            1
        } else {
            self.channels.len()
        }
    }
}

/// The passes that a picture takes through something of `network_channels` (`None`: any number).
///
/// `alpha` says whether alpha is among the channels; one that is the same everywhere need not be.
pub fn passes(colour: bool, alpha: bool, network_channels: Option<usize>) -> Vec<Pass> {
    let colours = if colour { 3 } else { 1 };
    let all = colours + usize::from(alpha);
    let Some(network_channels) = network_channels else {
        return vec![Pass {
            channels: (0..all).collect(),
            averaged: false,
        }];
    };
    let repeated = |channel| Pass {
        channels: vec![channel; network_channels],
        averaged: network_channels > 1,
    };
    if colours == network_channels {
        let mut passes = vec![Pass {
            channels: (0..colours).collect(),
            averaged: false,
        }];
        passes.extend(alpha.then(|| repeated(colours)));
        passes
    } else {
        (0..all).map(repeated).collect()
    }
}

/// Some channels of a picture as rows of samples in [0, 1].
pub struct PictureRows<'a> {
    picture: &'a Picture,
    channels: Vec<usize>,
    next: usize,
}

impl<'a> PictureRows<'a> {
    /// The channels that a pass takes.
    pub fn new(picture: &'a Picture, pass: &Pass) -> Self {
        PictureRows {
            picture,
            channels: pass.channels.clone(),
            next: 0,
        }
    }
}

impl Rows for PictureRows<'_> {
    fn width(&self) -> usize {
        self.picture.width
    }

    fn height(&self) -> usize {
        self.picture.height
    }

    fn channels(&self) -> usize {
        self.channels.len()
    }

    fn next_row(&mut self, row: &mut [f32]) -> Result<()> {
        fn fill<T: Copy + Into<f32>>(
            row: &mut [f32],
            data: &[T],
            stored: usize,
            channels: &[usize],
            largest: f32,
        ) {
            let pixels = row.chunks_exact_mut(channels.len());
            for (to, from) in pixels.zip(data.chunks_exact(stored)) {
                for (to, &channel) in to.iter_mut().zip(channels) {
                    *to = from[channel].into() / largest;
                }
            }
        }
        if self.next >= self.picture.height {
            return Err(Error::Shape(
                "more rows asked for than the picture has".into(),
            ));
        }
        let stored = self.picture.layout().channels();
        let stride = self.picture.width * stored;
        let range = self.next * stride..(self.next + 1) * stride;
        self.next += 1;
        match &self.picture.samples {
            Samples::U8(data) => fill(row, &data[range], stored, &self.channels, 255.0),
            Samples::U16(data) => fill(row, &data[range], stored, &self.channels, 65535.0),
        }
        Ok(())
    }
}

/// What several passes make, side by side as channels of one picture.
pub struct Merged<'a> {
    parts: Vec<Part<'a>>,
    channels: usize,
}

struct Part<'a> {
    rows: Box<dyn Rows + 'a>,
    averaged: bool,
    produced: usize,
    row: Vec<f32>,
}

impl<'a> Merged<'a> {
    /// Puts passes and the rows that they make together. All must be of one size.
    pub fn new(parts: Vec<(Pass, Box<dyn Rows + 'a>)>) -> Self {
        let parts: Vec<Part<'a>> = parts
            .into_iter()
            .map(|(pass, rows)| Part {
                averaged: pass.averaged,
                produced: pass.produced(),
                row: vec![0.0; rows.width() * rows.channels()],
                rows,
            })
            .collect();
        Merged {
            channels: parts.iter().map(|part| part.produced).sum(),
            parts,
        }
    }
}

impl Rows for Merged<'_> {
    fn width(&self) -> usize {
        self.parts[0].rows.width()
    }

    fn height(&self) -> usize {
        self.parts[0].rows.height()
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn next_row(&mut self, row: &mut [f32]) -> Result<()> {
        let mut first = 0;
        for part in &mut self.parts {
            part.rows.next_row(&mut part.row)?;
            let made = part.rows.channels();
            let pixels = row.chunks_exact_mut(self.channels);
            for (to, from) in pixels.zip(part.row.chunks_exact(made)) {
                if part.averaged {
                    to[first] = from.iter().sum::<f32>() / made as f32;
                } else {
                    to[first..first + made].copy_from_slice(from);
                }
            }
            first += part.produced;
        }
        Ok(())
    }
}

/// Turns samples in [0, 1] into the bytes that are stored.
pub struct Quantiser {
    /// Channels that come in: colour, and alpha if it was enlarged.
    channels: usize,
    colours: usize,
    /// Alpha where none comes in.
    constant_alpha: f32,
    stored: Layout,
}

impl Quantiser {
    /// From rows of `channels` to the layout of a file. Where the file has alpha and the rows do not,
    /// it is `constant_alpha`; where it is the other way round, the picture is laid over white.
    pub fn new(channels: usize, constant_alpha: f32, stored: Layout) -> Self {
        Quantiser {
            channels,
            colours: stored.colour_channels(),
            constant_alpha,
            stored,
        }
    }

    /// Fills `out`. An error if a sample is not a number: a file must not look finished then.
    pub fn row(&self, row: &[f32], out: &mut [u8]) -> Result<()> {
        let opaque = self.stored.alpha || self.constant_alpha == 1.0;
        if self.channels == self.stored.channels() && opaque {
            return self.store(row, out);
        }
        let width = self.stored.pixel_bytes();
        for (pixel, out) in row
            .chunks_exact(self.channels)
            .zip(out.chunks_exact_mut(width))
        {
            let alpha = match pixel.get(self.colours) {
                Some(alpha) => alpha.clamp(0.0, 1.0),
                None => self.constant_alpha,
            };
            let mut samples = [alpha; 4];
            for (sample, &value) in samples.iter_mut().zip(&pixel[..self.colours]) {
                *sample = if self.stored.alpha {
                    value
                } else {
                    1.0 + (value.clamp(0.0, 1.0) - 1.0) * alpha
                };
            }
            self.store(&samples[..self.stored.channels()], out)?;
        }
        Ok(())
    }

    /// Samples as the file has them.
    fn store(&self, samples: &[f32], out: &mut [u8]) -> Result<()> {
        // Without an early exit, so that a whole row is looked through in vectors.
        if samples.iter().fold(false, |bad, s| bad | s.is_nan()) {
            return Err(Error::Shape(
                "the model made values that are not numbers".into(),
            ));
        }
        // The conversions saturate.
        match self.stored.depth {
            Depth::Eight => {
                for (out, sample) in out.iter_mut().zip(samples) {
                    *out = (sample * 255.0 + 0.5) as u8;
                }
            }
            Depth::Sixteen => {
                for (out, sample) in out.chunks_exact_mut(2).zip(samples) {
                    let value = (sample * 65535.0 + 0.5) as u16;
                    out.copy_from_slice(&value.to_ne_bytes());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channels_of(passes: &[Pass]) -> Vec<(&[usize], bool)> {
        passes
            .iter()
            .map(|pass| (&pass.channels[..], pass.averaged))
            .collect()
    }

    #[test]
    fn every_channel_goes_through_once() {
        let rgba = passes(true, true, Some(3));
        assert_eq!(
            channels_of(&rgba),
            [(&[0, 1, 2][..], false), (&[3, 3, 3], true)]
        );
        let grey = passes(false, false, Some(3));
        assert_eq!(channels_of(&grey), [(&[0, 0, 0][..], true)]);
        let grey_alpha = passes(false, true, Some(1));
        assert_eq!(channels_of(&grey_alpha), [(&[0][..], false), (&[1], false)]);
        let apart = passes(true, false, Some(1));
        assert_eq!(
            channels_of(&apart),
            [(&[0][..], false), (&[1], false), (&[2], false)]
        );
        let filter = passes(true, true, None);
        assert_eq!(channels_of(&filter), [(&[0, 1, 2, 3][..], false)]);
    }

    #[test]
    fn samples_come_back_as_they_were() {
        let layout = |depth| Layout {
            colour: false,
            alpha: false,
            depth,
        };
        let mut out = [0];
        for value in 0..=255u8 {
            let sample = f32::from(value) / 255.0;
            Quantiser::new(1, 1.0, layout(Depth::Eight))
                .row(&[sample], &mut out)
                .unwrap();
            assert_eq!(out[0], value);
        }
        let mut out = [0; 2];
        for value in 0..=65535u16 {
            let sample = f32::from(value) / 65535.0;
            Quantiser::new(1, 1.0, layout(Depth::Sixteen))
                .row(&[sample], &mut out)
                .unwrap();
            assert_eq!(u16::from_ne_bytes(out), value);
        }
    }

    #[test]
    fn transparency_is_laid_over_white_and_nan_is_refused() {
        let stored = Layout {
            colour: true,
            alpha: false,
            depth: Depth::Eight,
        };
        let mut out = [0; 3];
        let quantiser = Quantiser::new(4, 1.0, stored);
        quantiser.row(&[1.0, 0.0, 2.0, 0.0], &mut out).unwrap();
        assert_eq!(out, [255, 255, 255]);
        quantiser.row(&[1.0, 0.0, 2.0, 0.5], &mut out).unwrap();
        assert_eq!(out, [255, 128, 255]);
        assert!(quantiser.row(&[f32::NAN, 0.0, 0.0, 1.0], &mut out).is_err());
        let plain = Quantiser::new(3, 1.0, stored);
        plain.row(&[-1.0, 0.5, 2.0], &mut out).unwrap();
        assert_eq!(out, [0, 128, 255]);
        assert!(plain.row(&[0.0, 0.0, f32::NAN], &mut out).is_err());
        // Transparent all over, in a format without transparency.
        let glass = Quantiser::new(3, 0.0, stored);
        glass.row(&[0.0, 0.5, 1.0], &mut out).unwrap();
        assert_eq!(out, [255, 255, 255]);
    }
}
