//! Too dark, or clipped?
//!
//! A picture is dark if even its bright parts are: its 99th percentile of brightness is low (the rule of CleanVision).
//! Dark on purpose is told from too little light by the noise: low key keeps a clean subject.

use crate::report::{Content, Measure, Place, Score, Status};
use crate::survey::Overview;

/// 99th percentile of brightness below which a picture is dark.
const DARK: f32 = 0.32;
/// Median under which that is said of a picture whose bright parts are bright.
const MOSTLY_DARK: f32 = 0.25;
/// Levels up to which a shadow is clipped, and from which a light is, of 255.
const BLACK: f32 = 2.0;
const WHITE: f32 = 253.0;
/// Share of clipped shadows, and of clipped lights in a photograph, that is seen.
const CLIPPED: f32 = 0.25;
/// Signal over noise that a low key picture keeps.
const CLEAN: f32 = 12.0;
/// Steps of brightness that are told apart.
const BINS: usize = 1024;
/// Fewest pixels that say anything about light.
const LEAST: usize = 64;

/// How bright a picture is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    /// 99th percentile of luma, 0 to 1.
    pub bright: f32,
    /// Median of luma, 0 to 1.
    pub middle: f32,
    /// Share of shadows at the end of the scale.
    pub shadows: f32,
    /// Share of lights at the end of the scale.
    pub lights: f32,
}

/// Measures the light; `None` below 64 pixels.
pub fn measure(overview: &Overview) -> Option<Light> {
    if overview.rgb.len() < LEAST {
        return None;
    }
    // A quarter of a level is finer than any threshold here.
    let mut bins = [0u32; BINS];
    for &v in &overview.luma {
        bins[((v * BINS as f32 / 256.0) as usize).min(BINS - 1)] += 1;
    }
    let count = overview.rgb.len() as f32;
    let level = |share: f32| {
        let mut below = 0;
        let at = bins.iter().position(|&n| {
            below += n;
            below as f32 > share * count
        });
        at.unwrap_or(BINS - 1) as f32 / (BINS - 1) as f32
    };
    let bin = |level: f32| (level * BINS as f32 / 256.0) as usize;
    let share = |range: &[u32]| range.iter().sum::<u32>() as f32 / count;
    Some(Light {
        bright: level(0.99),
        middle: level(0.5),
        shadows: share(&bins[..=bin(BLACK)]),
        lights: share(&bins[bin(WHITE)..]),
    })
}

impl Light {
    /// Whether it is too dark: dark, and with noise that low key would not have.
    pub fn is_dark(&self, noise_sigma: Option<f32>) -> bool {
        let signal = self.middle.max(self.bright / 2.0) * 255.0;
        let clean = noise_sigma.is_some_and(|sigma| sigma * CLEAN < signal);
        self.bright < DARK && !(clean && self.bright > DARK / 2.0)
    }
}

/// The score of what was measured, with the noise's standard deviation in 8-bit steps where it is known.
///
/// White is the ground of pages, drawings and cut-outs; in photographs it is light that was too much.
pub fn score(
    light: Option<Light>,
    noise_sigma: Option<f32>,
    content: Content,
    picture: Place,
) -> Score {
    let Some(light) = light else {
        let words = "too few pixels to judge the light";
        return Score::absent(Measure::Light, Status::TooSmall, words);
    };
    let percent = light.bright * 100.0;
    let value = (light.bright / DARK / 2.0).min(1.0) * (1.0 - light.shadows).max(0.3);
    if light.is_dark(noise_sigma) {
        let words = format!("too dark: its brightest parts reach {percent:.0} % of white");
        Score::measured(Measure::Light, value.min(0.4), words).at(vec![picture])
    } else if light.bright < DARK {
        Score::measured(
            Measure::Light,
            value.max(0.6),
            "dark, and clean: on purpose, it seems",
        )
    } else if light.shadows > CLIPPED {
        let words = format!(
            "{:.0} % of it is black without detail",
            light.shadows * 100.0
        );
        Score::measured(Measure::Light, value, words)
    } else if light.lights > CLIPPED && content == Content::Photo {
        let words = format!(
            "{:.0} % of it is white without detail",
            light.lights * 100.0
        );
        Score::measured(Measure::Light, value.min(1.0 - light.lights), words)
    } else {
        let words = if light.middle < MOSTLY_DARK {
            format!(
                "bright parts reach {percent:.0} % of white, half of it stays under {:.0} %",
                light.middle * 100.0
            )
        } else {
            "light as it should be".into()
        };
        Score::measured(Measure::Light, value.max(0.8), words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_lost_light_in_photographs_only() {
        let light = Light {
            bright: 1.0,
            middle: 0.7,
            shadows: 0.0,
            lights: 0.4,
        };
        let picture = Place {
            x: 0,
            y: 0,
            width: 64,
            height: 64,
        };
        for (content, lights, expected) in [
            (Content::Photo, 0.4, true),
            (Content::Photo, 0.2, false),
            (Content::Product, 0.4, false),
            (Content::Text, 0.4, false),
        ] {
            let light = Light { lights, ..light };
            let score = score(Some(light), Some(1.0), content, picture);
            let found = score.sentence.contains("white without detail");
            assert_eq!(found, expected, "{content:?}: {}", score.sentence);
            assert_eq!(score.value.unwrap() < 0.8, expected, "{content:?}");
        }
    }
}
