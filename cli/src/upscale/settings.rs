//! What decides the content of an output, as receipts have it.

use serde_json::{Value, json};

use crate::args::upscale::{RunArgs, UpscaleArgs};
use crate::args::values::TargetSize;

/// What was asked for, as far as it decides what is in an output, with the size, the model and a plan's steps that it comes
/// to.
///
/// All options are named, so that a new one does not compile before it was decided whether it belongs here.
pub fn settings(
    args: &UpscaleArgs,
    target: TargetSize,
    model: &str,
    steps: &[String],
    self_ensemble: bool,
) -> Value {
    let UpscaleArgs {
        // Which picture and what its result is called: a receipt has digests and a path for that.
        inputs: _,
        more_inputs: _,
        output: _,
        suffix: _,
        name: _,
        overwrite: _,
        recursive: _,
        shard: _,
        // All that is in `target`, or `model` and `steps`.
        plan: _,
        scale: _,
        width: _,
        height: _,
        size: _,
        megapixels: _,
        deliver,
        run,
        format,
        quality,
        max_bytes,
        bit_depth,
        strip,
        // What is refused, shown or passed over changes no output.
        max_input_pixels: _,
        force: _,
        strict: _,
        gpu: _,
        quiet: _,
        verbose: _,
        json: _,
        json_lines: _,
    } = args;
    let RunArgs {
        // Also where a plan says it.
        self_ensemble: _,
        // It is in `model`, and in the digest of the weights.
        model: _,
        models: _,
        mode,
        precision,
        // Outputs are the same whatever the tiles, the threads and the instructions.
        tile: _,
        machine: _,
    } = run;
    json!({
        "target": target.to_string(),
        "model": model,
        "steps": steps,
        "mode": format!("{mode:?}").to_lowercase(),
        "precision": precision.to_string(),
        "self_ensemble": self_ensemble,
        "format": format.map(|format| format.suffix()),
        "quality": quality,
        "max_bytes": max_bytes,
        "bit_depth": bit_depth.map(|depth| 8 * depth.bytes()),
        "strip": strip,
        "deliver": deliver.as_ref().map(|deliver| format!("{deliver:?}")),
    })
}
