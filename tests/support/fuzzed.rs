//! What reads bytes from outside and is our own, ready to be given any: used by the fuzz targets in `tests/fuzz` and,
//! with bytes that were damaged by chance, by the tests.
#![allow(dead_code)]

use std::collections::HashSet;
use std::io::{Cursor, ErrorKind};
use std::sync::OnceLock;

use upwise::digest::Digest;
use upwise::picture::encode::{Header, Options, encode};
use upwise::picture::exif::{self, Directories};
use upwise::picture::{
    Depth, Format, Input, Layout, Limits, Metadata, Picture, PictureError, decode,
};
use upwise::upscale::journal::{FILE_NAME, Journal, Receipt, Recipe, SCHEMA, Standing};

/// The journal of a folder with one output, `a.png`.
pub fn journal(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("a.png");
    std::fs::write(&output, b"result").expect("an output");
    std::fs::write(folder.path().join(FILE_NAME), bytes).expect("a journal");
    let open = || {
        let names = HashSet::from(["a.png".to_string()]);
        Journal::open(folder.path(), names).expect("a journal that can be read")
    };
    let journal = open();
    journal.standing("a.png", &output).expect("an answer");
    // Whatever is in it, what is added can be read again.
    journal.add(&receipt()).expect("room for a line");
    for journal in [journal, open()] {
        match journal.standing("a.png", &output) {
            Ok(Standing::Ours(origins)) => {
                let added = |origin: &_| is_receipts(origin);
                assert!(origins.iter().any(added), "the receipt is not found");
            }
            other => panic!("{other:?}"),
        }
    }
}

fn is_receipts(origin: &upwise::upscale::journal::Origin) -> bool {
    origin.input == receipt().input_sha256 && origin.recipe == receipt().recipe
}

/// A receipt of `a.png`.
pub fn receipt() -> Receipt {
    Receipt {
        schema: SCHEMA.into(),
        output: "a.png".into(),
        output_sha256: Digest::of(b"result"),
        output_bytes: 6,
        input: "a.jpg".into(),
        input_sha256: Digest::of(b"input"),
        input_bytes: 5,
        input_path_sha256: Digest::of(b"/a.jpg"),
        recipe: Recipe {
            version: "0".into(),
            model: "nearest".into(),
            weights_sha256: None,
            settings: serde_json::json!({ "target": "2x" }),
        },
        reason: None,
        width: 2,
        height: 2,
        time: 0,
    }
}

/// Prefixes by which a JPEG's segments are known, with their markers.
const SEGMENTS: [(u8, &[u8]); 6] = [
    (0xe1, b"Exif\0\0"),
    (0xe1, b"http://ns.adobe.com/xap/1.0/\0"),
    (0xed, b"Photoshop 3.0\0"),
    (0xe2, b"ICC_PROFILE\0\x01\x01"),
    (0xe0, b"JFIF\0"),
    (0xee, b"Adobe"),
];

/// EXIF, and metadata in a sound JPEG: the first byte says which, the rest is the metadata.
pub fn metadata(bytes: &[u8]) {
    let Some((&kind, data)) = bytes.split_first() else {
        return;
    };
    let mut block = data.to_vec();
    exif::density(&block);
    exif::normalise(&mut block);
    exif::set_size(&mut block, 70_000, 3);
    assert_eq!(block.len(), data.len());
    Directories::value_position(&mut Cursor::new(data), 0x0112);
    if let Some(mut directories) = Directories::read(&mut Cursor::new(data)) {
        directories.retain_descriptive();
        Directories::read(&mut Cursor::new(directories.to_block()));
    }

    let (marker, prefix) = SEGMENTS[usize::from(kind) % SEGMENTS.len()];
    let data = &data[..data.len().min(65_000)];
    let length = (2 + prefix.len() + data.len()) as u16;
    let base = base_jpeg();
    let jpeg = [
        &base[..2],
        &[0xff, marker],
        &length.to_be_bytes(),
        prefix,
        data,
        &base[2..],
    ]
    .concat();
    // An Adobe marker changes what the pixels mean, everything else leaves them alone.
    let Some(mut picture) = decoded(jpeg) else {
        return;
    };
    assert!([(8, 6), (6, 8)].contains(&(picture.width, picture.height)));
    picture.metadata.set_size(80, 60);
    for format in [Format::Png, Format::Jpeg, Format::WebP, Format::Tiff] {
        let file = encoded(format, &picture);
        let again = decoded(file).expect("what was written can be read");
        assert_eq!((again.width, again.height), (picture.width, picture.height));
    }
}

/// A picture of any format, whole.
pub fn picture(bytes: &[u8]) {
    decoded(bytes.to_vec());
}

fn decoded(bytes: Vec<u8>) -> Option<Picture> {
    let limits = Limits {
        pixels: 1 << 16,
        bytes: 1 << 24,
    };
    match decode::decode(Input::from_bytes(bytes), &limits) {
        Ok(picture) => Some(picture),
        Err(PictureError::Io(error)) => {
            assert_eq!(error.kind(), ErrorKind::Other, "{error}");
            None
        }
        Err(error) => {
            // Its decoder panicked.
            assert!(!error.to_string().contains("did not survive"), "{error}");
            None
        }
    }
}

fn encoded(format: Format, picture: &Picture) -> Vec<u8> {
    let header = Header {
        width: picture.width,
        height: picture.height,
        layout: Layout {
            colour: true,
            alpha: false,
            depth: Depth::Eight,
        },
        metadata: &picture.metadata,
    };
    let mut file = Cursor::new(Vec::new());
    let mut row = |row: &mut [u8]| {
        row.fill(100);
        Ok(())
    };
    encode(format, &mut file, &header, &Options::default(), &mut row).expect("a file");
    file.into_inner()
}

/// A JPEG of 8 by 6 pixels without metadata.
fn base_jpeg() -> &'static [u8] {
    static BASE: OnceLock<Vec<u8>> = OnceLock::new();
    BASE.get_or_init(|| {
        let picture = Picture {
            width: 8,
            height: 6,
            colour: true,
            alpha: false,
            samples: upwise::picture::Samples::U8(Vec::new()),
            format: Format::Jpeg,
            metadata: Metadata::default(),
            warnings: Vec::new(),
        };
        encoded(Format::Jpeg, &picture)
    })
}
