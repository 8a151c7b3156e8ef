//! Standard output, which carries data and nothing else, and lines on standard error.

use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;

/// A line on standard error. Whether somebody still reads it is no reason to stop the work.
pub fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{}", printable(words));
}

/// Words that repeat a file's name or content, fit for a terminal: escapes in them are not ours.
pub fn printable(words: &str) -> String {
    let fit = |c: char| if c.is_control() && c != '\n' { '?' } else { c };
    words.chars().map(fit).collect()
}

/// Writes text. A reader that went away is no failure: it has what it wanted.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::Io(format!("standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Writes a JSON document, indented.
pub fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Failure::Io(format!("standard output: {error}")))?;
    print(&(text + "\n"))
}

/// Writes a JSON value on a line of its own.
pub fn print_json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::Io(format!("standard output: {error}")))?;
    print(&(text + "\n"))
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn escapes_are_taken_away_and_lines_stay() {
        assert_eq!(printable("a\u{1b}[31m\r\u{9b}b\nc\t"), "a?[31m??b\nc?");
        assert_eq!(printable("größer, 大きい"), "größer, 大きい");
    }
}
