//! The report for people at a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use upwise_analyzer::report::{Action, Status};

use super::look::Look;
use super::words;
use crate::output::printable;

/// Columns of a text that is not for a terminal, where only the headline is aligned to them.
const PLAIN_COLUMNS: usize = 76;
/// Fewest columns that are worth wrapping for.
const FEWEST_COLUMNS: usize = 40;
/// Where the text of a line begins.
const INDENT: usize = 8;

/// How text is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Columns at which lines are wrapped; `None` leaves them whole.
    pub columns: Option<usize>,
    /// Whether colours and weights are marked, with ANSI escapes.
    pub styled: bool,
}

impl Page {
    /// For standard output as it is: a terminal's width, and colours if it and `NO_COLOR` allow them.
    pub fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        let terminal = console::Term::stdout();
        let columns = terminal
            .size_checked()
            .map(|(_, columns)| usize::from(columns));
        Page {
            columns: columns.filter(|_| terminal.is_term()),
            styled: anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
        }
    }

    fn paint(self, style: Style, text: &str) -> String {
        match self.styled {
            true => format!("{style}{text}{style:#}"),
            false => text.to_string(),
        }
    }

    /// A line with a word in front, wrapped behind it.
    fn line(self, out: &mut String, key: &str, style: Style, text: &str) {
        let columns = self
            .columns
            .map_or(usize::MAX, |columns| columns.max(FEWEST_COLUMNS));
        let key = format!("  {key:<width$}", width = INDENT - 2);
        // A key longer than its place takes the first line's room.
        let mut used = console::measure_text_width(&key);
        out.push_str(&self.paint(style, &key));
        for (i, word) in text.split(' ').enumerate() {
            let width = console::measure_text_width(word);
            if i > 0 && used + 1 + width > columns {
                out.push('\n');
                out.push_str(&" ".repeat(INDENT));
                used = INDENT;
            } else if i > 0 {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += width;
        }
        out.push('\n');
    }
}

/// What is printed of a picture, ending in a new line.
pub fn summary(name: &str, look: &Look, page: Page) -> String {
    let decision = &look.analysis.decision;
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    let mut out = String::new();
    let facts = format!(
        "{}x{} {}, {}, {}",
        look.picture.width,
        look.picture.height,
        look.picture.format,
        words::bytes(look.bytes),
        words::content(look.analysis.content),
    );
    let name = printable(name).replace('\n', "?");
    let _ = writeln!(
        out,
        "{}  {}",
        page.paint(Style::new().bold(), &name),
        page.paint(Style::new().dimmed(), &facts)
    );

    let headline = words::headline(decision);
    let confidence = format!("confidence {:.2}", decision.confidence);
    let columns = page.columns.unwrap_or(PLAIN_COLUMNS).min(PLAIN_COLUMNS);
    let width = console::measure_text_width(&headline);
    let verdict = colour(match decision.action {
        Action::Upscale | Action::Keep => AnsiColor::Green,
        Action::FixFirst | Action::Inspect => AnsiColor::Yellow,
        Action::Regenerate => AnsiColor::Red,
    });
    let headline = page.paint(verdict.bold(), &headline);
    match columns.checked_sub(width + confidence.len()) {
        Some(gap) if gap >= 2 => {
            let _ = writeln!(out, "{headline}{}{confidence}", " ".repeat(gap));
        }
        _ => {
            let _ = writeln!(out, "{headline}\n  {confidence}");
        }
    }

    for reason in &decision.reasons {
        let place = reason
            .place
            .as_ref()
            .map(|at| format!(", at {}", words::place(at)));
        let text = format!("{}{}", reason.sentence, place.unwrap_or_default());
        page.line(&mut out, "why", colour(AnsiColor::Yellow), &text);
    }
    let scores = &look.analysis.scores;
    let merits = || {
        scores.iter().filter(|score| {
            let named = decision.reasons.iter().any(|r| r.measure == score.measure);
            score.status == Status::Measured && words::is_merit(score.measure) && !named
        })
    };
    let join = |good: bool| {
        let parts = merits().filter(|score| words::is_good(score) == good);
        let parts = parts.map(|score| {
            let value = score.value.unwrap_or_default();
            format!("{} {value:.2}", score.sentence)
        });
        parts.collect::<Vec<_>>().join(" · ")
    };
    for (key, style, text) in [
        ("but", AnsiColor::Yellow, join(false)),
        ("ok", AnsiColor::Green, join(true)),
    ] {
        if !text.is_empty() {
            page.line(&mut out, key, colour(style), &text);
        }
    }
    if let Some(probe) = &look.probe {
        page.line(&mut out, "tried", Style::new().dimmed(), &probe.sentence());
    }
    if !decision.steps.is_empty() {
        let steps: Vec<String> = decision
            .steps
            .iter()
            .map(|step| match words::is_for_other_tools(step) {
                true => words::step(step) + " (another tool)",
                false => words::step(step),
            })
            .collect();
        page.line(&mut out, "do", colour(AnsiColor::Cyan), &steps.join(" -> "));
    }
    for text in &decision.not {
        page.line(&mut out, "not", Style::new().dimmed(), text);
    }
    for text in &decision.would_change {
        page.line(&mut out, "if", Style::new().dimmed(), text);
    }
    let unjudged: Vec<&str> = scores
        .iter()
        .filter(|score| matches!(score.status, Status::NotJudged | Status::TooSmall))
        .map(|score| words::measure(score.measure))
        .collect();
    if !unjudged.is_empty() {
        let text = format!("not judged: {}", unjudged.join(", "));
        page.line(&mut out, "open", Style::new().dimmed(), &text);
    }
    let places = &look.analysis.inspect;
    if !places.is_empty() {
        let places: Vec<String> = places
            .iter()
            .map(|inspect| format!("{} ({})", inspect.what, words::place(&inspect.place)))
            .collect();
        let text = format!("at 100 %: {}", places.join(" · "));
        page.line(&mut out, "check", Style::new().dimmed(), &text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::sample;

    const PLAIN: Page = Page {
        columns: None,
        styled: false,
    };

    #[test]
    fn everything_is_said_in_order() {
        let said = summary("bottle.jpg", &sample::look(None), PLAIN);
        let expected = "\
bottle.jpg  1240x930 JPEG, 212 kB, product
FIX FIRST, then upscale 2x (recover)                         confidence 0.81
  why   JPEG blocks: about quality 38, strongest here, at 412,300 180x90
  why   really 620x465 inside 1240x930: resampled about 2.0x
  but   nothing in it is quite sharp 0.45
  ok    subject clear 0.92 · edges soft but there 0.74 · hardly any noise 0.88 · light as it should be 0.99 · text readable 0.88
  do    deblock -> shrink to 620x465 -> lighten (another tool) -> upscale 2x -> compress
  not   4x: would stay below the quality line
  if    a copy that was saved fewer times would be enlarged 4x
  open  not judged: text valid
  check at 100 %: cap edge (520,110 90x60) · label line 2 (420,540 180x24) · shadow under the bottle (300,800 300x60)
";
        assert_eq!(said, expected);
    }

    #[test]
    fn lines_are_wrapped_behind_their_word_and_to_the_terminal() {
        let look = sample::look(None);
        for columns in [40, 60, 80, 200] {
            let page = Page {
                columns: Some(columns),
                styled: false,
            };
            let said = summary("bottle.jpg", &look, page);
            let body = said.lines().skip_while(|line| !line.starts_with("  why"));
            for line in body {
                assert!(
                    console::measure_text_width(line) <= columns,
                    "{columns}: {line}"
                );
                assert!(line.starts_with("  "), "{line}");
            }
            let words = |text: &str| {
                text.split_whitespace()
                    .map(String::from)
                    .collect::<Vec<_>>()
            };
            assert_eq!(words(&said), words(&summary("bottle.jpg", &look, PLAIN)));
        }
    }

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        let said = summary("a\u{1b}[2J\nb.png", &sample::look(None), PLAIN);
        assert!(said.starts_with("a?[2J?b.png  "), "{said}");
        let styled = Page {
            styled: true,
            ..PLAIN
        };
        let painted = summary("a", &sample::look(None), styled);
        assert_eq!(
            console::strip_ansi_codes(&painted),
            summary("a", &sample::look(None), PLAIN)
        );
    }
}
