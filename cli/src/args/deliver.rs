//! `--deliver`: what a printer or a web page takes, by name.

use std::fmt;
use std::str::FromStr;

/// What a result is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Deliver {
    /// A sheet of paper, printed to its edges.
    Print(Sheet),
    /// A web page: the longest side in pixels.
    Web(usize),
}

/// A sheet of paper at a resolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// As it was typed, without the resolution.
    pub name: String,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Pixels per inch.
    pub dpi: f64,
    /// Whether it may be turned so that it lies as the picture does: a size with a name may, one in numbers not.
    pub turns: bool,
}

/// Millimetres, upright: ISO 216, and what North America uses (ANSI Y14.1).
const PAPERS: [(&str, f64, f64); 10] = [
    ("A0", 841.0, 1189.0),
    ("A1", 594.0, 841.0),
    ("A2", 420.0, 594.0),
    ("A3", 297.0, 420.0),
    ("A4", 210.0, 297.0),
    ("A5", 148.0, 210.0),
    ("A6", 105.0, 148.0),
    ("Letter", 215.9, 279.4),
    ("Legal", 215.9, 355.6),
    ("Tabloid", 279.4, 431.8),
];

const MM_PER_INCH: f64 = 25.4;
/// What print shops ask for, where nothing else is said.
const DPI: f64 = 300.0;
/// The longest side that a sheet may have in pixels.
const LONGEST: f64 = 1e6;

const WORDS: &str = "print:PAPER@DPI with A0 to A6, Letter, Legal, Tabloid or a size such as 300x400mm or 8x10in, \
                     or web:PIXELS";

impl FromStr for Deliver {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("known are {WORDS}");
        let (kind, value) = word.split_once(':').ok_or_else(wrong)?;
        match kind.to_ascii_lowercase().as_str() {
            "print" => Ok(Deliver::Print(value.parse()?)),
            "web" => match value.parse() {
                Ok(longest @ 1..=65_535) => Ok(Deliver::Web(longest)),
                _ => Err("the longest side in pixels, such as web:2400".into()),
            },
            _ => Err(wrong()),
        }
    }
}

impl FromStr for Sheet {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let (name, dpi) = match word.split_once('@') {
            Some((name, dpi)) => (name, dpi.parse().unwrap_or(f64::NAN)),
            None => (word, DPI),
        };
        if !(1.0..=9600.0).contains(&dpi) {
            return Err("a resolution from 1 to 9600 pixels per inch, such as @300".into());
        }
        let paper = PAPERS
            .iter()
            .find(|(known, ..)| known.eq_ignore_ascii_case(name));
        let turns = paper.is_some();
        let (width, height) = match paper {
            Some((_, width, height)) => (*width, *height),
            None => millimetres(name).ok_or_else(|| format!("known are {WORDS}"))?,
        };
        let pixels = |millimetres: f64| (millimetres / MM_PER_INCH * dpi).round();
        let (width, height) = (pixels(width), pixels(height));
        if !(1.0..=LONGEST).contains(&width) || !(1.0..=LONGEST).contains(&height) {
            return Err(format!(
                "a sheet of {width}x{height} pixels is not possible"
            ));
        }
        Ok(Sheet {
            name: name.to_string(),
            width: width as usize,
            height: height as usize,
            dpi,
            turns,
        })
    }
}

/// `300x400mm`, `30x40cm` or `8x10in`.
fn millimetres(word: &str) -> Option<(f64, f64)> {
    let word = word.to_ascii_lowercase();
    let (numbers, unit) = word.split_at_checked(word.len().checked_sub(2)?)?;
    let unit = match unit {
        "mm" => 1.0,
        "cm" => 10.0,
        "in" => MM_PER_INCH,
        _ => return None,
    };
    let (width, height) = numbers.split_once('x')?;
    let side = |number: &str| Some(number.trim().parse::<f64>().ok()? * unit);
    Some((side(width)?, side(height)?)).filter(|(w, h)| *w > 0.0 && *h > 0.0)
}

impl fmt::Display for Deliver {
    /// As it is added to file names: `A3` or `2400px`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deliver::Print(sheet) => f.write_str(&sheet.name),
            Deliver::Web(longest) => write!(f, "{longest}px"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_in_pixels() {
        let pixels = |word: &str| match word.parse() {
            Ok(Deliver::Print(sheet)) => (sheet.width, sheet.height, sheet.dpi, sheet.turns),
            other => panic!("{word}: {other:?}"),
        };
        // As tables of print shops have them.
        assert_eq!(pixels("print:A3@300"), (3508, 4961, 300.0, true));
        assert_eq!(pixels("print:a4"), (2480, 3508, 300.0, true));
        assert_eq!(pixels("print:A0@150"), (4967, 7022, 150.0, true));
        assert_eq!(pixels("print:Letter@300"), (2550, 3300, 300.0, true));
        assert_eq!(pixels("print:tabloid@100"), (1100, 1700, 100.0, true));
        assert_eq!(pixels("print:300x400mm@254"), (3000, 4000, 254.0, false));
        assert_eq!(pixels("print:10x8in@300"), (3000, 2400, 300.0, false));
        assert_eq!(pixels("print:2.54x5.08cm@100"), (100, 200, 100.0, false));
    }

    #[test]
    fn what_is_no_delivery() {
        assert_eq!("web:2400".parse(), Ok(Deliver::Web(2400)));
        for wrong in [
            "print",
            "web",
            "web:",
            "web:0",
            "web:70000",
            "fax:A4",
            "print:A7",
            "print:A4@",
            "print:A4@0",
            "print:A4@nan",
            "print:3x4",
            "print:0x4mm",
            "print:-3x4mm",
            "print:99999x9in@9600",
            "print:é",
            "",
        ] {
            assert!(wrong.parse::<Deliver>().is_err(), "{wrong}");
        }
    }
}
