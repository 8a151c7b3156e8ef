//! Three places to look at in full size: the subject's edge, the weakest line of text, the longest smooth shadow.
//!
//! There an enlarger does harm first: halos at an outline, invented letters, bands in a ramp.

use crate::measures::subject::Subject;
use crate::measures::text::Text;
use crate::report::{Inspect, Place};
use crate::survey::Overview;

/// Side of a place in pixels of the picture, where the picture has them.
const SIDE: usize = 160;
/// A ramp: its least length in pixels of the overview, its slopes in levels a pixel of the picture, and how dark it is (luma of L* 40).
const RAMP: usize = 24;
const SLOPES: std::ops::RangeInclusive<f32> = 0.05..=4.0;
const SHADOW: f32 = 94.0;

/// At most three places, each in the picture.
pub fn places(
    overview: &Overview,
    subject: Option<&Subject>,
    text: &Text,
    picture: Place,
) -> Vec<Inspect> {
    let edge = subject.and_then(|subject| subject_edge(subject, picture));
    let wanted = [
        ("subject edge", edge.map(|(x, y)| around(x, y, picture))),
        ("small text", text.lines.last().map(|line| line.place)),
        ("shadow ramp", shadow_ramp(overview, picture)),
    ];
    let inspect = |what: &str, place| Inspect {
        what: what.to_string(),
        place,
    };
    let mut found: Vec<Inspect> = wanted
        .into_iter()
        .filter_map(|(what, place)| Some(inspect(what, place?)))
        .collect();
    if found.is_empty() {
        let middle = around(picture.width / 2, picture.height / 2, picture);
        found.push(inspect("middle", middle));
    }
    found
}

/// A square around a point, moved into the picture.
fn around(x: usize, y: usize, picture: Place) -> Place {
    let (width, height) = (SIDE.min(picture.width), SIDE.min(picture.height));
    Place {
        x: x.saturating_sub(width / 2).min(picture.width - width),
        y: y.saturating_sub(height / 2).min(picture.height - height),
        width,
        height,
    }
}

/// The point on the subject's outline where it stands out most from what is beside it.
fn subject_edge(subject: &Subject, picture: Place) -> Option<(usize, usize)> {
    let (columns, rows) = (subject.columns, subject.rows);
    let mut best = (0.0, None);
    for y in 2..rows.saturating_sub(2) {
        for x in 2..columns.saturating_sub(2) {
            let at = y * columns + x;
            if !subject.mask[at] {
                continue;
            }
            for beside in [at - 2, at + 2, at - 2 * columns, at + 2 * columns] {
                let step = subject.saliency[at] - subject.saliency[beside];
                if !subject.mask[beside] && step > best.0 {
                    best = (step, Some((x, y)));
                }
            }
        }
    }
    let (x, y) = best.1?;
    Some((x * picture.width / columns, y * picture.height / rows))
}

/// The longest run of a row in which dark luma rises or falls smoothly, as a place.
fn shadow_ramp(overview: &Overview, picture: Place) -> Option<Place> {
    let (width, height, factor) = (overview.width, overview.height, overview.factor);
    let mut best = (RAMP - 1, None);
    for y in (0..height).step_by(4) {
        let row = &overview.luma[y * width..(y + 1) * width];
        let mut start = 0;
        for x in 4..width {
            // Over four pixels, so that the steps of 8 bits do not count.
            let slope = (row[x] - row[x - 4]) / (4 * factor) as f32;
            let smooth = (row[x] - row[x - 1]).abs() < 4.0;
            if !(smooth && SLOPES.contains(&slope.abs()) && row[x].min(row[x - 4]) < SHADOW) {
                start = x;
            } else if x - start > best.0 {
                best = (x - start, Some((start, y)));
            }
        }
    }
    let (length, (x, y)) = (best.0, best.1?);
    let place = around((x + length / 2) * factor, y * factor, picture);
    Some(Place {
        x: (x * factor).min(place.x),
        width: (length * factor)
            .max(place.width)
            .min(picture.width - (x * factor).min(place.x)),
        ..place
    })
}
