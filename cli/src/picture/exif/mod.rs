//! EXIF (CIPA DC-008): the few tags that depend on the pixels, changed in place.
//!
//! In place, because maker notes point at absolute offsets: a block that is written anew breaks them.
//! Only TIFF, where EXIF is no block of its own, needs its [`Directories`] as lists of entries.

mod directories;

pub use directories::{Directories, Entry};

use super::Density;

const ORIENTATION: u16 = 0x0112;
const X_RESOLUTION: u16 = 0x011a;
const Y_RESOLUTION: u16 = 0x011b;
const RESOLUTION_UNIT: u16 = 0x0128;
/// Offset of the directory with the camera's tags.
pub const EXIF_IFD: u16 = 0x8769;
/// Offset of the directory with the position.
pub const GPS_IFD: u16 = 0x8825;
const PIXEL_X: u16 = 0xa002;
const PIXEL_Y: u16 = 0xa003;

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// Bytes of a field type, or `None` for a type that TIFF 6.0 does not know.
fn type_size(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

/// A block of EXIF with its byte order.
struct Block<'a> {
    data: &'a [u8],
    big: bool,
}

/// One entry of a directory inside a block.
struct Field {
    tag: u16,
    kind: u16,
    /// Where the value starts, in bytes from the start of the block.
    value: usize,
}

impl<'a> Block<'a> {
    fn new(data: &'a [u8]) -> Option<Self> {
        let big = match data.get(..4)? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        Some(Block { data, big })
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.data.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.data.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn first_directory(&self) -> Option<usize> {
        self.u32(4).map(|offset| offset as usize)
    }

    /// The entries of a directory and the position of its link to the next one.
    fn directory(&self, at: usize) -> Option<(Vec<Field>, usize)> {
        let count = usize::from(self.u16(at)?);
        let link = at.checked_add(2 + count * 12)?;
        let mut fields = Vec::new();
        for entry in (0..count).map(|i| at + 2 + i * 12) {
            let kind = self.u16(entry + 2)?;
            let count = u64::from(self.u32(entry + 4)?);
            let Some(size) = type_size(kind) else {
                continue;
            };
            let inline = size * count <= 4;
            fields.push(Field {
                tag: self.u16(entry)?,
                kind,
                value: if inline {
                    entry + 8
                } else {
                    self.u32(entry + 8)? as usize
                },
            });
        }
        Some((fields, link))
    }

    fn integer(&self, field: &Field) -> Option<u32> {
        match field.kind {
            SHORT => self.u16(field.value).map(u32::from),
            LONG => self.u32(field.value),
            _ => None,
        }
    }

    fn rational(&self, field: &Field) -> Option<f64> {
        if field.kind != RATIONAL {
            return None;
        }
        let numerator = self.u32(field.value)?;
        let denominator = self.u32(field.value.checked_add(4)?)?;
        Some(f64::from(numerator) / f64::from(denominator))
    }
}

/// Overwrites a SHORT or LONG value.
fn store(data: &mut [u8], big: bool, field: &Field, value: u32) {
    match field.kind {
        SHORT => {
            let value = value.min(u32::from(u16::MAX)) as u16;
            let bytes = if big {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            };
            if let Some(slot) = field
                .value
                .checked_add(2)
                .and_then(|end| data.get_mut(field.value..end))
            {
                slot.copy_from_slice(&bytes);
            }
        }
        LONG => {
            let bytes = if big {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            };
            if let Some(slot) = field
                .value
                .checked_add(4)
                .and_then(|end| data.get_mut(field.value..end))
            {
                slot.copy_from_slice(&bytes);
            }
        }
        _ => {}
    }
}

/// Sets the orientation to 1, unlinks the thumbnail, and returns what the orientation was.
///
/// `None` if the block is not EXIF at all; it is not worth carrying then.
pub fn normalise(data: &mut [u8]) -> Option<u8> {
    let block = Block::new(data)?;
    let big = block.big;
    let (fields, link) = block.directory(block.first_directory()?)?;
    let field = fields.into_iter().find(|f| f.tag == ORIENTATION);
    let orientation = field
        .as_ref()
        .and_then(|f| block.integer(f))
        .filter(|v| (1..=8).contains(v))
        .unwrap_or(1) as u8;
    if let Some(field) = field {
        store(data, big, &field, 1);
    }
    if let Some(next) = data.get_mut(link..link + 4) {
        next.fill(0);
    }
    Some(orientation)
}

/// Pixels per inch, if the block says so.
pub fn density(data: &[u8]) -> Option<Density> {
    let block = Block::new(data)?;
    let (fields, _) = block.directory(block.first_directory()?)?;
    let find = |tag| fields.iter().find(|f| f.tag == tag);
    let inches = match find(RESOLUTION_UNIT).and_then(|f| block.integer(f)) {
        Some(3) => 2.54,
        Some(2) | None => 1.0,
        Some(_) => return None,
    };
    let x = block.rational(find(X_RESOLUTION)?)?;
    let y = block.rational(find(Y_RESOLUTION)?)?;
    Density::new(x * inches, y * inches)
}

/// Writes pixels per inch into XResolution, YResolution and ResolutionUnit, where they exist.
pub fn set_density(data: &mut [u8], density: Density) {
    /// Whole numbers of thousandths.
    const PARTS: u32 = 1000;
    let Some((big, fields)) = Block::new(data).and_then(|block| {
        let (root, _) = block.directory(block.first_directory()?)?;
        Some((block.big, root))
    }) else {
        return;
    };
    for field in fields {
        let value = match field.tag {
            X_RESOLUTION => density.x,
            Y_RESOLUTION => density.y,
            RESOLUTION_UNIT => {
                store(data, big, &field, 2);
                continue;
            }
            _ => continue,
        };
        if field.kind != RATIONAL {
            continue;
        }
        let numerator = (value * f64::from(PARTS)).round() as u32;
        for (at, number) in [
            (field.value, numerator),
            (field.value.saturating_add(4), PARTS),
        ] {
            let part = Field {
                tag: field.tag,
                kind: LONG,
                value: at,
            };
            store(data, big, &part, number);
        }
    }
}

/// Writes the picture's size into PixelXDimension and PixelYDimension, where they exist.
pub fn set_size(data: &mut [u8], width: usize, height: usize) {
    let Some((big, fields)) = Block::new(data).and_then(|block| {
        let (root, _) = block.directory(block.first_directory()?)?;
        let pointer = root.iter().find(|f| f.tag == EXIF_IFD)?;
        let (fields, _) = block.directory(block.integer(pointer)? as usize)?;
        Some((block.big, fields))
    }) else {
        return;
    };
    for field in fields {
        match field.tag {
            PIXEL_X => store(data, big, &field, width as u32),
            PIXEL_Y => store(data, big, &field, height as u32),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn sample() -> Directories {
        let short = |tag, value: u16| Entry {
            tag,
            kind: SHORT,
            data: value.to_le_bytes().to_vec(),
        };
        let rational = |tag, n: u32, d: u32| Entry {
            tag,
            kind: RATIONAL,
            data: [n.to_le_bytes(), d.to_le_bytes()].concat(),
        };
        Directories {
            root: vec![
                short(ORIENTATION, 6),
                rational(X_RESOLUTION, 300, 1),
                rational(Y_RESOLUTION, 300, 1),
                short(RESOLUTION_UNIT, 2),
            ],
            exif: vec![short(PIXEL_X, 40), short(PIXEL_Y, 30)],
            gps: vec![Entry {
                tag: 1,
                kind: 2,
                data: b"N\0".to_vec(),
            }],
        }
    }

    #[test]
    fn directories_survive_a_block() {
        let mut block = sample().to_block();
        let back = Directories::read(&mut Cursor::new(&block)).unwrap();
        assert_eq!(back.exif, sample().exif);
        assert_eq!(back.gps, sample().gps);
        assert_eq!(density(&block), Density::new(300.0, 300.0));
        assert_eq!(normalise(&mut block), Some(6));
        assert_eq!(normalise(&mut block), Some(1));
        set_density(&mut block, Density { x: 150.0, y: 72.5 });
        assert_eq!(density(&block), Density::new(150.0, 72.5));
        set_size(&mut block, 160, 120);
        let back = Directories::read(&mut Cursor::new(&block)).unwrap();
        assert_eq!(back.exif[0].data, 160u16.to_le_bytes());
        assert_eq!(back.exif[1].data, 120u16.to_le_bytes());
    }

    #[test]
    fn a_cut_block_never_panics() {
        let block = sample().to_block();
        for length in 0..block.len() {
            let mut cut = block[..length].to_vec();
            normalise(&mut cut);
            density(&cut);
            set_size(&mut cut, 1, 1);
            set_density(&mut cut, Density { x: 1.0, y: 1.0 });
            Directories::read(&mut Cursor::new(&cut));
        }
        // Every byte turned into the largest one: offsets, counts and types all go wild.
        for at in 0..block.len() {
            let mut wild = block.clone();
            wild[at] = 0xff;
            normalise(&mut wild);
            density(&wild);
            set_size(&mut wild, 1, 1);
            set_density(&mut wild, Density { x: 1.0, y: 1.0 });
            Directories::read(&mut Cursor::new(&wild));
        }
    }
}
