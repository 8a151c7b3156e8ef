//! Files that are not read, but that people hand over: what they are, and what to do with them.

use std::path::Path;

use super::PictureError;

/// Where a signature lies, the signature, what the file is, what to do.
type Kind = (usize, &'static [u8], &'static str, &'static str);

const RAW: &str = "a camera's raw file";
/// What to do with a raw file.
const DEVELOP: &str = "develop it and export it as TIFF or JPEG";
const HEIF: &str = "a HEIC picture, as phones take them";
const TO_JPEG: &str = "convert it to JPEG or PNG first, as heif-convert does";
const J2K: &str = "a JPEG 2000 picture";
const TO_TIFF: &str = "convert it to TIFF or PNG first";
const VIDEO: &str = "a video";
const FRAMES: &str = "write its frames as pictures first, as ffmpeg does";
const PAGE: &str = "a web page";
const DOWNLOAD: &str = "the download went wrong; get the picture itself";
const ARCHIVE: &str = "an archive";
const UNPACK: &str = "unpack it and give the folder";

/// The first that fits counts. Signatures as the formats' documents and the table of `file` have them.
const KINDS: &[Kind] = &[
    (4, b"ftypheic", HEIF, TO_JPEG),
    (4, b"ftypheix", HEIF, TO_JPEG),
    (4, b"ftyphevc", HEIF, TO_JPEG),
    (4, b"ftypheim", HEIF, TO_JPEG),
    (4, b"ftypmif1", "a HEIF picture", TO_JPEG),
    (4, b"ftypmsf1", "a HEIF picture", TO_JPEG),
    (4, b"ftypcrx ", RAW, DEVELOP),
    (8, b"CR\x02\0", RAW, DEVELOP),
    (0, b"FUJIFILMCCD-RAW", RAW, DEVELOP),
    (0, b"IIRO", RAW, DEVELOP),
    (0, b"IIRS", RAW, DEVELOP),
    (0, b"MMOR", RAW, DEVELOP),
    (0, b"IIU\0", RAW, DEVELOP),
    (0, b"8BPS", "a Photoshop document", "save it as TIFF or PNG"),
    (
        0,
        b"gimp xcf",
        "a GIMP document",
        "export it as TIFF or PNG",
    ),
    (
        0,
        b"%PDF",
        "a PDF document",
        "write its pages as pictures first, as pdftoppm does",
    ),
    (
        0,
        b"AT&TFORM",
        "a DjVu document",
        "write its pages as pictures first, as ddjvu does",
    ),
    (
        0,
        b"<svg",
        "an SVG drawing",
        "it can be drawn at any size as it is, as rsvg-convert does",
    ),
    (0, b"\0\0\0\x0cjP  ", J2K, TO_TIFF),
    (0, b"\xff\x4f\xff\x51", J2K, TO_TIFF),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture", TO_TIFF),
    (0, b"#?RADIANCE", "a Radiance HDR picture", TO_TIFF),
    (
        0,
        b"\0\0\x01\0",
        "an icon",
        "save the picture in it as PNG first",
    ),
    (0, b"<!DOCTYPE", PAGE, DOWNLOAD),
    (0, b"<!doctype", PAGE, DOWNLOAD),
    (0, b"<html", PAGE, DOWNLOAD),
    (0, b"<HTML", PAGE, DOWNLOAD),
    (0, b"PK\x03\x04", ARCHIVE, UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", ARCHIVE, UNPACK),
    (0, b"Rar!", ARCHIVE, UNPACK),
    (0, b"\x1f\x8b", ARCHIVE, UNPACK),
    (0, b"\x1a\x45\xdf\xa3", VIDEO, FRAMES),
    (4, b"ftypiso", VIDEO, FRAMES),
    (4, b"ftypmp4", VIDEO, FRAMES),
    (4, b"ftypM4V", VIDEO, FRAMES),
    (4, b"ftypqt  ", VIDEO, FRAMES),
    (8, b"AVI LIST", VIDEO, FRAMES),
];

/// Suffixes of pictures that are not read.
const SUFFIXES: &[&str] = &[
    "heic", "heif", "hif", "dng", "cr2", "cr3", "crw", "nef", "nrw", "arw", "sr2", "raf", "orf",
    "rw2", "pef", "srw", "psd", "psb", "xcf", "jp2", "j2k", "jpx", "exr", "hdr", "tga", "svg",
];

/// Whether a name is that of a picture of a kind that is not read.
pub fn names_picture(path: &Path) -> bool {
    let suffix = path.extension().and_then(|suffix| suffix.to_str());
    suffix.is_some_and(|suffix| SUFFIXES.iter().any(|one| suffix.eq_ignore_ascii_case(one)))
}

/// What a file that begins with these bytes is, if it is of a kind that is not read.
pub fn refusal(start: &[u8]) -> Option<PictureError> {
    let fits = |kind: &&Kind| {
        start
            .get(kind.0..)
            .is_some_and(|rest| rest.starts_with(kind.1))
    };
    let (_, _, what, advice) = KINDS.iter().find(fits)?;
    Some(PictureError::Unsupported(format!(
        "{what}, which upwise does not read; {advice}"
    )))
}

/// A raw file that calls itself TIFF. Its first picture is a thumbnail.
pub fn raw() -> PictureError {
    PictureError::Unsupported(format!(
        "{RAW}, of which only the thumbnail could be read; {DEVELOP}"
    ))
}
