//! JPEG XL: lossy and lossless, bare or in its container; the first frame of an animation.

use jxl_oxide::{AllocTracker, FrameBufferSample, JxlImage, PixelFormat, Render};

use super::{Decoded, Shape, convert, layout};
use crate::picture::limits::allocate;
use crate::picture::{Format, Input, Limits, Metadata, PictureError, Samples, exif};

/// Bytes that the decoder takes for a pixel of each channel: planes of `f32`, before and after its filters.
const BYTES_PER_SAMPLE: usize = 12;

type JxlError = Box<dyn std::error::Error + Send + Sync>;

fn failure(error: JxlError) -> PictureError {
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && io.kind() == std::io::ErrorKind::UnexpectedEof
    {
        return PictureError::truncated();
    }
    let words = error.to_string();
    if words.contains("out of memory") || words.contains("allocation") {
        return PictureError::Limit(format!("{words}; raise --max-memory"));
    }
    PictureError::damaged(Format::Jxl, words)
}

fn open(input: Input, limits: &Limits) -> Result<JxlImage, PictureError> {
    let tracker = AllocTracker::with_limit(usize::try_from(limits.bytes).unwrap_or(usize::MAX));
    JxlImage::builder()
        .alloc_tracker(tracker)
        .read(input)
        .map_err(failure)
}

pub fn probe(input: Input) -> Result<Shape, PictureError> {
    let limits = Limits {
        pixels: u64::MAX,
        bytes: u64::MAX,
    };
    let image = open(input, &limits)?;
    let grey = matches!(image.pixel_format(), PixelFormat::Gray | PixelFormat::Graya);
    let layout = layout(!grey, image.pixel_format().has_alpha(), is_deep(&image));
    Ok((image.width() as usize, image.height() as usize, layout))
}

fn is_deep(image: &JxlImage) -> bool {
    image.image_header().metadata.bit_depth.bits_per_sample() > 8
}

pub fn decode(input: Input, limits: &Limits) -> Result<Decoded, PictureError> {
    let image = open(input, limits)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let header = &image.image_header().metadata;
    let extra = header.ec_info.len();
    limits.check(width, height, (3 + extra) * BYTES_PER_SAMPLE)?;
    let (colour, alpha) = match image.pixel_format() {
        PixelFormat::Gray => (false, false),
        PixelFormat::Graya => (false, true),
        PixelFormat::Rgb => (true, false),
        PixelFormat::Rgba => (true, true),
        PixelFormat::Cmyk | PixelFormat::Cmyka => {
            return Err(PictureError::Unsupported(
                "a JPEG XL of CMYK; save it as TIFF".into(),
            ));
        }
    };
    if !image.is_loading_done() {
        return Err(PictureError::truncated());
    }
    let deep = is_deep(&image);
    let associated = header
        .ec_info
        .iter()
        .find_map(|channel| channel.alpha_associated());
    let render = image.render_frame(0).map_err(failure)?;
    let colours = if colour { 3 } else { 1 };
    let count = width * height * (colours + usize::from(alpha));
    let mut samples = if deep {
        Samples::U16(read(&render, count)?)
    } else {
        Samples::U8(read(&render, count)?)
    };
    if associated == Some(true) {
        convert::unmultiply(&mut samples, colours);
    }
    let mut warnings = Vec::new();
    if image.num_loaded_keyframes() > 1 {
        warnings.push(super::only_first("frame", image.num_loaded_keyframes()));
    }
    let boxes = image.aux_boxes();
    // The pixels are upright already, and the format has EXIF's own word on it not count.
    let exif = boxes.first_exif().ok().and_then(|found| {
        let found = found.map(|e| e.payload().to_vec());
        let mut block = found.has_data().then(|| found.unwrap())?;
        exif::normalise(&mut block).map(|_| block)
    });
    let xmp = boxes.first_xml();
    let xmp = xmp.has_data().then(|| xmp.unwrap().to_vec());
    Ok(Decoded {
        width,
        height,
        colour,
        alpha,
        samples,
        metadata: Metadata {
            icc: profile(&image),
            exif,
            xmp,
            ..Metadata::default()
        },
        warnings,
    })
}

/// The profile of the samples, unless it is sRGB, which needs none.
fn profile(image: &JxlImage) -> Option<Vec<u8>> {
    /// Primaries of BT.709, the curve of sRGB, no matrix, full range.
    const SRGB: [u8; 4] = [1, 13, 0, 1];
    // Samples that went through the format's own colour space were rendered in what the decoder says.
    if let Some(icc) = image.original_icc()
        && !image.image_header().metadata.xyb_encoded
    {
        return Some(icc.to_vec());
    }
    if image.rendered_cicp() == Some(SRGB) {
        return None;
    }
    Some(image.rendered_icc()).filter(|icc| !icc.is_empty())
}

fn read<T: FrameBufferSample + Clone + Default>(
    render: &Render,
    count: usize,
) -> Result<Vec<T>, PictureError> {
    let mut data = allocate(count)?;
    let mut stream = render.stream();
    if stream.write_to_buffer(&mut data) != count {
        return Err(PictureError::truncated());
    }
    Ok(data)
}
