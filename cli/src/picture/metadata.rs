//! What a file carries beside its pixels.

use super::exif;

/// The keyword of a text that JPEG holds as well (PNG, third edition, 11.3.3.1).
pub(super) const COMMENT: &str = "Comment";

/// Everything that is carried from the input to the output, where its format can hold it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// ICC profile of the samples; without one they are sRGB, as far as anybody knows.
    pub icc: Option<Vec<u8>>,
    /// EXIF, from its TIFF header on. Orientation is 1 and the thumbnail is gone: the pixels are upright.
    pub exif: Option<Vec<u8>>,
    /// XMP packet, its orientation 1.
    pub xmp: Option<Vec<u8>>,
    /// Photoshop image resources (IPTC lives in them), without their "Photoshop 3.0" prefix.
    pub photoshop: Option<Vec<u8>>,
    /// Pixels per inch.
    pub density: Option<Density>,
    /// Keyword and text: titles, authors, what generators write about their pictures, and the comments of JPEG files,
    /// with the keyword "Comment". PNG carries all, JPEG comments.
    pub text: Vec<(String, String)>,
    /// What only PNG knows.
    pub png: PngExtras,
    /// Quantisation table of a JPEG's luma, in row order (not zigzag), as the pixels lie now. It tells how much was
    /// lost and is never written.
    pub luma_quantisation: Option<Vec<u16>>,
}

/// Pixels per inch in both directions. It is kept as it is: the enlarged picture prints larger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Density {
    /// Horizontally.
    pub x: f64,
    /// Vertically.
    pub y: f64,
}

impl Density {
    /// From values per inch, per centimetre (2.54) or per metre (39.37); `None` unless both are positive.
    pub fn new(x: f64, y: f64) -> Option<Self> {
        let sane = |v: f64| v.is_finite() && v > 0.0 && v < 1e6;
        (sane(x) && sane(y)).then_some(Density { x, y })
    }
}

/// Chunks that go from PNG to PNG only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PngExtras {
    /// Rendering intent of an sRGB chunk.
    pub srgb: Option<png::SrgbRenderingIntent>,
    /// Gamma, where no ICC profile or sRGB chunk overrules it.
    pub gamma: Option<png::ScaledFloat>,
    /// Primaries, likewise.
    pub chromaticities: Option<png::SourceChromaticities>,
    /// The four bytes of a cICP chunk.
    pub cicp: Option<[u8; 4]>,
}

impl PngExtras {
    /// Drops what chunks say of the colours, where that has become untrue or stands in a profile.
    pub(super) fn forget_colours(&mut self) {
        (self.srgb, self.gamma) = (None, None);
        (self.chromaticities, self.cicp) = (None, None);
    }
}

impl Metadata {
    /// Sets the orientation to 1 in EXIF and XMP and returns what EXIF said before: 1 to 8.
    ///
    /// Also drops the EXIF thumbnail, which would show the picture as it was, and EXIF that cannot be read, with a warning.
    pub(crate) fn take_orientation(&mut self, warnings: &mut Vec<String>) -> u8 {
        let mut orientation = 1;
        if let Some(data) = &mut self.exif {
            match exif::normalise(data) {
                Some(found) => orientation = found,
                None => {
                    self.exif = None;
                    warnings.push("its EXIF is damaged; it was left out".into());
                }
            }
        }
        if let Some(xmp) = &mut self.xmp {
            reset_xmp_orientation(xmp);
        }
        orientation
    }

    /// Fills the density from EXIF where the container did not give one.
    pub(crate) fn complete_density(&mut self) {
        if self.density.is_none() {
            self.density = self.exif.as_deref().and_then(exif::density);
        }
    }

    /// Drops all but the profile, the density and what PNG says of its colours.
    pub fn strip(&mut self) {
        self.exif = None;
        self.xmp = None;
        self.photoshop = None;
        self.text.clear();
    }

    /// Changes the density, in EXIF as well where that states one.
    pub fn set_density(&mut self, density: Density) {
        self.density = Some(density);
        if let Some(data) = &mut self.exif {
            exif::set_density(data, density);
        }
    }

    /// Tells EXIF the size of the picture that is about to be written.
    pub fn set_size(&mut self, width: usize, height: usize) {
        if let Some(data) = &mut self.exif {
            exif::set_size(data, width, height);
        }
    }
}

/// Replaces the digit of `tiff:Orientation="6"` or `<tiff:Orientation>6<` with 1, in place.
fn reset_xmp_orientation(xmp: &mut [u8]) {
    const KEY: &[u8] = b"tiff:Orientation";
    let mut at = 0;
    while let Some(found) = xmp[at..].windows(KEY.len()).position(|w| w == KEY) {
        at += found + KEY.len();
        let digit = xmp[at..]
            .iter()
            .position(|b| !b" \t\r\n=>\"'".contains(b))
            .map(|skip| at + skip);
        if let Some(digit) = digit.filter(|&d| (b'2'..=b'8').contains(&xmp[d])) {
            xmp[digit] = b'1';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmp_orientation_is_reset_in_both_spellings() {
        for (before, after) in [
            (
                r#"<x tiff:Orientation="6" y="6"/>"#,
                r#"<x tiff:Orientation="1" y="6"/>"#,
            ),
            (
                "<tiff:Orientation>8</tiff:Orientation>",
                "<tiff:Orientation>1</tiff:Orientation>",
            ),
            ("tiff:Orientation", "tiff:Orientation"),
        ] {
            let mut xmp = before.as_bytes().to_vec();
            reset_xmp_orientation(&mut xmp);
            assert_eq!(String::from_utf8(xmp).unwrap(), after);
        }
    }
}
