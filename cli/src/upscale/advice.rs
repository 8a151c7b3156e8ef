//! What triage has against enlarging a picture, and what is done about it.

use upwise_analyzer::report::{Action, Decision, Family, Step};

use super::fixes::Fix;
use crate::failure::Failure;
use crate::triage::words;

/// What is done about advice against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obedience {
    /// A warning.
    Warn,
    /// Nothing.
    Force,
    /// The picture is refused, with the exit code of the advice.
    Strict,
}

/// Why a picture should not be enlarged as it is, in words for people; `None` if nothing speaks against it.
///
/// What is to be fixed and can be fixed on the way is nothing against it; `done` is what is done before.
pub fn objection(decision: &Decision, done: &[Fix]) -> Option<String> {
    let reasons: Vec<&str> = decision
        .reasons
        .iter()
        .map(|reason| &*reason.sentence)
        .collect();
    let reasons = match reasons.is_empty() {
        true => String::new(),
        false => format!(": {}", reasons.join("; ")),
    };
    let words = match decision.action {
        Action::Upscale => return None,
        Action::FixFirst => {
            let open: Vec<String> = decision
                .steps
                .iter()
                .filter(|step| !is_done_here(step, decision.family, done))
                .map(words::step)
                .collect();
            if open.is_empty() {
                return None;
            }
            format!("first {}{reasons}", open.join(", "))
        }
        Action::Regenerate => format!("regenerate it, there is nothing to build on{reasons}"),
        Action::Keep => format!("keep it as it is{reasons}"),
        Action::Inspect => format!("inspect it, the evidence does not decide{reasons}"),
    };
    Some(words)
}

/// Whether enlarging takes care of a step.
fn is_done_here(step: &Step, family: Family, done: &[Fix]) -> bool {
    let does = |name| {
        done.iter()
            .any(|fix| matches!(fix, Fix::Network(step, _) if *step == name))
    };
    match step {
        // Its models were made for just that.
        Step::Deblock | Step::Denoise if family == Family::Recover => true,
        Step::Deblock => does("deblock"),
        Step::Denoise => does("denoise"),
        Step::Shrink { .. } => done.iter().any(|fix| fix.shrink().is_some()),
        Step::Upscale { .. } | Step::Compress => true,
        step => !words::is_for_other_tools(step),
    }
}

/// The error of a picture that is refused.
pub fn refusal(name: &str, objection: &str, decision: &Decision) -> Failure {
    Failure::Advice(
        format!(
            "{name}: triage advises: {objection}; without --strict it is enlarged all the same"
        ),
        words::exit_code(decision.action),
    )
}
