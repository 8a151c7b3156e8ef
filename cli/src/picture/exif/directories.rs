//! EXIF and TIFF directories as lists of entries.

use std::io::{Read, Seek, SeekFrom};

use super::{Block, EXIF_IFD, GPS_IFD, LONG, store, type_size};

/// Description, make, model, orientation, resolution (3), software, date, artist, host, rating, copyright.
const DESCRIPTIVE: [u16; 13] = [
    270, 271, 272, 274, 282, 283, 296, 305, 306, 315, 316, 18246, 33432,
];

/// Entries that a directory may have; the standard knows fewer than 200 tags.
const MOST_ENTRIES: usize = 1000;
/// Bytes that a value may take: maker notes stay far below.
const LARGEST_VALUE: u64 = 4 << 20;

/// Types that BigTIFF adds: an unsigned number of 64 bits, and one that points at a directory.
const LONG8: u16 = 16;
const IFD8: u16 = 18;

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
    /// Reads a TIFF structure, classic or BigTIFF. Entries that cannot be read are left out; `None` if nothing can.
    pub fn read<R: Read + Seek>(reader: &mut R) -> Option<Self> {
        let order = Order::of_header(reader)?;
        let first = match order.wide {
            false => reader.seek(SeekFrom::Start(4)),
            true => reader.seek(SeekFrom::Start(8)),
        };
        first.ok()?;
        let first = order.offset(reader)?;
        let root = read_directory(reader, order, first)?;
        let child = |tag, reader: &mut R| {
            let pointer = root.iter().find(|e| e.tag == tag)?;
            let mut offset = [0; 8];
            let stored = &pointer.data[..pointer.data.len().min(8)];
            offset[..stored.len()].copy_from_slice(stored);
            read_directory(reader, order, u64::from_le_bytes(offset))
        };
        let exif = child(EXIF_IFD, reader).unwrap_or_default();
        let gps = child(GPS_IFD, reader).unwrap_or_default();
        Some(Directories { root, exif, gps })
    }

    /// Where the value of a small tag of the main directory lies, in bytes from the start of the file.
    pub fn value_position<R: Read + Seek>(reader: &mut R, tag: u16) -> Option<u64> {
        let order = Order::of_header(reader)?;
        let (width, first) = (order.width() as u64, if order.wide { 8 } else { 4 });
        reader.seek(SeekFrom::Start(first)).ok()?;
        let at = order.offset(reader)?;
        reader.seek(SeekFrom::Start(at)).ok()?;
        let counter = if order.wide { 8 } else { 2 };
        let count = order.read(reader, counter)?.min(MOST_ENTRIES as u64);
        let entries = at + counter as u64;
        for entry in (0..count).map(|i| entries + i * (4 + 2 * width)) {
            reader.seek(SeekFrom::Start(entry)).ok()?;
            if order.read(reader, 2)? == u64::from(tag) {
                return Some(entry + 4 + width);
            }
        }
        None
    }

    /// The value of a tag of the main directory, little-endian.
    pub fn root_value(&self, tag: u16) -> Option<&[u8]> {
        let entry = self.root.iter().find(|entry| entry.tag == tag)?;
        Some(&entry.data)
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

/// How numbers are stored in a file.
#[derive(Clone, Copy)]
struct Order {
    /// Big-endian.
    big: bool,
    /// Offsets and counts of 64 bits: BigTIFF.
    wide: bool,
}

impl Order {
    fn of_header<R: Read + Seek>(reader: &mut R) -> Option<Self> {
        let mut header = [0; 4];
        reader.rewind().ok()?;
        reader.read_exact(&mut header).ok()?;
        let (big, wide) = match &header {
            b"II*\0" => (false, false),
            b"MM\0*" => (true, false),
            b"II+\0" => (false, true),
            b"MM\0+" => (true, true),
            _ => return None,
        };
        Some(Order { big, wide })
    }

    /// A number of up to 8 bytes.
    fn number(self, bytes: &[u8]) -> u64 {
        let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.big {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        }
    }

    /// Bytes of an offset.
    fn width(self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    fn read(self, reader: &mut impl Read, length: usize) -> Option<u64> {
        let mut bytes = [0; 8];
        reader.read_exact(&mut bytes[..length]).ok()?;
        Some(self.number(&bytes[..length]))
    }

    fn offset(self, reader: &mut impl Read) -> Option<u64> {
        self.read(reader, self.width())
    }
}

fn read_directory<R: Read + Seek>(reader: &mut R, order: Order, at: u64) -> Option<Vec<Entry>> {
    reader.seek(SeekFrom::Start(at)).ok()?;
    let width = order.width();
    let count = order.read(reader, if order.wide { 8 } else { 2 })?;
    let count = usize::try_from(count).ok()?.min(MOST_ENTRIES);
    let mut raw = vec![0; count * (4 + 2 * width)];
    reader.read_exact(&mut raw).ok()?;
    let mut entries = Vec::with_capacity(count);
    for entry in raw.chunks_exact(4 + 2 * width) {
        let tag = order.number(&entry[..2]) as u16;
        let kind = match order.number(&entry[2..4]) as u16 {
            // Of BigTIFF's own types only a pointer to a directory is used here, which is small in any sound file.
            LONG8 | IFD8 if [EXIF_IFD, GPS_IFD].contains(&tag) => LONG8,
            kind => kind,
        };
        let inline = &entry[4 + width..];
        let Some(size) = type_size(kind).or((kind == LONG8).then_some(8)) else {
            continue;
        };
        let length = size.saturating_mul(order.number(&entry[4..4 + width]));
        if length == 0 || length > LARGEST_VALUE {
            continue;
        }
        let mut data = Vec::new();
        if length <= width as u64 {
            data.extend_from_slice(&inline[..length as usize]);
        } else {
            let offset = SeekFrom::Start(order.number(inline));
            let read = reader
                .seek(offset)
                .and_then(|_| reader.by_ref().take(length).read_to_end(&mut data));
            if read.ok() != Some(length as usize) {
                continue;
            }
        }
        if order.big {
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
        LONG8 => 8,
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
