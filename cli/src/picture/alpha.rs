//! Colour under full transparency.
//!
//! What lies under alpha 0 is whatever the authoring tool left there, mostly black. A network or a
//! resampler looks across the edge of a mask and would draw that black into the visible side as a
//! fringe. So before anything is enlarged, every fully transparent pixel takes the colour of the
//! nearest pixel that shows; colour and alpha are then enlarged apart from each other.
//!
//! Nearest is found with a chamfer distance (Borgefors, 1986) in two sweeps, each pixel copying the
//! colour of the neighbour through which the nearest visible one is reached.

use super::limits::allocate;
use super::{Picture, PictureError, Samples};

/// Distance of a straight and of a diagonal step, in units of a third of a pixel.
const STRAIGHT: u16 = 3;
const DIAGONAL: u16 = 4;

/// Gives fully transparent pixels the colour of the nearest visible pixel.
///
/// Nothing happens to a picture without alpha, without a transparent pixel, or without a visible one.
pub fn fill_hidden(picture: &mut Picture) -> Result<(), PictureError> {
    if !picture.alpha {
        return Ok(());
    }
    let channels = picture.layout().channels();
    match &mut picture.samples {
        Samples::U8(data) => fill(data, picture.width, picture.height, channels),
        Samples::U16(data) => fill(data, picture.width, picture.height, channels),
    }
}

fn fill<T: Copy + Default + PartialEq>(
    data: &mut [T],
    width: usize,
    height: usize,
    channels: usize,
) -> Result<(), PictureError> {
    let colours = channels - 1;
    let hidden = |pixel: &[T]| pixel[colours] == T::default();
    let count = data.chunks_exact(channels).filter(|p| hidden(p)).count();
    if count == 0 || count == width * height {
        return Ok(());
    }
    let mut distance: Vec<u16> = allocate(width * height)?;
    for (distance, pixel) in distance.iter_mut().zip(data.chunks_exact(channels)) {
        if hidden(pixel) {
            *distance = u16::MAX;
        }
    }
    let mut visit = |x: usize, y: usize, neighbours: [(isize, isize, u16); 4]| {
        let at = y * width + x;
        if distance[at] == 0 {
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
                if through < best.0 {
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
        fill(&mut data, width, height, 2).unwrap();
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
    fn nothing_visible_leaves_everything() {
        let mut data = vec![7u16, 0, 9, 0];
        fill(&mut data, 2, 1, 2).unwrap();
        assert_eq!(data, [7, 0, 9, 0]);
    }
}
