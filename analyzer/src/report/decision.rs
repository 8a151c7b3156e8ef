//! What to do with a picture, and why.

use serde::{Deserialize, Serialize};

use super::{Measure, Place};

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
    /// Photographs as cameras and web pages save them: lightly compressed, with fine noise.
    Camera,
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
