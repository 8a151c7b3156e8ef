//! Python's pickle, as far as PyTorch checkpoints use it; nothing is ever executed.
//!
//! A pickle is a program for a stack machine (PEP 307, PEP 3154 and CPython's `pickletools`). Its power to
//! run code comes from `GLOBAL` plus `REDUCE`: fetch any function, call it. Here `GLOBAL` yields a marker
//! for one of a short list of names, `REDUCE` builds plain data from these, and every other name ends the
//! read with an error that says which one it was.
//!
//! Values live in one arena and refer to each other by index, so neither deep nesting nor cycles recurse,
//! and memory is bounded by [`MAX_OBJECTS`] and the length of the pickle.

mod cursor;
mod machine;
mod reduce;

use super::tensor::Dtype;
use super::{Fault, shown};
use machine::Machine;

/// Opcodes, arena objects and memo entries that one pickle may have. The largest published
/// super-resolution checkpoint needs about twenty thousand.
const MAX_OBJECTS: usize = 1 << 20;

/// Index into the arena.
pub(super) type Id = usize;

/// What is on the stack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i128),
    Str(&'a str),
    Global(Global),
    Object(Id),
    /// A number or byte string that no checkpoint needs (learning rates, random state).
    Opaque,
}

/// The names that a pickle may mention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Size,
    Device,
    Storage(Dtype),
    /// A constant such as `torch.float32`.
    Constant,
}

/// A tensor as the pickle describes it: a view of a storage that lies elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View<'a> {
    pub(super) dtype: Dtype,
    /// The storage's name.
    pub(super) key: &'a str,
    /// Elements of the storage.
    pub(super) numel: usize,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// What lives in the arena.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object<'a> {
    Tuple(Vec<Value<'a>>),
    List(Vec<Value<'a>>),
    Dict(Vec<(Value<'a>, Value<'a>)>),
    /// Type, key, elements.
    Storage(Dtype, &'a str, usize),
    Tensor(View<'a>),
}

/// A pickle's result and everything it refers to.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    pub(super) root: Value<'a>,
    objects: Vec<Object<'a>>,
    /// Bytes that the pickle took.
    pub(super) length: usize,
}

impl<'a> Pickle<'a> {
    /// Entries of a dictionary in order of insertion; `None` for any other value.
    pub(super) fn dict(&self, value: Value<'a>) -> Option<&[(Value<'a>, Value<'a>)]> {
        match self.object(value)? {
            Object::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// Items of a list; `None` for any other value.
    pub(super) fn list(&self, value: Value<'a>) -> Option<&[Value<'a>]> {
        match self.object(value)? {
            Object::List(items) => Some(items),
            _ => None,
        }
    }

    /// A tensor; `None` for any other value.
    pub(super) fn tensor(&self, value: Value<'a>) -> Option<&View<'a>> {
        match self.object(value)? {
            Object::Tensor(view) => Some(view),
            _ => None,
        }
    }

    /// Every storage that the pickle names: its key and the type of its elements.
    pub(super) fn storages(&self) -> impl Iterator<Item = (&'a str, Dtype)> {
        self.objects.iter().filter_map(|object| match object {
            Object::Storage(dtype, key, _) => Some((*key, *dtype)),
            _ => None,
        })
    }

    fn object(&self, value: Value<'a>) -> Option<&Object<'a>> {
        match value {
            Value::Object(id) => self.objects.get(id),
            _ => None,
        }
    }
}

/// Runs one pickle at the start of `bytes`, up to its `STOP`.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle<'_>, Fault> {
    Machine::new(bytes).run()
}

fn damaged(reason: impl Into<String>) -> Fault {
    Fault::Damaged(reason.into())
}

/// The allow-list.
fn global(module: &str, name: &str) -> Result<Global, Fault> {
    let dtype = match (module, name) {
        ("collections", "OrderedDict") => return Ok(Global::OrderedDict),
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => {
            return Ok(Global::RebuildTensor);
        }
        ("torch._utils", "_rebuild_parameter") => return Ok(Global::RebuildParameter),
        ("torch", "Size") => return Ok(Global::Size),
        ("torch", "device") => return Ok(Global::Device),
        ("torch", "float64" | "float32" | "float16" | "bfloat16" | "int64" | "int32") => {
            return Ok(Global::Constant);
        }
        ("torch", "DoubleStorage") => Dtype::F64,
        ("torch", "FloatStorage") => Dtype::F32,
        ("torch", "HalfStorage") => Dtype::F16,
        ("torch", "BFloat16Storage") => Dtype::BF16,
        ("torch", "LongStorage") => Dtype::Other("I64", 8),
        ("torch", "IntStorage") => Dtype::Other("I32", 4),
        ("torch", "ShortStorage") => Dtype::Other("I16", 2),
        ("torch", "CharStorage") => Dtype::Other("I8", 1),
        ("torch", "ByteStorage") => Dtype::Other("U8", 1),
        ("torch", "BoolStorage") => Dtype::Other("BOOL", 1),
        _ => {
            return Err(Fault::Unsupported(format!(
                "its pickle refers to {}.{}, which is not plain weights; nothing was executed. Save \
                 the state dict alone, with torch.save(net.state_dict(), ...) or as .safetensors",
                shown(module),
                shown(name)
            )));
        }
    };
    Ok(Global::Storage(dtype))
}
