//! What pages have in common.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use upwise_analyzer::report::{Action, Decision};

use crate::picture::{Format, PictureError};
use crate::triage::canvas::Canvas;
use crate::triage::words;

const STYLE: &str = include_str!("style.css");

/// What a page may do: show what it holds, and nothing else.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// A whole document.
pub fn document(title: &str, extra_style: &str, body: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("upwise ", env!("CARGO_PKG_VERSION")));
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(extra_style)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// A picture as part of the page.
pub fn data_uri(canvas: &Canvas, format: Format) -> Result<String, PictureError> {
    Ok(file_uri(format, &canvas.encoded(format, 85)?))
}

/// A picture file as part of the page.
pub fn file_uri(format: Format, bytes: &[u8]) -> String {
    let kind = match format {
        Format::Jpeg => "jpeg",
        _ => "png",
    };
    format!("data:image/{kind};base64,{}", BASE64_STANDARD.encode(bytes))
}

/// The class of an action, which gives it its colour.
pub fn class(action: Action) -> &'static str {
    match action {
        Action::Upscale => "upscale",
        Action::FixFirst => "fix",
        Action::Regenerate => "regenerate",
        Action::Keep => "keep",
        Action::Inspect => "inspect",
    }
}

/// The action as a label.
pub fn chip(decision: &Decision) -> Markup {
    html! {
        span class={ "chip " (class(decision.action)) } { (words::action(decision.action)) }
    }
}

/// The confidence in words and as a bar.
pub fn confidence(decision: &Decision) -> Markup {
    let percent = (decision.confidence.clamp(0.0, 1.0) * 100.0).round();
    html! {
        div .confidence {
            span { "confidence " b { (percent) " %" } }
            span .track aria-hidden="true" { span style=(format!("width:{percent}%")) {} }
        }
    }
}
