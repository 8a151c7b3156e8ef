//! What the options of a run come to: `--deliver` is resolved here, into the same plain settings as all others.

use crate::args::deliver::Deliver;
use crate::args::upscale::UpscaleArgs;
use crate::args::values::TargetSize;
use crate::failure::Failure;
use crate::picture::{Density, Depth, Format, Picture, PictureError, colour};

/// Quality where nothing is said: no loss that can be seen at full size.
const QUALITY: u8 = 95;
/// Quality for web pages: none that can be seen on a page.
const WEB_QUALITY: u8 = 85;

/// What becomes of every picture of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The size, if one was asked for.
    pub target: Option<TargetSize>,
    /// The format where neither `-f` nor a file name says one; `None` keeps the input's.
    pub format: Option<Format>,
    /// Bits of a sample; `None` keeps the input's.
    pub depth: Option<Depth>,
    /// Quality of JPEG and AVIF, 1 to 100.
    pub quality: u8,
    /// Whether that was asked for.
    pub quality_asked: bool,
    /// Most bytes of a result.
    pub max_bytes: Option<u64>,
    /// Whether EXIF, XMP, IPTC and texts are left out.
    pub strip: bool,
    /// Whether colours are converted to sRGB and profiles left out.
    pub srgb: bool,
    /// Pixels per inch to be written; `None` keeps the input's.
    pub density: Option<Density>,
    /// Whether it is for print, which takes no lossy format.
    print: bool,
}

impl Delivery {
    /// Resolves options. What contradicts itself is wrong usage.
    pub fn new(args: &UpscaleArgs) -> Delivery {
        let plain = Delivery {
            target: args.target(),
            format: None,
            depth: args.bit_depth,
            quality: args.quality.unwrap_or(QUALITY),
            quality_asked: args.quality.is_some(),
            max_bytes: args.max_bytes,
            strip: args.strip,
            srgb: false,
            density: None,
            print: false,
        };
        match &args.deliver {
            None => plain,
            Some(Deliver::Print(sheet)) => Delivery {
                target: Some(TargetSize::Cover {
                    width: sheet.width,
                    height: sheet.height,
                    turns: sheet.turns,
                }),
                format: Some(Format::Tiff),
                density: Density::new(sheet.dpi, sheet.dpi),
                print: true,
                ..plain
            },
            Some(Deliver::Web(longest)) => Delivery {
                target: Some(TargetSize::Longest(*longest)),
                format: Some(Format::Jpeg),
                depth: plain.depth.or(Some(Depth::Eight)),
                quality: args.quality.unwrap_or(WEB_QUALITY),
                strip: true,
                srgb: true,
                ..plain
            },
        }
    }

    /// What has to be done with a picture before it is enlarged to `target` for a file of `format`.
    ///
    /// What is cut off or cannot be carried is added to its warnings.
    pub fn prepare(
        &self,
        picture: &mut Picture,
        format: Format,
        target: TargetSize,
    ) -> Result<(), PictureError> {
        let fits = format.holds_profile() && (picture.colour || format.holds_grey());
        if self.srgb || !fits {
            if colour::to_srgb(picture)? && !self.srgb {
                picture.warnings.push(format!(
                    "{format} cannot hold its profile: converted to sRGB"
                ));
            }
        } else if format != Format::Png {
            colour::embed_declared(picture);
        }
        if self.quality_asked && !format.has_quality() {
            picture.warnings.push(format!(
                "--quality is of no effect: {format} is written without loss"
            ));
        }
        if self.strip {
            picture.metadata.strip();
        }
        if let Some(density) = self.density {
            picture.metadata.set_density(density);
        }
        if let Some(sheet) = target.sheet(picture.width, picture.height) {
            let tall = picture.width * sheet.1 < picture.height * sheet.0;
            let cut = picture.crop_to_proportions(sheet);
            if cut >= 0.005 {
                picture.warnings.push(format!(
                    "cropped to the sheet: {:.0} % of its {} are cut off",
                    100.0 * cut,
                    if tall { "height" } else { "width" }
                ));
            }
        }
        Ok(())
    }

    /// Says whether a result can be of this format.
    pub fn check_format(&self, format: Format) -> Result<(), Failure> {
        let wrong = |words: String| Err(Failure::Usage(words));
        if self.print && ![Format::Tiff, Format::Png].contains(&format) {
            return wrong(format!(
                "--deliver print writes TIFF or PNG, not {format}; use -f tiff or -f png"
            ));
        }
        if self.max_bytes.is_some() && !format.has_quality() {
            return wrong(format!(
                "--max-bytes lowers the quality until a result fits, and {format} has none; use -f jpg or -f avif"
            ));
        }
        if self.depth == Some(Depth::Sixteen) && format.deepest() != Depth::Sixteen {
            return wrong(format!(
                "--bit-depth 16: {format} has 8 bits a sample; use -f png or -f tiff"
            ));
        }
        Ok(())
    }
}
