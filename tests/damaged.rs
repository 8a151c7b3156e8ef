//! Thousands of files that are cut off or have wrong bits, of every format that is read: each becomes an error or a
//! picture, in seconds and within the memory that was allowed.

#[path = "support/command.rs"]
mod command;
#[path = "support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "support/pictures.rs"]
mod pictures;

use std::io::Cursor;
use std::time::{Duration, Instant};

use command::{Folder, run};
use pictures::*;
use upwise::picture::{Input, Limits, Picture, PictureError, decode};

/// Damaged files of each kind.
const EACH: usize = 150;
/// The longest that one may take.
const PATIENCE: Duration = Duration::from_secs(10);
const LIMITS: Limits = Limits {
    pixels: 1 << 24,
    bytes: 1 << 26,
};
/// What the process may have grown by: what is allowed, and as much again for the files themselves, for the other test
/// and for what the allocator keeps, twice.
const GROWTH: u64 = 3 << 26;

fn read(bytes: Vec<u8>) -> Result<Picture, PictureError> {
    decode::decode(Input::from_bytes(bytes), &LIMITS)
}

fn gif(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let palette = [200, 10, 20, 10, 190, 30, 20, 30, 180, 9, 8, 7];
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &palette).expect("an encoder");
    for shift in 0..2 {
        let indices: Vec<u8> = (0..usize::from(width) * usize::from(height))
            .map(|i| ((i / 3 + i / usize::from(width) + shift) % 4) as u8)
            .collect();
        let frame = gif::Frame::from_indexed_pixels(width, height, indices, Some(3));
        encoder.write_frame(&frame).expect("a frame");
    }
    drop(encoder);
    bytes
}

fn tiff_of_floats(width: u32, height: u32) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let samples: Vec<f32> = (0..width * height * 3).map(|i| i as f32 / 5000.0).collect();
    tiff::encoder::TiffEncoder::new(&mut file)
        .expect("an encoder")
        .write_image::<tiff::encoder::colortype::RGB32Float>(width, height, &samples)
        .expect("a TIFF");
    file.into_inner()
}

/// A TIFF of four colours, whose directory is written by hand: type 3 is of 16 bits, type 4 of 32.
fn tiff_of_a_palette(width: u32, height: u32) -> Vec<u8> {
    let map: Vec<u8> = (0..256 * 3u32)
        .flat_map(|i| ((i * 85 % 65536) as u16).to_le_bytes())
        .collect();
    let pixels: Vec<u8> = (0..width * height).map(|i| (i % 251) as u8).collect();
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 3),
        (273, 4, 1, 134 + map.len() as u32),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, pixels.len() as u32),
        (320, 3, 768, 134),
    ];
    let mut file = b"II*\0\x08\0\0\0\x0a\0".to_vec();
    for (tag, kind, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    assert_eq!(file.len(), 134);
    [file, map, pixels].concat()
}

fn qoi(pixels: &Pixels) -> Vec<u8> {
    use image::ImageEncoder;
    let mut bytes = Vec::new();
    image::codecs::qoi::QoiEncoder::new(&mut bytes)
        .write_image(
            &pixels.bytes(),
            pixels.width as u32,
            pixels.height as u32,
            image::ExtendedColorType::Rgb8,
        )
        .expect("a QOI");
    bytes
}

/// One file of each kind, with a picture in it.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let folder = Folder::new();
    let alpha = folder.write("in.png", &png_bytes(&masked(40, 30)));
    let written = |name: &str| {
        let path = folder.arg(name);
        run(["upscale", &alpha, "-n", "nearest", "-s", "1", "-o", &path]).expect(0, &[]);
        std::fs::read(path).expect("a file")
    };
    let golden = |name: &str| std::fs::read(data::committed(name)).expect("a committed file");
    let colour = photo(40, 30);
    let deep = deep_grey(40, 30);
    let ppm = [b"P6 40 30 255\n".to_vec(), colour.bytes()].concat();
    let pgm = [b"P5\n40 30\n65535\n".to_vec(), deep.bytes()].concat();
    let plain: Vec<String> = colour.samples.iter().map(u16::to_string).collect();
    let plain = format!("P3\n# words\n40 30\n255\n{}\n", plain.join(" "));
    vec![
        ("PNG", png_bytes(&masked(40, 30))),
        ("PNG of 16 bits", png_bytes(&deep)),
        ("PNG of a palette", palette_png(40, 30).0),
        ("JPEG", jpeg_bytes(&colour)),
        (
            "progressive JPEG",
            jpeg_with(&colour, |encoder| encoder.set_progressive(true)),
        ),
        ("WebP", written("x.webp")),
        ("lossy WebP", golden("scene-lossy.webp")),
        ("TIFF", written("x.tif")),
        ("TIFF of floats", tiff_of_floats(40, 30)),
        ("TIFF of a palette", tiff_of_a_palette(40, 30)),
        ("BMP", written("x.bmp")),
        ("GIF", gif(40, 30)),
        ("QOI", qoi(&colour)),
        ("PPM", ppm),
        ("PGM of 16 bits", pgm),
        ("plain PPM", plain.into_bytes()),
        ("lossy JPEG XL", golden("scene-lossy.jxl")),
        ("JPEG XL", golden("scene-grey.jxl")),
    ]
}

/// Bits that look random and are the same in every run (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

#[test]
fn damage_is_an_error_or_a_picture() {
    let files = files();
    assert!(files.len() * EACH >= 2000);
    let before = upwise::memory::peak_rss();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut slowest = (Duration::ZERO, "");
    let mut failures = Vec::new();
    for (kind, sound) in &files {
        if let Err(error) = read(sound.clone()) {
            failures.push(format!("a sound {kind}: {error}"));
        }
        let mut refused = 0;
        for number in 0..EACH {
            let mut bytes = sound.clone();
            if number % 3 == 0 {
                bytes.truncate(dice.below(bytes.len()));
            } else {
                for _ in 0..=dice.below(8) {
                    let at = dice.below(bytes.len());
                    bytes[at] ^= 1 << dice.below(8);
                }
            }
            let start = Instant::now();
            match read(bytes) {
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
                Ok(picture) => {
                    let samples = picture.width * picture.height * picture.layout().channels();
                    assert_eq!(picture.samples.len(), samples, "a damaged {kind}");
                }
            }
            slowest = slowest.max((start.elapsed(), kind));
        }
        println!("{kind}: {refused} of {EACH} refused");
        // Whatever the damage, files that are cut off are refused; few bits of an uncompressed file may go unseen.
        if refused < EACH / 6 {
            failures.push(format!(
                "only {refused} of {EACH} damaged {kind} were refused"
            ));
        }
    }
    std::panic::set_hook(hook);
    println!("the slowest, {}, took {:?}", slowest.1, slowest.0);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(slowest.0 < PATIENCE, "{}: {:?}", slowest.1, slowest.0);
    if let (Some(before), Some(after)) = (before, upwise::memory::peak_rss()) {
        let growth = after.saturating_sub(before);
        println!("the process grew by {} MiB", growth >> 20);
        assert!(growth < GROWTH, "{} MiB", growth >> 20);
    }
}

#[test]
fn what_damage_takes_from_a_png_is_said() {
    let png = png_with(&photo(20, 10), |info| {
        info.icc_profile = Some(profile().into());
        info.exif_metadata = Some(orientation(1).into());
        info.pixel_dims = Some(png::PixelDimensions {
            xppu: 11811,
            yppu: 11811,
            unit: png::Unit::Meter,
        });
    });
    assert_eq!(read(png.clone()).expect("a picture").warnings, [""; 0]);
    for (chunk, what) in [
        (b"iCCP", "colour profile"),
        (b"eXIf", "EXIF"),
        (b"pHYs", "density"),
    ] {
        let mut damaged = png.clone();
        let at = png.windows(4).position(|w| w == chunk).expect("the chunk");
        // Its last byte, so that its checksum is wrong.
        let length = u32::from_be_bytes(png[at - 4..at].try_into().unwrap()) as usize;
        damaged[at + 3 + length] ^= 0xff;
        let picture = read(damaged).expect("a picture");
        let said = format!("its {what} is damaged; it was left out");
        assert_eq!(picture.warnings, [said]);
    }
}

#[test]
fn of_several_pictures_the_first_is_used_and_said() {
    let picture = read(gif(40, 30)).expect("a GIF");
    assert_eq!(
        (picture.width, picture.height, picture.alpha),
        (40, 30, true)
    );
    assert_eq!(picture.warnings, ["2 frames: only the first is used"]);
    let (_, first) = palette_png(40, 30);
    for (i, expected) in first.samples.chunks(4).enumerate() {
        let upwise::picture::Samples::U8(seen) = &picture.samples else {
            panic!("a GIF of 16 bits");
        };
        let seen: Vec<u16> = seen[4 * i..4 * i + 4].iter().map(|&v| v.into()).collect();
        if expected[3] > 0 {
            assert_eq!(seen, expected, "pixel {i}");
        }
        assert_eq!(seen[3], expected[3], "alpha of pixel {i}");
    }
}

#[test]
fn headers_of_any_format_demand_nothing() {
    let huge: [(&str, Vec<u8>); 7] = [
        ("GIF", b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec()),
        ("QOI", b"qoif\0\0\xff\xff\0\0\xff\xff\x04\0\0\0\0\0\0\0\0\x01".to_vec()),
        ("PPM", b"P6 60000 60000 255\nabc".to_vec()),
        ("PBM", b"P4 60000 60000\nabc".to_vec()),
        ("PAM", b"P7\nWIDTH 60000\nHEIGHT 60000\nDEPTH 4\nMAXVAL 65535\nTUPLTYPE RGB_ALPHA\nENDHDR\nabc".to_vec()),
        ("plain PGM", b"P2 4294967295 4294967295 65535\n1 2 3".to_vec()),
        ("TIFF", tiff_of_a_palette(4, 4).into_iter().enumerate().map(|(i, b)| if i == 20 || i == 32 { 0xff } else { b }).collect()),
    ];
    let limits = Limits {
        pixels: u64::MAX,
        bytes: 1 << 40,
    };
    for (kind, bytes) in huge {
        let start = Instant::now();
        let result = decode::decode(Input::from_bytes(bytes), &limits);
        let error = result
            .err()
            .unwrap_or_else(|| panic!("a {kind} of nothing was read"));
        assert!(!matches!(error, PictureError::Io(_)), "{kind}: {error:?}");
        assert!(start.elapsed() < Duration::from_secs(2), "{kind}");
    }
}
