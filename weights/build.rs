//! Writes the weight files as the program carries them.
//!
//! A file in this folder has each convolution of a SPAN twice: merged (`eval_conv`), and as the chain and shortcut (`conv`,
//! `sk`) in which other programs expect it. The program needs the first alone, a fifth of the bytes.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use serde_json::{Map, Value, json};

/// What is no tensor in a header.
const METADATA: &str = "__metadata__";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::var("CARGO_MANIFEST_DIR")?;
    let out = env::var("OUT_DIR")?;
    println!("cargo::rerun-if-changed=src/lib.rs"); // where a new file is named
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|suffix| suffix == "safetensors")
        {
            println!("cargo::rerun-if-changed={}", path.display());
            let name = path.file_name().ok_or("a weight file without a name")?;
            let carried = slim(&fs::read(&path)?)
                .map_err(|error| format!("{}: {error}; fetch it again", path.display()))?;
            fs::write(Path::new(&out).join(name), carried)?;
        }
    }
    Ok(())
}

/// A safetensors file without the tensors that a merged convolution replaces; the same bytes if it has none.
fn slim(file: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let (length, rest) = file.split_first_chunk().ok_or("it is cut off")?;
    let length = usize::try_from(u64::from_le_bytes(*length))?;
    let (header, data) = rest.split_at_checked(length).ok_or("it is cut off")?;
    let header: Map<String, Value> = serde_json::from_slice(header)?;
    let replaced = |name: &str| {
        let parts = name.split_once(".conv.").or(name.split_once(".sk."));
        parts.is_some_and(|(layer, _)| header.contains_key(&format!("{layer}.eval_conv.weight")))
    };
    if !header.keys().any(|name| replaced(name)) {
        return Ok(file.to_vec());
    }
    // In the order in which their numbers lie in the file, so that offsets stay aligned.
    let mut kept = BTreeMap::new();
    for (name, tensor) in &header {
        if name != METADATA && !replaced(name) {
            let (start, end): (usize, usize) =
                serde_json::from_value(tensor["data_offsets"].clone())?;
            kept.insert((start, end), (name, tensor.clone()));
        }
    }
    let (mut slim, mut numbers) = (Map::new(), Vec::new());
    slim.extend(
        header
            .get_key_value(METADATA)
            .map(|(k, v)| (k.clone(), v.clone())),
    );
    for ((start, end), (name, mut tensor)) in kept {
        let at = numbers.len();
        numbers.extend_from_slice(data.get(start..end).ok_or("it is cut off")?);
        tensor["data_offsets"] = json!([at, numbers.len()]);
        slim.insert(name.clone(), tensor);
    }
    let mut text = serde_json::to_vec(&slim)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let length = u64::try_from(text.len())?.to_le_bytes();
    Ok([&length[..], &text, &numbers].concat())
}
