//! What people see on standard error: progress, results, warnings and errors.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::{printable, say};

/// Steps of the bar: hundredths of a percent.
const STEPS: u64 = 10_000;
/// How often a percentage is printed where there is no terminal to draw a bar on.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// Errors only.
    Quiet,
    /// Progress, results and warnings.
    Normal,
    /// Also what is done and how.
    Verbose,
}

/// Standard error. Nothing here ever goes to standard output, which is for data.
pub struct Console {
    loudness: Loudness,
    terminal: bool,
}

impl Console {
    /// A console of this loudness.
    pub fn new(loudness: Loudness) -> Self {
        Console {
            loudness,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Something failed. Never suppressed.
    pub fn error(&self, words: &str) {
        say(&format!("error: {words}"));
    }

    /// More about an error.
    pub fn error_detail(&self, words: &str) {
        say(&format!("  {words}"));
    }

    /// Something was lost or taken for granted.
    pub fn warning(&self, words: &str) {
        if self.loudness > Loudness::Quiet {
            say(&format!("warning: {words}"));
        }
    }

    /// Something was done.
    pub fn say(&self, words: &str) {
        if self.loudness > Loudness::Quiet {
            say(words);
        }
    }

    /// How something is done.
    pub fn detail(&self, words: &str) {
        if self.loudness == Loudness::Verbose {
            say(words);
        }
    }

    /// Progress of one picture.
    pub fn progress(&self, name: &str) -> Progress {
        let kind = if self.loudness == Loudness::Quiet {
            Kind::Silent
        } else if self.terminal {
            let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
            let template = "{wide_msg} {bar:30} {percent:>3}% {eta}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_message(printable(name));
            Kind::Bar(bar)
        } else {
            Kind::Lines(Mutex::new(Instant::now()))
        };
        Progress { kind }
    }
}

/// A bar on a terminal, percentages elsewhere.
pub struct Progress {
    kind: Kind,
}

enum Kind {
    Silent,
    Bar(ProgressBar),
    Lines(Mutex<Instant>),
}

impl Progress {
    /// Says which share of the work is done, 0 to 1.
    pub fn set(&self, share: f64) {
        match &self.kind {
            Kind::Silent => {}
            Kind::Bar(bar) => bar.set_position((share * STEPS as f64) as u64),
            Kind::Lines(last) => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if share < 1.0 && last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    say(&format!("{:.2}%", share * 100.0));
                }
            }
        }
    }

    /// All of it is done.
    pub fn finish(self) {
        match &self.kind {
            Kind::Silent | Kind::Bar(_) => {}
            Kind::Lines(_) => say("100.00%"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // Failed or done: what is printed next must not run into the bar.
        if let Kind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}
