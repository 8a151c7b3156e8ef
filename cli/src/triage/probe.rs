//! What the network makes of this very picture: small parts of it are halved, enlarged again, and compared with what they
//! were.
//!
//! Detail that comes back better than by a filter is detail of the kind that the network knows, so more of it can be
//! expected from an enlargement; noise does not come back. What decides is the gain over bicubic in PSNR on luma, of the
//! middle one of three tiles. It says nothing of blurred pictures, which a filter brings back as well, nor of the blocks of
//! compression, which are edges to the network.

use serde::Serialize;
use upwise_analyzer::report::{Action, Analysis, Decision, Family, Measure, Place, Reason, Step};
use upwise_engine::{Engine, EngineOptions, Filter, Image, Light, Resample, Result, Rows};

use super::words;
use crate::failure::Failure;
use crate::models;
use crate::picture::Picture;
use crate::upscale::{PictureRows, passes};

/// The network that is tried: the fast one for photos, at its own factor.
const MODEL: &str = "photo-fast-x2";
const SCALE: usize = 2;
/// Side of a tile in pixels; even.
const TILE: usize = 128;
/// Tiles that are tried.
const TILES: usize = 3;
/// Pixels at the border that are not compared: they lack their surroundings.
const SHAVE: usize = 8;
/// Root of the mean square of neighbours' differences, 0 to 1, below which a tile has nothing to compare.
const FLAT: f64 = 0.004;
/// Gain in dB from which on the network clearly helps, and below which it clearly does not: photographs of BSD100 as they
/// are have 1.0 and more, with noise of 20 steps 0.4 to 1.6.
const HELPS: f64 = 1.2;
const FAILS: f64 = 0.5;
/// PSNR in dB from which on the filter lost nothing that could come back.
const LOSSLESS: f64 = 42.0;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Probe {
    /// The network that was tried.
    pub model: &'static str,
    /// By how much the tiles were reduced and enlarged again.
    pub scale: usize,
    /// Gain over bicubic in dB, of the middle tile.
    pub gain: f64,
    /// The tiles.
    pub tiles: Vec<Tile>,
}

/// What came of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tile {
    /// Where it is.
    pub place: Place,
    /// PSNR on luma in dB after a cubic filter.
    pub bicubic: f64,
    /// The same after the network.
    pub network: f64,
    /// Their difference.
    pub gain: f64,
}

/// Tries the network on a picture; `None` if it is too small or too flat for that.
pub fn probe(
    picture: &Picture,
    options: &EngineOptions,
    name: &str,
) -> std::result::Result<Option<Probe>, Failure> {
    let failed = |error| Failure::engine(name, error);
    let luma = luma(picture).map_err(failed)?;
    let places = tiles(&luma);
    if places.is_empty() {
        return Ok(None);
    }
    let model = models::open(&models::by_name(MODEL, &[])?)?;
    let engine = Engine::new(&model, options).map_err(failed)?;
    let tiles = places.into_iter().map(|place| {
        let tile = cut(&luma, &place)?;
        let small = resized(&tile, TILE / SCALE)?;
        let bicubic = psnr(&tile, &resized(&small, TILE)?);
        let network = psnr(&tile, &enlarged(&engine, &small)?);
        Ok(Tile {
            place,
            bicubic,
            network,
            gain: network - bicubic,
        })
    });
    let tiles: Vec<Tile> = tiles.collect::<Result<_>>().map_err(failed)?;
    let mut gains: Vec<f64> = tiles.iter().map(|tile| tile.gain).collect();
    gains.sort_by(f64::total_cmp);
    Ok(Some(Probe {
        model: MODEL,
        scale: SCALE,
        gain: gains[gains.len() / 2],
        tiles,
    }))
}

impl Probe {
    /// In a clause, for people.
    pub fn sentence(&self) -> String {
        let tiles = match self.tiles.len() {
            1 => "one part".to_string(),
            count => format!("{count} parts"),
        };
        format!(
            "halved and enlarged again, {tiles} of it come back {:+.1} dB against bicubic",
            self.gain
        )
    }

    /// Decides what the measures left open, if the tiles are clear about it.
    pub fn settle(&self, analysis: &mut Analysis) {
        if analysis.decision.action != Action::Inspect {
            return;
        }
        let soft = self.tiles.iter().all(|tile| tile.bicubic >= LOSSLESS);
        let mut scores = analysis.scores.iter();
        let blocks = scores.any(|score| {
            let poor = score.value.is_some_and(|value| value < words::GOOD);
            score.measure == Measure::Jpeg && poor
        });
        let (action, family, distance) = match self.gain {
            _ if soft && !self.tiles.is_empty() => return,
            gain if gain >= HELPS && !blocks => {
                (Action::Upscale, analysis.decision.family, gain - HELPS)
            }
            gain if gain <= FAILS => {
                // Steps that are there already lead to a family of their own.
                let family = match analysis.decision.steps.is_empty() {
                    true => Family::Recover,
                    false => analysis.decision.family,
                };
                (Action::FixFirst, family, FAILS - gain)
            }
            _ => return,
        };
        let decision = &mut analysis.decision;
        let enlarge = Step::Upscale {
            scale: SCALE as f32,
            family,
        };
        let steps = match (action, decision.steps.is_empty()) {
            // What it does not bring back is grain or blocks.
            (Action::FixFirst, true) => vec![Step::Denoise, enlarge],
            (Action::FixFirst, false) => decision.steps.clone(),
            _ => {
                // The family is one for what these leave.
                let repair = |step: &&Step| matches!(step, Step::Deblock | Step::Denoise);
                let repairs = decision.steps.iter().filter(repair).cloned();
                repairs.chain([enlarge]).collect()
            }
        };
        let mut reasons = vec![Reason {
            measure: Measure::EdgePresence,
            sentence: self.sentence(),
            place: self.tiles.first().map(|tile| tile.place),
        }];
        reasons.append(&mut decision.reasons);
        *decision = Decision {
            action,
            // Between a guess and what the measures reach where they are sure.
            confidence: (0.6 + 0.1 * distance).min(0.75) as f32,
            scale: Some(SCALE as f32),
            family,
            steps,
            reasons,
            not: std::mem::take(&mut decision.not),
            would_change: Vec::new(),
        };
    }
}

/// The luma of a picture (ITU-R BT.601), 0 to 1; transparent pixels as they are stored.
fn luma(picture: &Picture) -> Result<Image> {
    let all = &passes(picture.colour, false, None)[0];
    let mut rows = PictureRows::new(picture, all);
    let channels = rows.channels();
    let mut row = vec![0.0; picture.width * channels];
    let mut data = Vec::with_capacity(picture.width * picture.height);
    for _ in 0..picture.height {
        rows.next_row(&mut row)?;
        data.extend(row.chunks_exact(channels).map(|pixel| match pixel {
            [r, g, b] => 0.299 * r + 0.587 * g + 0.114 * b,
            _ => pixel[0],
        }));
    }
    Image::new(picture.width, picture.height, 1, data)
}

/// The tiles with most detail that do not touch each other, the richest first.
fn tiles(luma: &Image) -> Vec<Place> {
    let mut found: Vec<(f64, Place)> = Vec::new();
    let step = TILE / 2;
    let starts = |side: usize| (0..=side.saturating_sub(TILE)).step_by(step);
    if luma.width() < TILE || luma.height() < TILE {
        return Vec::new();
    }
    for y in starts(luma.height()) {
        for x in starts(luma.width()) {
            let place = Place {
                x,
                y,
                width: TILE,
                height: TILE,
            };
            let detail = detail(luma, &place);
            if detail > FLAT {
                found.push((detail, place));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut chosen: Vec<Place> = Vec::new();
    for (_, place) in found {
        let apart =
            |other: &Place| place.x.abs_diff(other.x) >= TILE || place.y.abs_diff(other.y) >= TILE;
        if chosen.len() < TILES && chosen.iter().all(apart) {
            chosen.push(place);
        }
    }
    chosen
}

/// Root of the mean square of the differences of neighbours, on every fourth row.
fn detail(luma: &Image, place: &Place) -> f64 {
    let mut sum = 0.0;
    let mut count = 0.0;
    for y in (place.y..place.y + place.height).step_by(4) {
        let row = &luma.row(y)[place.x..place.x + place.width];
        for pair in row.windows(2) {
            sum += f64::from(pair[1] - pair[0]).powi(2);
            count += 1.0;
        }
    }
    (sum / count).sqrt()
}

fn cut(luma: &Image, place: &Place) -> Result<Image> {
    let rows = (place.y..place.y + place.height).map(|y| &luma.row(y)[place.x..][..place.width]);
    Image::new(
        place.width,
        place.height,
        1,
        rows.flatten().copied().collect(),
    )
}

/// A square by a cubic filter, as networks of this kind are trained on.
fn resized(image: &Image, side: usize) -> Result<Image> {
    let source = Box::new(image.rows());
    let mut rows = Resample::new(source, side, side, Filter::Bicubic, Light::Encoded)?;
    Image::read(&mut rows)
}

/// Luma through a network of three channels.
fn enlarged(engine: &Engine, small: &Image) -> Result<Image> {
    let grey: Vec<f32> = small.data().iter().flat_map(|&v| [v; 3]).collect();
    let grey = Image::new(small.width(), small.height(), 3, grey)?;
    let large = engine.run(&grey, None)?;
    let data = large
        .data()
        .chunks_exact(3)
        .map(|pixel| pixel.iter().sum::<f32>() / 3.0);
    Image::new(large.width(), large.height(), 1, data.collect())
}

/// Peak signal to noise ratio in dB, the border left out; 99 where there is no difference.
fn psnr(a: &Image, b: &Image) -> f64 {
    let inner = SHAVE..TILE - SHAVE;
    let mut sum = 0.0;
    for y in inner.clone() {
        let pairs = a.row(y)[inner.clone()].iter().zip(&b.row(y)[inner.clone()]);
        sum += pairs
            .map(|(a, b)| f64::from(a - b.clamp(0.0, 1.0)).powi(2))
            .sum::<f64>();
    }
    let mean = sum / (inner.len() * inner.len()) as f64;
    (-10.0 * mean.max(1e-12).log10()).min(99.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Format, Metadata, Samples};
    use crate::triage::sample;

    /// Grey stripes of sharp edges, with noise of so many steps.
    fn stripes(noise: f64) -> Picture {
        let (width, height) = (400, 300);
        let mut state = 7u64;
        let samples = (0..width * height).map(|i| {
            // Xorshift (Marsaglia, 2003); the sum of twelve is nearly normal.
            let mut sum = -6.0;
            for _ in 0..12 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                sum += (state >> 11) as f64 / (1u64 << 53) as f64;
            }
            let (x, y) = ((i % width) as f64, (i / width) as f64);
            let wave = (x * 0.31 + y * 0.12).sin() + (y * 0.07).sin();
            let edge = if wave > 0.3 { 190.0 } else { 70.0 };
            (edge + noise * sum).round().clamp(0.0, 255.0) as u8
        });
        Picture {
            width,
            height,
            colour: false,
            alpha: false,
            samples: Samples::U8(samples.collect()),
            format: Format::Png,
            metadata: Metadata::default(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn edges_come_back_and_noise_does_not() {
        let options = EngineOptions::default();
        let clean = probe(&stripes(0.0), &options, "x").unwrap().unwrap();
        assert!(clean.gain > HELPS, "{clean:?}");
        let noisy = probe(&stripes(25.0), &options, "x").unwrap().unwrap();
        assert!(noisy.gain < clean.gain - 1.0, "{noisy:?}");
        assert_eq!(clean.tiles.len(), TILES);
        for (i, tile) in clean.tiles.iter().enumerate() {
            assert!((tile.network - tile.bicubic - tile.gain).abs() < 1e-9);
            let touches = |other: &Tile| {
                tile.place.x.abs_diff(other.place.x) < TILE
                    && tile.place.y.abs_diff(other.place.y) < TILE
            };
            assert!(!clean.tiles[..i].iter().any(touches));
        }
    }

    #[test]
    fn what_is_flat_or_small_is_not_tried() {
        let options = EngineOptions::default();
        let mut flat = stripes(0.0);
        flat.samples = Samples::U8(vec![90; flat.samples.len()]);
        assert_eq!(probe(&flat, &options, "x").unwrap(), None);
        let small = sample::look(None).picture;
        let small = Picture {
            width: 100,
            height: 20,
            samples: Samples::U8(vec![7; 100 * 20 * 3]),
            ..small
        };
        assert_eq!(probe(&small, &options, "x").unwrap(), None);
    }

    #[test]
    fn it_settles_what_is_open_and_nothing_else() {
        let gain = |gain| Probe {
            model: MODEL,
            scale: SCALE,
            gain,
            tiles: Vec::new(),
        };
        let blocks = |analysis: &mut Analysis, value| {
            let mut scores = analysis.scores.iter_mut();
            let jpeg = scores.find(|score| score.measure == Measure::Jpeg);
            jpeg.expect("a score").value = Some(value);
        };
        let settled = |value, action| {
            let mut analysis = sample::look(None).analysis;
            analysis.decision.action = action;
            blocks(&mut analysis, 0.9);
            gain(value).settle(&mut analysis);
            analysis.decision
        };
        assert_eq!(settled(2.0, Action::Keep).action, Action::Keep);
        assert_eq!(settled(0.9, Action::Inspect).action, Action::Inspect);
        let up = settled(2.0, Action::Inspect);
        assert_eq!((up.action, up.scale), (Action::Upscale, Some(2.0)));
        assert!(up.reasons[0].sentence.contains("+2.0 dB"));
        let fix = settled(-0.5, Action::Inspect);
        assert_eq!(
            (fix.action, fix.family),
            (Action::FixFirst, Family::Recover)
        );
        assert!(fix.confidence < 0.75 && up.confidence > 0.6);
        // What the family counts on stays, and nothing else.
        let mut analysis = sample::look(None).analysis;
        blocks(&mut analysis, 0.9);
        analysis.decision.action = Action::Inspect;
        analysis.decision.steps = vec![Step::Denoise, Step::Deblur];
        gain(2.0).settle(&mut analysis);
        let steps = &analysis.decision.steps;
        assert!(
            matches!(steps[..], [Step::Denoise, Step::Upscale { .. }]),
            "{steps:?}"
        );
        // Blocks come back like edges.
        let mut analysis = sample::look(None).analysis;
        analysis.decision.action = Action::Inspect;
        gain(2.0).settle(&mut analysis);
        assert_eq!(analysis.decision.action, Action::Inspect);
    }
}
