//! The `upwise` command as a library.
//!
//! [`picture`] reads and writes files, [`triage`], [`mod@plan`], [`upscale`], [`models`] and [`mod@bench`] are the commands
//! ([`explain`] words what a plan decided), [`args`] is what is typed, [`inputs`] what that names, [`failure`] is what
//! scripts see when something goes wrong. [`main`] puts them together; the binary does nothing else.

#![forbid(unsafe_code)]

pub mod args;
pub mod bench;
pub mod digest;
pub mod explain;
pub mod failure;
pub mod inputs;
pub mod interrupt;
pub mod memory;
pub mod models;
pub mod output;
pub mod picture;
pub mod plan;
pub mod triage;
pub mod upscale;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use failure::{EXIT_DONE, Failure};

/// Runs the command line of this process and returns its exit code.
///
/// Wrong usage ends the process here, with clap's message and code 2.
pub fn main() -> u8 {
    let cli = Cli::parse();
    interrupt::install();
    quiet_decoders();
    let result = match &cli.command {
        Command::Triage(args) => return triage::run(args),
        Command::Upscale(args) => return upscale::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Models(args) => models::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Completions { shell } => completions(*shell),
    };
    match result {
        Ok(()) => EXIT_DONE,
        Err(failure) => {
            output::say(&format!("error: {failure}"));
            failure.exit_code()
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "upwise", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}

/// A decoder that panics over a damaged file is reported as an error of that file, and only so.
fn quiet_decoders() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !picture::decode::is_guarded() {
            default(info);
        }
    }));
}
