//! Options of `upwise triage`.

use std::path::PathBuf;

use clap::Args;

use super::machine::MachineArgs;
use super::values;

const EXAMPLES: &str = "\
Examples:
  upwise triage photo.jpg                        what to do with it, and why
  upwise triage photo.jpg --html report.html     the same with the places marked, to look at in a browser
  upwise triage shots/ --recursive --json-lines  one line of JSON a picture
  upwise triage photo.jpg -q --exit-code         for scripts: 0 upscale, 10 fix first, and so on\n";

const NOTES: &str = "\
Exit codes: 0 whenever all pictures were looked at, whatever the advice. With --exit-code the advice:
0 upscale, 10 fix first, 20 regenerate, 30 keep, 40 inspect; of several pictures the largest of theirs.
1 some of several pictures failed; of a single picture 65 bad input, 66 no input, 75 over a limit;
73 cannot write, 74 I/O error, 2 wrong usage, 130 interrupted.";

/// Say whether, and how, pictures should be enlarged, and why.
///
/// Nothing is enlarged. The advice is to upscale, to fix something first, to regenerate (there is nothing
/// to build on), to keep the picture as it is, or to inspect it: the evidence does not decide.
#[derive(Args, Debug)]
#[command(
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n{NOTES}")
)]
pub struct TriageArgs {
    /// Pictures and folders; - is standard input
    #[arg(value_name = "IN")]
    pub inputs: Vec<PathBuf>,

    /// Another picture or folder, the same as naming it without -i
    #[arg(short = 'i', long = "input", value_name = "IN")]
    pub more_inputs: Vec<PathBuf>,

    /// Go into folders within folders
    #[arg(long)]
    pub recursive: bool,

    /// End with the advice as exit code
    #[arg(long)]
    pub exit_code: bool,

    /// Also draw what was found over the picture, into this PNG; of several pictures into this folder
    #[arg(long, value_name = "OUT")]
    pub overlay: Option<PathBuf>,

    /// Also write a report for a browser into this file; of several pictures a list of them
    #[arg(long, value_name = "OUT")]
    pub html: Option<PathBuf>,

    /// Replace files that exist
    #[arg(long)]
    pub overwrite: bool,

    /// Also try the network: parts of the picture are halved, enlarged again and compared with what they were
    ///
    /// What comes back decides where the measures alone leave it open.
    #[arg(long)]
    pub probe: bool,

    /// Options of the machine
    #[command(flatten)]
    pub machine: MachineArgs,

    /// Most pixels that an input may have; the largest scanners stay below a quarter of the default
    #[arg(long, value_name = "PIXELS", default_value = "1G", value_parser = values::pixels)]
    pub max_input_pixels: u64,

    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,

    /// One JSON document on standard output: the picture's report, or of several pictures all of theirs
    #[arg(long, conflicts_with = "json_lines")]
    pub json: bool,

    /// One line of JSON on standard output as soon as a picture was looked at or has failed
    #[arg(long)]
    pub json_lines: bool,

    /// Print the JSON Schema of the report and do nothing else
    #[arg(long, exclusive = true)]
    pub schema: bool,
}
