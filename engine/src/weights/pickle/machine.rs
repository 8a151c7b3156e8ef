//! The stack machine: one match over the opcodes.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::{Fault, MAX_OBJECTS, Object, Pickle, Value, damaged, global};

pub(super) struct Machine<'a> {
    cursor: Cursor<'a>,
    stack: Vec<Value<'a>>,
    marks: Vec<usize>,
    memo: HashMap<usize, Value<'a>>,
    pub(super) objects: Vec<Object<'a>>,
    /// Entries that may still be copied out of shared containers.
    pub(super) copies: usize,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Machine {
            cursor: Cursor::new(bytes),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            objects: Vec::new(),
            copies: MAX_OBJECTS,
        }
    }

    pub(super) fn run(mut self) -> Result<Pickle<'a>, Fault> {
        for _ in 0..MAX_OBJECTS {
            if let Some(root) = self.step()? {
                return Ok(Pickle {
                    root,
                    length: self.cursor.position(),
                    objects: self.objects,
                });
            }
        }
        Err(damaged("the pickle is longer than any checkpoint's"))
    }

    /// Executes one opcode; the result when it was `STOP`. Each pushes at most one value and makes at
    /// most one object, which is what bounds memory.
    fn step(&mut self) -> Result<Option<Value<'a>>, Fault> {
        match self.cursor.take::<1>()?[0] {
            b'.' => return self.pop().map(Some),
            // PROTO and FRAME describe the stream and need no action.
            0x80 => drop(self.cursor.take::<1>()?),
            0x95 => drop(self.cursor.take::<8>()?),

            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => self.stack.push(self.top()?),

            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'J' => {
                let v = i32::from_le_bytes(self.cursor.take()?);
                self.stack.push(Value::Int(v.into()));
            }
            b'K' => {
                let v = self.cursor.byte_length()?;
                self.stack.push(Value::Int(v as i128));
            }
            b'M' => {
                let v = u16::from_le_bytes(self.cursor.take()?);
                self.stack.push(Value::Int(v.into()));
            }
            0x8a => {
                let n = self.cursor.byte_length()?;
                self.long(n)?;
            }
            0x8b => {
                let n = self.cursor.word_length()?;
                self.long(n)?;
            }
            b'G' => {
                self.cursor.take::<8>()?;
                self.stack.push(Value::Opaque);
            }

            // Text; Python 2 wrote names as byte strings.
            0x8c | b'U' => {
                let n = self.cursor.byte_length()?;
                self.text(n)?;
            }
            b'X' | b'T' => {
                let n = self.cursor.word_length()?;
                self.text(n)?;
            }
            0x8d => {
                let n = self.cursor.long_length()?;
                self.text(n)?;
            }
            b'C' => {
                let n = self.cursor.byte_length()?;
                self.opaque(n)?;
            }
            b'B' => {
                let n = self.cursor.word_length()?;
                self.opaque(n)?;
            }
            0x8e | 0x96 => {
                let n = self.cursor.long_length()?;
                self.opaque(n)?;
            }

            b')' => self.push_object(Object::Tuple(Vec::new())),
            b']' => self.push_object(Object::List(Vec::new())),
            b'}' => self.push_object(Object::Dict(Vec::new())),
            b't' => {
                let items = self.pop_mark()?;
                self.push_object(Object::Tuple(items));
            }
            b'l' => {
                let items = self.pop_mark()?;
                self.push_object(Object::List(items));
            }
            b'd' => {
                let items = self.pop_mark()?;
                self.push_object(Object::Dict(pairs(items)?));
            }
            op @ 0x85..=0x87 => {
                let mut items = vec![Value::None; usize::from(op - 0x84)];
                for item in items.iter_mut().rev() {
                    *item = self.pop()?;
                }
                self.push_object(Object::Tuple(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.insert(vec![key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.insert(items)?;
            }

            b'q' => {
                let slot = self.cursor.byte_length()?;
                self.memoize(slot)?;
            }
            b'r' => {
                let slot = self.cursor.word_length()?;
                self.memoize(slot)?;
            }
            0x94 => self.memoize(self.memo.len())?,
            b'h' => {
                let slot = self.cursor.byte_length()?;
                self.recall(slot)?;
            }
            b'j' => {
                let slot = self.cursor.word_length()?;
                self.recall(slot)?;
            }

            b'c' => {
                let (module, name) = (self.cursor.line()?, self.cursor.line()?);
                self.stack.push(Value::Global(global(module, name)?));
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Str(name), Value::Str(module)) => {
                    self.stack.push(Value::Global(global(module, name)?));
                }
                _ => {
                    return Err(damaged(
                        "the pickle names a global by something else than text",
                    ));
                }
            },
            b'R' | 0x81 => {
                let arguments = self.pop()?;
                let callable = self.pop()?;
                let value = self.reduce(callable, arguments)?;
                self.stack.push(value);
            }
            // State of an object: `OrderedDict` carries module versions as an attribute. Not needed.
            b'b' => {
                self.pop()?;
                if !matches!(self.object(self.top()?), Some(Object::Dict(_))) {
                    return Err(Fault::Unsupported(
                        "its pickle sets the state of an object: save the state dict alone".into(),
                    ));
                }
            }
            b'Q' => {
                let id = self.pop()?;
                let storage = self.storage(id)?;
                self.push_object(storage);
            }
            op => {
                return Err(Fault::Unsupported(format!(
                    "its pickle uses opcode {op:#04x} at byte {}, which no checkpoint needs",
                    self.cursor.position() - 1
                )));
            }
        }
        Ok(None)
    }

    fn append(&mut self, mut new: Vec<Value<'a>>) -> Result<(), Fault> {
        match self.top_object()? {
            Object::List(items) => items.append(&mut new),
            _ => {
                return Err(damaged(
                    "the pickle appends to something that is not a list",
                ));
            }
        }
        Ok(())
    }

    fn insert(&mut self, items: Vec<Value<'a>>) -> Result<(), Fault> {
        let mut new = pairs(items)?;
        match self.top_object()? {
            Object::Dict(entries) => entries.append(&mut new),
            _ => {
                return Err(damaged(
                    "the pickle sets items of something that is not a dictionary",
                ));
            }
        }
        Ok(())
    }

    fn memoize(&mut self, slot: usize) -> Result<(), Fault> {
        let value = self.top()?;
        self.memo.insert(slot, value);
        Ok(())
    }

    fn recall(&mut self, slot: usize) -> Result<(), Fault> {
        let value = self.memo.get(&slot).copied();
        let value = value.ok_or_else(|| damaged("the pickle recalls what it never stored"))?;
        self.stack.push(value);
        Ok(())
    }

    pub(super) fn allocate(&mut self, object: Object<'a>) -> Value<'a> {
        self.objects.push(object);
        Value::Object(self.objects.len() - 1)
    }

    fn push_object(&mut self, object: Object<'a>) {
        let value = self.allocate(object);
        self.stack.push(value);
    }

    pub(super) fn object(&self, value: Value<'a>) -> Option<&Object<'a>> {
        match value {
            Value::Object(id) => self.objects.get(id),
            _ => None,
        }
    }

    fn top_object(&mut self) -> Result<&mut Object<'a>, Fault> {
        let Value::Object(id) = self.top()? else {
            return Err(damaged(
                "the pickle fills something that is not a container",
            ));
        };
        self.objects.get_mut(id).ok_or_else(underflow)
    }

    fn top(&self) -> Result<Value<'a>, Fault> {
        self.stack.last().copied().ok_or_else(underflow)
    }

    fn pop(&mut self) -> Result<Value<'a>, Fault> {
        self.stack.pop().ok_or_else(underflow)
    }

    fn pop_mark(&mut self) -> Result<Vec<Value<'a>>, Fault> {
        let mark = self.marks.pop().ok_or_else(underflow)?;
        if mark > self.stack.len() {
            return Err(underflow());
        }
        Ok(self.stack.split_off(mark))
    }

    fn long(&mut self, length: usize) -> Result<(), Fault> {
        let bytes = self.cursor.slice(length)?;
        let value = if length > 16 {
            Value::Opaque
        } else {
            // Little-endian two's complement, cut to its significant bytes.
            let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
            let mut full = [if negative { 0xff } else { 0 }; 16];
            full[..length].copy_from_slice(bytes);
            Value::Int(i128::from_le_bytes(full))
        };
        self.stack.push(value);
        Ok(())
    }

    fn text(&mut self, length: usize) -> Result<(), Fault> {
        let bytes = self.cursor.slice(length)?;
        // Python 2 byte strings may hold anything; what is not text cannot be a name either.
        let value = std::str::from_utf8(bytes).map_or(Value::Opaque, Value::Str);
        self.stack.push(value);
        Ok(())
    }

    fn opaque(&mut self, length: usize) -> Result<(), Fault> {
        self.cursor.slice(length)?;
        self.stack.push(Value::Opaque);
        Ok(())
    }
}

fn underflow() -> Fault {
    damaged("the pickle takes more from its stack than it put there")
}

fn pairs(items: Vec<Value<'_>>) -> Result<Vec<(Value<'_>, Value<'_>)>, Fault> {
    match items.as_chunks::<2>() {
        (pairs, []) => Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect()),
        _ => Err(damaged("the pickle has a key without a value")),
    }
}
