//! From measures to one decision.
//!
//! Hard gates come first: a picture of one colour, pixel art, a picture without structure, one that is large and crisp already.
//! Then the faults (`faults.rs`): each has a severity, 1 where a careful eye would ask for a repair, and the worst
//! decides between fixing and enlarging, with a confidence that grows with its distance from 1; in very small pictures what
//! was measured on such decides before them (`outlook.rs`). What is enlarged gets a scale by what it carries and a family by
//! content and damage (`route.rs`).

mod faults;
pub mod features;
mod inspect;
pub mod odds;
mod outlook;
mod route;
// As `recipe/fit.py` writes it: a tree a line.
#[rustfmt::skip]
mod trees;

use crate::measures::composition::Composition;
use crate::report::{
    Action, Content, Decision, Evidence, Family, Measure, Place, Reason, Score, Step,
};
use faults::{Fault, faults};
pub use inspect::places as inspect_places;

/// Longer side from which a crisp picture has nothing to gain.
const LARGE: usize = 1500;
/// Share of edges that hold together, at full size and on the small copy, under which there is no structure.
const NO_STRUCTURE: f32 = 0.08;
/// Quality of JPEG under which a block of 8x8 pixels is next to one number.
const RUINED: f32 = 6.0;
/// Smallest side that is judged, unless it is pixel art.
const LEAST: usize = 16;
/// Shorter side from which a picture without edges is one to look at.
const EDGE_SIDE: usize = 64;
/// Most confidence, and where edges or noise could not be looked for.
const SUREST: f32 = 0.97;
const UNSURE: f32 = 0.6;
/// Score from which a measure is a reason to enlarge.
const SPEAKS: f32 = 0.5;
/// How fast confidence grows with the logarithm of the severity.
const STEEPNESS: f32 = 3.0;
/// Probabilities this close to one half decide nothing.
const CLOSE: f32 = 0.015;

/// All that a decision is made from.
pub struct Seen<'a> {
    /// The whole picture.
    pub picture: Place,
    /// What it shows.
    pub content: Content,
    /// Values in their own units.
    pub evidence: &'a Evidence,
    /// Scores of all measures.
    pub scores: &'a [Score],
    /// Defects of the crop.
    pub composition: &'a Composition,
    /// Whether all pixels are next to equal.
    pub blank: bool,
}

impl Seen<'_> {
    fn longer(&self) -> usize {
        self.picture.width.max(self.picture.height)
    }

    fn shorter(&self) -> usize {
        self.picture.width.min(self.picture.height)
    }

    /// Whether it was seen through a lens, which makes noise of its own.
    fn is_natural(&self) -> bool {
        matches!(self.content, Content::Photo | Content::Product)
    }

    /// Whether a measure found nothing to mend.
    fn speaks_for(&self, measure: Measure) -> bool {
        let found = |score: &&Score| score.measure == measure;
        let value = self.scores.iter().find(found).and_then(|score| score.value);
        measure == Measure::Content || value.is_some_and(|value| value >= SPEAKS)
    }

    /// The score of a measure as a reason.
    fn reason(&self, measure: Measure) -> Option<Reason> {
        let score = self.scores.iter().find(|score| score.measure == measure)?;
        score.value?;
        Some(Reason {
            measure,
            sentence: score.sentence.clone(),
            place: score.places.first().copied(),
        })
    }
}

/// Decides what to do with a picture.
pub fn decide(seen: &Seen<'_>) -> Decision {
    if seen.blank {
        return plain(
            seen,
            Action::Keep,
            0.95,
            "it is one colour: nothing is to be gained",
            Measure::EdgePresence,
        );
    }
    if seen.content == Content::PixelArt {
        return pixel_art(seen);
    }
    if seen.shorter() < LEAST {
        let words = format!(
            "{}x{} pixels are too few to judge",
            seen.picture.width, seen.picture.height
        );
        return plain(seen, Action::Inspect, 0.5, &words, Measure::EdgePresence);
    }
    if destroyed(seen.evidence) {
        // Without a smaller copy both are of this size.
        let looked = match seen.evidence.small_edge_sigma {
            Some(_) => ", at this size or a smaller one",
            None => "",
        };
        let words = format!("no edges hold together{looked}: there is nothing to build on");
        return plain(seen, Action::Regenerate, 0.7, &words, Measure::EdgePresence);
    }
    if let Some(quality) = seen.evidence.jpeg_quality.filter(|&q| q < RUINED) {
        let words = format!(
            "JPEG of about quality {quality:.0} has left blocks of hardly more than one colour"
        );
        return plain(seen, Action::Regenerate, 0.7, &words, Measure::Jpeg);
    }
    let faults = faults(seen);
    let worth = outlook::outlook(seen);
    if let Some(confidence) = worth.as_ref().and_then(outlook::hopeless) {
        let words = "what has been made of pictures like it was too far from the truth to build on";
        let mut decision = plain(
            seen,
            Action::Regenerate,
            confidence,
            words,
            Measure::EdgePresence,
        );
        decision
            .reasons
            .extend(serious(&faults).map(|fault| fault.reason.clone()));
        return decision;
    }
    let worst = faults.first().map_or(0.0, |fault| fault.severity);
    let fix = 1.0 / (1.0 + worst.max(0.02).powf(-STEEPNESS));
    if let (Some(worth), Some(fault)) = (&worth, serious(&faults).next())
        && let Some(confidence) = outlook::idle(worth, fault)
    {
        let mut decision = advice(seen, Action::Upscale, confidence, &faults);
        let words = format!(
            "a repair of it first ({}): gains nothing in pictures as small",
            fault.reason.sentence
        );
        decision.not.push(words);
        return decision;
    }
    if (fix - 0.5).abs() < CLOSE {
        let mut decision = advice(seen, Action::Inspect, 0.5, &faults);
        decision.would_change =
            vec!["a look at 100 %: it stands between fixing and enlarging".into()];
        return decision;
    }
    if fix > 0.5 {
        return advice(seen, Action::FixFirst, fix.min(SUREST), &faults);
    }
    // What could not be looked for does not count as absent.
    let edgeless = seen.evidence.edge_sigma.is_none() && seen.content != Content::Text;
    let unseen = edgeless || seen.is_natural() && seen.evidence.noise_sigma.is_none();
    if edgeless && seen.shorter() >= EDGE_SIDE {
        let words = "there are no edges in it: nothing shows whether it is sharp or a blur";
        let mut decision = plain(seen, Action::Inspect, 0.5, words, Measure::EdgePresence);
        decision.would_change =
            vec!["a look at 100 %: if it is meant to be soft, enlarge it".into()];
        return decision;
    }
    if seen.longer() >= LARGE && worst < 0.95 && !edgeless {
        let confidence = (0.6 + 0.1 * (seen.longer() as f32 / LARGE as f32)).min(0.9);
        let words = format!("{} pixels long and sound already", seen.longer());
        let mut decision = plain(seen, Action::Keep, confidence, &words, Measure::Sharpness);
        decision.would_change = vec!["a target size larger than it is: enlarge it twofold".into()];
        return decision;
    }
    let surest = if unseen { UNSURE } else { SUREST };
    advice(seen, Action::Upscale, (1.0 - fix).min(surest), &faults)
}

/// Whether nothing holds together, looked at closely and from afar.
fn destroyed(evidence: &Evidence) -> bool {
    let torn = |kept: Option<f32>| kept.is_some_and(|kept| kept < NO_STRUCTURE);
    torn(evidence.edges_kept) && torn(evidence.small_edges_kept)
}

/// The faults that are at the limit or beyond it.
fn serious(faults: &[Fault]) -> impl Iterator<Item = &Fault> {
    faults.iter().filter(|fault| fault.severity >= 0.9)
}

/// A decision without steps.
fn plain(
    seen: &Seen<'_>,
    action: Action,
    confidence: f32,
    words: &str,
    measure: Measure,
) -> Decision {
    Decision {
        action,
        confidence,
        scale: None,
        family: route::family(seen, &[]),
        steps: Vec::new(),
        reasons: vec![Reason {
            measure,
            sentence: words.to_string(),
            place: None,
        }],
        not: Vec::new(),
        would_change: Vec::new(),
    }
}

/// Pixel art is enlarged by a whole factor, whatever else it has.
fn pixel_art(seen: &Seen<'_>) -> Decision {
    // Not beyond a size at which a sprite fills a screen.
    let scale = (2..=8)
        .rev()
        .find(|s| s * seen.longer() <= 2048)
        .unwrap_or(2) as f32;
    let certainty = seen
        .scores
        .iter()
        .find(|s| s.measure == Measure::PixelArt)
        .and_then(|s| s.value);
    Decision {
        action: Action::Upscale,
        confidence: certainty.unwrap_or(0.5).clamp(0.5, SUREST),
        scale: Some(scale),
        family: Family::Nearest,
        steps: vec![Step::Upscale {
            scale,
            family: Family::Nearest,
        }],
        reasons: seen.reason(Measure::PixelArt).into_iter().collect(),
        not: vec!["a network: it would round the corners of the blocks".into()],
        would_change: Vec::new(),
    }
}

/// Fix, enlarge or look: reasons, steps, and what else was considered.
fn advice(seen: &Seen<'_>, action: Action, confidence: f32, faults: &[Fault]) -> Decision {
    let (scale, not) = route::scale(seen, faults);
    let mut reasons: Vec<Reason> = serious(faults).map(|fault| fault.reason.clone()).collect();
    if reasons.is_empty() {
        let good = [
            Measure::EdgePresence,
            Measure::SubjectClarity,
            Measure::Noise,
            Measure::TextReadable,
            Measure::Light,
            Measure::Content,
        ];
        let measured = good.iter().filter(|&&measure| seen.speaks_for(measure));
        let measured = measured.filter_map(|&measure| seen.reason(measure));
        reasons = measured.take(4).collect();
    }
    let asked = match action {
        Action::Upscale => Vec::new(),
        _ => serious(faults).map(|fault| fault.step).collect(),
    };
    let mut steps = route::repairs(seen, asked);
    steps.sort_by_key(order);
    steps.dedup();
    let family = route::family(seen, &steps);
    let cropped = seen.composition.crop();
    steps.extend(cropped.map(|keep| Step::Crop { keep }));
    steps.push(Step::Upscale { scale, family });
    if seen
        .evidence
        .bits_per_pixel
        .is_some_and(|bits| bits > HEAVY)
        && seen.is_natural()
    {
        steps.push(Step::Compress);
    }
    let would_change = match action {
        Action::FixFirst => serious(faults).map(|fault| fault.remedy.clone()).collect(),
        _ => faults
            .iter()
            .take(1)
            .filter(|f| f.severity > 0.5)
            .map(|f| format!("more of this: {}", f.reason.sentence))
            .collect(),
    };
    Decision {
        action,
        confidence,
        scale: Some(scale),
        family,
        steps,
        reasons,
        not,
        would_change,
    }
}

/// Bits a pixel of a photograph's file beyond which it is heavy: twice a lossless one's.
const HEAVY: f32 = 24.0;

/// The order in which repairs do least harm: blocks and noise before anything enlarges or sharpens them.
fn order(step: &Step) -> usize {
    match step {
        Step::Deblock => 0,
        Step::Denoise => 1,
        Step::Shrink { .. } => 2,
        Step::Lighten => 3,
        Step::Deblur => 4,
        Step::Crop { .. } => 5,
        Step::RemoveBackground => 6,
        Step::RemoveObject { .. } => 7,
        Step::Upscale { .. } => 8,
        Step::Compress => 9,
    }
}
