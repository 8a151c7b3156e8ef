//! The values behind scores and decision, in their own units.

use serde::Serialize;

use crate::measures::motion::Motion;

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
    /// How fine detail is along the direction in which it is least, and across it.
    pub motion: Option<Motion>,
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
