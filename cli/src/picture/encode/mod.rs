//! Pixels to files: one file per format, and what they share.
//!
//! An encoder pulls rows from the top, so that it can run on a thread of its own while the rows are
//! still being made. PNG, JPEG, TIFF and BMP are written as the rows come; WebP and AVIF need all of
//! them.

mod avif;
mod bmp;
mod jpeg;
mod png;
mod tiff;
mod webp;

use std::io::{self, Seek, Write};

use super::{Depth, Format, Layout, Metadata, PictureError, declared};

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// What a pixel consists of; the format has to hold it: see [`stored_layout`].
    pub layout: Layout,
    /// What goes with the pixels.
    pub metadata: &'a Metadata,
}

impl Header<'_> {
    /// Bytes in a row.
    pub fn row_bytes(&self) -> usize {
        self.width * self.layout.pixel_bytes()
    }
}

/// What can be chosen.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Quality of JPEG and AVIF, 1 to 100. From 90 on JPEG's colour keeps its full resolution.
    pub quality: u8,
    /// Most bytes of the file: the quality is lowered until it fits.
    pub max_bytes: Option<u64>,
    /// Whether pixels repeat each other exactly, as pixel art enlarged in blocks does; continuous tones do not.
    pub repetitive: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            quality: 95,
            max_bytes: None,
            repetitive: false,
        }
    }
}

/// Rows from the top, as an encoder wants them.
pub trait RowSource {
    /// Fills `row` with the next row: interleaved samples, 16-bit ones in the machine's byte order.
    fn next_row(&mut self, row: &mut [u8]) -> io::Result<()>;
}

impl<F: FnMut(&mut [u8]) -> io::Result<()>> RowSource for F {
    fn next_row(&mut self, row: &mut [u8]) -> io::Result<()> {
        self(row)
    }
}

/// The closest that `format` can store to `layout`, and what is lost, in words for people.
pub fn stored_layout(format: Format, layout: Layout) -> (Layout, Vec<String>) {
    let mut stored = layout;
    let mut lost = Vec::new();
    if layout.alpha && !format.holds_alpha() {
        stored.alpha = false;
        lost.push(format!(
            "{format} has no transparency: laid over white; -f png keeps it"
        ));
    }
    if layout.depth == Depth::Sixteen && format.deepest() == Depth::Eight {
        stored.depth = Depth::Eight;
        lost.push(format!(
            "{format} has 8 bits a sample: reduced from 16; -f png or -f tiff keeps them"
        ));
    }
    (stored, lost)
}

/// What of `metadata` cannot be written to `format`, in words for people.
pub fn lost_metadata(format: Format, metadata: &Metadata) -> Vec<String> {
    let mut lost = Vec::new();
    let mut drop = |what: &str, present: bool| {
        if present {
            lost.push(format!("{what} cannot be carried in {format}"));
        }
    };
    let longer = |data: &Option<Vec<u8>>, most| data.as_ref().is_some_and(|d| d.len() > most);
    match format {
        Format::Png | Format::WebP => drop("IPTC", metadata.photoshop.is_some()),
        Format::Jpeg => {
            drop(
                "EXIF of more than 64 KiB",
                longer(&metadata.exif, jpeg::EXIF_BYTES),
            );
            drop(
                "XMP of more than 64 KiB",
                longer(&metadata.xmp, jpeg::XMP_BYTES),
            );
        }
        Format::Tiff => {}
        Format::Avif => {
            drop("XMP", metadata.xmp.is_some());
            drop("IPTC", metadata.photoshop.is_some());
        }
        _ => {
            drop("EXIF", metadata.exif.is_some());
            drop("XMP", metadata.xmp.is_some());
            drop("IPTC", metadata.photoshop.is_some());
        }
    }
    if format != Format::Png {
        let mut text = metadata.text.iter();
        let lost = text.any(|text| format != Format::Jpeg || !jpeg::is_comment(text));
        drop("text beside EXIF and XMP", lost);
        drop(
            "what PNG says of its colours",
            !declared::is_plain(metadata),
        );
    }
    lost
}

/// Bytes that writing takes beside the rows in flight.
pub fn memory(format: Format, width: usize, height: usize) -> u64 {
    let pixels = width as u64 * height as u64;
    match format {
        // All of it at once, and again as it is being compressed.
        Format::WebP => pixels * 8,
        Format::Avif => avif::BYTES + pixels * avif::BYTES_PER_PIXEL,
        _ => 0,
    }
}

/// Writes a picture. `rows` is asked for exactly `height` rows.
pub fn encode(
    format: Format,
    out: &mut (impl Write + Seek),
    header: &Header<'_>,
    options: &Options,
    rows: &mut dyn RowSource,
) -> Result<(), PictureError> {
    format.check_size(header.width, header.height)?;
    match format {
        Format::Png => png::encode(out, header, options, rows),
        Format::Jpeg => jpeg::encode(out, header, options, rows),
        Format::WebP => webp::encode(out, header, rows),
        Format::Tiff => tiff::encode(out, header, rows),
        Format::Bmp => bmp::encode(out, header, rows),
        Format::Avif => avif::encode(out, header, options, rows),
        Format::Gif | Format::Jxl | Format::Pnm | Format::Qoi => Err(PictureError::Unsupported(
            format!("{format} is only read; -f png is written"),
        )),
    }?;
    out.flush()?;
    Ok(())
}
