//! Options of `upwise upscale`, named as other upscalers name them.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use upwise_engine::Precision;
use upwise_weights::Tier;

use super::deliver::Deliver;
use super::machine::MachineArgs;
use super::template::Template;
use super::values::{self, Shard, TargetSize};
use crate::picture::{Depth, Format};

const EXAMPLES: &str = "\
Examples:
  upwise upscale photo.jpg                      photo_4x.jpg beside it, four times the size
  upwise upscale photo.jpg -s 2 -o big.png      twice the size, as PNG
  upwise upscale shots/ -o out/ --recursive     every picture of a folder, its tree mirrored
  upwise upscale photo.jpg --deliver print:A3@300    photo_A3.tif, exactly an A3 sheet
  upwise upscale photo.jpg --deliver web:2400 --max-bytes 500k    photo_2400px.jpg
  upwise upscale shots/ --name '{stem}_{scale}x.png'    names of your own
  upwise upscale sprite.png -n nearest -s 4     pixel art: blocks stay blocks
  upwise upscale - -o - -f png < a.jpg > b.png  through pipes\n";

const NOTES: &str = "\
Colour: the network sees the samples as they are encoded; the ICC profile goes into the output
unchanged. CMYK is converted to sRGB, and so is all that goes to AVIF or to --deliver web.

Folders: a folder of results has a journal, .upwise-journal.jsonl: a receipt for each result, with the SHA-256
of both files, model, weights, settings and version. The same command again passes over what is done, by
content and not by name, and makes again what changed. A file that is not as upwise wrote it is replaced only
with --overwrite. A run may be killed at any moment, and several may share a folder.

Before several pictures are begun, their headers are looked at: how many there are, and what they will take in time,
memory and space. What the disk cannot hold is refused.

JSON lines: {\"schema\": \"upwise.upscale.item/1\", \"input\", \"output\", \"status\": \"started\", \"done\", \"skipped\" (done
already) or \"failed\", ...}; started adds model, size and forecast: seconds (null for a filter or a moment),
memory_bytes, output_bytes (uncompressed); done adds model, sizes, format, bytes, seconds and warnings, failed adds
error: code, kind, message. Of several pictures the first line is {\"schema\": \"upwise.upscale.forecast/1\",
\"pictures\", \"present\" (with a result already), \"refused\" (that cannot be done), \"seconds\", \"memory_bytes\",
\"output_bytes\"}.

Exit codes: 0 all done, 1 some of several pictures failed; of a single picture 65 bad input, 66 no
input, 69 model missing or unsupported, 73 cannot write, 74 I/O error, 75 over a limit; 2 wrong usage,
130 interrupted.";

/// Enlarge pictures.
///
/// Reads PNG, JPEG, WebP, TIFF, BMP, GIF (first frame), JPEG XL, PNM and QOI, whatever the file is
/// called, and writes PNG, JPEG, WebP, TIFF, BMP and AVIF. Colour profile, EXIF, XMP, density, transparency, grey and 16 bits are kept where the format can hold them;
/// a rotated photo comes out upright. Nothing is overwritten unless asked, and a result appears under
/// its name only when it is complete.
#[derive(Args, Debug)]
#[command(
    allow_negative_numbers = true, // so that what is wrong with one is said
    group(ArgGroup::new("target").args(["scale", "width", "height", "size", "megapixels", "deliver"])),
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n{NOTES}")
)]
pub struct UpscaleArgs {
    /// Pictures and folders; - is standard input
    #[arg(value_name = "IN")]
    pub inputs: Vec<PathBuf>,

    /// Another picture or folder, the same as naming it without -i
    #[arg(short = 'i', long = "input", value_name = "IN")]
    pub more_inputs: Vec<PathBuf>,

    /// Where the result goes: a file, a folder, or - for standard output
    ///
    /// Several inputs or a folder need a folder. Without this, NAME.jpg becomes NAME_4x.jpg beside it,
    /// and a folder NAME becomes a folder NAME_4x beside it.
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,

    /// Times larger, 1 to 8, fractions allowed [default: 4; a named model's own factor; 2 for a filter]
    ///
    /// The network always runs at its own factor; the rest is a resample in linear light.
    #[arg(short, long, visible_alias = "outscale", value_name = "FACTOR", value_parser = values::scale)]
    pub scale: Option<f64>,

    /// Width in pixels, height in proportion
    #[arg(short, long, value_name = "PIXELS", value_parser = values::side)]
    pub width: Option<usize>,

    /// Height in pixels, width in proportion
    #[arg(long, value_name = "PIXELS", value_parser = values::side)]
    pub height: Option<usize>,

    /// Exact size in pixels; stretches if the proportions differ
    #[arg(short = 'r', long = "resize", value_name = "WxH", value_parser = values::size)]
    pub size: Option<(usize, usize)>,

    /// Size in millions of pixels, proportions kept
    #[arg(long, value_name = "MP", value_parser = values::megapixels)]
    pub megapixels: Option<f64>,

    /// What the result is for: print:A3@300, print:300x400mm@300 or web:2400
    ///
    /// print takes A0 to A6, Letter, Legal, Tabloid, or a size in mm, cm or in, and pixels per inch. The picture's
    /// middle covers the sheet to its edges, to the exact pixel; what does not fit is cut off on both sides, and said.
    /// Sheets with names lie as the picture does. TIFF (or PNG), with its resolution, metadata and profile.
    ///
    /// web takes the longest side in pixels. sRGB, 8 bits, and nothing but pixels: EXIF with its position, XMP and IPTC
    /// are left out. JPEG of quality 85, unless -f, -o or --quality say otherwise.
    #[arg(long, value_name = "WHAT")]
    pub deliver: Option<Deliver>,

    /// Do with every picture what this plan of `upwise plan` says: its steps, model and factor
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target", "deliver", "model", "mode"])]
    pub plan: Option<PathBuf>,

    /// Options of the model and of the machine
    #[command(flatten)]
    pub run: RunArgs,

    /// Format of the result: png, jpg, webp (lossless), tiff, bmp or avif [default: by OUT's suffix, as the input, or png]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Added to the name before its suffix [default: _4x and the like beside the input, nothing in a folder]
    #[arg(long, value_name = "TEXT", value_parser = values::name_part, allow_hyphen_values = true)]
    pub suffix: Option<String>,

    /// Pattern of the results' names in their folder, such as {stem}_{scale}x.{ext}
    ///
    /// {stem} and {ext} are the input's name without suffix and the suffix of the result's format; {scale}, {width},
    /// {height} and {model} what was asked for; {index} counts the pictures from 1, in the order of their names. A
    /// suffix that is written out decides the format. {{ and }} are braces.
    #[arg(long, value_name = "PATTERN", conflicts_with = "suffix")]
    pub name: Option<Template>,

    /// Replace files that exist; in folders, also those that are not as upwise wrote them
    #[arg(long)]
    pub overwrite: bool,

    /// Go into folders within folders
    #[arg(long)]
    pub recursive: bool,

    /// Do only the i-th of n parts of the pictures, for arrays of jobs; all n together do each picture once
    ///
    /// A picture's path within the folder that was named decides its part, and nothing else does.
    #[arg(long, value_name = "i/n", value_parser = values::shard)]
    pub shard: Option<Shard>,

    /// Quality of JPEG and AVIF [default: 95]
    #[arg(long, value_name = "1-100", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub quality: Option<u8>,

    /// Most bytes of a JPEG or AVIF, such as 300k: its quality is lowered as far as it has to be
    #[arg(long, value_name = "BYTES", value_parser = values::file_bytes)]
    pub max_bytes: Option<u64>,

    /// Bits of a sample, 8 or 16 [default: as the input]
    #[arg(long, value_name = "BITS", value_parser = values::depth)]
    pub bit_depth: Option<Depth>,

    /// Leave out EXIF, XMP, IPTC and texts; the colour profile and the resolution stay
    #[arg(long)]
    pub strip: bool,

    /// Most pixels that an input may have; the largest scanners stay below a quarter of the default
    #[arg(long, value_name = "PIXELS", default_value = "1G", value_parser = values::pixels)]
    pub max_input_pixels: u64,

    /// Say nothing where triage advises against enlarging
    #[arg(long, conflicts_with = "strict")]
    pub force: bool,

    /// Refuse pictures that triage advises not to enlarge, with its exit code; also where a model is named
    #[arg(long)]
    pub strict: bool,

    /// Accepted for the sake of other tools: upwise runs on the CPU
    #[arg(
        short = 'g',
        long = "gpu",
        value_name = "ID",
        allow_hyphen_values = true
    )]
    pub gpu: Option<String>,

    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say what is done and how
    #[arg(short, long)]
    pub verbose: bool,

    /// One JSON document about everything on standard output, at the end
    #[arg(long, conflicts_with = "json_lines")]
    pub json: bool,

    /// One line of JSON on standard output as soon as a picture is begun, is done, was done already, or has failed
    #[arg(long)]
    pub json_lines: bool,
}

/// Tiers of models, as they are typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Made for speed
    #[default]
    Fast,
    /// Finer, at twice the work or more
    Best,
}

impl Mode {
    /// The tier that it stands for.
    pub fn tier(self) -> Tier {
        match self {
            Mode::Fast => Tier::Fast,
            Mode::Best => Tier::Best,
        }
    }
}

/// What every command that runs a network takes.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Model: auto, a family (photo, camera, recover, art, text), a name from `upwise models`, a .safetensors
    /// or .pth file, or lanczos, bicubic, nearest [default: auto]
    ///
    /// auto looks at the picture as `upwise triage` does: it takes a family (nearest for pixel art and whole factors),
    /// does the fixes that it can do, and warns if the advice is not to enlarge. Of a family, the model that suits the
    /// factor.
    #[arg(short = 'n', long, value_name = "NAME|FILE")]
    pub model: Option<String>,

    /// How much time a family's model may take; without a model of the mode, the other is used
    #[arg(long, value_name = "MODE", value_enum, default_value_t)]
    pub mode: Mode,

    /// Folder in which models are looked for by name
    #[arg(short, long, value_name = "DIR", env = "UPWISE_MODELS", value_delimiter = if cfg!(windows) { ';' } else { ':' })]
    pub models: Vec<PathBuf>,

    /// Side of the tiles in input pixels; 0 cuts only what does not fit the memory
    #[arg(short, long, value_name = "PIXELS", default_value_t = 0)]
    pub tile: usize,

    /// Arithmetic of the networks: f32, or bf16 on processors with AMX (Intel Xeon since Sapphire Rapids)
    ///
    /// bf16 is about twice as fast. Outputs differ by less than rounding to 8 bits does; a receipt tells what was used.
    #[arg(long, value_name = "PRECISION", default_value_t)]
    pub precision: Precision,

    /// Self-ensemble: the mean of the network's results for the picture's eight orientations, a little finer for eight times
    /// the time; not for text, whose models know letters only as they stand
    #[arg(short = 'x', long)]
    pub self_ensemble: bool,

    /// Options of the machine
    #[command(flatten)]
    pub machine: MachineArgs,
}

impl UpscaleArgs {
    /// The size that was asked for, if any.
    pub fn target(&self) -> Option<TargetSize> {
        self.scale
            .map(TargetSize::Scale)
            .or(self.width.map(TargetSize::Width))
            .or(self.height.map(TargetSize::Height))
            .or(self
                .size
                .map(|(width, height)| TargetSize::Size(width, height)))
            .or(self.megapixels.map(TargetSize::Megapixels))
    }
}
