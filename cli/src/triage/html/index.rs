//! The page about several pictures: a row each.

use std::path::Path;

use maud::{Markup, html};
use upwise_analyzer::report::{Action, Decision};

use super::parts::{chip, class, data_uri, document};
use crate::failure::Failure;
use crate::picture::Format;
use crate::triage::canvas::Canvas;
use crate::triage::look::Look;
use crate::triage::words;

/// Longer side of the pictures in the list.
const THUMBNAIL: usize = 160;

/// Actions in the order of the page.
const ACTIONS: [Action; 5] = [
    Action::Upscale,
    Action::FixFirst,
    Action::Regenerate,
    Action::Keep,
    Action::Inspect,
];

/// What the list keeps of a picture.
pub struct Row {
    name: String,
    folder: String,
    facts: String,
    thumbnail: String,
    decision: Decision,
}

impl Row {
    /// Of a picture that was looked at.
    pub fn new(name: &str, look: &Look) -> Result<Self, Failure> {
        let failed =
            |words: String| Failure::Io(format!("{name}: the report cannot be made: {words}"));
        let canvas =
            Canvas::reduced(&look.picture, THUMBNAIL).map_err(|e| failed(e.to_string()))?;
        let path = Path::new(name);
        Ok(Row {
            name: path
                .file_name()
                .map_or(name.into(), |name| name.to_string_lossy().into()),
            folder: path.parent().unwrap_or(path).display().to_string(),
            facts: format!(
                "{} × {} · {} · {} · {}",
                look.picture.width,
                look.picture.height,
                look.picture.format,
                words::bytes(look.bytes),
                words::content(look.analysis.content),
            ),
            thumbnail: data_uri(&canvas, Format::Jpeg).map_err(|e| failed(e.to_string()))?,
            decision: look.analysis.decision.clone(),
        })
    }
}

/// Writes the page: the pictures, and the words about what could not be looked at.
pub fn index(rows: &[Row], failures: &[String]) -> String {
    let of = |action: Action| rows.iter().filter(move |row| row.decision.action == action);
    let present: Vec<Action> = ACTIONS
        .into_iter()
        .filter(|&a| of(a).next().is_some())
        .collect();
    let count = match rows.len() {
        1 => "1 picture".to_string(),
        count => format!("{count} pictures"),
    };
    let body = html! {
        header .list {
            h1 { (count) }
            p .facts { "Show and hide by advice; within it, they stand in the order of their folders." }
        }
        main {
            @for &action in &present {
                input .toggle type="checkbox" id={ "show-" (class(action)) } checked;
                label for={ "show-" (class(action)) } {
                    span class={ "swatch " (class(action)) } {}
                    (words::action(action)) " " b { (of(action).count()) }
                }
            }
            div .list {
                @for &action in &present { @for row in of(action) { (article(row)) } }
            }
            @if !failures.is_empty() {
                section {
                    h2 { "Not looked at" }
                    ul .unjudged { @for failure in failures { li { (failure) } } }
                }
            }
        }
        footer { "upwise " (env!("CARGO_PKG_VERSION")) }
    };
    let style: String = present
        .iter()
        .map(|&action| class(action))
        .map(|class| format!("#show-{class}:not(:checked)~.list .row.{class}{{display:none}}\n"))
        .collect();
    document(&format!("Triage of {count}"), &style, body)
}

fn article(row: &Row) -> Markup {
    let decision = &row.decision;
    let percent = (decision.confidence.clamp(0.0, 1.0) * 100.0).round();
    let steps: Vec<String> = decision.steps.iter().map(words::step).collect();
    html! {
        article class={ "row " (class(decision.action)) } {
            div .thumbnail { img src=(row.thumbnail) alt=""; }
            div {
                h2 { (row.name) }
                p .folder { (row.folder) }
                p .facts { (row.facts) }
            }
            div {
                p { (chip(decision)) (words::consequence(decision).trim_start_matches([' ', ':', ','])) }
                p .facts { "confidence " (percent) " %" }
            }
            div {
                @for reason in decision.reasons.iter().take(2) { p { (reason.sentence) } }
                @if !steps.is_empty() { p .facts { (steps.join(" → ")) } }
            }
        }
    }
}
