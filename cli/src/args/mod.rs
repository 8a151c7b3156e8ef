//! The command line as it is typed. What it means is decided in the folders of the commands.

pub mod bench;
pub mod deliver;
pub mod machine;
pub mod models;
pub mod plan;
pub mod template;
pub mod triage;
pub mod upscale;
pub mod values;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

/// Look at a picture before enlarging it, then enlarge it, on the CPU alone.
#[derive(Debug, Parser)]
#[command(
    name = "upwise",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "\
Exit codes: 0 all done, 1 some pictures failed, 2 wrong usage, 65 bad input, 66 no input, 69 model \
missing or unsupported, 73 cannot write, 74 I/O error, 75 over a limit, 130 interrupted. For a single \
picture it is the code of that picture. triage --exit-code ends with its advice."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether, and how, pictures should be enlarged, and why.
    Triage(Box<triage::TriageArgs>),
    /// Say what would be done to a picture, and write it down for a series.
    Plan(Box<plan::PlanArgs>),
    /// Enlarge pictures with a neural network or a resampling filter.
    Upscale(Box<upscale::UpscaleArgs>),
    /// List the models that can be used, or look into one.
    Models(models::ModelsArgs),
    /// Time a network alone, on a synthetic picture.
    Bench(bench::BenchArgs),
    /// Print a completion script for a shell to standard output.
    Completions {
        /// The shell that it is for.
        shell: Shell,
    },
}
