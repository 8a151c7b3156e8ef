//! Are the edges there: crisp, soft, or destroyed?
//!
//! An edge's blur is told by how much weaker its gradient is under a known further blur (Zhuo and Sim 2011). Soft edges
//! are coherent and wide: they can be made sharp again. Edges that are incoherent (structure tensor) or below the
//! noise are destroyed: there is nothing to build on.

use rayon::prelude::*;

use super::motion::Motion;
use crate::report::{Map, Measure, Place, Score, Status};
use crate::survey::{EdgePoint, Tile, coherence, edge_points};

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
    /// Share of edge length that holds together, whether it stands out of the noise or not, 0 to 1.
    pub coherent: f32,
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

/// Measures the edges of the tiles; `None` if there are next to none.
///
/// `noise_sigma` is the standard deviation of the noise in levels of luma.
pub fn measure(tiles: &[Tile], noise_sigma: f32) -> Option<Edges> {
    // The noise of a central difference is that of a sample over the square root of two.
    let noise = noise_sigma / std::f32::consts::SQRT_2;
    let found: Vec<(&Tile, Vec<EdgePoint>)> = tiles
        .par_iter()
        .map(|tile| (tile, edge_points(tile, FAINT)))
        .collect();
    let points = found.iter().flat_map(|(_, points)| points);
    let mut lengths: Vec<f32> = points.map(|point| point.length).collect();
    if lengths.len() < LEAST {
        return None;
    }
    let least = FAINT.max(RELATIVE * percentile(&mut lengths, 0.98));
    let mut parts: Vec<Part> = found
        .par_iter()
        .map(|(tile, points)| Part::of(tile, points, least, SNR * noise))
        .collect();
    let all: usize = parts.iter().map(|part| part.all).sum();
    if all < LEAST {
        return None;
    }
    let tiles = parts.iter_mut().map(|part| {
        let middle = match part.kept.as_mut_slice() {
            [] => 0.0,
            kept => percentile(kept, 0.5),
        };
        (part.place, middle, part.kept.len())
    });
    let tiles = tiles.collect();
    let mut sigmas: Vec<f32> = parts.iter().flat_map(|part| &part.kept).copied().collect();
    let pixels: usize = parts
        .iter()
        .map(|part| part.place.width * part.place.height)
        .sum();
    let (sharp_sigma, sigma) = if sigmas.is_empty() {
        (SOFT * 2.0, SOFT * 2.0)
    } else {
        (percentile(&mut sigmas, 0.25), percentile(&mut sigmas, 0.5))
    };
    let share = |part: f32| part / all as f32;
    Some(Edges {
        kept: share(sigmas.len() as f32),
        coherent: share(parts.iter().map(|part| part.coherent).sum::<usize>() as f32),
        sharp_sigma,
        sigma,
        density: all as f32 * 1000.0 / pixels as f32,
        presence: share(sigmas.iter().map(|&sigma| crispness(sigma)).sum()),
        tiles,
    })
}

/// The edges of a tile.
struct Part {
    place: Place,
    /// Points that are edges of the picture.
    all: usize,
    /// Those whose surroundings agree on a direction.
    coherent: usize,
    /// Blur of those that stand out of the noise besides.
    kept: Vec<f32>,
}

impl Part {
    /// Of points with gradients of at least `least`; `clear` is the gradient that stands out of the noise.
    fn of(tile: &Tile, points: &[EdgePoint], least: f32, clear: f32) -> Part {
        let points: Vec<EdgePoint> = points
            .iter()
            .filter(|p| p.length >= least)
            .copied()
            .collect();
        let mut part = Part {
            place: tile.place,
            all: points.len(),
            coherent: 0,
            kept: Vec::new(),
        };
        for (point, coherence) in points.iter().zip(coherence(tile, &points)) {
            if coherence > COHERENCE {
                part.coherent += 1;
                if point.length > clear {
                    part.kept.push(point.sigma);
                }
            }
        }
        part
    }
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

/// What edges are worth that are crisp across a motion and smeared along it.
const ONE_WAY: f32 = 0.5;

/// The score of what was measured, of a picture that was `moved` or not.
pub fn score(edges: Option<&Edges>, moved: Option<Motion>, picture: Place) -> Score {
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
    let mut presence = edges.presence;
    let words = if edges.kept < 0.4 {
        format!(
            "edges are torn or drown in noise: {:.0} % of them hold together",
            edges.kept * 100.0
        )
    } else if moved.is_some() {
        presence *= ONE_WAY;
        "edges hold one way and are smeared the other".to_string()
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
    Score::measured(Measure::EdgePresence, presence, words)
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
