//! Baseline JPEG; the encoder pulls eight or sixteen rows at a time.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use jpeg_encoder::{
    Encoder, EncodingError, ImageBuffer, JpegColorType, PixelDensity, PixelDensityUnit,
    rgb_to_ycbcr,
};

use super::{Header, Options, RowSource};
use crate::picture::metadata::COMMENT;
use crate::picture::{Density, Metadata, PictureError};

/// A segment holds 65,533 bytes, of which the prefix takes some.
const SEGMENT_BYTES: usize = 65_533;
const XMP_PREFIX: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PHOTOSHOP_PREFIX: &[u8] = b"Photoshop 3.0\0";
/// Bytes up to the end of the JFIF header (T.871, 10.1).
const JFIF_BYTES: usize = 20;
/// Bytes of EXIF that fit.
pub const EXIF_BYTES: usize = SEGMENT_BYTES - 6;
/// Bytes of XMP that fit.
pub const XMP_BYTES: usize = SEGMENT_BYTES - XMP_PREFIX.len();

fn failure(error: EncodingError) -> PictureError {
    match error {
        EncodingError::IoError(e) => PictureError::Io(e),
        other => PictureError::Io(io::Error::other(other)),
    }
}

pub fn encode(
    out: &mut impl Write,
    header: &Header<'_>,
    options: &Options,
    rows: &mut dyn RowSource,
) -> Result<(), PictureError> {
    let failed = Cell::new(false);
    let mut encoder = Encoder::new(
        Output {
            out,
            failed: &failed,
            head: JFIF_BYTES,
            comments: comments(header.metadata),
        },
        options.quality,
    );
    if let Some(density) = header.metadata.density {
        encoder.set_density(pixel_density(density));
    }
    let metadata = header.metadata;
    if let Some(exif) = metadata.exif.as_ref().filter(|d| d.len() <= EXIF_BYTES) {
        encoder.add_exif_metadata(exif).map_err(failure)?;
    }
    if let Some(xmp) = metadata.xmp.as_ref().filter(|d| d.len() <= XMP_BYTES) {
        let segment = [XMP_PREFIX, xmp].concat();
        encoder.add_app_segment(1, segment).map_err(failure)?;
    }
    if let Some(icc) = &metadata.icc {
        encoder.add_icc_profile(icc).map_err(failure)?;
    }
    for part in metadata
        .photoshop
        .iter()
        .flat_map(|d| d.chunks(SEGMENT_BYTES - PHOTOSHOP_PREFIX.len()))
    {
        let segment = [PHOTOSHOP_PREFIX, part].concat();
        encoder.add_app_segment(13, segment).map_err(failure)?;
    }
    let buffer = Rows {
        header,
        failed: &failed,
        state: RefCell::new(State {
            source: rows,
            row: vec![0; header.row_bytes()],
            next: 0,
            error: None,
        }),
    };
    let result = encoder.encode_image(&buffer);
    match buffer.state.into_inner().error {
        Some(error) => Err(PictureError::Io(error)),
        None => result.map_err(failure),
    }
}

fn pixel_density(density: Density) -> PixelDensity {
    let whole = |v: f64| v.round().clamp(1.0, 65_535.0) as u16;
    PixelDensity {
        density: (whole(density.x), whole(density.y)),
        unit: PixelDensityUnit::Inches,
    }
}

/// The rows as the encoder asks for them. It cannot be told that a row failed, so the failure is kept
/// here and the writer refuses to go on.
struct Rows<'a> {
    header: &'a Header<'a>,
    failed: &'a Cell<bool>,
    state: RefCell<State<'a>>,
}

struct State<'a> {
    source: &'a mut dyn RowSource,
    row: Vec<u8>,
    next: usize,
    error: Option<io::Error>,
}

impl ImageBuffer for &Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        if self.header.layout.colour {
            JpegColorType::Ycbcr
        } else {
            JpegColorType::Luma
        }
    }

    fn width(&self) -> u16 {
        self.header.width as u16
    }

    fn height(&self) -> u16 {
        self.header.height as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let state = &mut *self.state.borrow_mut();
        // The last row is asked for again until its block is full.
        while state.next <= usize::from(y) && state.error.is_none() {
            state.next += 1;
            if let Err(error) = state.source.next_row(&mut state.row) {
                state.error = Some(error);
                self.failed.set(true);
            }
        }
        if self.header.layout.colour {
            let [luma, blue, red, _] = buffers;
            for pixel in state.row.chunks_exact(3) {
                let (y, cb, cr) = rgb_to_ycbcr(pixel[0], pixel[1], pixel[2]);
                luma.push(y);
                blue.push(cb);
                red.push(cr);
            }
        } else {
            buffers[0].extend_from_slice(&state.row);
        }
    }
}

/// COM segments of the texts that JPEG can hold, which the encoder has no way to write.
fn comments(metadata: &Metadata) -> Vec<u8> {
    let mut segments = Vec::new();
    for (_, text) in metadata.text.iter().filter(|text| is_comment(text)) {
        let length = (text.len() + 2) as u16;
        segments.extend_from_slice(&[0xff, 0xfe]);
        segments.extend_from_slice(&length.to_be_bytes());
        segments.extend_from_slice(text.as_bytes());
    }
    segments
}

/// Whether a keyword and its text can be a COM segment.
pub fn is_comment((keyword, text): &(String, String)) -> bool {
    keyword == COMMENT && text.len() <= SEGMENT_BYTES
}

/// A writer that puts comments behind the JFIF header, and stops once a row has failed.
struct Output<'a, W> {
    out: W,
    failed: &'a Cell<bool>,
    /// Bytes that are still to come before the comments.
    head: usize,
    comments: Vec<u8>,
}

impl<W: Write> Write for Output<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed.get() {
            return Err(io::Error::other("a row failed"));
        }
        if self.head == 0 {
            return self.out.write(bytes);
        }
        let written = self.out.write(&bytes[..bytes.len().min(self.head)])?;
        self.head -= written;
        if self.head == 0 {
            self.out.write_all(&self.comments)?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
