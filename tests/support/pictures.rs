//! Pictures made for tests, and files read back without the code under test.
#![allow(dead_code)]

use std::io::Cursor;
use std::path::Path;

/// Colour, and how a decoder of its own sees a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    /// 8-bit samples as they are, 16-bit ones in full.
    pub samples: Vec<u16>,
    pub sixteen: bool,
}

impl Pixels {
    pub fn new(width: usize, height: usize, channels: usize, samples: Vec<u16>) -> Self {
        assert_eq!(samples.len(), width * height * channels);
        Pixels {
            width,
            height,
            channels,
            samples,
            sixteen: false,
        }
    }

    /// Every pixel as a block of `factor` pixels: what `-n nearest` makes.
    pub fn blocks(&self, factor: usize) -> Pixels {
        let (width, height) = (self.width * factor, self.height * factor);
        let mut samples = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let at = (y / factor * self.width + x / factor) * self.channels;
                samples.extend_from_slice(&self.samples[at..at + self.channels]);
            }
        }
        Pixels {
            width,
            height,
            samples,
            ..*self
        }
    }

    pub fn at(&self, x: usize, y: usize) -> &[u16] {
        let at = (y * self.width + x) * self.channels;
        &self.samples[at..at + self.channels]
    }

    pub fn bytes(&self) -> Vec<u8> {
        if self.sixteen {
            self.samples.iter().flat_map(|v| v.to_be_bytes()).collect()
        } else {
            self.samples.iter().map(|&v| v as u8).collect()
        }
    }

    /// The largest difference of a sample; the sizes must be the same.
    pub fn distance(&self, other: &Pixels) -> u16 {
        assert_eq!(
            (self.width, self.height, self.channels, self.sixteen),
            (other.width, other.height, other.channels, other.sixteen)
        );
        let pairs = self.samples.iter().zip(&other.samples);
        pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
    }
}

/// Smooth colour with an edge in it; different along every axis and in every channel.
pub fn photo(width: usize, height: usize) -> Pixels {
    let mut samples = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let edge = if x * 2 > width { 60 } else { 0 };
            samples.push((x * 180 / width + edge) as u16);
            samples.push((y * 255 / height) as u16);
            samples.push(((x + y) * 255 / (width + height)) as u16);
        }
    }
    Pixels::new(width, height, 3, samples)
}

/// The photo with a hard mask: the left half shows, the right half is hidden black.
pub fn masked(width: usize, height: usize) -> Pixels {
    let samples = photo(width, height)
        .samples
        .chunks(3)
        .enumerate()
        .flat_map(|(i, rgb)| {
            if i % width < width / 2 {
                [rgb[0], rgb[1], rgb[2], 255]
            } else {
                [0, 0, 0, 0]
            }
        })
        .collect();
    Pixels::new(width, height, 4, samples)
}

/// A grey slope of 16 bits whose low bytes matter.
pub fn deep_grey(width: usize, height: usize) -> Pixels {
    let samples = (0..width * height)
        .map(|i| (i * 977 % 65536) as u16)
        .collect();
    Pixels {
        sixteen: true,
        ..Pixels::new(width, height, 1, samples)
    }
}

fn colour_type(channels: usize) -> png::ColorType {
    match channels {
        1 => png::ColorType::Grayscale,
        2 => png::ColorType::GrayscaleAlpha,
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Rgba,
    }
}

/// A PNG; `prepare` may add chunks.
pub fn png_with(pixels: &Pixels, prepare: impl FnOnce(&mut png::Info<'_>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(pixels.width as u32, pixels.height as u32);
    info.color_type = colour_type(pixels.channels);
    info.bit_depth = if pixels.sixteen {
        png::BitDepth::Sixteen
    } else {
        png::BitDepth::Eight
    };
    prepare(&mut info);
    let encoder = png::Encoder::with_info(&mut bytes, info).expect("an encoder");
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels.bytes()).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

pub fn png_bytes(pixels: &Pixels) -> Vec<u8> {
    png_with(pixels, |_| {})
}

/// A palette PNG of four colours with one transparent entry, and what it looks like.
pub fn palette_png(width: usize, height: usize) -> (Vec<u8>, Pixels) {
    let palette = [
        [200, 10, 20, 255],
        [10, 190, 30, 255],
        [20, 30, 180, 255],
        [9, 8, 7, 0],
    ];
    let index = |i: usize| (i / 3 + i / width) % 4;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(
        palette
            .iter()
            .flat_map(|c| c[..3].to_vec())
            .collect::<Vec<u8>>(),
    );
    encoder.set_trns(palette.iter().map(|c| c[3]).collect::<Vec<u8>>());
    let mut writer = encoder.write_header().expect("a header");
    let data: Vec<u8> = (0..width * height).map(|i| index(i) as u8).collect();
    writer.write_image_data(&data).expect("pixels");
    writer.finish().expect("an end");
    let samples = (0..width * height)
        .flat_map(|i| palette[index(i)].map(u16::from))
        .collect();
    (bytes, Pixels::new(width, height, 4, samples))
}

/// Reads an 8- or 16-bit PNG that is not a palette's.
pub fn read_png(bytes: &[u8]) -> Pixels {
    let mut reader = png::Decoder::new(Cursor::new(bytes))
        .read_info()
        .expect("a PNG");
    let mut data = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut data).expect("pixels");
    let sixteen = info.bit_depth == png::BitDepth::Sixteen;
    let samples = if sixteen {
        data.chunks(2)
            .map(|b| u16::from_be_bytes([b[0], b[1]]))
            .collect()
    } else {
        data.iter().map(|&v| v.into()).collect()
    };
    Pixels {
        sixteen,
        ..Pixels::new(
            info.width as usize,
            info.height as usize,
            info.color_type.samples(),
            samples,
        )
    }
}

pub fn read_png_file(path: impl AsRef<Path>) -> Pixels {
    read_png(&std::fs::read(path).expect("a file"))
}

/// The chunks of a PNG before its pixels.
pub fn png_info(path: impl AsRef<Path>) -> png::Info<'static> {
    let bytes = std::fs::read(path).expect("a file");
    let reader = png::Decoder::new(Cursor::new(bytes))
        .read_info()
        .expect("a PNG");
    reader.info().clone()
}

/// A JPEG of quality 95 at full colour resolution; `prepare` may add segments.
pub fn jpeg_with(
    pixels: &Pixels,
    prepare: impl FnOnce(&mut jpeg_encoder::Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    prepare(&mut encoder);
    let colours = match pixels.channels {
        1 => jpeg_encoder::ColorType::Luma,
        _ => jpeg_encoder::ColorType::Rgb,
    };
    encoder
        .encode(
            &pixels.bytes(),
            pixels.width as u16,
            pixels.height as u16,
            colours,
        )
        .expect("a JPEG");
    bytes
}

pub fn jpeg_bytes(pixels: &Pixels) -> Vec<u8> {
    jpeg_with(pixels, |_| {})
}

/// What a JPEG holds beside its pixels.
pub struct JpegFile {
    pub pixels: Pixels,
    pub icc: Option<Vec<u8>>,
    pub exif: Option<Vec<u8>>,
}

pub fn read_jpeg(bytes: &[u8]) -> JpegFile {
    let mut decoder = zune_jpeg::JpegDecoder::new(zune_core::bytestream::ZCursor::new(bytes));
    decoder.decode_headers().expect("a JPEG");
    let grey = decoder.input_colorspace() == Some(zune_core::colorspace::ColorSpace::Luma);
    if grey {
        let luma = zune_core::colorspace::ColorSpace::Luma;
        decoder.set_options(decoder.options().jpeg_set_out_colorspace(luma));
    }
    let data = decoder.decode().expect("pixels");
    let (width, height) = decoder.dimensions().expect("a size");
    let channels = if grey { 1 } else { 3 };
    let samples = data.into_iter().map(u16::from).collect();
    JpegFile {
        pixels: Pixels::new(width, height, channels, samples),
        icc: decoder.icc_profile(),
        exif: decoder.exif().cloned(),
    }
}

/// Something that looks enough like an ICC profile to be carried.
pub fn profile() -> Vec<u8> {
    let mut profile: Vec<u8> = (0..700u32).map(|i| (i * 7 % 251) as u8).collect();
    profile[..4].copy_from_slice(&700u32.to_be_bytes());
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// EXIF of one tag: the orientation.
pub fn orientation(value: u16) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend_from_slice(&value.to_le_bytes());
    block.extend_from_slice(&[0; 6]);
    block
}

/// The orientation in such a block.
pub fn orientation_in(block: &[u8]) -> u16 {
    u16::from_le_bytes([block[18], block[19]])
}
