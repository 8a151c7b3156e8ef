//! Standard output, which carries data and nothing else.

use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;

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
