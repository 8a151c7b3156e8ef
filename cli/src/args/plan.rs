//! Options of `upwise plan`.

use std::path::PathBuf;

use clap::Args;

use super::upscale::RunArgs;
use super::values;
use crate::picture::Format;

const EXAMPLES: &str = "\
Examples:
  upwise plan photo.jpg                             model, factor, steps, time, memory and size
  upwise plan photo.jpg --plan shop.json            the same, and written down
  upwise upscale --plan shop.json shots/ -o big/    the whole series, each picture by that plan\n";

/// Say what would be done to a picture, and write it down for a series.
///
/// Nothing is enlarged. Without -s the factor is the one that triage advises, 4 if it advises none; without -n the
/// model is the one that suits the picture.
#[derive(Args, Debug)]
#[command(allow_negative_numbers = true, after_help = EXAMPLES)]
pub struct PlanArgs {
    /// A picture; - is standard input
    #[arg(value_name = "IN")]
    pub input: PathBuf,

    /// Write the plan into this file, for `upwise upscale --plan`
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,

    /// Replace the file if it exists
    #[arg(long)]
    pub overwrite: bool,

    /// Times larger, 1 to 8, fractions allowed [default: what triage advises]
    #[arg(short, long, value_name = "FACTOR", value_parser = values::scale)]
    pub scale: Option<f64>,

    /// Format of the result, for its size [default: as the input]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Options of the model and of the machine
    #[command(flatten)]
    pub run: RunArgs,

    /// Most pixels that the input may have
    #[arg(long, value_name = "PIXELS", default_value = "1G", value_parser = values::pixels)]
    pub max_input_pixels: u64,

    /// The plan as one JSON document on standard output
    #[arg(long)]
    pub json: bool,
}
