//! What reads bytes from outside and is our own, ready to be given any: used by the fuzz targets in `tests/fuzz` and,
//! with bytes that were damaged by chance, by the tests.
#![allow(dead_code)]

#[path = "analysis.rs"]
mod analysis;

use std::collections::HashSet;
use std::io::{Cursor, ErrorKind};
use std::path::Path;
use std::sync::OnceLock;

use upwise::digest::Digest;
use upwise::picture::encode::{Header, Options, encode};
use upwise::picture::exif::{self, Directories};
use upwise::picture::{
    Depth, Format, Input, Layout, Limits, Metadata, Picture, PictureError, decode,
};
use upwise::plan::PlanFile;
use upwise::upscale::journal::{FILE_NAME, Journal, Receipt, Recipe, SCHEMA, Standing};
use upwise_analyzer::{FileFacts, Raster, Samples, analyze};

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

/// A plan: refused in words for people, or sound enough to be written and read again, its models looked up.
pub fn plan(bytes: &[u8]) {
    let plan = match PlanFile::parse(bytes) {
        Ok(plan) => plan,
        Err(words) => {
            let printable = !words.contains(char::is_control) && words.chars().count() < 500;
            assert!(printable, "{words:?}");
            return;
        }
    };
    let text = serde_json::to_vec(&plan).expect("a plan is JSON");
    assert_eq!(PlanFile::parse(&text), Ok(plan.clone()));
    // A name with folders in it would be opened.
    if Path::new(&plan.settings.model).components().count() == 1 {
        let _ = plan.locked(Path::new("plan.json"), &[]);
    }
}

/// Most pixels that the analyzer is shown.
const MOST_PIXELS: usize = 1 << 14;

/// A picture for the analyzer: seven bytes say its size and kind, the rest are its samples, over and over.
pub fn look(bytes: &[u8]) {
    let [w0, w1, h0, h1, kind, block, table, data @ ..] = bytes else {
        return;
    };
    if data.is_empty() {
        return;
    }
    let side = |high: &u8, low: &u8| usize::from(u16::from_be_bytes([*high, *low])).max(1);
    let width = side(w0, w1).min(MOST_PIXELS);
    let height = side(h0, h1).min(MOST_PIXELS / width);
    let channels = 1 + usize::from(kind % 4);
    // Blocks of any side, or slopes between their corners: noise alone has no edges, and flat blocks no blur.
    let block = 1 + usize::from(block % 32);
    let slopes = kind & 4 != 0;
    let columns = width / block + 2;
    let corner = |x: usize, y: usize, channel: usize| {
        let at = (y * columns + x) * channels + channel;
        f32::from(data[at % data.len()])
    };
    let sample = |i: usize| {
        let (channel, pixel) = (i % channels, i / channels);
        let (x, y) = (pixel % width, pixel / width);
        let (left, top) = (x / block, y / block);
        if !slopes {
            return corner(left, top, channel);
        }
        let part = |position: usize| (position % block) as f32 / block as f32;
        let across = |row| {
            let (from, to) = (corner(left, row, channel), corner(left + 1, row, channel));
            from + (to - from) * part(x)
        };
        let (from, to) = (across(top), across(top + 1));
        from + (to - from) * part(y)
    };
    let samples: Vec<f32> = (0..width * height * channels).map(sample).collect();
    let eight: Vec<u8> = samples.iter().map(|&v| v as u8).collect();
    let sixteen: Vec<u16> = samples.iter().map(|&v| (v * 257.0) as u16).collect();
    let samples = match kind & 8 {
        0 => Samples::U8(&eight),
        _ => Samples::U16(&sixteen),
    };
    let entries = usize::from(*table).min(data.len());
    let facts = FileFacts {
        format: (kind & 16 != 0).then(|| "JPEG".into()),
        bytes: (kind & 32 != 0).then_some(u64::from_be_bytes([*w0; 8])),
        luma_quantisation: (entries > 0).then(|| {
            let steps = data[..entries].iter().map(|&v| u16::from(v));
            steps.map(|v| v << (kind >> 6)).collect()
        }),
    };
    let raster = Raster::new(width, height, channels, samples).expect("samples fit");
    analysis::check(&analyze(&raster, &facts));
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
