//! What each measure says, and where.

use serde::{Deserialize, Serialize};

use crate::survey::TILE;

/// Whether a score says anything. A measure that is absent never reads as a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was measured; `value` is there.
    Measured,
    /// The question makes no sense for this picture, such as the subject of a page of text.
    NotApplicable,
    /// It cannot be told with what is here.
    NotJudged,
    /// Too few pixels for the method.
    TooSmall,
}

/// A rectangle of the picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Left edge.
    pub x: usize,
    /// Upper edge.
    pub y: usize,
    /// Columns, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
}

/// The names of the measures, in the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// One thing stands out from its surroundings.
    SubjectClarity,
    /// Edges are there, sharp or soft, and not destroyed.
    EdgePresence,
    /// The sharpest parts are sharp.
    Sharpness,
    /// Free of noise.
    Noise,
    /// Free of damage by JPEG.
    Jpeg,
    /// As many pixels as it carries detail for.
    TrueResolution,
    /// Neither too dark nor clipped.
    Light,
    /// Made of square blocks: 1 is certain. No merit or fault.
    PixelArt,
    /// The crop has no defects.
    Composition,
    /// How sure the kind of content is. No merit or fault.
    Content,
    /// Small text can be read.
    TextReadable,
    /// Letters are letters. Needs the text network: not judged.
    TextValid,
}

/// One measure's answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Which.
    pub measure: Measure,
    /// 0 bad to 1 good, there if and only if it was measured.
    pub value: Option<f32>,
    /// Whether it says anything.
    pub status: Status,
    /// What was seen, for people: a clause without a full stop.
    pub sentence: String,
    /// Where, the clearest first; empty if everywhere or nowhere.
    pub places: Vec<Place>,
}

impl Score {
    /// A measured value, brought into 0 to 1.
    pub fn measured(measure: Measure, value: f32, sentence: impl Into<String>) -> Self {
        if !value.is_finite() {
            return Score::absent(measure, Status::NotJudged, "it could not be measured");
        }
        Score {
            measure,
            // An empty sum is -0.0; plus 0.0 it is not.
            value: Some(value.clamp(0.0, 1.0) + 0.0),
            status: Status::Measured,
            sentence: sentence.into(),
            places: Vec::new(),
        }
    }

    /// No value, and why.
    pub fn absent(measure: Measure, status: Status, sentence: impl Into<String>) -> Self {
        Score {
            measure,
            value: None,
            status,
            sentence: sentence.into(),
            places: Vec::new(),
        }
    }

    /// The same with places.
    pub fn at(mut self, places: Vec<Place>) -> Self {
        self.places = places;
        self
    }
}

/// A coarse picture of one measure over the whole picture, for overlays.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// What it shows.
    pub measure: Measure,
    /// Pixels of the picture for a cell, along each side; those at its right and lower edge may stand for fewer.
    pub side: usize,
    /// Cells in a row.
    pub columns: usize,
    /// Rows of cells.
    pub rows: usize,
    /// 0 nothing to 1 strongest, `NaN`-free, `columns * rows` of them.
    pub cells: Vec<f32>,
}

impl Map {
    /// One cell for each tile of full size of a picture, from values at tiles' places, brought into 0 to 1. Tiles
    /// without one have the value `elsewhere`.
    pub(crate) fn of_tiles(
        measure: Measure,
        values: impl Iterator<Item = (Place, f32)>,
        elsewhere: f32,
        width: usize,
        height: usize,
    ) -> Self {
        let (columns, rows) = (width.div_ceil(TILE), height.div_ceil(TILE));
        let mut cells = vec![elsewhere.clamp(0.0, 1.0); columns * rows];
        for (place, value) in values {
            cells[place.y / TILE * columns + place.x / TILE] = value.clamp(0.0, 1.0);
        }
        Map {
            measure,
            side: TILE,
            columns,
            rows,
            cells,
        }
    }
}
