//! What the allow-listed globals make of their arguments: dictionaries, storages and tensors.

use crate::weights::tensor::MAX_RANK;

use super::machine::Machine;
use super::{Fault, Global, Object, Value, View, damaged};

impl<'a> Machine<'a> {
    /// What the allowed globals make of their arguments.
    pub(super) fn reduce(
        &mut self,
        callable: Value<'a>,
        arguments: Value<'a>,
    ) -> Result<Value<'a>, Fault> {
        let Value::Global(global) = callable else {
            return Err(damaged("the pickle calls something that is not a function"));
        };
        let Some(Object::Tuple(arguments)) = self.object(arguments) else {
            return Err(damaged(
                "the pickle calls a function without an argument tuple",
            ));
        };
        let mut copied = 0;
        let object = match (global, arguments.as_slice()) {
            (Global::OrderedDict, []) => Object::Dict(Vec::new()),
            // Python 2 passes the items as a list of pairs.
            (Global::OrderedDict, [items]) => match self.object(*items) {
                Some(Object::List(items)) => {
                    // A list can be recalled any number of times, so its copies need a bound of their own.
                    copied = items.len();
                    let mut entries = Vec::with_capacity(items.len());
                    for item in items {
                        match self.object(*item) {
                            Some(Object::List(pair) | Object::Tuple(pair)) if pair.len() == 2 => {
                                entries.push((pair[0], pair[1]));
                            }
                            _ => return Err(damaged("an OrderedDict is made of other than pairs")),
                        }
                    }
                    Object::Dict(entries)
                }
                _ => return Err(damaged("an OrderedDict is made of other than a list")),
            },
            (Global::RebuildTensor, [storage, offset, shape, strides, ..]) => {
                let Some(&Object::Storage(dtype, key, numel)) = self.object(*storage) else {
                    return Err(damaged("a tensor has no storage"));
                };
                Object::Tensor(View {
                    dtype,
                    key,
                    numel,
                    offset: size(*offset)?,
                    shape: self.sizes(*shape)?,
                    strides: self.sizes(*strides)?,
                })
            }
            (Global::RebuildParameter, [tensor, ..]) => return Ok(*tensor),
            (Global::Size, [sizes]) => return Ok(*sizes),
            (Global::Device, _) => return Ok(Value::Opaque),
            _ => {
                return Err(damaged(format!(
                    "the pickle calls {global:?} with {} arguments",
                    arguments.len()
                )));
            }
        };
        self.copies = self
            .copies
            .checked_sub(copied)
            .ok_or_else(|| damaged("the pickle copies more than any checkpoint needs"))?;
        Ok(self.allocate(object))
    }

    /// A persistent id is `("storage", type, key, device, elements)`; the older format appends a view,
    /// which `torch.save` leaves `None`.
    pub(super) fn storage(&self, id: Value<'a>) -> Result<Object<'a>, Fault> {
        let Some(Object::Tuple(items)) = self.object(id) else {
            return Err(damaged("a storage is named by something else than a tuple"));
        };
        match items.as_slice() {
            [
                Value::Str("storage"),
                Value::Global(Global::Storage(dtype)),
                Value::Str(key),
                _,
                numel,
                view @ ..,
            ] => match view {
                [] | [Value::None] => Ok(Object::Storage(*dtype, key, size(*numel)?)),
                _ => Err(Fault::Unsupported(
                    "its storages are views of each other: save it again with a newer PyTorch"
                        .into(),
                )),
            },
            _ => Err(damaged("a storage is named in an unknown way")),
        }
    }

    fn sizes(&self, value: Value<'a>) -> Result<Vec<usize>, Fault> {
        match self.object(value) {
            Some(Object::Tuple(items) | Object::List(items)) if items.len() <= MAX_RANK => {
                items.iter().map(|item| size(*item)).collect()
            }
            _ => Err(damaged("a tensor's shape is not a short tuple")),
        }
    }
}

fn size(value: Value<'_>) -> Result<usize, Fault> {
    match value {
        Value::Int(n) => usize::try_from(n).ok(),
        _ => None,
    }
    .ok_or_else(|| damaged("the pickle has something else in place of a size"))
}
