//! EXIF orientation: the eight ways in which a camera may have been held.

use super::limits::reserve;
use super::{PictureError, Samples};

/// Turns samples upright. `orientation` is EXIF's number; 5 to 8 swap the sides.
pub fn apply(
    samples: Samples,
    (width, height): (usize, usize),
    channels: usize,
    orientation: u8,
) -> Result<(Samples, (usize, usize)), PictureError> {
    if !(2..=8).contains(&orientation) {
        return Ok((samples, (width, height)));
    }
    let size = if orientation >= 5 {
        (height, width)
    } else {
        (width, height)
    };
    let samples = match samples {
        Samples::U8(data) => Samples::U8(turn(&data, width, height, channels, orientation)?),
        Samples::U16(data) => Samples::U16(turn(&data, width, height, channels, orientation)?),
    };
    Ok((samples, size))
}

fn turn<T: Copy>(
    data: &[T],
    width: usize,
    height: usize,
    channels: usize,
    orientation: u8,
) -> Result<Vec<T>, PictureError> {
    let mut out = reserve(data.len())?;
    let (columns, rows) = if orientation >= 5 {
        (height, width)
    } else {
        (width, height)
    };
    for y in 0..rows {
        for x in 0..columns {
            // Where the pixel at (x, y) of the upright picture lies in the stored one.
            let (from_x, from_y) = match orientation {
                2 => (width - 1 - x, y),
                3 => (width - 1 - x, height - 1 - y),
                4 => (x, height - 1 - y),
                5 => (y, x),
                6 => (y, height - 1 - x),
                7 => (width - 1 - y, height - 1 - x),
                _ => (width - 1 - y, x),
            };
            let at = (from_y * width + from_x) * channels;
            out.extend_from_slice(&data[at..at + channels]);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_f_becomes_upright() {
        // Figure 8 of the TIFF 6.0 supplement in miniature: a 2x3 picture whose upright form is
        //   1 2
        //   3 4
        //   5 6
        // as it is stored under each orientation.
        let upright = vec![1, 2, 3, 4, 5, 6];
        let stored: [(u8, (usize, usize), [u8; 6]); 8] = [
            (1, (2, 3), [1, 2, 3, 4, 5, 6]),
            (2, (2, 3), [2, 1, 4, 3, 6, 5]),
            (3, (2, 3), [6, 5, 4, 3, 2, 1]),
            (4, (2, 3), [5, 6, 3, 4, 1, 2]),
            (5, (3, 2), [1, 3, 5, 2, 4, 6]),
            (6, (3, 2), [2, 4, 6, 1, 3, 5]),
            (7, (3, 2), [6, 4, 2, 5, 3, 1]),
            (8, (3, 2), [5, 3, 1, 6, 4, 2]),
        ];
        for (orientation, size, data) in stored {
            let (samples, size) = apply(Samples::U8(data.to_vec()), size, 1, orientation).unwrap();
            assert_eq!(size, (2, 3), "orientation {orientation}");
            assert_eq!(
                samples,
                Samples::U8(upright.clone()),
                "orientation {orientation}"
            );
        }
    }
}
