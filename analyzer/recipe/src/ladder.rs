//! The ladder of damage: what is done to a known image, drawn from the name of the image and the rung.
//!
//! Strengths are in pixels of the damaged picture and dense where enlarging begins to fail. Size and format are drawn
//! apart from the damage, so that they tell nothing about it.

use crate::random::{Random, fold};
use crate::sources::Source;

/// What kind of damage a rung has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Clean,
    Blur,
    Motion,
    Noise,
    Jpeg,
    Resampled,
    Dim,
    BlurNoise,
    BlurJpeg,
    NoiseJpeg,
    ResampledJpeg,
    ResampledNoise,
    Many,
}

/// In the order in which a source goes through them, from a place of its own.
const KINDS: [Kind; 16] = [
    Kind::Clean,
    Kind::Jpeg,
    Kind::Blur,
    Kind::Noise,
    Kind::Resampled,
    Kind::BlurJpeg,
    Kind::NoiseJpeg,
    Kind::ResampledJpeg,
    Kind::Clean,
    Kind::Jpeg,
    Kind::Motion,
    Kind::Noise,
    Kind::Resampled,
    Kind::BlurNoise,
    Kind::ResampledNoise,
    Kind::Dim,
];

/// One in this many rungs has all damage at once.
const MANY: u64 = 14;

/// How a picture was made larger than its detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    Bilinear,
    Bicubic,
    Lanczos,
}

/// A JPEG's quality (1 to 100) and whether its colour has half the pixels along each side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jpeg {
    pub quality: u8,
    pub halved: bool,
}

/// Noise of a standard deviation in 8-bit steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grain {
    pub sigma: f32,
    /// Each channel its own, or the same for all.
    pub colour: bool,
    /// Stronger in lights, as photons have it, rather than the same everywhere.
    pub shot: bool,
    /// Before the picture was made larger than its detail.
    pub early: bool,
}

/// All that is done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Damage {
    pub kind: Kind,
    /// Contrast that is left, in the truth as well: 1 all of it.
    pub contrast: f32,
    /// Standard deviation of a Gaussian blur.
    pub blur: f32,
    /// Length and angle (radians) of a blur by motion.
    pub motion: Option<(f32, f32)>,
    /// Reduced in linear light with Lanczos' filter, or else as stored with a bicubic one.
    pub linear: bool,
    /// A JPEG before it was made larger than its detail.
    pub first_jpeg: Option<Jpeg>,
    /// How much larger than its detail it is.
    pub factor: f32,
    pub kernel: Kernel,
    pub noise: Option<Grain>,
    pub jpeg: Option<Jpeg>,
}

/// A damaged picture to be: a part of a source, and what is done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Unique, and another one whenever anything about the case changes.
    pub key: String,
    /// Columns and rows of the damaged picture; the truth has four times as many.
    pub width: usize,
    pub height: usize,
    /// Corner of the truth in the source, as shares of the room that there is.
    pub corner: (f32, f32),
    /// The file is a JPEG; else a PNG.
    pub is_jpeg: bool,
    pub damage: Damage,
}

/// Sides of a damaged picture.
const SIDES: (usize, usize) = (64, 112);

/// The rungs of a source of `width` x `height` pixels.
pub fn cases(source: &Source, width: usize, height: usize, rungs: usize) -> Vec<Case> {
    let start = fold(&source.name) as usize;
    (0..rungs)
        .map(|rung| {
            let mut random = Random::of(&format!("{}#{rung}", source.name));
            let many = random.next().is_multiple_of(MANY);
            let kind = match many {
                true => Kind::Many,
                // 5 has no common factor with the number of kinds: neighbours differ.
                false => KINDS[(start + rung * 5) % KINDS.len()],
            };
            let mut damage = draw(kind, &mut random);
            let is_jpeg = random.chance(0.5);
            if is_jpeg && damage.jpeg.is_none() {
                // A file is a JPEG or not, whatever ails the picture: this one shows nothing.
                let (quality, halved) = (random.whole(93, 98) as u8, false);
                damage.jpeg = Some(Jpeg { quality, halved });
            }
            let mut side = |room: usize| random.whole(SIDES.0.min(room / 4), SIDES.1.min(room / 4));
            let mut case = Case {
                key: String::new(),
                width: side(width),
                height: side(height),
                corner: (random.unit(), random.unit()),
                is_jpeg,
                damage,
            };
            let hash = fold(&format!("{case:?}")) >> 40;
            case.key = format!("{}#{rung}-{hash:06x}", source.name);
            case
        })
        .collect()
}

fn draw(kind: Kind, random: &mut Random) -> Damage {
    let mut damage = Damage {
        kind,
        contrast: 1.0,
        blur: 0.0,
        motion: None,
        linear: random.chance(0.5),
        first_jpeg: None,
        factor: 1.0,
        kernel: random.one_of(&[Kernel::Bilinear, Kernel::Bicubic, Kernel::Lanczos]),
        noise: None,
        jpeg: None,
    };
    let blur = |random: &mut Random| random.octaves(0.25, 1.8);
    let factor = |random: &mut Random| random.octaves(1.1, 2.8);
    let jpeg = |random: &mut Random| {
        Some(Jpeg {
            quality: random.between(10.0, 96.0) as u8,
            halved: random.chance(0.6),
        })
    };
    let grain = |random: &mut Random, most: f32| {
        Some(Grain {
            sigma: random.octaves(0.8, most),
            colour: random.chance(0.6),
            shot: random.chance(0.3),
            early: false,
        })
    };
    match kind {
        Kind::Clean => {}
        Kind::Blur => damage.blur = blur(random),
        Kind::Motion => {
            let angle = random.between(0.0, std::f32::consts::PI);
            damage.motion = Some((random.octaves(1.2, 7.0), angle));
        }
        Kind::Noise => damage.noise = grain(random, 32.0),
        Kind::Jpeg => damage.jpeg = jpeg(random),
        Kind::Resampled => damage.factor = factor(random),
        Kind::Dim => {
            damage.contrast = random.octaves(0.12, 0.8);
            damage.noise = grain(random, 20.0);
        }
        Kind::BlurNoise => {
            damage.blur = blur(random);
            damage.noise = grain(random, 20.0);
        }
        Kind::BlurJpeg => {
            damage.blur = blur(random);
            damage.jpeg = jpeg(random);
        }
        Kind::NoiseJpeg => {
            damage.noise = grain(random, 20.0);
            damage.jpeg = jpeg(random);
        }
        Kind::ResampledJpeg => {
            damage.factor = factor(random);
            match random.chance(0.5) {
                true => damage.first_jpeg = jpeg(random),
                false => damage.jpeg = jpeg(random),
            }
        }
        Kind::ResampledNoise => {
            damage.factor = factor(random);
            damage.noise = grain(random, 20.0).map(|grain| Grain {
                early: random.chance(0.5),
                ..grain
            });
        }
        Kind::Many => {
            damage.contrast = random.between(0.4, 1.0);
            damage.blur = random.octaves(0.3, 1.2);
            damage.factor = random.octaves(1.15, 2.0);
            damage.noise = grain(random, 15.0);
            damage.jpeg = jpeg(random);
        }
    }
    damage
}

impl Damage {
    /// For the table, such as `blur=1.20 jpeg=40`.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if self.contrast < 1.0 {
            words.push(format!("contrast={:.2}", self.contrast));
        }
        if self.blur > 0.0 {
            words.push(format!("blur={:.2}", self.blur));
        }
        if let Some((length, _)) = self.motion {
            words.push(format!("motion={length:.1}"));
        }
        if let Some(jpeg) = self.first_jpeg {
            words.push(format!("first-jpeg={}", jpeg.quality));
        }
        if self.factor > 1.0 {
            words.push(format!("factor={:.2}", self.factor));
        }
        if let Some(grain) = self.noise {
            let early = if grain.early { "early-" } else { "" };
            words.push(format!("{early}noise={:.1}", grain.sigma));
        }
        if let Some(jpeg) = self.jpeg {
            words.push(format!("jpeg={}", jpeg.quality));
        }
        words.join(" ")
    }
}
