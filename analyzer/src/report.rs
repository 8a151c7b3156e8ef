//! What an analysis comes to. All of it serialises with stable names.

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
            value: Some(value.clamp(0.0, 1.0)),
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

/// What a picture shows, as far as it matters to what enlarges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A photograph, or a render that looks like one.
    Photo,
    /// Drawings, anime, paintings, flat graphics.
    Art,
    /// Text on a page or a screen.
    Text,
    /// Square blocks that must stay square.
    PixelArt,
    /// One thing on a plain ground.
    Product,
}

/// What to do with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Enlarge it.
    Upscale,
    /// Repair it first; the steps say what.
    FixFirst,
    /// Make or take it anew: there is nothing to build on.
    Regenerate,
    /// Leave it: nothing is to be gained.
    Keep,
    /// The evidence does not decide: look at it.
    Inspect,
}

/// Which kind of model, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Clean photographs.
    Photo,
    /// Soft, noisy, compressed photographs.
    Recover,
    /// Drawings and renders.
    Art,
    /// Text and line work.
    Text,
    /// Pixel art: nearest neighbour, whole factors.
    Nearest,
}

/// One step of what should be done. `upwise` does some of them; the others are for other tools.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Remove the blocks of JPEG.
    Deblock,
    /// Remove noise.
    Denoise,
    /// Reduce to the size that the detail is worth.
    Shrink {
        /// Columns then.
        width: usize,
        /// Rows then.
        height: usize,
    },
    /// Make it lighter. By another tool.
    Lighten,
    /// Make it sharper: it is out of focus or was moved. By another tool.
    Deblur,
    /// Cut it to this part. By another tool.
    Crop {
        /// What is kept.
        keep: Place,
    },
    /// Take the background away. By another tool.
    RemoveBackground,
    /// Take a thing away. By another tool.
    RemoveObject {
        /// Where it is.
        place: Place,
    },
    /// Enlarge.
    Upscale {
        /// By this factor.
        scale: f32,
        /// With a model of this family.
        family: Family,
    },
    /// Save with more compression: it is heavy for its pixels.
    Compress,
}

/// A reason for or against, with its place in the order: the first weighs most.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// The measure that says so.
    pub measure: Measure,
    /// For people: a clause without a full stop.
    pub sentence: String,
    /// Where, if anywhere in particular.
    pub place: Option<Place>,
}

/// What to do, why, and how sure that is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Probability that it is right, 0 to 1.
    pub confidence: f32,
    /// By how much to enlarge, where that is advised: 2, 4 or 6 (whole factors up to 8 for pixel art).
    pub scale: Option<f32>,
    /// Which models suit it, enlarged or not.
    pub family: Family,
    /// In order.
    pub steps: Vec<Step>,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// What was considered and is not advised, for people, such as "4x: would stay below the quality line".
    pub not: Vec<String>,
    /// What would change the decision, for people.
    pub would_change: Vec<String>,
}

/// A place to look at in full size, before and after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspect {
    /// What is there: "subject edge", "small text", "shadow ramp" and the like.
    pub what: String,
    /// Where.
    pub place: Place,
}

/// How much of a picture comes back after it was halved and enlarged again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Halving {
    /// Mean SSIM of luma, -1 to 1; 1 if nothing is lost.
    pub kept: f32,
    /// The same over the worst 5 % of windows.
    pub worst: f32,
    /// Root mean square of what is lost, in 8-bit steps.
    pub lost: f32,
}

/// What ways to enlarge a picture are expected to come to: closeness to the truth, 0 to about 1.
///
/// A mean of SSIMULACRA2, of SSIM over the worst tiles and of F1 of edges, as the crate's README says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Utilities {
    /// A plain filter.
    pub filter: f32,
    /// The best network alone.
    pub network: f32,
    /// The best of a fix and a network after it.
    pub fix: f32,
}

impl Utilities {
    /// Of the better network.
    pub fn best(&self) -> f32 {
        self.network.max(self.fix)
    }

    /// What a network gains over a plain filter.
    pub fn network_gain(&self) -> f32 {
        self.network - self.filter
    }

    /// What a fix before it gains over a network alone.
    pub fn fix_gain(&self) -> f32 {
        self.fix - self.network
    }
}

/// What the ways to go are expected to be worth at twice the size, as utilities less 0.03 for each step.
///
/// Learned from what was measured on damaged pictures, not from what eyes ask for, which often is a repair that gains little.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Worth {
    /// Leaving it to a plain filter, which takes no step.
    pub keep: f32,
    /// Enlarging it with the best network.
    pub upscale: f32,
    /// A fix, then a network.
    pub fix_first: f32,
    /// Making it anew: always the same.
    pub regenerate: f32,
}

/// The values behind the scores, in their own units: what the decision is made from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// Standard deviation of the noise in a colour channel, in 8-bit steps.
    pub noise_sigma: Option<f32>,
    /// The same on a copy of half the size: grain that is coarser than a pixel.
    pub grain_sigma: Option<f32>,
    /// Quality of JPEG, 1 to 100, by the file's tables or from the pixels; `None` if there is no trace of it.
    pub jpeg_quality: Option<f32>,
    /// How strongly the grid of 8x8 blocks shows, 0 to 1.
    pub blockiness: Option<f32>,
    /// How much larger the picture is than its detail, horizontally and vertically; 1 if native.
    pub true_factor: Option<[f32; 2]>,
    /// Whether that is because its pixels are repeated.
    pub repeated: Option<bool>,
    /// Median width of kept edges (standard deviation of their blur in pixels).
    pub edge_sigma: Option<f32>,
    /// Share of strong edges that stand out of the noise and hold together, 0 to 1.
    pub edges_kept: Option<f32>,
    /// Median width of edges on a copy of 512 to 1024 pixels, if that is at most half as large as the picture.
    pub small_edge_sigma: Option<f32>,
    /// Share of strong edges kept on that copy, or the picture if it is smaller.
    pub small_edges_kept: Option<f32>,
    /// Strong edge points for a thousand pixels.
    pub edge_density: Option<f32>,
    /// Cumulative probability of blur detection of the sharpest tiles, 0 to 1.
    pub cpbd: Option<f32>,
    /// Share of clipped shadows.
    pub shadows_clipped: Option<f32>,
    /// 99th percentile of luma, 0 to 1.
    pub brightness: Option<f32>,
    /// Median of luma, 0 to 1.
    pub middle_brightness: Option<f32>,
    /// x-height of the smallest text that was found, in pixels.
    pub x_height: Option<f32>,
    /// Share of the picture in lines of text.
    pub text_share: Option<f32>,
    /// Side of the blocks of pixel art, in pixels.
    pub pixel_art_block: Option<f32>,
    /// Share of the picture that the subject takes.
    pub subject_share: Option<f32>,
    /// Horizontal neighbours that hardly differ, as a share.
    pub flat_share: Option<f32>,
    /// Probability that it is drawn or rendered, rather than a photograph or a product, 0 to 1.
    pub art: Option<f32>,
    /// What comes back of the picture when it is halved and enlarged again.
    pub halving: Option<Halving>,
    /// The same of its half.
    pub halving_again: Option<Halving>,
    /// What enlarging it by 2 would come to, by a network that looks at the pixels.
    pub expected_2x: Option<Utilities>,
    /// The same by 4.
    pub expected_4x: Option<Utilities>,
    /// Probability that an enlargement by 4 works, 0 to 1; learned from photographs and drawings.
    pub works_4x: Option<f32>,
    /// What the ways to go are worth; likewise.
    pub worth: Option<Worth>,
    /// Bits a pixel of the file.
    pub bits_per_pixel: Option<f32>,
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

/// Everything about a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Columns of the picture.
    pub width: usize,
    /// Rows of the picture.
    pub height: usize,
    /// What to do.
    pub decision: Decision,
    /// What it shows.
    pub content: Content,
    /// All measures, each once, in the order of [`Measure`].
    pub scores: Vec<Score>,
    /// Where to look at 100 %, at most three places.
    pub inspect: Vec<Inspect>,
    /// The values behind the scores.
    pub evidence: Evidence,
    /// For overlays; not serialised.
    #[serde(skip)]
    pub maps: Vec<Map>,
}

impl Analysis {
    /// The score of a measure.
    pub fn score(&self, measure: Measure) -> Option<&Score> {
        self.scores.iter().find(|score| score.measure == measure)
    }
}
