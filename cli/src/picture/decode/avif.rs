//! AVIF: its size alone, by which a written file is checked. Its pixels are not decoded.

use std::io::Read;

use super::{Shape, layout};
use crate::picture::{Format, Input, PictureError};

/// Bytes in which the boxes before the pixels end, profiles and EXIF included.
const HEADER_BYTES: u64 = 1 << 20;
/// Boxes on the way to the "image spatial extents" (ISO/IEC 23008-12, 6.5.3): their names, and the bytes of version
/// and flags before what they hold.
const PATH: [(&[u8; 4], usize); 4] = [(b"meta", 4), (b"iprp", 0), (b"ipco", 0), (b"ispe", 4)];

pub fn probe(mut input: Input) -> Result<Shape, PictureError> {
    let mut header = Vec::new();
    input.by_ref().take(HEADER_BYTES).read_to_end(&mut header)?;
    let mut inside = &header[..];
    for (name, skipped) in PATH {
        inside = find(inside, name)
            .and_then(|content| content.get(skipped..))
            .ok_or_else(|| PictureError::damaged(Format::Avif, "it does not say its size"))?;
    }
    let side = |at: usize| {
        let bytes: [u8; 4] = inside.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    let (width, height) = side(0)
        .zip(side(4))
        .ok_or_else(|| PictureError::damaged(Format::Avif, "it does not say its size"))?;
    Ok((width, height, layout(true, false, false)))
}

/// What the first box of this name holds, as far as it is there.
fn find<'a>(mut boxes: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    loop {
        let length: [u8; 4] = boxes.get(..4)?.try_into().ok()?;
        // Lengths of 0 (to the end) and 1 (64 bits) are for boxes of pixels, which come last.
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        if length < 8 {
            return None;
        }
        let end = length.min(boxes.len());
        if boxes.get(4..8)? == name {
            return boxes.get(8..end);
        }
        boxes = &boxes[end..];
    }
}
