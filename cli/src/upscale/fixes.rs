//! What is done to a picture before it is enlarged: repairs by networks that do not enlarge, and the way back to the size
//! that the detail is worth.

use upwise_analyzer::report::Step;
use upwise_engine::{EngineOptions, Filter, Light, Resample, Result, Rows};
use upwise_weights::Embedded;

use super::planes::{Merged, Pass, PictureRows, Quantiser, passes};
use super::room::Room;
use super::scaler::{Plan, Scaler};
use crate::args::values::TargetSize;
use crate::failure::Failure;
use crate::models::{self, Choice};
use crate::picture::{Depth, Picture, Samples, alpha};

/// Largest share of a side that is left of a picture that counts as reduced.
const LEAST_SHRINK: f64 = 0.97;

/// A step before the enlargement.
#[derive(Clone, Debug, PartialEq)]
pub enum Fix {
    /// A network of factor 1, and the step that it does.
    Network(&'static str, Choice),
    /// Columns and rows times these, at most 1.
    Shrink([f64; 2]),
}

impl Fix {
    /// The part of triage's steps that can be done here.
    pub fn of_step(step: &Step, width: usize, height: usize) -> Option<Fix> {
        match step {
            Step::Deblock => Some(Fix::Network("deblock", repair("deblock")?)),
            Step::Denoise => Some(Fix::Network("denoise", repair("denoise")?)),
            Step::Shrink {
                width: columns,
                height: rows,
            } => {
                let sides = [(*columns, width), (*rows, height)];
                let factors = sides.map(|(to, from)| (to as f64 / from as f64).min(1.0));
                let [less, more] = [factors[0].min(factors[1]), factors[0].max(factors[1])];
                // Pixels that were square stay so.
                let factors = if less > LEAST_SHRINK * more {
                    [less; 2]
                } else {
                    factors
                };
                (less > 0.0 && less < LEAST_SHRINK).then_some(Fix::Shrink(factors))
            }
            _ => None,
        }
    }

    /// What it times columns and rows by, if it changes them.
    pub fn shrink(&self) -> Option<[f64; 2]> {
        match self {
            Fix::Shrink(factors) => Some(*factors),
            Fix::Network(..) => None,
        }
    }

    /// In a few words.
    pub fn name(&self) -> String {
        match self {
            Fix::Network(step, choice) => format!("{step} by {}", choice.name()),
            Fix::Shrink(factors) => shrinking(*factors),
        }
    }
}

/// Shrinking columns and rows by these, in a few words.
pub fn shrinking([width, height]: [f64; 2]) -> String {
    let percent = |factor: f64| format!("{:.1} %", factor * 100.0);
    match width == height {
        true => format!("shrink to {}", percent(width)),
        false => format!(
            "shrink to {} of its width and {} of its height",
            percent(width),
            percent(height)
        ),
    }
}

/// A side after shrinking.
pub fn shrunk_side(side: usize, factor: f64) -> usize {
    ((side as f64 * factor).round() as usize).clamp(1, side)
}

/// The model of factor 1 that does a repair, once one ships.
pub fn repair(step: &str) -> Option<Choice> {
    let does = |model: &&Embedded| model.scale == 1 && model.family.name() == step;
    let model = upwise_weights::models().iter().find(does)?;
    let found = models::by_name(model.name, &[]).ok()?;
    Some(Choice::Model(found))
}

/// Applies a step. The result has the picture's kind of samples, and its alpha where nothing is shrunk.
///
/// The picture stays until its result is whole.
pub fn apply(
    fix: &Fix,
    mut picture: Picture,
    options: &EngineOptions,
    room: &Room,
    name: &str,
) -> std::result::Result<Picture, Failure> {
    if picture.alpha && picture.constant_alpha().is_none() {
        alpha::fill_hidden(&mut picture).map_err(|error| Failure::decode(name, error))?;
    }
    let engine = |error| Failure::engine(name, error);
    let samples = match fix {
        Fix::Shrink(factors) => shrunk(&picture, *factors).map_err(engine)?,
        Fix::Network(_, choice) => {
            // Not kept: what the network holds is needed for the enlargement.
            let scaler = Scaler::new(choice, options)?;
            let (width, height) = (picture.width, picture.height);
            let size = TargetSize::Scale(1.0);
            let layout = picture.layout();
            let bytes = (width * height * layout.pixel_bytes()) as u64;
            let groups = passes(layout.colour, false, scaler.channels()).len() as u64;
            let memory = room.of_network(&scaler, 2 * bytes, groups);
            let plan = scaler.plan(width, height, size, memory).map_err(engine)?;
            repaired(&picture, &scaler, &plan).map_err(engine)?
        }
    };
    let (width, height, samples) = samples;
    Ok(Picture {
        width,
        height,
        samples,
        ..picture
    })
}

type Made = (usize, usize, Samples);

fn shrunk(picture: &Picture, factors: [f64; 2]) -> Result<Made> {
    let width = shrunk_side(picture.width, factors[0]);
    let height = shrunk_side(picture.height, factors[1]);
    let all = passes(picture.colour, picture.alpha, None);
    let source = Box::new(PictureRows::new(picture, &all[0]));
    let mut rows = Resample::new(source, width, height, Filter::Lanczos, Light::Linear)?;
    collect(picture, &mut rows)
}

/// Colour goes through the network, alpha stays as it is.
fn repaired(picture: &Picture, scaler: &Scaler, plan: &Plan) -> Result<Made> {
    let observer = |_: f64| match crate::interrupt::requested() {
        true => std::ops::ControlFlow::Break(()),
        false => std::ops::ControlFlow::Continue(()),
    };
    let mut parts: Vec<(Pass, Box<dyn Rows + '_>)> = Vec::new();
    for pass in passes(picture.colour, false, scaler.channels()) {
        let source = Box::new(PictureRows::new(picture, &pass));
        parts.push((pass, scaler.network_rows(source, plan, &observer)?));
    }
    if picture.alpha {
        let alone = Pass {
            channels: vec![picture.layout().colour_channels()],
            averaged: false,
        };
        let source = Box::new(PictureRows::new(picture, &alone));
        parts.push((alone, source));
    }
    collect(picture, &mut Merged::new(parts))
}

/// Rows as samples of the picture's kind.
fn collect(picture: &Picture, rows: &mut dyn Rows) -> Result<Made> {
    let layout = picture.layout();
    let quantiser = Quantiser::new(rows.channels(), 1.0, layout);
    let (width, height) = (rows.width(), rows.height());
    let mut row = vec![0.0; width * rows.channels()];
    let mut bytes = vec![0; width * layout.pixel_bytes()];
    let count = width * height * layout.channels();
    let mut samples = match layout.depth {
        Depth::Eight => Samples::U8(Vec::with_capacity(count)),
        Depth::Sixteen => Samples::U16(Vec::with_capacity(count)),
    };
    for _ in 0..height {
        rows.next_row(&mut row)?;
        quantiser.row(&row, &mut bytes)?;
        match &mut samples {
            Samples::U8(data) => data.extend_from_slice(&bytes),
            Samples::U16(data) => {
                let pairs = bytes.chunks_exact(2);
                data.extend(pairs.map(|pair| u16::from_ne_bytes([pair[0], pair[1]])));
            }
        }
    }
    Ok((width, height, samples))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Format, Metadata};

    #[test]
    fn a_shrunk_picture_keeps_its_kind_and_its_mean() {
        let (width, height) = (40, 20);
        for (colour, alpha) in [(false, false), (true, false), (true, true), (false, true)] {
            let channels = if colour { 3 } else { 1 } + usize::from(alpha);
            let value = |i: usize| 20_000 + (i % channels * 9_000) as u16;
            let picture = Picture {
                width,
                height,
                colour,
                alpha,
                samples: Samples::U16((0..width * height * channels).map(value).collect()),
                format: Format::Png,
                metadata: Metadata::default(),
                warnings: Vec::new(),
            };
            let step = Step::Shrink {
                width: 20,
                height: 10,
            };
            let fix = Fix::of_step(&step, width, height).unwrap();
            let options = EngineOptions::default();
            let room = Room {
                memory: 1 << 30,
                engine: 1 << 30,
            };
            let small = apply(&fix, picture.clone(), &options, &room, "x").unwrap();
            assert_eq!((small.width, small.height), (20, 10));
            assert_eq!(small.layout(), picture.layout());
            let Samples::U16(data) = &small.samples else {
                panic!("8 bits")
            };
            let off = |(i, &v): (usize, &u16)| v.abs_diff(value(i)) > 1;
            assert!(!data.iter().enumerate().any(off), "{colour} {alpha}");
        }
    }

    #[test]
    fn what_is_hardly_smaller_is_left_alone() {
        let to = |width, height| {
            let step = Step::Shrink { width, height };
            Fix::of_step(&step, 100, 100)
        };
        assert_eq!(to(99, 98), None);
        assert_eq!(to(200, 100), None);
        assert_eq!(to(50, 50), Some(Fix::Shrink([0.5, 0.5])));
        assert_eq!(to(50, 51), Some(Fix::Shrink([0.5, 0.5])));
        // Enlarged along one side only.
        assert_eq!(to(50, 100), Some(Fix::Shrink([0.5, 1.0])));
        assert_eq!(to(100, 62), Some(Fix::Shrink([1.0, 0.62])));
        assert_eq!(Fix::of_step(&Step::Lighten, 100, 100), None);
    }
}
