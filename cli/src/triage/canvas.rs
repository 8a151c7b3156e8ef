//! A copy of a picture to show and to draw on.

use std::io;

use embedded_graphics::Drawable;
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle, iso_8859_1};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::{DrawTarget, OriginDimensions, Pixel, Point, Size};
use embedded_graphics::text::{Baseline, Text};
use upwise_analyzer::report::Place;
use upwise_engine::{Filter, Image, Light, Resample};

use super::marks::Rgb;
use crate::picture::encode::{Header, Options, encode};
use crate::picture::{Depth, Format, Layout, Metadata, Picture, PictureError};
use crate::upscale::{PictureRows, passes};

/// Opaque pixels of 8 bits.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue, `width * height` times.
    pub rgb: Vec<u8>,
}

impl Canvas {
    /// A picture in another size, laid over white. `filter` enlarges or reduces it.
    pub fn of(
        picture: &Picture,
        (width, height): (usize, usize),
        filter: Filter,
    ) -> upwise_engine::Result<Self> {
        let light = match filter {
            Filter::Nearest => Light::Encoded,
            _ => Light::Linear,
        };
        let whole = &passes(picture.colour, picture.alpha, None)[0];
        let source = Box::new(PictureRows::new(picture, whole));
        let mut rows = Resample::new(source, width, height, filter, light)?;
        let image = Image::read(&mut rows)?;
        let mut rgb = Vec::with_capacity(width * height * 3);
        for pixel in image.data().chunks_exact(image.channels()) {
            let alpha = match picture.alpha {
                true => pixel[pixel.len() - 1].clamp(0.0, 1.0),
                false => 1.0,
            };
            for c in 0..3 {
                let value = pixel[if picture.colour { c } else { 0 }];
                let value = 1.0 + (value - 1.0) * alpha;
                // The conversion saturates.
                rgb.push((value * 255.0 + 0.5) as u8);
            }
        }
        Ok(Canvas { width, height, rgb })
    }

    /// A copy that fits into a square of `longest` pixels; it is not enlarged.
    pub fn reduced(picture: &Picture, longest: usize) -> upwise_engine::Result<Self> {
        let (width, height) = (picture.width, picture.height);
        let larger = width.max(height);
        if larger <= longest {
            return Canvas::of(picture, (width, height), Filter::Nearest);
        }
        let side = |side: usize| (side * longest / larger).max(1);
        Canvas::of(picture, (side(width), side(height)), Filter::Lanczos)
    }

    /// A part of it, which must lie within.
    pub fn part(&self, place: &Place) -> Canvas {
        let stride = self.width * 3;
        let rows = self
            .rgb
            .chunks_exact(stride)
            .skip(place.y)
            .take(place.height);
        Canvas {
            width: place.width,
            height: place.height,
            rgb: rows
                .flat_map(|row| &row[place.x * 3..(place.x + place.width) * 3])
                .copied()
                .collect(),
        }
    }

    /// Lays a colour over a rectangle; what lies outside is left out.
    pub fn fill(
        &mut self,
        x: isize,
        y: isize,
        width: usize,
        height: usize,
        colour: Rgb,
        alpha: f32,
    ) {
        let span = |from: isize, length: usize, end: usize| {
            let to = from.saturating_add_unsigned(length).clamp(0, end as isize);
            from.clamp(0, end as isize) as usize..to as usize
        };
        let columns = span(x, width, self.width);
        for y in span(y, height, self.height) {
            let row = &mut self.rgb[y * self.width * 3..][..self.width * 3];
            for pixel in row[columns.start * 3..columns.end * 3].chunks_exact_mut(3) {
                for (value, colour) in pixel.iter_mut().zip(colour) {
                    let mixed = f32::from(*value) * (1.0 - alpha) + f32::from(colour) * alpha;
                    *value = (mixed + 0.5) as u8;
                }
            }
        }
    }

    /// The outline of a rectangle, `thick` pixels wide, inwards.
    pub fn frame(&mut self, place: &Place, thick: usize, colour: Rgb) {
        let (x, y) = (place.x as isize, place.y as isize);
        let (width, height) = (place.width, place.height);
        let (across, down) = (thick.min(width), thick.min(height));
        let (right, bottom) = (x + (width - across) as isize, y + (height - down) as isize);
        self.fill(x, y, width, down, colour, 1.0);
        self.fill(x, bottom, width, down, colour, 1.0);
        self.fill(x, y, across, height, colour, 1.0);
        self.fill(right, y, across, height, colour, 1.0);
    }

    /// Writes a line of text whose upper left corner is given.
    pub fn text(&mut self, text: &str, x: isize, y: isize, letters: Letters, colour: Rgb) {
        let mut ink = Ink {
            canvas: self,
            at: (x, y),
            size: letters.size,
            colour,
        };
        let style = MonoTextStyle::new(letters.font, BinaryColor::On);
        // Ink cannot fail.
        let _ = Text::with_baseline(text, Point::zero(), style, Baseline::Top).draw(&mut ink);
    }

    /// As a file of a format that holds 8-bit colour.
    pub fn encoded(&self, format: Format, quality: u8) -> Result<Vec<u8>, PictureError> {
        let metadata = Metadata::default();
        let options = Options {
            quality,
            repetitive: true,
            ..Options::default()
        };
        let mut file = io::Cursor::new(Vec::new());
        let mut rows = self.rgb.chunks_exact(self.width * 3);
        let mut next = |row: &mut [u8]| -> io::Result<()> {
            let pixels = rows
                .next()
                .ok_or_else(|| io::Error::other("no more rows"))?;
            row.copy_from_slice(pixels);
            Ok(())
        };
        encode(
            format,
            &mut file,
            &self.header(&metadata),
            &options,
            &mut next,
        )?;
        Ok(file.into_inner())
    }

    /// What an encoder has to know of it.
    pub fn header<'a>(&self, metadata: &'a Metadata) -> Header<'a> {
        Header {
            width: self.width,
            height: self.height,
            layout: Layout {
                colour: true,
                alpha: false,
                depth: Depth::Eight,
            },
            metadata,
        }
    }
}

/// Letters of one width, and how many pixels a dot of them takes along each side.
#[derive(Clone, Copy, Debug)]
pub struct Letters {
    font: &'static MonoFont<'static>,
    size: usize,
}

impl Letters {
    /// Letters that can be read on a picture whose shorter side is `side`.
    pub fn for_side(side: usize) -> Self {
        match side {
            0..700 => Letters {
                font: &iso_8859_1::FONT_7X13_BOLD,
                size: 1,
            },
            700..1400 => Letters {
                font: &iso_8859_1::FONT_9X18_BOLD,
                size: 1,
            },
            _ => Letters {
                font: &iso_8859_1::FONT_9X18_BOLD,
                size: side / 800,
            },
        }
    }

    /// Width of a text in pixels.
    pub fn width(self, text: &str) -> usize {
        let font = self.font;
        let advance = (font.character_size.width + font.character_spacing) as usize;
        text.chars().count() * advance * self.size
    }

    /// Height of a line in pixels.
    pub fn height(self) -> usize {
        self.font.character_size.height as usize * self.size
    }

    /// Characters that fit into so many pixels.
    pub fn fitting(self, width: usize) -> usize {
        width / self.width("m")
    }
}

/// Draws dots as squares.
struct Ink<'a> {
    canvas: &'a mut Canvas,
    at: (isize, isize),
    size: usize,
    colour: Rgb,
}

impl OriginDimensions for Ink<'_> {
    fn size(&self) -> Size {
        Size::new(u32::MAX, u32::MAX)
    }
}

impl DrawTarget for Ink<'_> {
    type Color = BinaryColor;
    type Error = std::convert::Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Self::Error>
    where
        I: IntoIterator<Item = Pixel<BinaryColor>>,
    {
        let size = self.size as isize;
        for Pixel(at, colour) in pixels {
            if colour == BinaryColor::On {
                let (x, y) = (
                    self.at.0 + at.x as isize * size,
                    self.at.1 + at.y as isize * size,
                );
                self.canvas
                    .fill(x, y, self.size, self.size, self.colour, 1.0);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blank(width: usize, height: usize) -> Canvas {
        Canvas {
            width,
            height,
            rgb: vec![0; width * height * 3],
        }
    }

    fn lit(canvas: &Canvas) -> usize {
        canvas.rgb.chunks(3).filter(|pixel| pixel[0] > 0).count()
    }

    #[test]
    fn what_reaches_beyond_the_edge_is_cut() {
        let mut canvas = blank(8, 6);
        canvas.fill(-3, -2, 5, 4, [255; 3], 1.0);
        assert_eq!(lit(&canvas), 4);
        canvas.fill(6, 5, 100, 100, [255; 3], 1.0);
        assert_eq!(lit(&canvas), 6);
        canvas.fill(20, 20, 3, 3, [255; 3], 1.0);
        canvas.text("off", 100, -100, Letters::for_side(8), [255; 3]);
        assert_eq!(lit(&canvas), 6);
    }

    #[test]
    fn a_frame_is_as_thick_as_it_may_be() {
        let mut canvas = blank(10, 10);
        let place = |width, height| Place {
            x: 1,
            y: 1,
            width,
            height,
        };
        canvas.frame(&place(6, 5), 1, [255; 3]);
        assert_eq!(lit(&canvas), 18);
        let mut canvas = blank(10, 10);
        canvas.frame(&place(3, 2), 4, [255; 3]);
        assert_eq!(lit(&canvas), 6);
    }

    #[test]
    fn letters_take_the_room_that_they_say() {
        for side in [100, 900, 4000] {
            let letters = Letters::for_side(side);
            let (width, height) = (letters.width("Hg"), letters.height());
            let mut canvas = blank(width + 20, height + 20);
            canvas.text("Hg", 10, 10, letters, [255; 3]);
            let inside = canvas.part(&Place {
                x: 10,
                y: 10,
                width,
                height,
            });
            assert!(lit(&canvas) > width * height / 12);
            assert_eq!(lit(&inside), lit(&canvas));
        }
    }
}
