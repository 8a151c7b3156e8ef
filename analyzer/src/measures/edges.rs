//! Are the edges there: crisp, soft, or destroyed?
//!
//! An edge's blur is told by how much weaker its gradient is under a known further blur (Zhuo and Sim 2011). Soft edges
//! are coherent and wide: they can be made sharp again. Edges that are incoherent (structure tensor) or below the
//! noise are destroyed: there is nothing to build on.

use rayon::prelude::*;

use crate::report::{Map, Measure, Place, Score, Status};
use crate::survey::{Gradient, Tile};

/// Gradient over that of the noise, from which an edge counts.
const SNR: f32 = 3.0;
/// Agreement of directions from which an edge counts.
const COHERENCE: f32 = 0.35;
/// Weakest gradient that is looked at, levels a pixel.
const FAINT: f32 = 2.0;
/// Share of the strongest gradients that a point needs to be one of the picture's edges.
const RELATIVE: f32 = 0.2;
/// Fewest points that say anything.
const LEAST: usize = 24;
/// Blur in pixels up to which an edge is crisp, and at which it is worth a third.
const CRISP: f32 = 1.1;
const SOFT: f32 = 4.0;

/// What the edges of a picture are like.
#[derive(Clone, Debug, PartialEq)]
pub struct Edges {
    /// Share of edge length that stands out of the noise and holds together, 0 to 1.
    pub kept: f32,
    /// Blur of the sharper quarter of kept edges, as a standard deviation in pixels.
    pub sharp_sigma: f32,
    /// Median blur of kept edges, likewise.
    pub sigma: f32,
    /// Edge points for a thousand pixels that were looked at.
    pub density: f32,
    /// Kept edges weighted by their crispness, over all, 0 to 1.
    pub presence: f32,
    /// Each tile's place, blur of kept edges (median) and number of them.
    pub tiles: Vec<(Place, f32, usize)>,
}

struct Found {
    place: Place,
    /// Gradient, blur, coherence of every point.
    points: Vec<(f32, f32, f32)>,
    pixels: usize,
}

/// Measures the edges of the tiles; `None` if there are next to none.
///
/// `noise_sigma` is the standard deviation of the noise in levels of luma.
pub fn measure(tiles: &[Tile], noise_sigma: f32) -> Option<Edges> {
    // The noise of a central difference is that of a sample over the square root of two.
    let noise = noise_sigma / std::f32::consts::SQRT_2;
    let found: Vec<Found> = tiles
        .par_iter()
        .map(|tile| Found {
            place: tile.place,
            points: Gradient::new(tile)
                .edge_points(tile, FAINT)
                .iter()
                .map(|point| (point.length, point.sigma, point.coherence))
                .collect(),
            pixels: tile.place.width * tile.place.height,
        })
        .collect();
    let mut lengths: Vec<f32> = found
        .iter()
        .flat_map(|f| f.points.iter().map(|p| p.0))
        .collect();
    if lengths.len() < LEAST {
        return None;
    }
    let strongest = percentile(&mut lengths, 0.98);
    let least = FAINT.max(RELATIVE * strongest);
    let is_kept =
        |&(length, _, coherence): &(f32, f32, f32)| length > SNR * noise && coherence > COHERENCE;
    let (mut all, mut kept, mut weighted, mut sigmas) = (0usize, 0usize, 0.0f32, Vec::new());
    let mut parts = Vec::new();
    for found in &found {
        let mut own = Vec::new();
        for point in found.points.iter().filter(|point| point.0 >= least) {
            all += 1;
            if is_kept(point) {
                kept += 1;
                weighted += crispness(point.1);
                own.push(point.1);
            }
        }
        let count = own.len();
        let middle = if own.is_empty() {
            0.0
        } else {
            percentile(&mut own, 0.5)
        };
        parts.push((found.place, middle, count));
        sigmas.extend(own);
    }
    if all < LEAST {
        return None;
    }
    let pixels: usize = found.iter().map(|f| f.pixels).sum();
    let (sharp_sigma, sigma) = if sigmas.is_empty() {
        (SOFT * 2.0, SOFT * 2.0)
    } else {
        (percentile(&mut sigmas, 0.25), percentile(&mut sigmas, 0.5))
    };
    Some(Edges {
        kept: kept as f32 / all as f32,
        sharp_sigma,
        sigma,
        density: all as f32 * 1000.0 / pixels as f32,
        presence: weighted / all as f32,
        tiles: parts,
    })
}

/// 1 for a crisp edge, falling to a third at [`SOFT`].
fn crispness(sigma: f32) -> f32 {
    let over = ((sigma - CRISP) / (SOFT - CRISP)).max(0.0);
    1.0 / (1.0 + 2.0 * over)
}

/// The value below which a share of the values lies; they are reordered.
pub(crate) fn percentile(values: &mut [f32], share: f32) -> f32 {
    let at = ((values.len() - 1) as f32 * share).round() as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

/// The score of what was measured.
pub fn score(edges: Option<&Edges>, picture: Place) -> Score {
    let Some(edges) = edges else {
        return if picture.width.min(picture.height) < 16 {
            let words = "too small to judge its edges";
            Score::absent(Measure::EdgePresence, Status::TooSmall, words)
        } else {
            let words = "there are no edges in it";
            Score::absent(Measure::EdgePresence, Status::NotApplicable, words)
        };
    };
    let sigma = edges.sigma;
    let words = if edges.kept < 0.4 {
        format!(
            "edges are torn or drown in noise: {:.0} % of them hold together",
            edges.kept * 100.0
        )
    } else if sigma > 2.2 {
        format!(
            "edges soft, about {:.1} pixels wide, but there",
            2.5 * sigma
        )
    } else if edges.presence > 0.7 {
        "edges crisp".to_string()
    } else {
        "edges a little soft, but there".to_string()
    };
    Score::measured(Measure::EdgePresence, edges.presence, words)
}

/// Where edges are soft: a cell for each tile that was looked at, 0 where there are none.
pub fn map(edges: &Edges, width: usize, height: usize) -> Map {
    Map::of_tiles(
        Measure::EdgePresence,
        edges.tiles.iter().map(|&(place, sigma, count)| {
            (
                place,
                if count == 0 {
                    0.0
                } else {
                    1.0 - crispness(sigma)
                },
            )
        }),
        0.0,
        width,
        height,
    )
}
