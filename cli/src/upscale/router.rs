//! From a picture to the model that enlarges it.

use std::cell::RefCell;
use std::rc::Rc;

use upwise_engine::EngineOptions;
use upwise_weights::{Family, Tier};

use super::cues;
use super::scaler::Scaler;
use crate::args::values::TargetSize;
use crate::failure::Failure;
use crate::models::{Choice, Wish};
use crate::picture::Picture;

/// The factor of a family where none is asked for.
const FACTOR: f64 = 4.0;

/// Chooses for each picture, and keeps the last choice ready: pictures of a folder are mostly of a kind.
pub struct Router {
    wish: Wish,
    tier: Tier,
    options: EngineOptions,
    last: RefCell<Option<(Choice, Rc<Scaler>)>>,
}

/// What was chosen for a picture.
pub struct Route {
    /// The model or filter, ready.
    pub scaler: Rc<Scaler>,
    /// Why, where it was for upwise to choose.
    pub reason: Option<&'static str>,
}

impl Router {
    /// A router for `wish`; what is asked for by name is opened here and now.
    pub fn new(wish: Wish, tier: Tier, options: EngineOptions) -> Result<Self, Failure> {
        let router = Router {
            wish,
            tier,
            options,
            last: RefCell::new(None),
        };
        if let Wish::One(choice) = &router.wish {
            router.scaler(choice.clone())?;
        }
        Ok(router)
    }

    /// What was asked for.
    pub fn name(&self) -> &str {
        self.wish.name()
    }

    /// The size where none is asked for.
    pub fn default_target(&self) -> TargetSize {
        match &*self.last.borrow() {
            Some((_, scaler)) if matches!(self.wish, Wish::One(_)) => scaler.default_target(),
            _ => TargetSize::Scale(FACTOR),
        }
    }

    /// What enlarges this picture to this size.
    pub fn route(&self, picture: &Picture, target: TargetSize) -> Result<Route, Failure> {
        let (family, reason) = match self.wish {
            Wish::Auto => {
                let (family, reason) = cues::family(picture);
                (family, Some(reason))
            }
            // Not looked at.
            _ => (Family::Photo, None),
        };
        let factor = target.factor(picture.width, picture.height);
        let scaler = self.scaler(self.wish.choice(self.tier, family, factor))?;
        Ok(Route { scaler, reason })
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
