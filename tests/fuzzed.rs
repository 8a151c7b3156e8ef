//! Parsers of ours on bytes that were damaged by chance: what the fuzz targets do, in seconds and without their tools.

#[path = "support/fuzzed.rs"]
mod fuzzed;
#[path = "support/noise.rs"]
#[allow(dead_code)]
mod noise;

use noise::Noise;
use upwise::picture::exif::{Directories, Entry};
use upwise::plan::PlanFile;

/// A whole number below `end`.
fn below(noise: &mut Noise, end: usize) -> usize {
    ((f64::from(noise.next()) / 2.0 + 0.5) * end as f64) as usize
}

/// A seed with some of its bytes changed, cut out, doubled or made extreme.
fn damaged(seed: &[u8], noise: &mut Noise) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=below(noise, 6) {
        if bytes.is_empty() {
            break;
        }
        let at = below(noise, bytes.len());
        let end = (at + 1 + below(noise, 12)).min(bytes.len());
        match below(noise, 6) {
            0 => bytes[at] ^= 1 << below(noise, 8),
            1 => bytes[at] = below(noise, 256) as u8,
            2 => bytes[at..end].fill(0xff),
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..end)),
            _ => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

fn damage(seeds: &[Vec<u8>], rounds: usize, target: fn(&[u8])) {
    let mut noise = Noise(11);
    for seed in seeds {
        target(seed);
    }
    for round in 0..rounds {
        target(&damaged(&seeds[round % seeds.len()], &mut noise));
    }
}

#[test]
fn journals() {
    let line = serde_json::to_vec(&fuzzed::receipt()).expect("a line");
    let two = [&line[..], b"\n", &line, b"\n"].concat();
    // Each waits for the disk.
    let seeds = [line, two, b"\n\n{}\n".to_vec()];
    damage(&seeds, 500, fuzzed::journal);
}

#[test]
fn metadata() {
    let short = |tag, value: u16| Entry {
        tag,
        kind: 3,
        data: value.to_le_bytes().to_vec(),
    };
    let rational = |tag| Entry {
        tag,
        kind: 5,
        data: [300u32.to_le_bytes(), 1u32.to_le_bytes()].concat(),
    };
    let exif = Directories {
        root: vec![
            short(0x0112, 6),
            rational(0x011a),
            rational(0x011b),
            short(0x0128, 2),
        ],
        exif: vec![short(0xa002, 8), short(0xa003, 6)],
        gps: vec![Entry {
            tag: 1,
            kind: 2,
            data: b"N\0".to_vec(),
        }],
    }
    .to_block();
    let xmp = br#"<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>"#;
    let iptc = b"8BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x50\0\x03abc";
    let jfif = b"\x01\x02\x01\x01\x2c\x01\x2c\0\0";
    let seed = |kind: u8, data: &[u8]| [&[kind], data].concat();
    let seeds = [
        seed(0, &exif),
        seed(1, xmp),
        seed(2, iptc),
        seed(3, &[7; 300]),
        seed(4, jfif),
        seed(5, b"\0\x64\0\0\0\0\x01"),
    ];
    damage(&seeds, 3000, fuzzed::metadata);
}

#[test]
fn plans() {
    let plan = serde_json::json!({
        "schema": "upwise.plan/1",
        "version": "0.1.0",
        "input": {
            "name": "a.jpg",
            "sha256": "0".repeat(64),
            "bytes": 1,
            "width": 3,
            "height": 2,
        },
        "advice": {
            "action": "fix_first",
            "confidence": 0.75,
            "family": "photo",
            "reasons": ["blocks"],
            "objection": null,
        },
        "settings": {
            "steps": [
                { "step": "shrink", "width": 0.5, "height": 0.5 },
                { "step": "denoise", "model": "lanczos", "weights_sha256": null },
            ],
            "model": "lanczos",
            "weights_sha256": null,
            "scale": 2.0,
        },
        "forecast": {
            "width": 6,
            "height": 4,
            "passes": 0,
            "seconds": 0.1,
            "memory_bytes": 100,
            "output_bytes": 72,
        },
    });
    let text = serde_json::to_vec(&plan).expect("JSON");
    assert!(PlanFile::parse(&text).is_ok());
    damage(&[text], 5000, fuzzed::plan);
}

#[test]
fn analyses() {
    let seed = |width: u16, height: u16, kind: u8, block: u8, table: u8| {
        let header = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let data: Vec<u8> = (0..199u32).map(|i| (i * i % 251) as u8).collect();
        [&header[..], &[kind, block, table], &data[..]].concat()
    };
    let seeds = [
        seed(120, 90, 2, 0, 0),
        seed(64, 200, 4 + 32 + 3, 11, 0),
        seed(300, 7, 8, 6, 64),
        seed(1, 1, 16 + 1, 0, 64),
        seed(150, 150, 16 + 8 + 4 + 2, 15, 64),
    ];
    damage(&seeds, 300, fuzzed::look);
}
