//! Resizing to any size, row by row.
//!
//! A network enlarges by a whole factor; what is asked for is any size. [`Resample`] stands between a
//! source of rows and its reader: each source row is resized along its width as it arrives, and as many
//! of these as the filter spans are held to make rows of the result. Filters are separable, aligned on
//! pixel centres, cut off and normalised at the borders, and widened when a side shrinks, so that nothing
//! aliases. This is the usual convention (Pillow's, among others).

mod passes;
mod taps;
mod transfer;

use std::collections::VecDeque;

use rayon::prelude::*;

use crate::{Error, Result, Rows};
use passes::Columns;
use taps::Taps;

/// How an output pixel is made from the source pixels around its centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The source pixel under the centre: blocks stay blocks. Never antialiased.
    Nearest,
    /// Keys' cubic convolution with a = -1/2 (Catmull-Rom), two pixels to each side.
    Bicubic,
    /// Lanczos' windowed sinc, three pixels to each side: sharpest, with some ringing.
    Lanczos,
}

/// Which values are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Light {
    /// Amounts of light: sRGB's curve (IEC 61966-2-1) is undone before and applied again after. Keeps
    /// brightness when detail is averaged away, so it is the right one for shrinking.
    Linear,
    /// Sample values as they are. Rings less around dark lines when enlarging.
    Encoded,
}

/// Rows that are read, resized and made at a time: enough work for the threads, little memory.
const BATCH: usize = 32;

/// A source of rows in another size.
///
/// With 2 or 4 channels the last one is alpha: it is resized like the others but is not subject to
/// [`Light::Linear`]. Colours are not weighted by alpha here; hand in premultiplied ones if that matters.
///
/// Samples outside [0, 1] are kept, and filters with negative lobes make new ones. The result does not
/// depend on the number of threads. Memory holds `2 * BATCH` rows of source and result and the rows that
/// the filter spans, whatever the height.
pub struct Resample<'a> {
    source: Box<dyn Rows + 'a>,
    width: usize,
    height: usize,
    channels: usize,
    filter: Filter,
    /// Whether the curve is undone and applied.
    linear: bool,
    /// `None` if the width stays.
    columns: Option<Columns>,
    /// Rows as the source gives them; reused.
    raw: Vec<Vec<f32>>,
    /// Source rows in the new width, the last of them number `read - 1`.
    window: VecDeque<Vec<f32>>,
    /// Source rows read.
    read: usize,
    /// When shrinking: rows of the result that have begun, in order.
    begun: VecDeque<(Taps, Vec<f32>)>,
    /// Rows of the result that are done but not handed out, in order.
    ready: VecDeque<Vec<f32>>,
    /// The first row of the result that is neither begun nor done.
    next: usize,
    /// Rows handed out.
    given: usize,
    /// Buffers of one result row for reuse.
    spare: Vec<Vec<f32>>,
}

impl<'a> Resample<'a> {
    /// Resizes `source` to `width` times `height` pixels. If that is its size already, rows pass through
    /// unchanged, bit for bit.
    ///
    /// # Errors
    /// [`Error::Shape`] if a side is zero, [`Error::Limits`] if a row does not fit the address space.
    pub fn new(
        source: Box<dyn Rows + 'a>,
        width: usize,
        height: usize,
        filter: Filter,
        light: Light,
    ) -> Result<Self> {
        let (from, channels) = (source.width(), source.channels());
        if [width, height, from, source.height(), channels].contains(&0) {
            return Err(Error::Shape(format!(
                "cannot resize {from}x{} pixels of {channels} channels to {width}x{height}",
                source.height()
            )));
        }
        let largest = width.max(from).checked_mul(channels);
        if largest.is_none_or(|samples| samples > isize::MAX as usize / 64) {
            return Err(Error::Limits(format!(
                "rows of {} pixels are too long",
                width.max(from)
            )));
        }
        Ok(Resample {
            columns: (width != from).then(|| Columns::new(filter, from, width)),
            linear: light == Light::Linear && filter != Filter::Nearest,
            source,
            width,
            height,
            channels,
            filter,
            raw: Vec::new(),
            window: VecDeque::new(),
            read: 0,
            begun: VecDeque::new(),
            ready: VecDeque::new(),
            next: 0,
            given: 0,
            spare: Vec::new(),
        })
    }

    fn taps(&self, row: usize) -> Taps {
        Taps::new(self.filter, self.source.height(), self.height, row)
    }

    fn row_buffer(&mut self) -> Vec<f32> {
        let mut row = self.spare.pop().unwrap_or_default();
        row.clear();
        row.resize(self.width * self.channels, 0.0);
        row
    }

    /// Reads up to [`BATCH`] source rows and appends them to the window in the new width. At least one
    /// is left to read whenever this is called.
    fn read_batch(&mut self) -> Result<()> {
        let count = BATCH.min(self.source.height() - self.read);
        let stride = self.source.width() * self.channels;
        self.raw.resize_with(count, || vec![0.0; stride]);
        for row in &mut self.raw {
            self.source.next_row(row)?;
        }
        self.read += count;

        let mut made: Vec<_> = (0..count).map(|_| self.row_buffer()).collect();
        let (linear, channels, columns) = (self.linear, self.channels, &self.columns);
        let groups = self.raw.par_chunks_mut(passes::LANES);
        groups
            .zip(made.par_chunks_mut(passes::LANES))
            .for_each(|(raw, made)| {
                if linear {
                    raw.iter_mut()
                        .for_each(|row| transfer::decode_row(row, channels));
                }
                match columns {
                    Some(columns) => columns.apply(raw, made, channels),
                    None => raw.iter_mut().zip(made).for_each(|(raw, made)| {
                        made.copy_from_slice(raw);
                    }),
                }
            });
        self.window.extend(made);
        Ok(())
    }

    /// Makes at least one more row of the result.
    fn advance(&mut self) -> Result<()> {
        while self.ready.is_empty() {
            if self.height < self.source.height() {
                self.read_batch()?;
                self.shrink();
            } else {
                let needed = self.taps(self.next).end();
                while self.read < needed {
                    self.read_batch()?;
                }
                self.enlarge();
            }
        }
        Ok(())
    }

    /// Each row of the result gathers the window rows that it spans, which are few.
    fn enlarge(&mut self) {
        let taps: Vec<_> = (self.next..self.height.min(self.next + BATCH))
            .map(|row| self.taps(row))
            .take_while(|taps| taps.end() <= self.read)
            .collect();
        let mut rows: Vec<_> = taps.iter().map(|_| self.row_buffer()).collect();
        let first = self.read - self.window.len();
        let (window, linear, channels) = (&self.window, self.linear, self.channels);
        rows.par_iter_mut().zip(&taps).for_each(|(row, taps)| {
            passes::accumulate(row, taps, first, window);
            if linear {
                transfer::encode_row(row, channels);
            }
        });
        self.next += rows.len();
        self.ready.extend(rows);
        let keep = match self.next < self.height {
            true => self.taps(self.next).first,
            false => self.read,
        };
        self.drop_window_before(keep);
    }

    /// A row of the result may span more source rows than memory should hold. So sums are kept instead:
    /// of all rows that have begun, which are few, and the window is emptied.
    fn shrink(&mut self) {
        while self.next < self.height {
            let taps = self.taps(self.next);
            if taps.first >= self.read {
                break;
            }
            let row = self.row_buffer();
            self.begun.push_back((taps, row));
            self.next += 1;
        }
        let first = self.read - self.window.len();
        let (window, linear, channels) = (&self.window, self.linear, self.channels);
        let end = self.read;
        self.begun.par_iter_mut().for_each(|(taps, row)| {
            passes::accumulate(row, taps, first, window);
            if linear && taps.end() <= end {
                transfer::encode_row(row, channels);
            }
        });
        while let Some((_, row)) = self.begun.pop_front_if(|(taps, _)| taps.end() <= end) {
            self.ready.push_back(row);
        }
        self.drop_window_before(end);
    }

    fn drop_window_before(&mut self, row: usize) {
        let first = self.read - self.window.len();
        let count = row.saturating_sub(first).min(self.window.len());
        self.spare.extend(self.window.drain(..count));
    }
}

impl Rows for Resample<'_> {
    fn width(&self) -> usize {
        self.width
    }

    fn height(&self) -> usize {
        self.height
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn next_row(&mut self, row: &mut [f32]) -> Result<()> {
        if self.columns.is_none() && self.height == self.source.height() {
            return self.source.next_row(row);
        }
        if self.given >= self.height {
            return Err(Error::Shape(
                "more rows asked for than the resized picture has".into(),
            ));
        }
        if row.len() != self.width * self.channels {
            return Err(Error::Shape(format!(
                "a row of {} samples was offered for {} pixels of {} channels",
                row.len(),
                self.width,
                self.channels
            )));
        }
        if self.ready.is_empty() {
            self.advance()?;
        }
        if let Some(made) = self.ready.pop_front() {
            row.copy_from_slice(&made);
            self.spare.push(made);
            self.given += 1;
        }
        Ok(())
    }
}
