//! Colour under full transparency.
//!
//! What lies under alpha 0 is whatever the authoring tool left there, mostly black. A network or a
//! resampler looks across the edge of a mask and would draw that black into the visible side as a
//! fringe. So before anything is enlarged, every fully transparent pixel takes the colour of the
//! nearest pixel that shows; colour and alpha are then enlarged apart from each other.
//!
//! Nearly as little is known of colour under an alpha of a few levels, where it was divided by alpha and rounded: beside
//! pixels that show more, at the edge of a mask, theirs is taken. Elsewhere it is all that there is, and stays.
//!
//! Nearest is found with a chamfer distance (Borgefors, 1986) in two sweeps, each pixel copying the
//! colour of the neighbour through which the nearest visible one is reached.

use super::limits::allocate;
use super::{Picture, PictureError, Samples};

/// Distance of a straight and of a diagonal step, in units of a third of a pixel.
const STRAIGHT: u16 = 3;
const DIAGONAL: u16 = 4;

/// Alpha of 255 up to which colour is doubtful.
const FAINT: u8 = 8;
/// How far from a doubtful pixel one that shows more may be for its colour to be taken.
const EDGE: u16 = 2 * STRAIGHT;

/// Gives fully transparent pixels the colour of the nearest visible pixel, and nearly transparent ones that of one beside them.
///
/// Nothing happens to a picture without alpha, without a transparent pixel, or without a visible one.
pub fn fill_hidden(picture: &mut Picture) -> Result<(), PictureError> {
    if !picture.alpha {
        return Ok(());
    }
    let channels = picture.layout().channels();
    match &mut picture.samples {
        Samples::U8(data) => fill(data, picture.width, picture.height, channels, FAINT),
        Samples::U16(data) => {
            let faint = u16::from(FAINT) * 257;
            fill(data, picture.width, picture.height, channels, faint)
        }
    }
}

fn fill<T: Copy + Default + PartialOrd>(
    data: &mut [T],
    width: usize,
    height: usize,
    channels: usize,
    faint: T,
) -> Result<(), PictureError> {
    let size = (width, height, channels);
    let hidden = |alpha: T| alpha == T::default();
    spread(
        data,
        size,
        |a| !hidden(a) && a <= faint,
        |a| a > faint,
        EDGE,
    )?;
    spread(data, size, hidden, |a| !hidden(a), u16::MAX)
}

/// Gives pixels whose alpha `takes` the colour of the nearest whose alpha `gives`, up to a distance of `reach`. Those that do
/// neither are in the way.
fn spread<T: Copy>(
    data: &mut [T],
    (width, height, channels): (usize, usize, usize),
    takes: impl Fn(T) -> bool,
    gives: impl Fn(T) -> bool,
    reach: u16,
) -> Result<(), PictureError> {
    let colours = channels - 1;
    if !data
        .chunks_exact(channels)
        .any(|pixel| takes(pixel[colours]))
    {
        return Ok(());
    }
    let mut distance: Vec<u16> = allocate(width * height)?;
    for (distance, pixel) in distance.iter_mut().zip(data.chunks_exact(channels)) {
        if !gives(pixel[colours]) {
            *distance = u16::MAX;
        }
    }
    let mut visit = |x: usize, y: usize, neighbours: [(isize, isize, u16); 4]| {
        let at = y * width + x;
        if !takes(data[at * channels + colours]) {
            return;
        }
        let mut best = (distance[at], at);
        for (dx, dy, step) in neighbours {
            let (Some(nx), Some(ny)) = (x.checked_add_signed(dx), y.checked_add_signed(dy)) else {
                continue;
            };
            if nx < width && ny < height {
                let from = ny * width + nx;
                let through = distance[from].saturating_add(step);
                if through < best.0 && through <= reach {
                    best = (through, from);
                }
            }
        }
        if best.1 != at {
            distance[at] = best.0;
            data.copy_within(
                best.1 * channels..best.1 * channels + colours,
                at * channels,
            );
        }
    };
    for y in 0..height {
        for x in 0..width {
            visit(
                x,
                y,
                [
                    (-1, 0, STRAIGHT),
                    (0, -1, STRAIGHT),
                    (-1, -1, DIAGONAL),
                    (1, -1, DIAGONAL),
                ],
            );
        }
    }
    for y in (0..height).rev() {
        for x in (0..width).rev() {
            visit(
                x,
                y,
                [
                    (1, 0, STRAIGHT),
                    (0, 1, STRAIGHT),
                    (1, 1, DIAGONAL),
                    (-1, 1, DIAGONAL),
                ],
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_pixels_take_the_nearest_colour_and_stay_hidden() {
        // Two visible pixels at the ends of a 9x3 picture, black and transparent between them.
        let (width, height) = (9, 3);
        let mut data = vec![0u8; width * height * 2];
        data[width * 2] = 200;
        data[width * 2 + 1] = 255;
        let end = (2 * width - 1) * 2;
        data[end] = 90;
        data[end + 1] = 1;
        let before = data.clone();
        fill(&mut data, width, height, 2, 8).unwrap();
        for y in 0..height {
            for x in 0..width {
                let at = (y * width + x) * 2;
                assert_eq!(data[at + 1], before[at + 1], "alpha at {x},{y}");
                if x != 4 {
                    let nearest = if x < 4 { 200 } else { 90 };
                    assert_eq!(data[at], nearest, "colour at {x},{y}");
                }
            }
        }
    }

    #[test]
    fn next_to_nothing_takes_the_colour_of_what_shows_beside_it() {
        // Opaque, the rounded colours of an edge, nothing; then a faint mark by itself.
        let pixels = [
            (200, 255),
            (201, 90),
            (0, 3),
            (255, 1),
            (0, 0),
            (0, 0),
            (90, 3),
        ];
        let mut data: Vec<u16> = pixels.iter().flat_map(|&(c, a)| [c, a * 257]).collect();
        fill(&mut data, pixels.len(), 1, 2, 8 * 257).unwrap();
        let colours: Vec<u16> = data.iter().step_by(2).copied().collect();
        assert_eq!(colours, [200, 201, 201, 201, 201, 90, 90]);
    }

    #[test]
    fn nothing_visible_leaves_everything() {
        let mut data = vec![7u16, 0, 9, 0];
        fill(&mut data, 2, 1, 2, 8).unwrap();
        assert_eq!(data, [7, 0, 9, 0]);
    }
}
