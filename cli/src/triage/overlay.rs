//! What was found, drawn over the picture.
//!
//! The picture stands in its own size, small ones enlarged by a whole factor so that the words can be read. Below it a
//! strip says what the colours mean.

use upwise_analyzer::report::{Map, Measure, Place};
use upwise_engine::Filter;

use super::canvas::{Canvas, Letters};
use super::look::Look;
use super::marks::{self, Mark, Rgb};
use super::words;

/// Longer side below which a picture is enlarged.
const LEAST_SIDE: usize = 640;
/// How much of a cell's colour covers the picture where a map is strongest.
const STRONGEST: f32 = 0.55;
/// Fewest columns of the strip, so that it can say something beside a narrow picture.
const STRIP_COLUMNS: usize = 320;

const INK: Rgb = [20, 22, 26];
const PAPER: Rgb = [250, 250, 250];

/// Draws everything.
pub fn draw(look: &Look) -> upwise_engine::Result<Canvas> {
    let (width, height) = (look.picture.width, look.picture.height);
    let larger = width.max(height);
    let factor = LEAST_SIDE.div_ceil(larger).min(16);
    let factor = if larger >= LEAST_SIDE { 1 } else { factor };
    let size = (width * factor, height * factor);
    let mut canvas = Canvas::of(&look.picture, size, Filter::Nearest)?;
    let letters = Letters::for_side(size.0.min(size.1).max(LEAST_SIDE / 2));
    let maps: Vec<&Map> = marks::maps(&look.analysis).collect();
    for map in &maps {
        lay(&mut canvas, map, factor);
    }
    let mut labels = Labels {
        taken: Vec::new(),
        letters,
    };
    let thick = (letters.height() / 7).max(2);
    let mut marks = marks::marks(&look.analysis);
    marks
        .iter_mut()
        .for_each(|mark| mark.place = enlarged(&mark.place, factor));
    for mark in &marks {
        // A dark line around the bright one: it is seen on any ground.
        canvas.frame(&grown(&mark.place, 1, size), thick + 2, INK);
        canvas.frame(&mark.place, thick, mark.colour);
    }
    for mark in &marks {
        labels.write(&mut canvas, mark);
    }
    let legend: Vec<Measure> = maps.iter().map(|map| map.measure).collect();
    Ok(with_strip(canvas, look, &legend, letters))
}

/// Lays a map over the picture, which was enlarged by a factor.
fn lay(canvas: &mut Canvas, map: &Map, factor: usize) {
    let colour = marks::colour(map.measure);
    let side = map.side * factor;
    for (i, &cell) in map.cells.iter().enumerate() {
        let (x, y) = (i % map.columns * side, i / map.columns * side);
        let alpha = cell.clamp(0.0, 1.0) * STRONGEST;
        if alpha > 0.0 {
            canvas.fill(x as isize, y as isize, side, side, colour, alpha);
        }
    }
}

/// The strip of words under the picture.
fn with_strip(canvas: Canvas, look: &Look, maps: &[Measure], letters: Letters) -> Canvas {
    let line = letters.height() * 3 / 2;
    let width = canvas.width.max(STRIP_COLUMNS);
    let mut lines = wrapped(&words::headline(&look.analysis.decision), width, letters);
    let headline = lines.len();
    for reason in &look.analysis.decision.reasons {
        lines.extend(wrapped(&format!("- {}", reason.sentence), width, letters));
    }
    let pad = line / 2;
    let strip = lines.len() * line + maps.len() * line + 2 * pad;
    let height = canvas.height + strip;
    let mut page = Canvas {
        width,
        height,
        rgb: Vec::with_capacity(width * height * 3),
    };
    for row in canvas.rgb.chunks_exact(canvas.width * 3) {
        page.rgb.extend_from_slice(row);
        for _ in canvas.width..width {
            page.rgb.extend_from_slice(&INK);
        }
    }
    for _ in 0..strip * width {
        page.rgb.extend_from_slice(&INK);
    }
    let (left, mut y) = (pad as isize, (canvas.height + pad) as isize);
    for (i, text) in lines.iter().enumerate() {
        let colour = if i < headline { PAPER } else { [190, 194, 200] };
        page.text(text, left, y, letters, colour);
        y += line as isize;
    }
    for &measure in maps {
        let side = letters.height();
        page.fill(left, y, side, side, marks::colour(measure), 1.0);
        let text = format!("where {} speaks against it", words::measure(measure));
        page.text(&text, left + (side + pad) as isize, y, letters, PAPER);
        y += line as isize;
    }
    page
}

/// Cuts a text into lines that fit.
fn wrapped(text: &str, width: usize, letters: Letters) -> Vec<String> {
    let most = letters
        .fitting(width.saturating_sub(letters.height()))
        .max(8);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= most {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_string());
        }
    }
    lines
}

/// Labels that do not cover each other.
struct Labels {
    taken: Vec<Place>,
    letters: Letters,
}

impl Labels {
    fn write(&mut self, canvas: &mut Canvas, mark: &Mark) {
        let Some(label) = &mark.label else {
            return;
        };
        let pad = self.letters.height() / 4;
        let size = (
            self.letters.width(label) + 2 * pad,
            self.letters.height() + pad,
        );
        let x = mark.place.x.min(canvas.width.saturating_sub(size.0));
        let lowest = canvas.height.saturating_sub(size.1);
        // Above the place if there is room, else down until there is.
        let above = mark.place.y.saturating_sub(size.1).min(lowest);
        let mut at = Place {
            x,
            y: above,
            width: size.0,
            height: size.1,
        };
        while let Some(other) = self.taken.iter().find(|other| overlap(&at, other)) {
            at.y = other.y + other.height;
            if at.y > lowest {
                at.y = above;
                break;
            }
        }
        self.taken.push(at);
        let (x, y) = (at.x as isize, at.y as isize);
        canvas.fill(x, y, at.width, at.height, mark.colour, 1.0);
        let [r, g, b] = mark.colour.map(u32::from);
        let bright = 299 * r + 587 * g + 114 * b > 128_000;
        let ink = if bright { INK } else { PAPER };
        canvas.text(
            label,
            x + pad as isize,
            y + (pad / 2) as isize,
            self.letters,
            ink,
        );
    }
}

fn overlap(a: &Place, b: &Place) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

fn enlarged(place: &Place, factor: usize) -> Place {
    Place {
        x: place.x * factor,
        y: place.y * factor,
        width: place.width * factor,
        height: place.height * factor,
    }
}

/// A place with a border, cut to the picture.
fn grown(place: &Place, by: usize, (width, height): (usize, usize)) -> Place {
    let (x, y) = (place.x.saturating_sub(by), place.y.saturating_sub(by));
    Place {
        x,
        y,
        width: (place.x + place.width + by).min(width).saturating_sub(x),
        height: (place.y + place.height + by).min(height).saturating_sub(y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Format, Metadata, Picture, Samples};
    use crate::triage::sample;

    fn at(canvas: &Canvas, x: usize, y: usize) -> Rgb {
        let at = (y * canvas.width + x) * 3;
        [canvas.rgb[at], canvas.rgb[at + 1], canvas.rgb[at + 2]]
    }

    #[test]
    fn boxes_are_where_they_should_be_and_the_rest_is_the_picture() {
        let look = sample::look(None);
        let canvas = draw(&look).unwrap();
        assert_eq!(canvas.width, 1240);
        assert!(canvas.height > 930);
        // The middle of the left side of the box around the blocks.
        assert_eq!(at(&canvas, 412, 345), marks::colour(Measure::Jpeg));
        // The edge of a place to inspect.
        assert_eq!(at(&canvas, 300, 830), marks::INSPECT);
        // Neither box nor map; noise is no reason and its map is not drawn.
        let untouched = [200 * 255 / 1240; 3].map(|v| v as u8);
        assert_eq!(at(&canvas, 200, 200), untouched);
    }

    #[test]
    fn every_size_can_be_drawn() {
        for (width, height) in [(1, 1), (3, 900), (900, 3), (40, 40), (641, 2)] {
            let picture = Picture {
                width,
                height,
                colour: false,
                alpha: true,
                samples: Samples::U16(vec![30_000; width * height * 2]),
                format: Format::Png,
                metadata: Metadata::default(),
                warnings: Vec::new(),
            };
            let canvas = draw(&sample::look(Some(picture))).unwrap();
            assert!(canvas.width >= width && canvas.height > height);
            assert_eq!(canvas.rgb.len(), canvas.width * canvas.height * 3);
        }
    }

    #[test]
    fn labels_do_not_cover_each_other() {
        let mut canvas = draw(&sample::look(None)).unwrap();
        let mut labels = Labels {
            taken: Vec::new(),
            letters: Letters::for_side(900),
        };
        let mut marks = marks::marks(&sample::look(None).analysis);
        marks.iter_mut().for_each(|mark| mark.place.y = 300);
        for mark in &marks {
            labels.write(&mut canvas, mark);
        }
        for (i, a) in labels.taken.iter().enumerate() {
            assert!(labels.taken[..i].iter().all(|b| !overlap(a, b)));
        }
    }
}
