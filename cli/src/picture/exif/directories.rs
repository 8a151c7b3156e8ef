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
