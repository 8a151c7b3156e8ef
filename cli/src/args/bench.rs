//! Options of `upwise bench`.

use clap::Args;

use super::upscale::RunArgs;
use super::values;

/// Time a network alone, on a synthetic picture: no files, no codecs, no resampling.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// Options of the model and of the machine
    #[command(flatten)]
    pub run: RunArgs,

    /// Size of the input in pixels
    #[arg(long, value_name = "WxH", default_value = "256x256", value_parser = values::size)]
    pub size: (usize, usize),

    /// Timed runs, after one that is not timed
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub runs: u32,

    /// Also print what was decided for each layer: algorithm, register tiles, share of the cost, memory
    #[arg(long)]
    pub explain: bool,

    /// As one JSON document, the explanation included
    #[arg(long)]
    pub json: bool,
}
