//! Options of `upwise models`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// List the models that can be used, or look into one.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ModelsArgs {
    /// What to do instead of listing.
    #[command(subcommand)]
    pub action: Option<ModelsAction>,

    /// How the list is made
    #[command(flatten)]
    pub list: ListArgs,
}

/// Options of the list.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Folder in which models are looked for
    #[arg(short, long, value_name = "DIR", env = "UPWISE_MODELS", value_delimiter = if cfg!(windows) { ';' } else { ':' })]
    pub models: Vec<PathBuf>,

    /// As one JSON document
    #[arg(long)]
    pub json: bool,
}

/// What can be done with models.
#[derive(Debug, Subcommand)]
pub enum ModelsAction {
    /// Say what a weight file holds: family, factor, channels, size, cost and reach
    Inspect {
        /// A .safetensors or .pth file, or the name of a model
        #[arg(value_name = "FILE|NAME")]
        model: String,

        /// How it is printed
        #[command(flatten)]
        list: ListArgs,
    },
}
