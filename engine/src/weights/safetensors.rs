//! Safetensors: eight bytes of header length, a JSON header, then the tensors end to end.
//!
//! The format is described at <https://huggingface.co/docs/safetensors>. The header is parsed here rather
//! than by the format's own crate because that one adds up offsets without a check (a hostile header can
//! make its total wrap) and does not say which tensor is at fault.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::tensor::{Dtype, Storage, Tensor, contiguous, product};
use super::{Contents, Fault, shown};

/// A header of a thousand tensors has a hundred kilobytes.
const MAX_HEADER: usize = 16 << 20;

/// One value of the header's object: a tensor, or `__metadata__`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Tensor {
        dtype: String,
        shape: Vec<usize>,
        data_offsets: (usize, usize),
    },
    Metadata(BTreeMap<String, String>),
}

/// Reads the header and checks every tensor against the file.
pub(super) fn read(file: &[u8]) -> Result<Contents, Fault> {
    let (length, rest) = file
        .split_first_chunk::<8>()
        .ok_or_else(|| damaged("shorter than the header's length field"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > MAX_HEADER {
        return Err(damaged(format!(
            "claims a header of {length} bytes; at most {MAX_HEADER} are read"
        )));
    }
    let header = rest.get(..length).ok_or_else(|| {
        damaged(format!(
            "claims a header of {length} bytes, but only {} follow: the file is cut",
            rest.len()
        ))
    })?;
    let entries: BTreeMap<String, Entry> = serde_json::from_slice(header)
        .map_err(|e| damaged(format!("the header is not valid: {e}")))?;

    let mut contents = Contents::default();
    let mut places = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        match entry {
            Entry::Metadata(metadata) if name == "__metadata__" => contents.metadata = metadata,
            Entry::Metadata(_) => {
                return Err(damaged(format!(
                    "tensor {} has no type, shape or place",
                    shown(&name)
                )));
            }
            Entry::Tensor {
                dtype,
                shape,
                data_offsets: (from, to),
            } => {
                let dtype = dtype_of(&dtype).ok_or_else(|| {
                    Fault::Unsupported(format!("tensor {} holds {}", shown(&name), shown(&dtype)))
                })?;
                let len = product(&shape);
                let size = len.and_then(|n| n.checked_mul(dtype.size()));
                if size.is_none() || size != to.checked_sub(from) {
                    return Err(damaged(format!(
                        "tensor {} of shape {shape:?} does not fit its offsets {from}..{to}",
                        shown(&name)
                    )));
                }
                places.push((from, to, name.clone()));
                // `start` is only used once the offsets are known to lie inside the file, below.
                let storage = Storage {
                    dtype,
                    start: (8 + length).saturating_add(from),
                    len: len.unwrap_or(0),
                };
                let strides = contiguous(&shape);
                let tensor = Tensor::view(storage, 0, shape, strides)?;
                contents.tensors.insert(name, tensor);
            }
        }
    }

    // The format allows neither gaps nor overlaps: sorted by place, each tensor starts where the one
    // before ended, and the last ends the file.
    places.sort();
    let mut end = 0;
    for (from, to, name) in places {
        if from != end {
            return Err(damaged(format!(
                "tensor {} starts at {from}, but the one before it ends at {end}",
                shown(&name)
            )));
        }
        end = to;
    }
    let data = rest.len() - length;
    if end != data {
        return Err(damaged(format!(
            "its tensors end at {end}, but {data} bytes follow the header: the file is cut or was \
             joined with another"
        )));
    }
    Ok(contents)
}

fn damaged(reason: impl Into<String>) -> Fault {
    Fault::Damaged(reason.into())
}

fn dtype_of(name: &str) -> Option<Dtype> {
    Some(match name {
        "F64" => Dtype::F64,
        "F32" => Dtype::F32,
        "F16" => Dtype::F16,
        "BF16" => Dtype::BF16,
        "I64" => Dtype::Other("I64", 8),
        "U64" => Dtype::Other("U64", 8),
        "I32" => Dtype::Other("I32", 4),
        "U32" => Dtype::Other("U32", 4),
        "I16" => Dtype::Other("I16", 2),
        "U16" => Dtype::Other("U16", 2),
        "I8" => Dtype::Other("I8", 1),
        "U8" => Dtype::Other("U8", 1),
        "BOOL" => Dtype::Other("BOOL", 1),
        "F8_E4M3" => Dtype::Other("F8_E4M3", 1),
        "F8_E5M2" => Dtype::Other("F8_E5M2", 1),
        _ => return None,
    })
}
