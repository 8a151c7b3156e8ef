//! The marker segments of a JPEG file (ITU-T T.81, annex B): everything but its pixels.

use crate::picture::{Density, Format, PictureError};

const EXIF_PREFIX: &[u8] = b"Exif\0\0";
const XMP_PREFIX: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP_PREFIX: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const ICC_PREFIX: &[u8] = b"ICC_PROFILE\0";
const PHOTOSHOP_PREFIX: &[u8] = b"Photoshop 3.0\0";
const ADOBE_PREFIX: &[u8] = b"Adobe";
/// Bytes of comments that are kept.
const COMMENTS: usize = 1 << 20;

/// What the segments say.
#[derive(Debug, Default)]
pub struct Markers {
    pub width: usize,
    pub height: usize,
    /// Identifiers of the colour components, in order.
    pub components: Vec<u8>,
    /// How often each is sampled across and down, in units of their own.
    pub sampling: Vec<[u8; 2]>,
    /// Whether its data is coded by arithmetic, which hardly anything reads.
    pub arithmetic: bool,
    /// Bits of a sample.
    pub precision: u8,
    /// An Adobe segment: its position and its colour transform (0 none, 1 YCbCr, 2 YCCK).
    pub adobe: Option<(usize, u8)>,
    pub density: Option<Density>,
    pub exif: Option<Vec<u8>>,
    pub xmp: Option<Vec<u8>>,
    /// Positions of the segments in which XMP goes on (XMP specification, part 3, 1.1.3.1).
    pub extended_xmp: Vec<usize>,
    /// COM segments that are not empty, of at most a mebibyte together.
    pub comments: Vec<String>,
    pub icc: Option<Vec<u8>>,
    /// Whether parts of a profile are missing, so that there is none.
    pub icc_is_damaged: bool,
    /// Photoshop image resources, their segments joined.
    pub photoshop: Option<Vec<u8>>,
    /// Quantisation table of the first component, in row order.
    pub luma_quantisation: Option<Vec<u16>>,
    /// Position of the end marker of the first picture, or `None` if the file ends before it.
    pub end: Option<usize>,
}

impl Markers {
    /// Walks over the segments and the coded data of the first picture in a file.
    pub fn scan(bytes: &[u8]) -> Result<Self, PictureError> {
        let mut markers = Markers::default();
        let mut icc: Vec<(u8, u8, &[u8])> = Vec::new();
        let mut tables: [Option<Vec<u16>>; 4] = Default::default();
        let mut luma_table = None;
        let mut at = 2;
        while let Some((marker, start)) = next_marker(bytes, at) {
            at = start;
            match marker {
                // End of the picture; SOI, TEM and restart markers have no content.
                0xd9 => {
                    // What fills up before it (T.81, B.1.1.2) is part of it.
                    let filled = bytes[..start - 1].iter().rev().take_while(|&&b| b == 0xff);
                    markers.end = Some(start - 1 - filled.count());
                    break;
                }
                0x01 | 0xd0..=0xd8 => continue,
                _ => {}
            }
            let Some(segment) = segment(bytes, start) else {
                break;
            };
            at = start + 2 + segment.len();
            match marker {
                // Start of frame, any kind but DHT (C4), JPG (C8) and DAC (CC).
                0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&marker) => {
                    markers.frame(segment)?;
                    markers.arithmetic = marker > 0xc8;
                    luma_table = segment.get(8).copied();
                }
                0xdb => quantisation(segment, &mut tables),
                0xe0 => markers.jfif(segment),
                0xe1 => {
                    if let Some(exif) = segment.strip_prefix(EXIF_PREFIX) {
                        markers.exif.get_or_insert_with(|| exif.to_vec());
                    } else if let Some(xmp) = segment.strip_prefix(XMP_PREFIX) {
                        markers.xmp.get_or_insert_with(|| xmp.to_vec());
                    }
                    if segment.starts_with(EXTENDED_XMP_PREFIX) {
                        markers.extended_xmp.push(start + 2);
                    }
                }
                0xe2 => {
                    if let Some([number, of, profile @ ..]) = segment.strip_prefix(ICC_PREFIX) {
                        icc.push((*number, *of, profile));
                    }
                }
                0xed => {
                    if let Some(resources) = segment.strip_prefix(PHOTOSHOP_PREFIX) {
                        markers
                            .photoshop
                            .get_or_insert_default()
                            .extend_from_slice(resources);
                    }
                }
                0xfe => {
                    let text = String::from_utf8_lossy(segment);
                    let text = text.trim_matches(['\0', '\n', ' ']);
                    let held: usize = markers.comments.iter().map(String::len).sum();
                    if !text.is_empty() && held + text.len() <= COMMENTS {
                        markers.comments.push(text.to_owned());
                    }
                }
                0xee if segment.starts_with(ADOBE_PREFIX) => {
                    if let Some(&transform) = segment.get(11) {
                        markers.adobe = Some((start + 2, transform));
                    }
                }
                _ => {}
            }
        }
        if markers.components.is_empty() {
            return Err(match markers.end {
                None => PictureError::truncated(),
                Some(_) => PictureError::damaged(Format::Jpeg, "it has no picture"),
            });
        }
        let luma_table = luma_table.and_then(|number| tables.get_mut(usize::from(number)));
        markers.luma_quantisation = luma_table.and_then(Option::take);
        icc.sort_by_key(|&(number, ..)| number);
        let complete = icc.iter().enumerate().all(|(i, &(number, of, _))| {
            usize::from(number) == i + 1 && usize::from(of) == icc.len()
        });
        markers.icc_is_damaged = !complete;
        if complete && !icc.is_empty() {
            markers.icc = Some(icc.iter().flat_map(|(.., part)| *part).copied().collect());
        }
        Ok(markers)
    }

    fn frame(&mut self, segment: &[u8]) -> Result<(), PictureError> {
        let &[precision, h1, h0, w1, w0, count, ref components @ ..] = segment else {
            return Err(PictureError::truncated());
        };
        self.precision = precision;
        self.height = usize::from(u16::from_be_bytes([h1, h0]));
        self.width = usize::from(u16::from_be_bytes([w1, w0]));
        let components = components.chunks_exact(3).take(usize::from(count));
        self.components = components.clone().map(|c| c[0]).collect();
        self.sampling = components.map(|c| [c[1] >> 4, c[1] & 15]).collect();
        Ok(())
    }

    fn jfif(&mut self, segment: &[u8]) {
        let Some(&[_, _, unit, x1, x0, y1, y0, ..]) = segment.strip_prefix(b"JFIF\0") else {
            return;
        };
        let scale = match unit {
            1 => 1.0,
            2 => 2.54,
            _ => return,
        };
        let value = |high, low| f64::from(u16::from_be_bytes([high, low])) * scale;
        self.density = Density::new(value(x1, x0), value(y1, y0));
    }
}

/// The position in a block, in row order, of each coefficient as it is stored (ITU-T T.81, figure A.6).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Reads the quantisation tables of a segment, of 8 or 16 bits; the first of a number counts, the others are those of
/// later scans. What is cut off or is not one is left out.
fn quantisation(mut segment: &[u8], tables: &mut [Option<Vec<u16>>; 4]) {
    while let Some((&head, rest)) = segment.split_first() {
        let bytes = if head >> 4 == 0 { 1 } else { 2 };
        let Some((values, rest)) = rest.split_at_checked(64 * bytes) else {
            return;
        };
        segment = rest;
        let mut table = vec![0; 64];
        for (value, &at) in values.chunks_exact(bytes).zip(&ZIGZAG) {
            table[usize::from(at)] = value
                .iter()
                .fold(0, |value, &byte| value << 8 | u16::from(byte));
        }
        if let Some(slot) = tables.get_mut(usize::from(head & 15))
            && table.iter().all(|&value| value > 0)
        {
            slot.get_or_insert(table);
        }
    }
}

/// The next marker at or after `at` and where its segment starts. Coded data in between is skipped:
/// in it, 0xFF is followed by zero.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&b| b == 0xff)?;
        while *bytes.get(at)? == 0xff {
            at += 1;
        }
        let marker = bytes[at];
        at += 1;
        if marker != 0 {
            return Some((marker, at));
        }
    }
}

/// A segment's content, without its length; `None` if the file ends inside it.
fn segment(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let length = bytes.get(start..start + 2)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    bytes.get(start + 2..start + length.max(2))
}
