//! What is looked at: pixels, and what the file says about them.

use serde::Serialize;

/// Mean of the least colour of what can be seen, 0 to 1, that no one puts on white.
const NEXT_TO_WHITE: f64 = 0.96;

/// A picture that cannot be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{width}x{height} pixels of {channels} samples need {expected} samples; {found} were given"
)]
pub struct RasterError {
    width: usize,
    height: usize,
    channels: usize,
    expected: u128,
    found: usize,
}

/// Samples of a picture, rows from the top, channels interleaved.
#[derive(Clone, Copy, Debug)]
pub enum Samples<'a> {
    /// 0 to 255.
    U8(&'a [u8]),
    /// 0 to 65535.
    U16(&'a [u16]),
}

impl Samples<'_> {
    fn len(&self) -> usize {
        match self {
            Samples::U8(data) => data.len(),
            Samples::U16(data) => data.len(),
        }
    }
}

/// A decoded, upright picture that is only borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Raster<'a> {
    width: usize,
    height: usize,
    channels: usize,
    samples: Samples<'a>,
    /// What shows through transparent pixels, 0 to 255: white, or black under what is white itself.
    ground: f32,
}

impl<'a> Raster<'a> {
    /// `width * height` pixels of `channels` samples: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    ///
    /// Alpha is not multiplied into the colour.
    ///
    /// # Errors
    ///
    /// [`RasterError`] unless there are that many samples and at least one pixel.
    pub fn new(
        width: usize,
        height: usize,
        channels: usize,
        samples: Samples<'a>,
    ) -> Result<Self, RasterError> {
        let expected = width as u128 * height as u128 * channels as u128;
        if expected == 0 || channels > 4 || expected != samples.len() as u128 {
            return Err(RasterError {
                width,
                height,
                channels,
                expected,
                found: samples.len(),
            });
        }
        let raster = Raster {
            width,
            height,
            channels,
            samples,
            ground: 255.0,
        };
        Ok(Raster {
            ground: if raster.is_lost_on_white() {
                0.0
            } else {
                255.0
            },
            ..raster
        })
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Whether it is RGB rather than grey.
    pub fn is_colour(&self) -> bool {
        self.channels >= 3
    }

    /// Whether an alpha sample follows the colour.
    pub fn has_alpha(&self) -> bool {
        self.channels.is_multiple_of(2)
    }

    /// Pixels.
    pub fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// A pixel's colour, 0 to 255 with fractions for 16-bit samples; grey three times over.
    pub fn rgb(&self, x: usize, y: usize) -> [f32; 3] {
        let at = (y * self.width + x) * self.channels;
        match (self.samples, self.is_colour()) {
            (Samples::U8(data), true) => [0, 1, 2].map(|c| f32::from(data[at + c])),
            (Samples::U8(data), false) => [f32::from(data[at]); 3],
            (Samples::U16(data), true) => [0, 1, 2].map(|c| f32::from(data[at + c]) / 257.0),
            (Samples::U16(data), false) => [f32::from(data[at]) / 257.0; 3],
        }
    }

    /// A pixel's alpha, 0 transparent to 1.
    pub fn alpha(&self, x: usize, y: usize) -> f32 {
        if !self.has_alpha() {
            return 1.0;
        }
        let at = (y * self.width + x) * self.channels + self.channels - 1;
        match self.samples {
            Samples::U8(data) => f32::from(data[at]) / 255.0,
            Samples::U16(data) => f32::from(data[at]) / 65535.0,
        }
    }

    /// Whether what can be seen of it is next to white in the mean and something is transparent: an icon for dark grounds.
    fn is_lost_on_white(&self) -> bool {
        // Sums of the least colour as far as it is seen, and of alpha.
        fn sums<T: Copy + Ord>(data: &[T], channels: usize, value: fn(T) -> f64) -> [f64; 2] {
            data.chunks_exact(channels)
                .fold([0.0; 2], |[seen, all], p| {
                    let alpha = value(p[channels - 1]);
                    let least = p[..channels - 1].iter().copied().min().map_or(0.0, value);
                    [seen + alpha * least, all + alpha]
                })
        }
        if !self.has_alpha() {
            return false;
        }
        let [seen, all] = match self.samples {
            Samples::U8(data) => sums(data, self.channels, |v| f64::from(v) / 255.0),
            Samples::U16(data) => sums(data, self.channels, |v| f64::from(v) / 65535.0),
        };
        all < 0.999 * self.pixels() as f64 && seen > NEXT_TO_WHITE * all
    }

    /// Whether a colour sample of part of a row is at an end of the scale.
    ///
    /// # Panics
    ///
    /// Panics if the part reaches beyond the row.
    pub fn is_clipped(&self, y: usize, x: usize, count: usize) -> bool {
        fn any<T: Copy + PartialEq>(part: &[T], channels: usize, ends: [T; 2]) -> bool {
            // Nothing is skipped, so that the compiler can use vectors.
            let any = |samples: &[T]| {
                samples
                    .iter()
                    .fold(false, |any, v| any | (*v == ends[0]) | (*v == ends[1]))
            };
            match channels {
                1 | 3 => any(part),
                _ => part.chunks_exact(channels).any(|p| any(&p[..channels - 1])),
            }
        }
        assert!(x + count <= self.width && y < self.height);
        let start = (y * self.width + x) * self.channels;
        let part = start..start + count * self.channels;
        match self.samples {
            Samples::U8(data) => any(&data[part], self.channels, [0, u8::MAX]),
            Samples::U16(data) => any(&data[part], self.channels, [0, u16::MAX]),
        }
    }

    /// Green, or grey where there is no colour, over the ground where it is transparent, 0 to 255, of part of a row,
    /// into `out`.
    ///
    /// # Panics
    ///
    /// Panics if the part reaches beyond the row.
    pub fn green_row(&self, y: usize, x: usize, out: &mut [f32]) {
        self.mapped_row(y, x, out, |[_, green, _]| green);
    }

    /// Luma (ITU-R BT.601, as in JPEG), over the ground where it is transparent, 0 to 255, of part of a row, into `out`.
    ///
    /// # Panics
    ///
    /// Panics if the part reaches beyond the row.
    pub fn luma_row(&self, y: usize, x: usize, out: &mut [f32]) {
        if self.is_colour() {
            self.mapped_row(y, x, out, luma);
        } else {
            self.green_row(y, x, out);
        }
    }

    /// Red, green and blue over the ground where it is transparent, 0 to 255, of part of a row, into `out`; grey three times over.
    ///
    /// # Panics
    ///
    /// Panics if the part reaches beyond the row.
    pub fn rgb_row(&self, y: usize, x: usize, out: &mut [[f32; 3]]) {
        self.mapped_row(y, x, out, |rgb| rgb);
    }

    /// What `make` makes of each pixel's colour, 0 to 255, over the ground.
    fn mapped_row<O>(&self, y: usize, x: usize, out: &mut [O], make: impl Fn([f32; 3]) -> O) {
        fn fill<T: Copy, O>(
            row: &[T],
            channels: usize,
            ground: f32,
            out: &mut [O],
            value: impl Fn(T) -> f32,
            make: impl Fn([f32; 3]) -> O,
        ) {
            let pixels = out.iter_mut().zip(row.chunks_exact(channels));
            match channels {
                1 => pixels.for_each(|(out, p)| *out = make([value(p[0]); 3])),
                3 => {
                    let pixels = pixels.map(|(out, p)| (out, [p[0], p[1], p[2]]));
                    pixels.for_each(|(out, p)| *out = make(p.map(&value)));
                }
                _ => pixels.for_each(|(out, p)| {
                    let alpha = value(p[channels - 1]) / 255.0;
                    let colour = if channels == 2 { [0; 3] } else { [0, 1, 2] };
                    *out = make(colour.map(|c| value(p[c]) * alpha + ground * (1.0 - alpha)));
                }),
            }
        }
        assert!(x + out.len() <= self.width && y < self.height);
        let start = (y * self.width + x) * self.channels;
        let part = start..start + out.len() * self.channels;
        match self.samples {
            Samples::U8(data) => fill(
                &data[part],
                self.channels,
                self.ground,
                out,
                f32::from,
                make,
            ),
            Samples::U16(data) => {
                let value = |v: u16| f32::from(v) / 257.0;
                fill(&data[part], self.channels, self.ground, out, value, make);
            }
        }
    }
}

/// Luma (ITU-R BT.601, as in JPEG) of red, green and blue, in their range.
pub(crate) fn luma([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

/// What the file says beside its pixels. Nothing of it is needed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FileFacts {
    /// The format's name, such as "JPEG".
    pub format: Option<String>,
    /// Length of the file.
    pub bytes: Option<u64>,
    /// Quantisation table of a JPEG's luma, in row order (not zigzag), 1 to 65535.
    pub luma_quantisation: Option<Vec<u16>>,
}
