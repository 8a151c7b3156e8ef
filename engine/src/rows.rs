//! Pixels as they travel: rows of interleaved `f32` samples, 0 for black and 1 for white.

use crate::{Error, Result};

/// A picture that is read once, row by row, from the top.
///
/// Samples are interleaved, nominally in [0, 1], in the picture's own transfer curve (for the web: sRGB).
pub trait Rows: Send {
    /// Pixels in a row.
    fn width(&self) -> usize;
    /// Rows in all.
    fn height(&self) -> usize;
    /// Samples in a pixel.
    fn channels(&self) -> usize;
    /// Fills `row` (`width * channels` samples) with the next row. Called at most `height` times.
    fn next_row(&mut self, row: &mut [f32]) -> Result<()>;
}

/// A picture held in memory: `height` rows of `width * channels` interleaved samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<f32>,
}

impl Image {
    /// Takes `height * width * channels` samples; an error if `data` has another length or a side is zero.
    pub fn new(width: usize, height: usize, channels: usize, data: Vec<f32>) -> Result<Self> {
        let expected = width
            .checked_mul(height)
            .and_then(|n| n.checked_mul(channels));
        if expected != Some(data.len()) || data.is_empty() {
            return Err(Error::Shape(format!(
                "{width}x{height} pixels of {channels} channels do not fit {} samples",
                data.len()
            )));
        }
        Ok(Image {
            width,
            height,
            channels,
            data,
        })
    }

    /// Reads all of `rows` into memory.
    pub fn read(rows: &mut dyn Rows) -> Result<Self> {
        let (width, height, channels) = (rows.width(), rows.height(), rows.channels());
        let stride = width * channels;
        let mut data = vec![0.0; stride * height];
        for row in data.chunks_exact_mut(stride) {
            rows.next_row(row)?;
        }
        Image::new(width, height, channels, data)
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Samples in a pixel.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// All samples, row after row.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// All samples, and their memory.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// One row of `width * channels` samples.
    pub fn row(&self, y: usize) -> &[f32] {
        let stride = self.width * self.channels;
        &self.data[y * stride..][..stride]
    }

    /// Hands the picture out row by row.
    pub fn rows(&self) -> impl Rows + '_ {
        ImageRows {
            image: self,
            next: 0,
        }
    }
}

struct ImageRows<'a> {
    image: &'a Image,
    next: usize,
}

impl Rows for ImageRows<'_> {
    fn width(&self) -> usize {
        self.image.width
    }

    fn height(&self) -> usize {
        self.image.height
    }

    fn channels(&self) -> usize {
        self.image.channels
    }

    fn next_row(&mut self, row: &mut [f32]) -> Result<()> {
        if self.next >= self.image.height {
            return Err(Error::Shape(
                "more rows asked for than the picture has".into(),
            ));
        }
        row.copy_from_slice(self.image.row(self.next));
        self.next += 1;
        Ok(())
    }
}
