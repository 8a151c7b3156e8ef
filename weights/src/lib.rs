//! The models that ship inside the binary.
//!
//! A model is a safetensors file in this crate's folder with a model card of the same name beside it,
//! and a line in [`models`]. The binary carries it without what only other programs read of it (`build.rs`).

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

/// What a model was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Clean photographs that are only small.
    Photo,
    /// Photographs as cameras and web pages save them: lightly compressed, with a little noise.
    Camera,
    /// Photographs that are soft, noisy or compressed more than that.
    Recover,
    /// Renders, anime, illustrations and posters.
    Art,
    /// Screenshots, documents, labels and diagrams.
    Text,
    /// Pictures with the blocks and rings of JPEG; nothing is enlarged.
    Deblock,
    /// Noisy pictures; nothing is enlarged.
    Denoise,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 7] = [
        Family::Photo,
        Family::Camera,
        Family::Recover,
        Family::Art,
        Family::Text,
        Family::Deblock,
        Family::Denoise,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Family::Photo => "photo",
            Family::Camera => "camera",
            Family::Recover => "recover",
            Family::Art => "art",
            Family::Text => "text",
            Family::Deblock => "deblock",
            Family::Denoise => "denoise",
        }
    }

    /// Whether its models repair a picture at its own size.
    pub fn is_repair(self) -> bool {
        matches!(self, Family::Deblock | Family::Denoise)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Not the name of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFamily;

impl FromStr for Family {
    type Err = UnknownFamily;

    fn from_str(name: &str) -> Result<Self, UnknownFamily> {
        let family = Family::ALL.into_iter().find(|family| family.name() == name);
        family.ok_or(UnknownFamily)
    }
}

/// How much time a model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier {
    /// Around 200,000 multiply-adds for each input pixel, for four times the size.
    #[default]
    Fast,
    /// Twice as many or more.
    Best,
}

/// A weight file that is part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// What it is called on the command line: its file name without the suffix.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// What it was made for.
    pub family: Family,
    /// How much time it takes.
    pub tier: Tier,
    /// Its factor.
    pub scale: usize,
    /// The safetensors file, without tensors that stand in it once more for other programs.
    pub bytes: &'static [u8],
}

macro_rules! embedded {
    ($name:literal, $family:ident, $tier:ident, $scale:literal, $about:literal) => {
        Embedded {
            name: $name,
            about: $about,
            family: Family::$family,
            tier: Tier::$tier,
            scale: $scale,
            bytes: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".safetensors")),
        }
    };
}

static MODELS: &[Embedded] = &[
    embedded!(
        "photo-fast-x4",
        Photo,
        Fast,
        4,
        "clean photos that are only small; stays with what is there"
    ),
    embedded!(
        "photo-best-x4",
        Photo,
        Best,
        4,
        "the same, finer, in twice the time"
    ),
    embedded!(
        "photo-fast-x2",
        Photo,
        Fast,
        2,
        "clean photos, twice the size"
    ),
    embedded!(
        "photo-best-x2",
        Photo,
        Best,
        2,
        "the same, finer, in four times the time"
    ),
    embedded!(
        "camera-fast-x4",
        Camera,
        Fast,
        4,
        "photos as cameras and web pages save them: light JPEG, fine noise"
    ),
    embedded!(
        "camera-fast-x2",
        Camera,
        Fast,
        2,
        "the same, twice the size"
    ),
    embedded!(
        "recover-fast-x4",
        Recover,
        Fast,
        4,
        "soft, noisy or compressed photos; cleans and does not invent"
    ),
    embedded!(
        "recover-fast-x2",
        Recover,
        Fast,
        2,
        "the same, twice the size"
    ),
    embedded!(
        "art-fast-x4",
        Art,
        Fast,
        4,
        "renders, drawings and posters: clean lines, flat areas"
    ),
    embedded!("art-fast-x2", Art, Fast, 2, "the same, twice the size"),
    embedded!(
        "text-fast-x4",
        Text,
        Fast,
        4,
        "screenshots, documents, labels and diagrams"
    ),
    embedded!(
        "text-fast-x2",
        Text,
        Fast,
        2,
        "screenshots and documents, twice the size"
    ),
    embedded!(
        "deblock",
        Deblock,
        Fast,
        1,
        "takes the blocks and rings of JPEG away, at the same size"
    ),
    embedded!(
        "denoise",
        Denoise,
        Fast,
        1,
        "takes noise away, at the same size"
    ),
];

/// Every model that ships.
pub fn models() -> &'static [Embedded] {
    MODELS
}

/// The model of this name.
pub fn find(name: &str) -> Option<&'static Embedded> {
    MODELS.iter().find(|model| model.name == name)
}

/// The model of a family for an enlargement by `factor`.
///
/// The smallest of its factors that reaches `factor`, else its largest; of the wanted tier if there is
/// one, else of the other.
pub fn select(family: Family, tier: Tier, factor: f64) -> &'static Embedded {
    let order = |model: &&Embedded| {
        let short = (model.scale as f64) < factor;
        let distance = if short {
            usize::MAX - model.scale
        } else {
            model.scale
        };
        (model.tier != tier, short, distance)
    };
    let of_family = MODELS.iter().filter(|model| model.family == family);
    of_family
        .min_by_key(order)
        .expect("every family has a model")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_say_what_they_are() {
        for (i, model) in models().iter().enumerate() {
            let tier = match model.tier {
                Tier::Fast => "fast",
                Tier::Best => "best",
            };
            assert_eq!(model.family.is_repair(), model.scale == 1);
            let name = match model.scale {
                1 => model.family.to_string(),
                scale => format!("{}-{tier}-x{scale}", model.family),
            };
            assert_eq!(model.name, name);
            assert_eq!(models().iter().position(|m| m.name == model.name), Some(i));
            assert!(!model.bytes.is_empty() && !model.about.is_empty());
        }
        let total: usize = models().iter().map(|model| model.bytes.len()).sum();
        assert!(total < 8_000_000, "{total} bytes are in the program");
    }

    #[test]
    fn the_tier_goes_before_the_factor_and_the_factor_is_reached_if_any_reaches_it() {
        let name = |family, tier, factor| select(family, tier, factor).name;
        assert_eq!(name(Family::Photo, Tier::Fast, 4.0), "photo-fast-x4");
        assert_eq!(name(Family::Photo, Tier::Fast, 8.0), "photo-fast-x4");
        assert_eq!(name(Family::Photo, Tier::Fast, 2.0), "photo-fast-x2");
        assert_eq!(name(Family::Photo, Tier::Fast, 1.0), "photo-fast-x2");
        assert_eq!(name(Family::Photo, Tier::Fast, 2.01), "photo-fast-x4");
        assert_eq!(name(Family::Photo, Tier::Best, 2.0), "photo-best-x2");
        assert_eq!(name(Family::Recover, Tier::Best, 2.0), "recover-fast-x2");
        assert_eq!(name(Family::Art, Tier::Fast, 2.0), "art-fast-x2");
        assert_eq!(name(Family::Recover, Tier::Best, 3.0), "recover-fast-x4");
    }

    #[test]
    fn families_are_known_by_name() {
        for family in Family::ALL {
            assert_eq!(family.to_string().parse(), Ok(family));
            assert_eq!(select(family, Tier::Fast, 4.0).family, family);
        }
        assert_eq!("Photo".parse::<Family>(), Err(UnknownFamily));
    }
}
