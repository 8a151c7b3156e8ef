//! Weight files: names to tensors, read in place.
//!
//! A [`StateDict`] maps the file (or borrows an embedded slice) and keeps only where each tensor lies;
//! numbers are converted when a network asks for them. `safetensors.rs` reads Safetensors, `pth.rs` both
//! PyTorch containers, `pickle.rs` the pickle inside them without executing anything. Which reader is
//! used depends on the file's first bytes, never on its name.
//!
//! Everything in a weight file is untrusted: each offset is checked against the file before it is used,
//! and no allocation is larger than what the file itself holds, up to a small factor.

mod pickle;
mod pth;
mod safetensors;
mod tensor;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

pub use tensor::{Dtype, Tensor};

/// Why a reader gave up; the path is added where it is known.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The bytes contradict their own format.
    Damaged(String),
    /// The bytes are sound but use something that is not read here.
    Unsupported(String),
}

impl Fault {
    fn at(self, path: &Path) -> Error {
        let path = path.to_path_buf();
        match self {
            Fault::Damaged(reason) => Error::Weights { path, reason },
            Fault::Unsupported(reason) => Error::Unsupported { path, reason },
        }
    }
}

/// What a reader found: tensors by name, and string metadata where the format has it.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) tensors: BTreeMap<String, Tensor>,
    pub(crate) metadata: BTreeMap<String, String>,
}

enum Bytes {
    Mapped(memmap2::Mmap),
    Held(Cow<'static, [u8]>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Held(bytes) => bytes,
        }
    }
}

/// The tensors of a weight file by name.
///
/// Wrappers that trainers add are gone: of `params_ema`, `params`, `state_dict` and `model` the first
/// that is present is taken, and the prefixes `module.` and `netG.` are dropped.
pub struct StateDict {
    path: PathBuf,
    bytes: Bytes,
    contents: Contents,
}

/// Prefixes that trainers put before every name, the preferred copy first.
const PREFIXES: [&str; 4] = ["params_ema.", "params.", "module.", "netG."];

impl StateDict {
    /// Maps and reads a `.safetensors` or `.pth` file.
    ///
    /// The file must not be changed or cut while the dictionary lives.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Weights`] if it is damaged, [`Error::Unsupported`] if
    /// it is some other kind of file.
    pub fn open(path: &Path) -> Result<Self> {
        let io = |source| Error::Io {
            path: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(Fault::Damaged("not a regular file".into()).at(path));
        }
        if metadata.len() == 0 {
            return Err(Fault::Damaged("the file is empty".into()).at(path));
        }
        let map = map_file(&file).map_err(io)?;
        Self::read(path.to_path_buf(), Bytes::Mapped(map))
    }

    /// Reads a weight file held in memory; `name` stands for its path in errors.
    ///
    /// # Errors
    /// As [`StateDict::open`], without `Io`.
    pub fn from_bytes(name: &str, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self> {
        Self::read(name.into(), Bytes::Held(bytes.into()))
    }

    fn read(path: PathBuf, bytes: Bytes) -> Result<Self> {
        let contents = match Format::of(&bytes) {
            Format::Safetensors => safetensors::read(&bytes),
            Format::Zip => pth::read_zip(&bytes),
            Format::Legacy => pth::read_legacy(&bytes),
            Format::Other(what) => Err(Fault::Unsupported(format!(
                "{what}; expected a .safetensors or a PyTorch .pth file"
            ))),
        };
        let mut contents = contents.map_err(|fault| fault.at(&path))?;
        while let Some(tensors) = without_prefix(&contents.tensors) {
            contents.tensors = tensors;
        }
        limit_total(&contents.tensors, bytes.len()).map_err(|fault| fault.at(&path))?;
        Ok(StateDict {
            path,
            bytes,
            contents,
        })
    }

    /// The file, or the name given to [`StateDict::from_bytes`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tensor names in lexical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.contents.tensors.keys().map(String::as_str)
    }

    /// Whether a tensor of this name exists.
    pub fn contains(&self, name: &str) -> bool {
        self.contents.tensors.contains_key(name)
    }

    /// Type and shape of a tensor.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.contents.tensors.get(name)
    }

    /// Shape of a tensor, if it exists.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.get(name).map(Tensor::shape)
    }

    /// A string of the file's own metadata (Safetensors' `__metadata__`).
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.contents.metadata.get(key).map(String::as_str)
    }

    /// The numbers of tensor `name` in row-major order.
    ///
    /// # Errors
    /// [`Error::Weights`] if the tensor is missing, has another shape than `shape`, or holds NaN or
    /// infinity; [`Error::Unsupported`] if it does not hold floating-point numbers.
    pub fn tensor_f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let values = self.decode(name, shape, |v| v as f32)?;
        self.require_finite(name, values.iter().all(|v| v.is_finite()))?;
        Ok(values)
    }

    /// As [`StateDict::tensor_f32`] in double precision, for weights that are merged at load.
    pub fn tensor_f64(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>> {
        let values = self.decode(name, shape, |v| v)?;
        self.require_finite(name, values.iter().all(|v| v.is_finite()))?;
        Ok(values)
    }

    fn decode<T>(&self, name: &str, shape: &[usize], map: impl Fn(f64) -> T) -> Result<Vec<T>> {
        let tensor = self
            .get(name)
            .ok_or_else(|| self.damaged(format!("tensor {name} is missing")))?;
        if tensor.shape() != shape {
            return Err(self.damaged(format!(
                "tensor {name} has shape {:?}, expected {shape:?}",
                tensor.shape()
            )));
        }
        tensor.decode(&self.bytes, map).map_err(|fault| {
            let (Fault::Damaged(reason) | Fault::Unsupported(reason)) = &fault;
            match fault {
                Fault::Damaged(_) => self.damaged(format!("tensor {name}: {reason}")),
                Fault::Unsupported(_) => self.unsupported(format!("tensor {name}: {reason}")),
            }
        })
    }

    fn require_finite(&self, name: &str, finite: bool) -> Result<()> {
        if finite {
            return Ok(());
        }
        Err(self.damaged(format!("tensor {name} holds NaN or infinity")))
    }

    /// [`Error::Weights`] about this file.
    pub(crate) fn damaged(&self, reason: String) -> Error {
        Fault::Damaged(reason).at(&self.path)
    }

    /// [`Error::Unsupported`] about this file.
    pub(crate) fn unsupported(&self, reason: String) -> Error {
        Fault::Unsupported(reason).at(&self.path)
    }
}

#[allow(unsafe_code)]
fn map_file(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the map is read-only and private to this crate. Bytes that another process changes under
    // it could only change numbers: every offset was checked before and is not read again. A file that
    // is cut while mapped ends the process, which `StateDict::open` documents.
    unsafe { memmap2::Mmap::map(file) }
}

/// The dictionary without the first prefix of [`PREFIXES`] that occurs; other copies beside it are left
/// out. `None` if there is no prefix to drop.
fn without_prefix(tensors: &BTreeMap<String, Tensor>) -> Option<BTreeMap<String, Tensor>> {
    let prefix = PREFIXES
        .iter()
        .find(|prefix| tensors.keys().any(|name| name.starts_with(*prefix)))?;
    let chosen = tensors.iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix(prefix)?;
        Some((name.to_string(), tensor.clone()))
    });
    Some(chosen.collect())
}

/// Tensors may share storage (tied weights), but a few bytes must not claim gigabytes.
fn limit_total(tensors: &BTreeMap<String, Tensor>, file: usize) -> std::result::Result<(), Fault> {
    let total = tensors
        .values()
        .fold(0usize, |sum, tensor| sum.saturating_add(tensor.bytes()));
    if total > file.saturating_mul(8) {
        return Err(Fault::Damaged(format!(
            "its tensors claim {total} bytes, the file has {file}"
        )));
    }
    Ok(())
}

/// A string from the file as errors print it: no control characters, no more than a line of it.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.escape_debug().to_string()
}

enum Format {
    Safetensors,
    Zip,
    Legacy,
    Other(&'static str),
}

impl Format {
    /// Recognises a file by its first bytes.
    fn of(bytes: &[u8]) -> Format {
        if bytes.starts_with(b"PK\x03\x04") {
            Format::Zip
        } else if bytes.get(8) == Some(&b'{') {
            Format::Safetensors
        } else if bytes.starts_with(b"version https://git-lfs") {
            Format::Other("this is a Git LFS pointer, not the weights: fetch the file itself")
        } else if bytes.starts_with(b"<") {
            Format::Other("this is a web page, not a weight file: download the file itself")
        } else if bytes.get(257..262) == Some(b"ustar") {
            Format::Other("this is PyTorch's tar format of 2016: save it again with torch.save")
        } else if bytes.first() == Some(&0x80) {
            Format::Legacy
        } else if bytes.len() <= 8 {
            Format::Other("the file is too short to hold weights")
        } else {
            Format::Other("the file's first bytes belong to no known format")
        }
    }
}
