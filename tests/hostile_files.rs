//! Files that are damaged, cut off, empty or built to hurt: one clear error, the documented exit code,
//! and nothing left behind.

#[path = "support/command.rs"]
mod command;
#[path = "support/pictures.rs"]
mod pictures;

use command::{Folder, Run, run};
use pictures::*;

/// Tries to enlarge these bytes and checks that nothing but them is in the folder afterwards.
#[track_caller]
fn refused(name: &str, bytes: &[u8], code: i32, words: &[&str]) -> Run {
    let folder = Folder::new();
    let input = folder.write(name, bytes);
    let out = folder.arg("out.png");
    let result = run(["upscale", &input, "-n", "nearest", "-o", &out]).expect(code, words);
    assert_eq!(folder.files(), [name]);
    assert!(
        result.stderr.contains(name),
        "names the file: {}",
        result.stderr
    );
    let errors = result
        .stderr
        .lines()
        .filter(|line| line.starts_with("error:"));
    assert_eq!(errors.count(), 1, "one error: {}", result.stderr);
    result
}

/// Where the frame of a baseline JPEG begins.
fn frame_of(jpeg: &[u8]) -> usize {
    let mut pairs = jpeg.windows(2);
    pairs.position(|w| w == [0xff, 0xc0]).expect("a frame")
}

#[test]
fn what_is_no_picture() {
    refused("empty.png", b"", 65, &["empty"]);
    refused(
        "text.png",
        b"not a picture, just words\n",
        65,
        &["not a picture"],
    );
    refused(
        "page.jpg",
        b"<!DOCTYPE html><html></html>",
        65,
        &["web page", "download"],
    );
    // A BigTIFF whose directory would lie where no file can end.
    let nowhere = [&b"II+\0\x08\0\0\0"[..], &[0xff; 8]].concat();
    refused("nowhere.tif", &nowhere, 65, &["damaged"]);
    refused("start.png", b"\x89PNG\r\n\x1a\n", 65, &["cut off"]);
    refused("start.jpg", b"\xff\xd8\xff\xe0", 65, &["cut off"]);
}

#[test]
fn pictures_that_are_cut_off() {
    let jpeg = jpeg_bytes(&photo(200, 150));
    let progressive = jpeg_with(&photo(200, 150), |encoder| encoder.set_progressive(true));
    let png = png_bytes(&photo(200, 150));
    for (name, bytes) in [("a.jpg", &jpeg), ("p.jpg", &progressive), ("a.png", &png)] {
        for percent in [1, 10, 50, 90, 99] {
            let cut = &bytes[..bytes.len() * percent / 100];
            refused(name, cut, 65, &["error"]);
        }
        let without_end = &bytes[..bytes.len() - 2];
        refused(name, without_end, 65, &["cut off"]);
    }
    // Closed with an end marker after the cut, as some downloaders do.
    for percent in [20, 50, 90, 99] {
        let mut cut = jpeg[..jpeg.len() * percent / 100].to_vec();
        cut.extend_from_slice(&[0xff, 0xd9]);
        refused("closed.jpg", &cut, 65, &["cut off"]);
    }
}

#[test]
fn other_formats_that_are_cut_off() {
    let folder = Folder::new();
    let input = folder.write("in.png", &png_bytes(&masked(120, 90)));
    for suffix in ["webp", "tif", "bmp"] {
        let whole = folder.arg(&format!("whole.{suffix}"));
        run(["upscale", &input, "-n", "nearest", "-s", "1", "-o", &whole]).expect(0, &[]);
        let bytes = std::fs::read(whole).unwrap();
        for percent in [5, 30, 60, 90] {
            let cut = &bytes[..bytes.len() * percent / 100];
            refused(&format!("cut.{suffix}"), cut, 65, &["error"]);
        }
    }
}

#[test]
fn what_does_not_decompress_is_the_files_fault() {
    // TIFFs of one pixel: an LZW code after the first that is not in its table, and a deflate block of no known kind.
    for (compression, codes, words) in [
        (5, [0x80, 0x7f, 0xff, 0xff], "LZW"),
        (8, [0x78, 0x9c, 0x07, 0x00], "deflate"),
    ] {
        let entries: [(u16, u16, u32); 8] = [
            (256, 3, 1),
            (257, 3, 1),
            (258, 3, 8),
            (259, 3, compression),
            (262, 3, 1),
            (273, 4, 8 + 2 + 8 * 12 + 4),
            (278, 3, 1),
            (279, 4, codes.len() as u32),
        ];
        let mut tiff = b"II*\0\x08\0\0\0\x08\0".to_vec();
        for (tag, kind, value) in entries {
            tiff.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            tiff.extend([1u32.to_le_bytes(), value.to_le_bytes()].concat());
        }
        tiff.extend([0; 4]);
        tiff.extend(codes);
        refused("a.tif", &tiff, 65, &["damaged", words]);
    }
}

#[test]
fn single_bits_never_crash() {
    let folder = Folder::new();
    let input = folder.write("in.png", &png_bytes(&masked(24, 16)));
    let mut files = vec![
        ("x.png", png_bytes(&masked(24, 16))),
        ("x.jpg", jpeg_bytes(&photo(24, 16))),
    ];
    for name in ["x.webp", "x.tif", "x.bmp"] {
        let path = folder.arg(name);
        run(["upscale", &input, "-n", "nearest", "-s", "1", "-o", &path]).expect(0, &[]);
        files.push((name, std::fs::read(path).unwrap()));
    }
    // In this process: thousands of damaged files in the time that starting a hundred would take.
    let limits = upwise::picture::Limits {
        pixels: 1 << 20,
        bytes: 1 << 24,
    };
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut refusals = 0;
    for (_, bytes) in &files {
        for at in 0..bytes.len() {
            for bit in [0, 3, 7] {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let input = upwise::picture::Input::from_bytes(damaged);
                refusals += usize::from(upwise::picture::decode::decode(input, &limits).is_err());
            }
        }
    }
    std::panic::set_hook(hook);
    assert!(refusals > 100, "{refusals} refusals");
}

/// A PNG of any size whose pixels are one short stream of zeros.
fn hollow_png(width: u32, height: u32) -> Vec<u8> {
    const GREY_OF_8_BITS: [u8; 2] = [8, 0];
    hollow_png_of(width, height, GREY_OF_8_BITS)
}

/// The same with a depth and a type of colour as PNG numbers them.
fn hollow_png_of(width: u32, height: u32, kind: [u8; 2]) -> Vec<u8> {
    let mut png = png_bytes(&Pixels::new(1, 1, 1, vec![0]));
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    png[24..26].copy_from_slice(&kind);
    let sum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

/// CRC-32 as PNG defines it (annex D), bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for &byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                0xedb8_8320 ^ (sum >> 1)
            } else {
                sum >> 1
            };
        }
    }
    !sum
}

#[test]
fn headers_cannot_demand_memory() {
    refused(
        "wide.png",
        &hollow_png(i32::MAX as u32, i32::MAX as u32),
        75,
        &["--max-input-pixels"],
    );
    refused(
        "large.png",
        &hollow_png(30_000, 30_000),
        65,
        &["promises more pixels"],
    );
    let mut jpeg = jpeg_bytes(&photo(16, 16));
    let frame = frame_of(&jpeg);
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x75, 0x30, 0x75, 0x30]);
    refused("large.jpg", &jpeg, 65, &["promises more pixels"]);
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0; 4]);
    refused("none.jpg", &jpeg, 65, &["0x0"]);
}

#[test]
fn limits_are_the_users() {
    // As many bytes as no number holds: eight for each pixel.
    const RGBA_OF_16_BITS: [u8; 2] = [16, 6];
    refused(
        "a.png",
        &hollow_png_of(u32::MAX >> 1, u32::MAX >> 1, RGBA_OF_16_BITS),
        75,
        &["--max-input-pixels"],
    );
    let folder = Folder::new();
    let input = folder.write("in.png", &png_bytes(&photo(400, 300)));
    let out = folder.arg("out.png");
    let upscale = ["upscale", &input, "-n", "nearest", "-o", &out];
    run(upscale.iter().chain(&["--max-input-pixels", "100K"]))
        .expect(75, &["in.png", "400x300", "--max-input-pixels"]);
    run(upscale.iter().chain(&["--max-memory", "100K"])).expect(75, &["in.png", "--max-memory"]);
    assert_eq!(folder.files(), ["in.png"]);
    // What a format cannot hold is known before any work is done.
    let wide = folder.write(
        "wide.png",
        &png_bytes(&Pixels::new(9000, 1, 1, vec![9; 9000])),
    );
    for (name, longest) in [
        ("wide.jpg", "65500"),
        ("wide.avif", "32768"),
        ("wide.webp", "16383"),
    ] {
        run([
            "upscale",
            &wide,
            "-n",
            "nearest",
            "-s",
            "8",
            "-o",
            &folder.arg(name),
        ])
        .expect(75, &["wide.png", longest]);
    }
    assert_eq!(folder.files(), ["in.png", "wide.png"]);
}

/// A JPEG of three components, with the sampling of the second changed.
fn jpeg_sampled(second: u8) -> Vec<u8> {
    let mut bytes = jpeg_bytes(&photo(40, 30));
    let at = frame_of(&bytes);
    bytes[at + 14] = second;
    bytes
}

/// A bitonal TIFF of 8x1 pixels whose first pixel is in the lowest bit, with these tags, types and values as well.
fn bitonal_tiff(more: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut entries = vec![
        (256, 3, 8),
        (257, 3, 1),
        (258, 3, 1),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 0),
        (279, 4, 1),
    ];
    entries.extend(more);
    entries.sort_unstable();
    let length = 10 + 12 * entries.len() + 4;
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    tiff.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        let value = if tag == 273 { length as u32 } else { value };
        tiff.extend(tag.to_le_bytes());
        tiff.extend(u16::to_le_bytes(kind));
        tiff.extend(1u32.to_le_bytes());
        tiff.extend(value.to_le_bytes());
    }
    tiff.extend([0; 4]);
    assert_eq!(tiff.len(), length);
    tiff.push(0b0000_0111);
    tiff
}

#[test]
fn files_of_other_kinds_are_called_by_their_name() {
    for (name, bytes, words) in [
        (
            "IMG_1.jpg",
            &b"\0\0\0\x18ftypheic\0\0\0\0mif1"[..],
            ["HEIC", "heif-convert"],
        ),
        (
            "a.cr2",
            b"II*\0\x10\0\0\0CR\x02\0\0\0",
            ["raw file", "develop"],
        ),
        ("a.pdf", b"%PDF-1.7\n", ["PDF", "pdftoppm"]),
        ("a.psd", b"8BPS\0\x01\0\0", ["Photoshop", "TIFF"]),
        (
            "a.mp4",
            b"\0\0\0\x20ftypisom\0\0\x02\0",
            ["video", "ffmpeg"],
        ),
        ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n", ["JPEG 2000", "PNG"]),
    ] {
        let run = refused(name, bytes, 65, &words);
        assert!(!run.stderr.contains("damaged"), "{}", run.stderr);
    }
}

/// Raw files that are TIFF show a thumbnail first: better none than that one, four times as large.
#[test]
fn thumbnails_of_raw_files_are_not_taken_for_the_picture() {
    let (copy, others, dng) = ((254, 4, 1), (330, 4, 8), (50706, 1, 4));
    for raw in [&[copy, others][..], &[dng]] {
        refused("raw.tif", &bitonal_tiff(raw), 65, &["raw file", "develop"]);
    }
    // Either alone is no raw file.
    for tags in [&[][..], &[copy], &[others]] {
        let folder = Folder::new();
        let input = folder.write("plain.tif", &bitonal_tiff(tags));
        run(["upscale", &input, "-n", "nearest", "-s", "4"]).expect(0, &["plain_4x.tif"]);
    }
}

#[test]
fn sound_files_of_a_kind_that_is_not_read_are_not_called_damaged() {
    let sampled = refused("fine.jpg", &jpeg_sampled(0x44), 65, &["sampled", "4x4"]);
    assert!(!sampled.stderr.contains("damaged"), "{}", sampled.stderr);
    let mut arithmetic = jpeg_bytes(&photo(40, 30));
    let at = frame_of(&arithmetic);
    arithmetic[at + 1] = 0xc9;
    refused("arithmetic.jpg", &arithmetic, 65, &["arithmetic coding"]);
    refused("fax.tif", &bitonal_tiff(&[(266, 3, 2)]), 65, &["FillOrder"]);
}

#[test]
fn what_fills_up_a_jpeg_before_its_end_is_no_damage() {
    let folder = Folder::new();
    let plain = jpeg_bytes(&photo(40, 30));
    let enlarged = |name: &str, bytes: &[u8]| {
        let (input, out) = (
            folder.write(name, bytes),
            folder.arg(&format!("{name}.png")),
        );
        run(["upscale", &input, "-n", "nearest", "-s", "1", "-o", &out]).expect(0, &[]);
        read_png_file(&out)
    };
    let expected = enlarged("plain.jpg", &plain);
    for count in [1, 2, 7] {
        let (data, end) = plain.split_at(plain.len() - 2);
        let filled = [data, &vec![0xff; count], end].concat();
        assert!(enlarged(&format!("{count}.jpg"), &filled) == expected);
    }
}
