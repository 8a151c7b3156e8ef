//! The strips and tiles of a TIFF to the samples of a picture.

use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;

use super::tiff::failure;
use crate::picture::limits::allocate;
use crate::picture::{Input, PictureError, Samples};

/// What is stored in a pixel.
#[derive(Clone)]
pub struct Stored {
    /// Bits of a sample.
    pub bits: u8,
    /// Samples that the decoder hands over for a pixel.
    pub samples: usize,
    /// Of these, samples of colour: 1, 3, or 4 inks.
    pub colours: usize,
    /// Whether the sample behind the colour is alpha.
    pub alpha: bool,
    /// YCbCr, as JPEG inside TIFF leaves it.
    pub ycbcr: bool,
    /// The colours that samples are indices of, if they are.
    pub palette: Vec<[u8; 3]>,
}

impl Stored {
    /// Samples that an index becomes; 0 without a palette.
    pub fn palette_samples(&self) -> usize {
        if self.palette.is_empty() { 0 } else { 3 }
    }
}

/// Reads every strip or tile to its place. A planar file has them once for each sample.
///
/// Samples of 32 bits and floats become 16 bits; floats are taken as 0 to 1.
pub fn read_chunks(
    decoder: &mut Decoder<Input>,
    width: usize,
    height: usize,
    stored: &Stored,
    warnings: &mut Vec<String>,
) -> Result<Samples, PictureError> {
    let step = stored.samples.max(stored.palette_samples());
    let mut samples = if stored.bits > 8 {
        Samples::U16(allocate(width * height * step)?)
    } else {
        Samples::U8(allocate(width * height * step)?)
    };
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let (chunk_width, chunk_height) = (chunk_width as usize, chunk_height as usize);
    let across = width.div_ceil(chunk_width);
    let per_plane = across * height.div_ceil(chunk_height);
    let planar = decoder
        .find_tag_unsigned::<u16>(Tag::PlanarConfiguration)
        .map_err(failure)?
        == Some(2);
    let planes = if planar { stored.samples } else { 1 };
    let mut beyond = Beyond::default();
    for index in 0..planes * per_plane {
        let (plane, cell) = (index / per_plane, index % per_plane);
        let (x, y) = (cell % across * chunk_width, cell / across * chunk_height);
        let chunk = decoder.read_chunk(index as u32).map_err(failure)?;
        let place = Place {
            start: (y * width + x) * step + plane,
            stride: width * step,
            step,
            columns: chunk_width.min(width - x),
            in_chunk: stored.samples / planes,
        };
        match (chunk, &mut samples) {
            (DecodingResult::U8(chunk), Samples::U8(out)) if stored.palette_samples() > 0 => {
                place.look_up(&chunk, out, stored);
            }
            (DecodingResult::U8(chunk), Samples::U8(out)) if stored.bits < 8 => {
                place.unpack(&chunk, out, stored.bits);
            }
            (DecodingResult::U8(chunk), Samples::U8(out)) => place.copy(&chunk, out, |v| v),
            (DecodingResult::U16(chunk), Samples::U16(out)) => place.copy(&chunk, out, |v| v),
            (DecodingResult::U32(chunk), Samples::U16(out)) => {
                place.copy(&chunk, out, |v| (v >> 16) as u16);
            }
            (DecodingResult::U64(chunk), Samples::U16(out)) => {
                place.copy(&chunk, out, |v| (v >> 48) as u16);
            }
            (DecodingResult::F16(chunk), Samples::U16(out)) => {
                place.copy(&chunk, out, |v| beyond.unit(v.to_f32()));
            }
            (DecodingResult::F32(chunk), Samples::U16(out)) => {
                place.copy(&chunk, out, |v| beyond.unit(v));
            }
            (DecodingResult::F64(chunk), Samples::U16(out)) => {
                place.copy(&chunk, out, |v| beyond.unit(v as f32));
            }
            _ => {
                return Err(PictureError::Unsupported(
                    "a TIFF of signed samples; save it as 8 or 16 bit".into(),
                ));
            }
        }
    }
    warnings.extend(beyond.verdict(width * height * step)?);
    Ok(samples)
}

/// Floats that are not from 0 to 1.
#[derive(Default)]
struct Beyond {
    count: usize,
    /// The largest, 0 if none is larger than 1.
    largest: f32,
}

impl Beyond {
    /// A float of 0 to 1 in 16 bits; others are cut off and counted.
    fn unit(&mut self, value: f32) -> u16 {
        if !(0.0..=1.0).contains(&value) {
            self.count += 1;
            self.largest = self.largest.max(value);
        }
        // The conversion saturates, and makes zero of what is not a number.
        (value * 65535.0 + 0.5) as u16
    }

    /// What to say of them among `all` samples: where most are cut off little is left of the picture.
    fn verdict(&self, all: usize) -> Result<Option<String>, PictureError> {
        match self.count {
            0 => Ok(None),
            most if most > all / 2 => Err(PictureError::Unsupported(format!(
                "a TIFF of floating-point samples most of which are not from 0 to 1 (up to {}); scale them to that, or save it \
                 as 8 or 16 bit",
                self.largest
            ))),
            _ => Ok(Some(
                "floating-point samples outside of 0 to 1 are cut off there".into(),
            )),
        }
    }
}

/// Where a strip or tile belongs in the picture, in samples.
struct Place {
    start: usize,
    stride: usize,
    step: usize,
    columns: usize,
    in_chunk: usize,
}

impl Place {
    fn copy<T: Copy, U>(&self, chunk: &[T], out: &mut [U], mut convert: impl FnMut(T) -> U) {
        let rows = chunk.chunks_exact(self.columns * self.in_chunk);
        for (y, row) in rows.enumerate() {
            let Some(out) = out.get_mut(self.start + y * self.stride..) else {
                return;
            };
            let pixels = out.chunks_mut(self.step);
            for (to, from) in pixels.zip(row.chunks_exact(self.in_chunk)) {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = convert(*from);
                }
            }
        }
    }

    /// Grey of fewer than 8 bits.
    fn unpack(&self, chunk: &[u8], out: &mut [u8], bits: u8) {
        let largest = (1u16 << bits) - 1;
        self.each_packed(chunk, out, bits, |to, value| {
            to[0] = (u16::from(value) * 255 / largest) as u8;
        });
    }

    /// Indices to colours.
    fn look_up(&self, chunk: &[u8], out: &mut [u8], stored: &Stored) {
        self.each_packed(chunk, out, stored.bits, |to, index| {
            if let Some(colour) = stored.palette.get(usize::from(index)) {
                to.copy_from_slice(colour);
            }
        });
    }

    /// One sample a pixel, of 8 bits or fewer: rows start on a byte, the first pixel in its high bits.
    fn each_packed(
        &self,
        chunk: &[u8],
        out: &mut [u8],
        bits: u8,
        mut put: impl FnMut(&mut [u8], u8),
    ) {
        let in_byte = usize::from(8 / bits);
        let largest = ((1u16 << bits) - 1) as u8;
        let rows = chunk.chunks_exact(self.columns.div_ceil(in_byte));
        for (y, row) in rows.enumerate() {
            let Some(out) = out.get_mut(self.start + y * self.stride..) else {
                return;
            };
            let pixels = out.chunks_exact_mut(self.step).take(self.columns);
            for (x, to) in pixels.enumerate() {
                let shift = 8 - usize::from(bits) * (x % in_byte + 1);
                put(to, row[x / in_byte] >> shift & largest);
            }
        }
    }
}

/// Drops the samples that are neither colour nor alpha.
pub fn keep_channels(samples: Samples, stored: &Stored) -> Samples {
    fn keep<T: Copy>(mut data: Vec<T>, from: usize, to: usize) -> Vec<T> {
        if from != to {
            let pixels = data.len() / from;
            for i in 0..pixels {
                data.copy_within(i * from..i * from + to, i * to);
            }
            data.truncate(pixels * to);
        }
        data
    }
    if stored.palette_samples() > 0 {
        return samples;
    }
    let channels = stored.colours + usize::from(stored.alpha);
    match samples {
        Samples::U8(data) => Samples::U8(keep(data, stored.samples, channels)),
        Samples::U16(data) => Samples::U16(keep(data, stored.samples, channels)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(columns: usize, step: usize) -> Place {
        Place {
            start: 0,
            stride: columns * step,
            step,
            columns,
            in_chunk: 1,
        }
    }

    #[test]
    fn bits_become_bytes() {
        let place = place(5, 1);
        let mut out = [0; 10];
        place.unpack(&[0b1010_1000, 0b0111_0000], &mut out, 1);
        assert_eq!(out, [255, 0, 255, 0, 255, 0, 255, 255, 255, 0]);
        place.unpack(&[0x0f, 0x70, 0x10, 0xff, 0x00, 0x80], &mut out, 4);
        assert_eq!(out, [0, 255, 119, 0, 17, 255, 255, 0, 0, 136]);
    }

    #[test]
    fn indices_become_colours() {
        let stored = Stored {
            bits: 2,
            samples: 1,
            colours: 1,
            alpha: false,
            ycbcr: false,
            palette: vec![[0; 3], [1, 2, 3], [4, 5, 6], [255; 3]],
        };
        let mut out = [9; 9];
        place(3, 3).look_up(&[0b0110_1100], &mut out, &stored);
        assert_eq!(out, [1, 2, 3, 4, 5, 6, 255, 255, 255]);
    }

    #[test]
    fn floats_are_cut_off_at_both_ends() {
        let mut beyond = Beyond::default();
        let values = [0.0, 0.5, 1.0].map(|v| beyond.unit(v));
        assert_eq!((values, beyond.count), ([0, 32768, 65535], 0));
        assert_eq!(beyond.verdict(3).unwrap(), None);
        for (i, (value, cut)) in [(-0.1, 0), (1.1, 65535), (f32::NAN, 0)].iter().enumerate() {
            assert_eq!((beyond.unit(*value), beyond.count), (*cut, i + 1));
        }
        assert!(beyond.verdict(6).unwrap().unwrap().contains("cut off"));
        // A picture of 0 to 255 would be white.
        let error = beyond.verdict(5).unwrap_err().to_string();
        assert!(error.contains("1.1") && error.contains("16 bit"), "{error}");
    }
}
