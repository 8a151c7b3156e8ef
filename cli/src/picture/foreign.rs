//! Files that are not read, but that people hand over: what they are, and what to do with them.

use std::path::Path;

use super::PictureError;

const RAW: &str = "a camera's raw file";
const DEVELOP: &str = "develop it and export it as TIFF or JPEG";

struct Kind {
    what: &'static str,
    /// What to do with such a file.
    advice: &'static str,
    /// Bytes of which one lies at its position in the file.
    signatures: &'static [(usize, &'static [u8])],
}

/// Signatures as the formats' documents and the table of `file` have them.
const KINDS: &[Kind] = &[
    Kind {
        what: "a HEIC or HEIF picture, as phones take them",
        advice: "convert it to JPEG or PNG first, as heif-convert does",
        signatures: &[
            (4, b"ftypheic"),
            (4, b"ftypheix"),
            (4, b"ftyphevc"),
            (4, b"ftypheim"),
            (4, b"ftypmif1"),
            (4, b"ftypmsf1"),
        ],
    },
    Kind {
        what: RAW,
        advice: DEVELOP,
        signatures: &[
            (4, b"ftypcrx "),
            (8, b"CR\x02\0"),
            (0, b"FUJIFILMCCD-RAW"),
            (0, b"IIRO"),
            (0, b"IIRS"),
            (0, b"MMOR"),
            (0, b"IIU\0"),
        ],
    },
    Kind {
        what: "a Photoshop document",
        advice: "save it as TIFF or PNG",
        signatures: &[(0, b"8BPS")],
    },
    Kind {
        what: "a GIMP document",
        advice: "export it as TIFF or PNG",
        signatures: &[(0, b"gimp xcf")],
    },
    Kind {
        what: "a PDF document",
        advice: "write its pages as pictures first, as pdftoppm does",
        signatures: &[(0, b"%PDF")],
    },
    Kind {
        what: "a DjVu document",
        advice: "write its pages as pictures first, as ddjvu does",
        signatures: &[(0, b"AT&TFORM")],
    },
    Kind {
        what: "an SVG drawing",
        advice: "it can be drawn at any size as it is, as rsvg-convert does",
        signatures: &[(0, b"<svg")],
    },
    Kind {
        what: "a JPEG 2000 picture",
        advice: "convert it to TIFF or PNG first",
        signatures: &[(0, b"\0\0\0\x0cjP  "), (0, b"\xff\x4f\xff\x51")],
    },
    Kind {
        what: "an OpenEXR or Radiance picture",
        advice: "convert it to TIFF or PNG first",
        signatures: &[(0, b"\x76\x2f\x31\x01"), (0, b"#?RADIANCE")],
    },
    Kind {
        what: "an icon",
        advice: "save the picture in it as PNG first",
        signatures: &[(0, b"\0\0\x01\0")],
    },
    Kind {
        what: "a web page",
        advice: "the download went wrong; get the picture itself",
        signatures: &[
            (0, b"<!DOCTYPE"),
            (0, b"<!doctype"),
            (0, b"<html"),
            (0, b"<HTML"),
        ],
    },
    Kind {
        what: "an archive",
        advice: "unpack it and give the folder",
        signatures: &[
            (0, b"PK\x03\x04"),
            (0, b"7z\xbc\xaf\x27\x1c"),
            (0, b"Rar!"),
            (0, b"\x1f\x8b"),
        ],
    },
    Kind {
        what: "a video",
        advice: "write its frames as pictures first, as ffmpeg does",
        signatures: &[
            (0, b"\x1a\x45\xdf\xa3"),
            (4, b"ftypiso"),
            (4, b"ftypmp4"),
            (4, b"ftypM4V"),
            (4, b"ftypqt  "),
            (8, b"AVI LIST"),
        ],
    },
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
    let lies = |(at, bytes): &(usize, &[u8])| {
        let rest = start.get(*at..);
        rest.is_some_and(|rest| rest.starts_with(bytes))
    };
    let kind = KINDS.iter().find(|kind| kind.signatures.iter().any(lies))?;
    Some(PictureError::Unsupported(format!(
        "{}, which upwise does not read; {}",
        kind.what, kind.advice
    )))
}

/// A raw file that calls itself TIFF. Its first picture is a thumbnail.
pub fn raw() -> PictureError {
    PictureError::Unsupported(format!(
        "{RAW}, of which only the thumbnail could be read; {DEVELOP}"
    ))
}
