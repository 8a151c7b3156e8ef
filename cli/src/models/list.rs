//! `upwise models` and `upwise models inspect`.

use std::path::PathBuf;

use serde_json::{Value, json};
use upwise_engine::network::{ModelInfo, ReceptiveRadius};

use super::find::{Found, Source, by_name, list, open};
use crate::args::models::{ModelsAction, ModelsArgs};
use crate::failure::Failure;
use crate::output::{print, print_json};

/// Runs the command.
pub fn run(args: &ModelsArgs) -> Result<(), Failure> {
    match &args.action {
        None if args.list.json => print_list_json(&args.list.models),
        None => print_list(&args.list.models),
        Some(ModelsAction::Inspect { model, list }) => inspect(model, &list.models, list.json),
    }
}

fn print_list(folders: &[PathBuf]) -> Result<(), Failure> {
    let mut text = String::new();
    for found in list(folders)? {
        let place = match &found.source {
            Source::Embedded(model) => format!("in this binary: {}", model.about),
            Source::File(path) => path.display().to_string(),
        };
        let line = match open(&found) {
            Ok(model) => {
                let info = model.info();
                format!(
                    "{:<28} {:<8} {}x  {:>8} parameters  {place}\n",
                    found.name,
                    info.family.to_string(),
                    info.scale,
                    thousands(info.parameters as u64),
                )
            }
            Err(error) => format!("{:<28} unusable: {error}\n", found.name),
        };
        text.push_str(&line);
    }
    for (name, what) in [
        ("lanczos", "resampling in linear light, sharp"),
        ("bicubic", "resampling in linear light, soft"),
        ("nearest", "blocks, for pixel art"),
    ] {
        text.push_str(&format!("{name:<28} no network: {what}\n"));
    }
    print(&text)
}

fn print_list_json(folders: &[PathBuf]) -> Result<(), Failure> {
    let models: Vec<Value> = list(folders)?
        .iter()
        .map(|found| match open(found) {
            Ok(model) => describe(found, model.info()),
            Err(error) => json!({
                "name": found.name,
                "file": file_of(found),
                "error": error.to_string(),
            }),
        })
        .collect();
    print_json(&json!({"schema": "upwise.models/1", "models": models}))
}

fn inspect(name: &str, folders: &[PathBuf], as_json: bool) -> Result<(), Failure> {
    let found = by_name(name, folders)?;
    let model = open(&found)?;
    let info = model.info();
    if as_json {
        let mut description = describe(&found, info);
        description["schema"] = json!("upwise.model/1");
        return print_json(&description);
    }
    let reach = match info.receptive_radius {
        ReceptiveRadius::Pixels(radius) => format!("{radius} pixels"),
        ReceptiveRadius::WholeImage => "the whole picture".into(),
    };
    let channels = if info.in_channels == info.out_channels {
        info.in_channels.to_string()
    } else {
        format!("{} in, {} out", info.in_channels, info.out_channels)
    };
    print(&format!(
        "name              {}\n\
         family            {}\n\
         scale             {}x\n\
         channels          {channels}\n\
         parameters        {}\n\
         MACs per pixel    {} (of the input)\n\
         receptive radius  {reach}\n\
         detail            {}\n",
        found.name,
        info.family,
        info.scale,
        thousands(info.parameters as u64),
        thousands(info.macs_per_pixel),
        info.detail,
    ))
}

fn describe(found: &Found, info: &ModelInfo) -> Value {
    json!({
        "name": found.name,
        "file": file_of(found),
        "family": info.family.to_string(),
        "scale": info.scale,
        "in_channels": info.in_channels,
        "out_channels": info.out_channels,
        "parameters": info.parameters,
        "macs_per_pixel": info.macs_per_pixel,
        "receptive_radius": match info.receptive_radius {
            ReceptiveRadius::Pixels(radius) => json!(radius),
            ReceptiveRadius::WholeImage => json!("whole_image"),
        },
        "detail": info.detail,
    })
}

/// The file, or null for a model in the binary.
fn file_of(found: &Found) -> Value {
    match &found.source {
        Source::Embedded(_) => Value::Null,
        Source::File(path) => json!(path.to_string_lossy()),
    }
}

/// Digits in groups of three.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
