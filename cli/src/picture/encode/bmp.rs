//! Windows bitmaps: 8 bits of grey, 24 of colour, 32 with alpha. Rows go to their place from the bottom up.

use std::io::{Seek, SeekFrom, Write};

use super::{Header, RowSource};
use crate::picture::PictureError;

const FILE_HEADER: u32 = 14;
/// BITMAPV5HEADER: the version that knows alpha and ICC profiles.
const V5_HEADER: u32 = 124;
const PALETTE: u32 = 256 * 4;
const BITFIELDS: u32 = 3;
const SRGB: u32 = u32::from_be_bytes(*b"sRGB");
const PROFILE_EMBEDDED: u32 = u32::from_be_bytes(*b"MBED");
const PERCEPTUAL: u32 = 4;

pub fn encode(
    out: &mut (impl Write + Seek),
    header: &Header<'_>,
    rows: &mut dyn RowSource,
) -> Result<(), PictureError> {
    let layout = header.layout;
    let bits: u16 = match (layout.colour, layout.alpha) {
        (false, false) => 8,
        (true, false) => 24,
        (_, true) => 32,
    };
    let stride = (header.width * usize::from(bits) / 8).next_multiple_of(4);
    let palette = if bits == 8 { PALETTE } else { 0 };
    let start = FILE_HEADER + V5_HEADER + palette;
    let pixels = stride as u64 * header.height as u64;
    let icc = header.metadata.icc.as_deref().unwrap_or_default();
    let length = u64::from(start) + pixels + icc.len() as u64;

    let mut head = Vec::with_capacity(start as usize);
    let mut put = |bytes: &[u8]| head.extend_from_slice(bytes);
    put(b"BM");
    put(&(length as u32).to_le_bytes());
    put(&[0; 4]);
    put(&start.to_le_bytes());

    let per_metre = |per_inch: f64| (per_inch / 0.0254).round() as i32;
    let density = header.metadata.density;
    put(&V5_HEADER.to_le_bytes());
    put(&(header.width as i32).to_le_bytes());
    put(&(header.height as i32).to_le_bytes());
    put(&1u16.to_le_bytes());
    put(&bits.to_le_bytes());
    put(&(if bits == 32 { BITFIELDS } else { 0 }).to_le_bytes());
    put(&(pixels as u32).to_le_bytes());
    put(&density.map_or(0, |d| per_metre(d.x)).to_le_bytes());
    put(&density.map_or(0, |d| per_metre(d.y)).to_le_bytes());
    put(&(palette / 4).to_le_bytes());
    put(&0u32.to_le_bytes());
    // Where red, green, blue and alpha are in a pixel.
    let masks = if bits == 32 {
        [0x00ff_0000u32, 0x0000_ff00, 0x0000_00ff, 0xff00_0000]
    } else {
        [0; 4]
    };
    masks.iter().for_each(|mask| put(&mask.to_le_bytes()));
    put(&(if icc.is_empty() {
        SRGB
    } else {
        PROFILE_EMBEDDED
    })
    .to_le_bytes());
    put(&[0; 48]); // primaries and gamma, which the colour space makes void
    put(&PERCEPTUAL.to_le_bytes());
    let profile = (u64::from(start - FILE_HEADER) + pixels) as u32;
    put(&(if icc.is_empty() { 0 } else { profile }).to_le_bytes());
    put(&(icc.len() as u32).to_le_bytes());
    put(&0u32.to_le_bytes());
    if palette > 0 {
        (0..=255u8).for_each(|v| put(&[v, v, v, 0]));
    }
    out.write_all(&head)?;

    let mut row = vec![0; header.row_bytes()];
    let mut stored = vec![0; stride];
    for y in (0..header.height).rev() {
        rows.next_row(&mut row)?;
        match (layout.colour, layout.alpha) {
            (false, false) => stored[..row.len()].copy_from_slice(&row),
            (true, false) => {
                for (to, from) in stored.chunks_exact_mut(3).zip(row.chunks_exact(3)) {
                    to.copy_from_slice(&[from[2], from[1], from[0]]);
                }
            }
            (false, true) => {
                for (to, from) in stored.chunks_exact_mut(4).zip(row.chunks_exact(2)) {
                    to.copy_from_slice(&[from[0], from[0], from[0], from[1]]);
                }
            }
            (true, true) => {
                for (to, from) in stored.chunks_exact_mut(4).zip(row.chunks_exact(4)) {
                    to.copy_from_slice(&[from[2], from[1], from[0], from[3]]);
                }
            }
        }
        out.seek(SeekFrom::Start(u64::from(start) + y as u64 * stride as u64))?;
        out.write_all(&stored)?;
    }
    out.seek(SeekFrom::Start(u64::from(start) + pixels))?;
    out.write_all(icc)?;
    Ok(())
}
