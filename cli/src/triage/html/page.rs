//! The page about one picture.

use maud::{Markup, html};
use serde_json::Value;
use upwise_analyzer::report::{Place, Score, Status, Step};

use super::parts::{chip, class, confidence, data_uri, document};
use super::stage::{layer_style, stage};
use crate::failure::Failure;
use crate::picture::Format;
use crate::triage::canvas::Canvas;
use crate::triage::look::Look;
use crate::triage::words;

/// Most and least that a side of a crop has, if the picture has as much.
const CROP: usize = 260;
const LEAST_CROP: usize = 64;

/// Writes the page.
pub fn page(name: &str, look: &Look) -> Result<String, Failure> {
    let failed = |words: String| Failure::Io(format!("{name}: the report cannot be made: {words}"));
    let stage = stage(look).map_err(failed)?;
    let crops = crops(look).map_err(failed)?;
    let decision = &look.analysis.decision;
    let body = html! {
        header class={ "verdict " (class(decision.action)) } {
            p .file { (name) }
            h1 { (chip(decision)) (words::consequence(decision).trim_start_matches([' ', ':', ','])) }
            (confidence(decision))
            p .facts { (facts(look)) }
        }
        main {
            div .columns {
                div .side {
                    section .picture aria-label="The picture" { (stage) }
                    @if !look.analysis.inspect.is_empty() {
                        section {
                            h2 { "Look here at 100 %" }
                            p .note { "Before and after: one pixel of the picture is one pixel here." }
                            div .crops { (crops) }
                        }
                    }
                }
                div .side { (reasons(look)) (steps(look)) (rest(look)) }
            }
            section {
                h2 { "Scores" }
                p .note {
                    "0 is bad, 1 is good. The marks stand at " (words::POOR) " (poor below) and " (words::GOOD)
                    " (good from there on)."
                }
                div .scores { @for score in &look.analysis.scores { (score_row(score)) } }
            }
            section {
                details {
                    summary { "Measured values" }
                    (evidence(look))
                }
            }
        }
        footer {
            "upwise " (env!("CARGO_PKG_VERSION")) " · decoded in " (look.timing.decode) " ms, looked at in "
            (look.timing.analyze) " ms"
        }
    };
    let title = format!("{}: {name}", words::action(decision.action));
    Ok(document(&title, &layer_style(look), body))
}

fn facts(look: &Look) -> String {
    let layout = look.picture.layout();
    let colours = match (layout.colour, layout.alpha) {
        (true, false) => "colour",
        (true, true) => "colour and transparency",
        (false, false) => "grey",
        (false, true) => "grey and transparency",
    };
    format!(
        "{} × {} pixels · {} · {} · {colours}, {} bits · looks like {}",
        look.picture.width,
        look.picture.height,
        look.picture.format,
        words::bytes(look.bytes),
        layout.depth.bytes() * 8,
        words::content(look.analysis.content),
    )
}

fn reasons(look: &Look) -> Markup {
    let decision = &look.analysis.decision;
    html! {
        @if !decision.reasons.is_empty() {
            section {
                h2 { "Why" }
                ul {
                    @for reason in &decision.reasons {
                        li {
                            (reason.sentence)
                            @if let Some(place) = &reason.place { span .place { "at " (words::place(place)) } }
                        }
                    }
                }
            }
        }
    }
}

fn steps(look: &Look) -> Markup {
    let steps = &look.analysis.decision.steps;
    html! {
        @if !steps.is_empty() {
            section {
                h2 { "What to do" }
                ol .steps {
                    @for step in steps {
                        li {
                            (words::step(step))
                            @if let Step::Upscale { family, .. } = step { " (" (words::family(*family)) ")" }
                            @if words::is_for_other_tools(step) { span .tag { "another tool" } }
                        }
                    }
                }
            }
        }
    }
}

/// What is not advised, what would change the advice, and what was not judged.
fn rest(look: &Look) -> Markup {
    let analysis = &look.analysis;
    let unjudged = |score: &&Score| matches!(score.status, Status::NotJudged | Status::TooSmall);
    let unjudged: Vec<&Score> = analysis.scores.iter().filter(unjudged).collect();
    html! {
        @for (title, sentences) in [
            ("Not advised", &analysis.decision.not),
            ("What would change this", &analysis.decision.would_change),
        ] {
            @if !sentences.is_empty() {
                section {
                    h2 { (title) }
                    ul { @for sentence in sentences { li { (sentence) } } }
                }
            }
        }
        @if let Some(probe) = &look.probe {
            section {
                h2 { "Tried on the picture" }
                p { (probe.sentence()) }
            }
        }
        @if !unjudged.is_empty() {
            section {
                h2 { "Not judged" }
                ul .unjudged {
                    @for score in unjudged { li { b { (words::measure(score.measure)) } " " (score.sentence) } }
                }
            }
        }
    }
}

fn score_row(score: &Score) -> Markup {
    let name = words::measure(score.measure);
    let class = match score.value {
        None => "absent",
        Some(_) if !words::is_merit(score.measure) => "neutral",
        Some(value) if value >= words::GOOD => "good",
        Some(value) if value >= words::POOR => "fair",
        Some(_) => "poor",
    };
    html! {
        div class={ "score " (class) } {
            span .name { (name) }
            @match score.value {
                Some(value) => {
                    span .bar role="meter" aria-label=(name) aria-valuemin="0" aria-valuemax="1"
                        aria-valuenow=(format!("{value:.2}")) {
                        span .filled style=(format!("width:{:.1}%", value * 100.0)) {}
                        @if words::is_merit(score.measure) {
                            @for at in [words::POOR, words::GOOD] {
                                span .tick style=(format!("left:{:.0}%", at * 100.0)) {}
                            }
                        }
                    }
                    span .value { (format!("{value:.2}")) }
                }
                None => {
                    span .bar .none { (status(score.status)) }
                    span .value { "–" }
                }
            }
            span .sentence { (score.sentence) }
        }
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Measured => "measured",
        Status::NotApplicable => "not applicable",
        Status::NotJudged => "not judged",
        Status::TooSmall => "too small",
    }
}

/// The places to inspect, one pixel a pixel, each with some of what lies around it.
fn crops(look: &Look) -> Result<Markup, String> {
    let (width, height) = (look.picture.width, look.picture.height);
    let mut crops = Vec::new();
    if !look.analysis.inspect.is_empty() {
        let whole = Canvas::reduced(&look.picture, usize::MAX).map_err(|e| e.to_string())?;
        for inspect in &look.analysis.inspect {
            let place = around(&inspect.place, width, height);
            let uri = data_uri(&whole.part(&place), Format::Png).map_err(|e| e.to_string())?;
            crops.push((inspect, place, uri));
        }
    }
    Ok(html! {
        @for (inspect, place, uri) in &crops {
            figure {
                img src=(uri) width=(place.width) height=(place.height) alt=(inspect.what);
                figcaption { b { (inspect.what) } span .place { (words::place(&inspect.place)) } }
            }
        }
    })
}

/// A square around the middle of a place, moved into the picture: of [`CROP`], or of half a small picture.
fn around(place: &Place, width: usize, height: usize) -> Place {
    let side = CROP.min(width.max(height).div_ceil(2)).max(LEAST_CROP);
    let span = |from: usize, length: usize, end: usize| {
        let taken = side.min(end);
        let middle = from + length / 2;
        (middle.saturating_sub(taken / 2).min(end - taken), taken)
    };
    let (x, width) = span(place.x, place.width, width);
    let (y, height) = span(place.y, place.height, height);
    Place {
        x,
        y,
        width,
        height,
    }
}

fn evidence(look: &Look) -> Markup {
    let values = serde_json::to_value(look.analysis.evidence).unwrap_or_default();
    let shown = |value: &Value| match value {
        Value::Number(number) => number.as_f64().map(short),
        Value::Array(values) => {
            let numbers: Option<Vec<String>> =
                values.iter().map(|v| v.as_f64().map(short)).collect();
            numbers.map(|numbers| numbers.join(" × "))
        }
        _ => None,
    };
    html! {
        table {
            tbody {
                @for (name, value) in values.as_object().into_iter().flatten() {
                    @if let Some(value) = shown(value) {
                        tr { th scope="row" { (name.replace('_', " ")) } td { (value) } }
                    }
                }
            }
        }
    }
}

/// A number with what matters of it.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        100.0.. => format!("{value:.0}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::sample;

    #[test]
    fn a_page_needs_nothing_else_and_runs_nothing() {
        let name = "<script>alert('x')</script>&\".jpg";
        let page = page(name, &sample::look(None)).unwrap();
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
        for outside in [
            "http://", "https://", "//cdn", "@import", "url(", "<link", "onclick",
        ] {
            assert!(!page.contains(outside), "{outside}");
        }
        let source = |part: &str| part.starts_with("data:image/");
        assert!(page.split("src=\"").skip(1).all(source));
        // The picture, two maps, three crops.
        assert_eq!(page.matches("<img ").count(), 6);
    }

    #[test]
    fn each_layer_has_its_box_and_its_rule() {
        let page = page("bottle.jpg", &sample::look(None)).unwrap();
        for id in ["layer-found", "layer-inspect", "map-jpeg", "map-sharpness"] {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
            assert!(page.contains(&format!("for=\"{id}\"")), "{id}");
            assert!(
                page.contains(&format!("#{id}:not(:checked)~.stage .{id}{{")),
                "{id}"
            );
        }
        assert!(
            !page.contains("map-noise"),
            "noise does not speak against it"
        );
        for sentence in [
            "strongest here",
            "quality line",
            "saved fewer times",
            "not looked at yet",
        ] {
            assert!(page.contains(sentence), "{sentence}");
        }
        assert_eq!(page.matches("role=\"meter\"").count(), 10);
    }

    #[test]
    fn crops_stay_in_the_picture() {
        for (place, size) in [
            ((0, 0, 1, 1), (10, 5)),
            ((390, 290, 10, 10), (400, 300)),
            ((150, 0, 4, 300), (400, 300)),
            ((0, 0, 4000, 10), (4000, 10)),
        ] {
            let (x, y, width, height) = place;
            let place = Place {
                x,
                y,
                width,
                height,
            };
            let crop = around(&place, size.0, size.1);
            assert!(crop.x + crop.width <= size.0 && crop.y + crop.height <= size.1);
            assert!(crop.width.max(crop.height) <= CROP && crop.width >= size.0.min(LEAST_CROP));
            // The middle of the place is in it.
            let middle = (x + width / 2, y + height / 2);
            assert!(crop.x <= middle.0 && middle.0 <= crop.x + crop.width);
            assert!(crop.y <= middle.1 && middle.1 <= crop.y + crop.height);
        }
    }
}
