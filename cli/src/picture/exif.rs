//! EXIF (CIPA DC-008): the few tags that depend on the pixels, changed in place, and the directories
//! as lists of entries for TIFF, where EXIF is not a block of its own.
//!
//! In place, because maker notes point at absolute offsets: a block that is written anew breaks them.

use std::io::{Read, Seek, SeekFrom};

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

/// Description, make, model, orientation, resolution (3), software, date, artist, host, rating, copyright.
const DESCRIPTIVE: [u16; 13] = [
    270, 271, 272, 274, 282, 283, 296, 305, 306, 315, 316, 18246, 33432,
];

const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// Entries that a directory may have; the standard knows fewer than 200 tags.
const MOST_ENTRIES: usize = 1000;
/// Bytes that a value may take: maker notes stay far below.
const LARGEST_VALUE: u64 = 4 << 20;

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
            if let Some(slot) = data.get_mut(field.value..field.value + 2) {
                slot.copy_from_slice(&bytes);
            }
        }
        LONG => {
            let bytes = if big {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            };
            if let Some(slot) = data.get_mut(field.value..field.value + 4) {
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

/// One tag with its value, little-endian whatever the file's order was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Tag number.
    pub tag: u16,
    /// Field type as TIFF numbers them.
    pub kind: u16,
    /// Values, each of the type's size, little-endian.
    pub data: Vec<u8>,
}

impl Entry {
    /// How many values there are.
    pub fn count(&self) -> u32 {
        (self.data.len() as u64 / type_size(self.kind).unwrap_or(1)) as u32
    }

    /// The values in this machine's byte order.
    pub fn native_data(&self) -> Vec<u8> {
        let mut data = self.data.clone();
        if cfg!(target_endian = "big") {
            reverse_values(&mut data, self.kind);
        }
        data
    }
}

/// The directories of an EXIF block or of a TIFF file's first picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directories {
    /// The main directory.
    pub root: Vec<Entry>,
    /// The camera's tags.
    pub exif: Vec<Entry>,
    /// The position.
    pub gps: Vec<Entry>,
}

impl Directories {
    /// Reads a classic TIFF structure. Entries that cannot be read are left out; `None` if nothing can.
    pub fn read<R: Read + Seek>(reader: &mut R) -> Option<Self> {
        let mut header = [0; 8];
        reader.rewind().ok()?;
        reader.read_exact(&mut header).ok()?;
        let block = Block::new(&header)?;
        let (big, first) = (block.big, block.first_directory()? as u64);
        let root = read_directory(reader, big, first)?;
        let child = |tag, reader: &mut R| {
            let pointer = root.iter().find(|e| e.tag == tag)?;
            let offset = u32::from_le_bytes(pointer.data.get(..4)?.try_into().ok()?);
            read_directory(reader, big, offset.into())
        };
        let exif = child(EXIF_IFD, reader).unwrap_or_default();
        let gps = child(GPS_IFD, reader).unwrap_or_default();
        Some(Directories { root, exif, gps })
    }

    /// Keeps what the main directory says about the picture, not about how its pixels are stored.
    pub fn retain_descriptive(&mut self) {
        self.root.retain(|entry| DESCRIPTIVE.contains(&entry.tag));
    }

    /// A little-endian EXIF block.
    pub fn to_block(&self) -> Vec<u8> {
        let mut block = b"II*\0\x08\0\0\0".to_vec();
        let root: Vec<Entry> = self
            .root
            .iter()
            .filter(|e| e.tag != EXIF_IFD && e.tag != GPS_IFD)
            .cloned()
            .chain(
                [(EXIF_IFD, &self.exif), (GPS_IFD, &self.gps)]
                    .into_iter()
                    .filter(|(_, entries)| !entries.is_empty())
                    .map(|(tag, _)| Entry {
                        tag,
                        kind: LONG,
                        data: vec![0; 4],
                    }),
            )
            .collect();
        write_directory(&mut block, root);
        for (tag, entries) in [(EXIF_IFD, &self.exif), (GPS_IFD, &self.gps)] {
            if entries.is_empty() {
                continue;
            }
            let at = block.len() as u32;
            let pointer = Block::new(&block)
                .and_then(|b| b.directory(8))
                .and_then(|(fields, _)| fields.into_iter().find(|f| f.tag == tag));
            if let Some(pointer) = pointer {
                store(&mut block, false, &pointer, at);
            }
            write_directory(&mut block, entries.clone());
        }
        block
    }
}

fn read_directory<R: Read + Seek>(reader: &mut R, big: bool, at: u64) -> Option<Vec<Entry>> {
    let u16_of = |b: [u8; 2]| {
        if big {
            u16::from_be_bytes(b)
        } else {
            u16::from_le_bytes(b)
        }
    };
    let u32_of = |b: [u8; 4]| {
        if big {
            u32::from_be_bytes(b)
        } else {
            u32::from_le_bytes(b)
        }
    };
    let mut count = [0; 2];
    reader.seek(SeekFrom::Start(at)).ok()?;
    reader.read_exact(&mut count).ok()?;
    let count = usize::from(u16_of(count)).min(MOST_ENTRIES);
    let mut raw = vec![0; count * 12];
    reader.read_exact(&mut raw).ok()?;
    let mut entries = Vec::with_capacity(count);
    for entry in raw.chunks_exact(12) {
        let tag = u16_of([entry[0], entry[1]]);
        let kind = u16_of([entry[2], entry[3]]);
        let inline: [u8; 4] = [entry[8], entry[9], entry[10], entry[11]];
        let count = u32_of([entry[4], entry[5], entry[6], entry[7]]);
        let Some(size) = type_size(kind) else {
            continue;
        };
        let length = size * u64::from(count);
        if length == 0 || length > LARGEST_VALUE {
            continue;
        }
        let mut data = Vec::new();
        if length <= 4 {
            data.extend_from_slice(&inline[..length as usize]);
        } else {
            let offset = SeekFrom::Start(u32_of(inline).into());
            let read = reader
                .seek(offset)
                .and_then(|_| reader.by_ref().take(length).read_to_end(&mut data));
            if read.ok() != Some(length as usize) {
                continue;
            }
        }
        if big {
            reverse_values(&mut data, kind);
        }
        entries.push(Entry { tag, kind, data });
    }
    Some(entries)
}

/// Changes the byte order of values.
fn reverse_values(data: &mut [u8], kind: u16) {
    // Rationals are pairs of 32-bit numbers.
    let unit = match kind {
        5 | 10 => 4,
        _ => type_size(kind).unwrap_or(1) as usize,
    };
    data.chunks_exact_mut(unit).for_each(<[u8]>::reverse);
}

/// Appends a directory without a successor, its entries in order of their tags, and their values.
fn write_directory(block: &mut Vec<u8>, mut entries: Vec<Entry>) {
    entries.sort_by_key(|e| e.tag);
    entries.dedup_by_key(|e| e.tag);
    let mut values = block.len() + 2 + entries.len() * 12 + 4;
    let mut tail = Vec::new();
    block.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    for entry in &entries {
        block.extend_from_slice(&entry.tag.to_le_bytes());
        block.extend_from_slice(&entry.kind.to_le_bytes());
        block.extend_from_slice(&entry.count().to_le_bytes());
        if entry.data.len() <= 4 {
            let mut inline = [0; 4];
            inline[..entry.data.len()].copy_from_slice(&entry.data);
            block.extend_from_slice(&inline);
        } else {
            block.extend_from_slice(&(values as u32).to_le_bytes());
            // Values start on even offsets.
            let padded = entry.data.len().next_multiple_of(2);
            tail.extend_from_slice(&entry.data);
            tail.resize(tail.len() + padded - entry.data.len(), 0);
            values += padded;
        }
    }
    block.extend_from_slice(&[0; 4]);
    block.extend_from_slice(&tail);
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
            Directories::read(&mut Cursor::new(&cut));
        }
        // Every byte turned into the largest one: offsets, counts and types all go wild.
        for at in 0..block.len() {
            let mut wild = block.clone();
            wild[at] = 0xff;
            normalise(&mut wild);
            density(&wild);
            set_size(&mut wild, 1, 1);
            Directories::read(&mut Cursor::new(&wild));
        }
    }
}
