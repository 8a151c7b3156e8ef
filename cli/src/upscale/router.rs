//! From a picture to the model that enlarges it.

use std::cell::RefCell;
use std::rc::Rc;

use upwise_analyzer::measures::noise;
use upwise_analyzer::report::{self, Analysis, Content, Decision, Step};
use upwise_engine::EngineOptions;
use upwise_weights::{Family, Tier};

use super::advice::Obedience;
use super::fixes::Fix;
use super::scaler::Scaler;
use crate::args::values::TargetSize;
use crate::failure::Failure;
use crate::models::{Choice, Resampler, Wish};
use crate::picture::Picture;
use crate::triage::{look, words};

/// Noise that the models for damaged pictures have learned to take away themselves.
const LEARNED: f32 = 15.0;
/// The factor of a family where none is asked for.
const FACTOR: f64 = 4.0;

/// Chooses for each picture, and keeps the last choice ready: pictures of a folder are mostly of a kind.
pub struct Router {
    wish: Wish,
    tier: Tier,
    options: EngineOptions,
    /// What every picture gets, whatever it is.
    locked: Option<Locked>,
    last: RefCell<Option<(Choice, Rc<Scaler>)>>,
}

/// What a plan says: the same for all pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Locked {
    /// What is done first, in order.
    pub fixes: Vec<Fix>,
    /// The model or filter.
    pub choice: Choice,
    /// Times larger.
    pub scale: f64,
    /// Whether networks' results are means over eight orientations.
    pub self_ensemble: bool,
}

/// What was chosen for a picture.
pub struct Route {
    /// The model or filter, ready.
    pub scaler: Rc<Scaler>,
    /// What is done first, in order.
    pub fixes: Vec<Fix>,
    /// Why, where it was for upwise to choose.
    pub reason: Option<String>,
    /// What triage says, where it was asked.
    pub advice: Option<Decision>,
}

impl Router {
    /// A router for `wish`; what is asked for by name is opened here and now.
    pub fn new(wish: Wish, tier: Tier, options: EngineOptions) -> Result<Self, Failure> {
        let router = Router {
            wish,
            tier,
            options,
            locked: None,
            last: RefCell::new(None),
        };
        if let Wish::One(choice) = &router.wish {
            router.scaler(choice.clone())?;
        }
        Ok(router)
    }

    /// A router that does the same with every picture.
    pub fn locked(locked: Locked, options: EngineOptions) -> Result<Self, Failure> {
        let wish = Wish::One(locked.choice.clone());
        let mut router = Router::new(wish, Tier::default(), options)?;
        router.locked = Some(locked);
        Ok(router)
    }

    /// How networks are run.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// What was asked for.
    pub fn name(&self) -> &str {
        self.wish.name()
    }

    /// The size where none is asked for.
    pub fn default_target(&self) -> TargetSize {
        if let Some(locked) = &self.locked {
            return TargetSize::Scale(locked.scale);
        }
        match &*self.last.borrow() {
            Some((_, scaler)) if matches!(self.wish, Wish::One(_)) => scaler.default_target(),
            _ if matches!(self.wish, Wish::Family(family) if family.is_repair()) => {
                TargetSize::Scale(1.0)
            }
            _ => TargetSize::Scale(FACTOR),
        }
    }

    /// What triage says of a picture from a file of so many bytes. It is asked where nothing was named, and where its
    /// advice is to be obeyed.
    pub fn look(
        &self,
        picture: &Picture,
        bytes: u64,
        obedience: Obedience,
    ) -> Result<Option<Analysis>, Failure> {
        if !self.is_auto() && obedience != Obedience::Strict {
            return Ok(None);
        }
        look::of(picture, bytes)
            .map(Some)
            .map_err(Failure::BadInput)
    }

    /// What enlarges a picture by a factor, by what was seen of it.
    pub fn route(&self, analysis: Option<&Analysis>, factor: f64) -> Result<Route, Failure> {
        let advice = analysis.map(|analysis| analysis.decision.clone());
        let route = |scaler, fixes, reason| Route {
            scaler,
            fixes,
            reason,
            advice,
        };
        if let Some(locked) = &self.locked {
            let scaler = self.scaler(locked.choice.clone())?;
            return Ok(route(scaler, locked.fixes.clone(), None));
        }
        let Some(analysis) = analysis.filter(|_| self.is_auto()) else {
            // The family does not count where one was named.
            let choice = self.wish.choice(self.tier, Family::Photo, factor);
            return Ok(route(self.scaler(choice)?, Vec::new(), None));
        };
        let mut fixes = fixes(analysis);
        // From its true size it is further to the size that is asked for, and one pass of the network has to be enough: a second
        // would be made of inventions.
        if let Some([width, height]) = fixes.iter().find_map(Fix::shrink) {
            let further = factor / width.min(height);
            let (choice, why) = self.suited(analysis, further);
            if choice.scale().is_some_and(|scale| further <= scale) {
                return Ok(route(self.scaler(choice)?, fixes, Some(why)));
            }
            fixes.retain(|fix| fix.shrink().is_none());
        }
        let (choice, why) = self.suited(analysis, factor);
        Ok(route(self.scaler(choice)?, fixes, Some(why)))
    }

    fn is_auto(&self) -> bool {
        self.wish == Wish::Auto
    }

    /// The model or filter that suits what was seen, and why in words.
    fn suited(&self, analysis: &Analysis, factor: f64) -> (Choice, String) {
        let family = match analysis.decision.family {
            report::Family::Photo => Family::Photo,
            report::Family::Camera => Family::Camera,
            report::Family::Recover => Family::Recover,
            report::Family::Art => Family::Art,
            report::Family::Text => Family::Text,
            // Blocks of unequal sizes would be worse than soft ones.
            report::Family::Nearest if factor.fract() != 0.0 => Family::Art,
            report::Family::Nearest => {
                let choice = Choice::Resampler(Resampler::Nearest);
                return (choice, words::content(Content::PixelArt).into());
            }
        };
        let what = words::content(analysis.content);
        let why = match family {
            Family::Recover => format!("a damaged {what}"),
            Family::Camera => format!("a soft or lightly damaged {what}"),
            _ => what.to_string(),
        };
        (self.wish.choice(self.tier, family, factor), why)
    }

    fn scaler(&self, choice: Choice) -> Result<Rc<Scaler>, Failure> {
        let mut last = self.last.borrow_mut();
        if let Some((held, scaler)) = &*last
            && *held == choice
        {
            return Ok(scaler.clone());
        }
        // The memory of one engine is let go before the next takes its own.
        *last = None;
        let scaler = Rc::new(Scaler::new(&choice, &self.options)?);
        *last = Some((choice, scaler.clone()));
        Ok(scaler)
    }
}

/// The steps of triage that come before an enlargement and can be done here.
fn fixes(analysis: &Analysis) -> Vec<Fix> {
    let (width, height) = (analysis.width, analysis.height);
    // Grain without fine noise is as coarse as texture is, and the network takes that for noise. What the models for damaged
    // pictures have learned comes out better if nothing has been at it.
    let from = match analysis.decision.family {
        report::Family::Recover => LEARNED,
        _ => noise::CLEAN,
    };
    let is_fine = analysis
        .evidence
        .noise_sigma
        .is_some_and(|sigma| sigma >= from);
    let steps = analysis.decision.steps.iter();
    steps
        .filter(|step| **step != Step::Denoise || is_fine)
        .filter_map(|step| Fix::of_step(step, width, height))
        .collect()
}
