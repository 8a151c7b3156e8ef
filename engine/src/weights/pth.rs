//! PyTorch checkpoints: the zip container since 1.6, and the one before it.
//!
//! Both hold a pickle that names storages, and the storages' bytes. In the zip form these are stored
//! entries `NAME/data.pkl` and `NAME/data/KEY`; in the older form they follow each other in one stream:
//! three small pickles (magic number, protocol, description of the writer), the pickle of the state dict,
//! a pickled list of storage keys, then per key a 64-bit element count and the elements.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;

use zip::CompressionMethod;

use super::pickle::{self, Pickle, Value};
use super::tensor::{Dtype, Storage, Tensor};
use super::{Contents, Fault, shown};

/// `torch.serialization.MAGIC_NUMBER`.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;

/// Dictionaries that trainers put around the state dict, the preferred copy first.
const WRAPPERS: [&str; 4] = ["params_ema", "params", "state_dict", "model"];

/// Byte ranges of the file by storage key.
type Places = HashMap<String, (usize, usize)>;

/// Reads the zip form.
pub(super) fn read_zip(file: &[u8]) -> Result<Contents, Fault> {
    let zip_fault = |e: zip::result::ZipError| {
        damaged(format!(
            "the zip directory is not valid ({e}): the file is cut or changed"
        ))
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).map_err(zip_fault)?;
    let mut entries = HashMap::with_capacity(archive.len());
    let mut root = None;
    for i in 0..archive.len() {
        let entry = archive.by_index_raw(i).map_err(zip_fault)?;
        let name = entry.name().map_err(zip_fault)?.into_owned();
        // torch.save never compresses, so that storages can be mapped.
        if entry.compression() != CompressionMethod::Stored || entry.encrypted() {
            return Err(Fault::Unsupported(format!(
                "zip entry {} is compressed or encrypted: save the checkpoint with torch.save",
                shown(&name)
            )));
        }
        let start = entry.data_start().and_then(|n| usize::try_from(n).ok());
        let size = usize::try_from(entry.size()).ok();
        let range = start
            .zip(size)
            .filter(|(start, size)| {
                start
                    .checked_add(*size)
                    .is_some_and(|end| end <= file.len())
            })
            .ok_or_else(|| {
                damaged(format!(
                    "zip entry {} lies outside the file: it is cut",
                    shown(&name)
                ))
            })?;
        if name.ends_with("/constants.pkl") {
            return Err(Fault::Unsupported(
                "this is a TorchScript archive: save the network's state_dict() instead".into(),
            ));
        }
        if let Some(prefix) = name.strip_suffix("data.pkl")
            && (prefix.is_empty() || prefix.ends_with('/'))
        {
            root = Some(prefix.to_string());
        }
        entries.insert(name, range);
    }
    let Some(root) = root else {
        return Err(Fault::Unsupported(
            "this zip archive is not a PyTorch checkpoint: it has no data.pkl".into(),
        ));
    };
    let bytes = |name: &str| {
        let (start, size) = entries.get(&format!("{root}{name}"))?;
        file.get(*start..*start + *size)
    };
    if bytes("byteorder").is_some_and(|order| order != b"little") {
        return Err(Fault::Unsupported(
            "its numbers are big-endian: save it on a little-endian machine".into(),
        ));
    }
    let pickle = pickle::read(bytes("data.pkl").unwrap_or_default())?;
    let storages = format!("{root}data/");
    let places = entries
        .into_iter()
        .filter_map(|(name, range)| Some((name.strip_prefix(&storages)?.to_string(), range)))
        .collect();
    contents(&pickle, &places)
}

/// Reads the form before the zip.
pub(super) fn read_legacy(file: &[u8]) -> Result<Contents, Fault> {
    let mut at = 0;
    let mut next = || {
        let pickle = pickle::read(file.get(at..).unwrap_or_default())?;
        at += pickle.length;
        Ok::<_, Fault>(pickle)
    };
    if next()?.root != Value::Int(MAGIC) {
        return Err(Fault::Unsupported(
            "this is a pickle, but not one that torch.save wrote".into(),
        ));
    }
    if next()?.root != Value::Int(1001) {
        return Err(Fault::Unsupported(
            "its PyTorch container has another version than 1001".into(),
        ));
    }
    let system = next()?;
    if field(&system, system.root, "little_endian") == Some(Value::Bool(false)) {
        return Err(Fault::Unsupported(
            "its numbers are big-endian: save it on a little-endian machine".into(),
        ));
    }
    let pickle = next()?;
    let keys = next()?;

    // An element count says nothing of the element size: that is in the pickle.
    let types: HashMap<&str, Dtype> = pickle.storages().collect();
    let mut places = Places::new();
    for key in keys
        .list(keys.root)
        .ok_or_else(|| damaged("the list of storages is missing"))?
    {
        let Value::Str(key) = key else {
            return Err(damaged("the list of storages is damaged"));
        };
        let dtype = types
            .get(key)
            .ok_or_else(|| damaged(format!("storage {} has no type", shown(key))))?;
        let cut = || damaged(format!("storage {} is cut", shown(key)));
        let count = file
            .get(at..)
            .and_then(|b| b.first_chunk::<8>())
            .ok_or_else(cut)?;
        at += 8;
        let length = usize::try_from(u64::from_le_bytes(*count))
            .ok()
            .and_then(|n| n.checked_mul(dtype.size()))
            .filter(|length| *length <= file.len() - at)
            .ok_or_else(cut)?;
        places.insert((*key).to_string(), (at, length));
        at += length;
    }
    contents(&pickle, &places)
}

/// The tensors of the state dict, each checked against its storage.
fn contents(pickle: &Pickle<'_>, places: &Places) -> Result<Contents, Fault> {
    let mut root = pickle.root;
    // Wrappers can be wrapped once more, as in {"state_dict": {"params": ...}}; a cycle ends.
    for _ in 0..4 {
        let inner = WRAPPERS
            .iter()
            .filter_map(|name| field(pickle, root, name))
            .find(|value| pickle.dict(*value).is_some());
        match inner {
            Some(inner) => root = inner,
            None => break,
        }
    }
    let entries = pickle
        .dict(root)
        .ok_or_else(|| Fault::Unsupported("it holds no dictionary of tensors".into()))?;
    let mut tensors = BTreeMap::new();
    for (name, value) in entries {
        let (Value::Str(name), Some(view)) = (name, pickle.tensor(*value)) else {
            continue;
        };
        let (start, length) = *places
            .get(view.key)
            .ok_or_else(|| damaged(format!("storage {} is missing", shown(view.key))))?;
        if view
            .numel
            .checked_mul(view.dtype.size())
            .is_none_or(|n| n > length)
        {
            return Err(damaged(format!(
                "tensor {} claims a storage of {} elements, which has {length} bytes",
                shown(name),
                view.numel
            )));
        }
        let storage = Storage {
            dtype: view.dtype,
            start,
            len: view.numel,
        };
        let tensor = Tensor::view(
            storage,
            view.offset,
            view.shape.clone(),
            view.strides.clone(),
        )?;
        tensors.insert((*name).to_string(), tensor);
    }
    if tensors.is_empty() {
        let keys: Vec<_> = entries
            .iter()
            .filter_map(|(key, _)| match key {
                Value::Str(key) => Some(shown(key)),
                _ => None,
            })
            .take(8)
            .collect();
        return Err(Fault::Unsupported(format!(
            "it holds no tensors under {}; found: {}",
            WRAPPERS.join(", "),
            keys.join(", ")
        )));
    }
    Ok(Contents {
        tensors,
        metadata: BTreeMap::new(),
    })
}

/// Value of a string key of a dictionary; the last one wins, as in Python.
fn field<'a>(pickle: &Pickle<'a>, dict: Value<'a>, name: &str) -> Option<Value<'a>> {
    let entries = pickle.dict(dict)?;
    let entry = entries
        .iter()
        .rev()
        .find(|(key, _)| *key == Value::Str(name));
    entry.map(|(_, value)| *value)
}

fn damaged(reason: impl Into<String>) -> Fault {
    Fault::Damaged(reason.into())
}
