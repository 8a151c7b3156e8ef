//! Everything that could be done with a picture, done by the shipped models.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use upwise_engine::{Engine, EngineOptions, Filter, Image, Light, Method, Model, Target, Upscaler};
use upwise_weights::{Embedded, Family, Tier};

use crate::degrade::{Damaged, TRUTH, quantised, resize};
use crate::ladder::Case;
use crate::score::{Scores, Truth};

/// The factors that are judged.
pub const SCALES: [usize; 2] = [2, 4];

/// A way from a damaged picture to a larger one.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    pub name: String,
    /// Of all weights that it uses.
    pub weights: String,
    fix: Fix,
    /// By family; else bicubic.
    family: Option<Family>,
}

/// What comes before the enlargement.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fix {
    None,
    /// Down to half its sides.
    Halve,
    /// Down to the detail that it has, which only a ladder knows exactly.
    TrueSize,
    /// A model that keeps the size.
    Model(&'static Embedded),
}

/// What an arm came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub scale: usize,
    pub arm: String,
    pub weights: String,
    pub scores: Scores,
}

/// Reductions below this change nothing worth a step.
const LEAST_FACTOR: f32 = 1.1;
/// Families that a fix is followed by. What `art` makes of a fixed picture is never far from `photo`.
const AFTER_FIX: [Family; 2] = [Family::Photo, Family::Recover];

/// The families that are arms. The shipped labels were made before there was `camera`.
const FAMILIES: [Family; 4] = [Family::Photo, Family::Recover, Family::Art, Family::Text];

/// Every arm there is: bicubic, each family, each fix before a family.
pub fn all() -> Vec<Arm> {
    let mut arms = vec![Arm::new("bicubic".into(), Fix::None, None)];
    for family in FAMILIES {
        arms.push(Arm::new(family.name().into(), Fix::None, Some(family)));
    }
    let mut fixes = vec![("halve", Fix::Halve), ("true-size", Fix::TrueSize)];
    let models = upwise_weights::models().iter();
    fixes.extend(
        models
            .filter(|model| model.scale == 1)
            .map(|model| (model.name, Fix::Model(model))),
    );
    for (name, fix) in fixes {
        for family in AFTER_FIX {
            arms.push(Arm::new(format!("{name}+{family}"), fix, Some(family)));
        }
    }
    arms
}

/// The shipped models that arms use.
fn used() -> impl Iterator<Item = &'static Embedded> {
    let suits = |model: &&Embedded| FAMILIES.contains(&model.family) || model.family.is_repair();
    let fast = upwise_weights::models()
        .iter()
        .filter(|model| model.tier == Tier::Fast);
    fast.filter(suits)
}

/// SHA-256 over all weights that arms use in the order of their names, its first 16 digits:
/// `ls weights/*.safetensors | grep -v "best\|camera" | LC_ALL=C sort | xargs cat | sha256sum`.
pub fn all_weights() -> String {
    let mut models: Vec<_> = used().collect();
    models.sort_by_key(|model| model.name);
    digest(&models)
}

fn digest(models: &[&Embedded]) -> String {
    let mut hash = Sha256::new();
    models.iter().for_each(|model| hash.update(model.bytes));
    hash.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn model(family: Family, scale: usize) -> &'static Embedded {
    upwise_weights::select(family, Tier::Fast, scale as f64)
}

impl Arm {
    fn new(name: String, fix: Fix, family: Option<Family>) -> Arm {
        let mut used: Vec<_> = match fix {
            Fix::Model(model) => vec![model],
            _ => vec![],
        };
        used.extend(family.map(|family| model(family, 4)));
        used.extend(family.map(|family| model(family, 2)));
        used.dedup();
        let weights = if used.is_empty() {
            "-".into()
        } else {
            digest(&used)
        };
        Arm {
            name,
            weights,
            fix,
            family,
        }
    }

    /// Whether something comes before the enlargement.
    pub fn is_chain(name: &str) -> bool {
        name.contains('+')
    }

    /// Whether it is worth running: it differs from the others, and there may be text for a model of text.
    pub fn suits(&self, case: &Case, drawn: bool) -> bool {
        let damage = &case.damage;
        let sized = self.fix != Fix::TrueSize || damage.factor >= LEAST_FACTOR;
        let written = self.family != Some(Family::Text) || drawn;
        sized && written
    }
}

/// The shipped models, loaded. Each worker has its own: an engine runs one picture at a time.
pub struct Models {
    engines: Vec<(&'static str, Upscaler)>,
}

impl Models {
    pub fn new() -> Result<Models> {
        let options = EngineOptions {
            threads: 1,
            ..EngineOptions::default()
        };
        let load = |model: &'static Embedded| -> Result<_> {
            let loaded = Model::from_static(model.name, model.bytes)?;
            Ok((
                model.name,
                Upscaler::new(Method::Network(Engine::new(&loaded, &options)?)),
            ))
        };
        Ok(Models {
            engines: used().map(load).collect::<Result<_>>()?,
        })
    }

    fn run(&self, model: &Embedded, picture: &Image) -> Result<Image> {
        let engine = self.engines.iter().find(|(name, _)| *name == model.name);
        let (_, engine) = engine.with_context(|| format!("{} is not loaded", model.name))?;
        let target = Target::Scale(model.scale as f64);
        Ok(engine.image(picture, &target, None)?)
    }

    /// Runs some arms over a damaged picture and compares with the truth.
    pub fn outcomes(&self, arms: &[&Arm], case: &Case, damaged: &Damaged) -> Result<Vec<Outcome>> {
        let truths = [
            Truth::new(&damaged.half, 2)?,
            Truth::new(&damaged.truth, TRUTH)?,
        ];
        let mut outcomes = Vec::new();
        let mut fixed: Option<(Fix, Image)> = None;
        for arm in arms {
            // Arms of one fix follow each other.
            let picture = match &mut fixed {
                Some((fix, picture)) if *fix == arm.fix => &*picture,
                other => &other.insert((arm.fix, self.fix(arm, case, damaged)?)).1,
            };
            let mut large = None;
            for (scale, truth) in SCALES.into_iter().zip(&truths).rev() {
                let made = self.enlarge(arm, case, picture, scale, &mut large)?;
                outcomes.push(Outcome {
                    scale,
                    arm: arm.name.clone(),
                    weights: arm.weights.clone(),
                    scores: truth.compare(&made)?,
                });
            }
        }
        Ok(outcomes)
    }

    /// What an arm makes of a damaged picture.
    pub fn make(&self, arm: &Arm, case: &Case, damaged: &Damaged, scale: usize) -> Result<Image> {
        self.enlarge(arm, case, &self.fix(arm, case, damaged)?, scale, &mut None)
    }

    /// Enlarges a fixed picture; `large` keeps what a fourfold model made of it for the next factor.
    fn enlarge(
        &self,
        arm: &Arm,
        case: &Case,
        picture: &Image,
        scale: usize,
        large: &mut Option<Image>,
    ) -> Result<Image> {
        let (width, height) = (case.width * scale, case.height * scale);
        let Some(family) = arm.family else {
            let made = resize(picture, width, height, Filter::Bicubic, Light::Linear)?;
            return Ok(quantised(&made));
        };
        let model = match arm.fix {
            Fix::None | Fix::Model(_) => model(family, scale),
            // A reduced picture has further to go.
            Fix::Halve | Fix::TrueSize => model(family, 4),
        };
        let made = match large.take().filter(|_| model.scale == 4) {
            Some(made) => made,
            None => self.run(model, picture)?,
        };
        let sized = resize(&made, width, height, Filter::Lanczos, Light::Linear)?;
        if model.scale == 4 {
            *large = Some(made);
        }
        Ok(quantised(&sized))
    }

    fn fix(&self, arm: &Arm, case: &Case, damaged: &Damaged) -> Result<Image> {
        let picture = &damaged.picture;
        let shrink = |factor: f32| {
            let side = |side: usize| ((side as f32 / factor).round() as usize).max(8);
            let (width, height) = (side(case.width), side(case.height));
            resize(picture, width, height, Filter::Lanczos, Light::Linear)
        };
        match arm.fix {
            Fix::None => Ok(picture.clone()),
            Fix::Halve => shrink(2.0),
            Fix::TrueSize => shrink(case.damage.factor),
            Fix::Model(model) => self.run(model, picture),
        }
    }
}
