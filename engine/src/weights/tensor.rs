//! Where a tensor lies in a file, and its conversion to numbers.

use half::{bf16, f16};

use super::Fault;

/// Type of a tensor's elements in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE double.
    F64,
    /// IEEE single.
    F32,
    /// IEEE half.
    F16,
    /// The upper half of an IEEE single.
    BF16,
    /// Anything else, by the format's own name and its size in bytes; it can be listed, not converted.
    Other(&'static str, usize),
}

impl Dtype {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Dtype::F64 => 8,
            Dtype::F32 => 4,
            Dtype::F16 | Dtype::BF16 => 2,
            Dtype::Other(_, size) => size,
        }
    }
}

/// A tensor in a weight file: type, shape and place.
///
/// Its constructor has checked that every element lies inside the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    /// In elements.
    strides: Vec<usize>,
    /// Byte offset of element 0 in the file.
    start: usize,
    /// Product of `shape`.
    len: usize,
}

/// A run of elements in the file that tensors are views of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Storage {
    pub(super) dtype: Dtype,
    /// Byte offset in the file.
    pub(super) start: usize,
    /// Elements.
    pub(super) len: usize,
}

/// PyTorch itself stops at 64 dimensions; a network's weights have four.
pub(super) const MAX_RANK: usize = 8;

impl Tensor {
    /// A view of `storage`, which the caller has checked to lie inside the file.
    ///
    /// `offset` and `strides` count elements. Strides may permute (transposed views), but a view with more
    /// elements than its storage is refused: it would let a header dictate the allocation.
    pub(super) fn view(
        storage: Storage,
        offset: usize,
        shape: Vec<usize>,
        strides: Vec<usize>,
    ) -> Result<Self, Fault> {
        if shape.len() != strides.len() || shape.len() > MAX_RANK {
            return Err(Fault::Damaged(format!(
                "a tensor has {} dimensions and {} strides",
                shape.len(),
                strides.len()
            )));
        }
        let outside = || {
            Fault::Damaged(format!(
                "a tensor of shape {shape:?}, strides {strides:?}, offset {offset} lies outside its \
                 storage of {} elements",
                storage.len
            ))
        };
        let len = product(&shape).ok_or_else(outside)?;
        if len > 0 {
            let last = shape.iter().zip(&strides).try_fold(offset, |at, (d, s)| {
                at.checked_add((d - 1).checked_mul(*s)?)
            });
            if last.is_none_or(|last| last >= storage.len) {
                return Err(outside());
            }
        }
        if len > storage.len {
            return Err(Fault::Unsupported(format!(
                "a tensor of shape {shape:?} repeats elements of its storage: save it contiguous"
            )));
        }
        Ok(Tensor {
            dtype: storage.dtype,
            // Inside the file because the last element is; an empty tensor reads nothing.
            start: storage
                .start
                .saturating_add(offset.saturating_mul(storage.dtype.size())),
            // A dimension of one is never stepped over, and its stride may be anything.
            strides: shape
                .iter()
                .zip(strides)
                .map(|(d, s)| if *d > 1 { s } else { 0 })
                .collect(),
            shape,
            len,
        })
    }

    /// Type in the file.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Dimensions, outermost first: a convolution's weight is `[out, in, rows, columns]`.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Size of its elements in the file.
    pub(super) fn bytes(&self) -> usize {
        self.len.saturating_mul(self.dtype.size())
    }

    /// Its elements in row-major order, each through `f64` (exact for every supported type).
    pub(super) fn decode<T>(&self, file: &[u8], map: impl Fn(f64) -> T) -> Result<Vec<T>, Fault> {
        match self.dtype {
            Dtype::F64 => self.gather(file, |b| map(f64::from_le_bytes(b))),
            Dtype::F32 => self.gather(file, |b| map(f32::from_le_bytes(b).into())),
            Dtype::F16 => self.gather(file, |b| map(f16::from_le_bytes(b).to_f64())),
            Dtype::BF16 => self.gather(file, |b| map(bf16::from_le_bytes(b).to_f64())),
            Dtype::Other(name, _) => Err(Fault::Unsupported(format!(
                "holds {name}, but weights must be F64, F32, F16 or BF16"
            ))),
        }
    }

    fn is_contiguous(&self) -> bool {
        let expected = contiguous(&self.shape);
        let dimensions = self.shape.iter().zip(&self.strides).zip(&expected);
        // Strides of single rows were set to zero.
        dimensions
            .into_iter()
            .all(|((d, stride), expected)| *d == 1 || stride == expected)
    }

    fn gather<T, const N: usize>(
        &self,
        file: &[u8],
        map: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Fault> {
        if self.len == 0 {
            return Ok(Vec::new());
        }
        let outside = || Fault::Damaged("lies outside the file".into());
        let bytes = file.get(self.start..).ok_or_else(outside)?;
        let (elements, _) = bytes.as_chunks::<N>();
        if self.is_contiguous() {
            let elements = elements.get(..self.len).ok_or_else(outside)?;
            return Ok(elements.iter().map(|b| map(*b)).collect());
        }
        let mut out = Vec::with_capacity(self.len);
        let mut index = vec![0; self.shape.len()];
        let mut at = 0;
        for _ in 0..self.len {
            out.push(map(*elements.get(at).ok_or_else(outside)?));
            // An odometer over the index, the last dimension fastest; `at` follows by strides.
            for d in (0..index.len()).rev() {
                index[d] += 1;
                at += self.strides[d];
                if index[d] < self.shape[d] {
                    break;
                }
                at -= self.strides[d] * self.shape[d];
                index[d] = 0;
            }
        }
        Ok(out)
    }
}

/// Strides of a row-major tensor.
pub(super) fn contiguous(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1usize; shape.len()];
    for d in (1..shape.len()).rev() {
        strides[d - 1] = strides[d].saturating_mul(shape[d]);
    }
    strides
}

/// Elements of a shape, unless they overflow.
pub(super) fn product(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage(dtype: Dtype, len: usize) -> Storage {
        Storage {
            dtype,
            start: 4,
            len,
        }
    }

    fn file(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
        let values = values.into_iter().flat_map(f32::to_le_bytes);
        [0; 4].into_iter().chain(values).collect()
    }

    #[test]
    fn a_transposed_view_is_read_through_its_strides() {
        let tensor = Tensor::view(storage(Dtype::F32, 6), 0, vec![3, 2], vec![1, 3]).unwrap();
        let values = tensor
            .decode(&file((0..6).map(|i| i as f32)), |v| v)
            .unwrap();
        assert_eq!(values, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    }

    #[test]
    fn a_view_starts_at_its_offset() {
        let tensor = Tensor::view(storage(Dtype::F32, 6), 2, vec![2], vec![2]).unwrap();
        let values = tensor
            .decode(&file((0..6).map(|i| i as f32)), |v| v)
            .unwrap();
        assert_eq!(values, [2.0, 4.0]);
    }

    #[test]
    fn the_stride_of_a_single_row_does_not_matter() {
        let strides = vec![1, usize::MAX];
        let tensor = Tensor::view(storage(Dtype::F32, 2), 0, vec![2, 1], strides).unwrap();
        assert_eq!(tensor.decode(&file([1.0, 2.0]), |v| v).unwrap(), [1.0, 2.0]);
    }

    #[test]
    fn a_scalar_has_one_element() {
        let tensor = Tensor::view(storage(Dtype::F32, 1), 0, vec![], vec![]).unwrap();
        assert_eq!(tensor.decode(&file([7.0]), |v| v).unwrap(), [7.0]);
    }

    #[test]
    fn each_float_type_is_decoded() {
        // -1.5 in each type, by the IEEE 754 bit patterns.
        for (dtype, bits) in [
            (Dtype::F64, &[0, 0, 0, 0, 0, 0, 0xf8, 0xbf][..]),
            (Dtype::F32, &[0, 0, 0xc0, 0xbf][..]),
            (Dtype::F16, &[0, 0xbe][..]),
            (Dtype::BF16, &[0xc0, 0xbf][..]),
        ] {
            let bytes = [&[0; 4], bits].concat();
            let tensor = Tensor::view(storage(dtype, 1), 0, vec![1], vec![1]).unwrap();
            assert_eq!(tensor.decode(&bytes, |v| v).unwrap(), [-1.5], "{dtype:?}");
        }
    }

    #[test]
    fn views_outside_or_larger_than_their_storage_are_refused() {
        let s = storage(Dtype::F32, 6);
        let max = usize::MAX;
        for (offset, shape, strides) in [
            (0, vec![7], vec![1]),
            (1, vec![6], vec![1]),
            (0, vec![2, 2], vec![5, 1]),
            (max, vec![1], vec![1]),
            (0, vec![max, max], vec![1, 1]),
            (0, vec![2], vec![max]),
            (1, vec![2], vec![max]),
            // Expanded views: every element in range, but far more of them than the file holds.
            (0, vec![1 << 40], vec![0]),
            (0, vec![7, 1], vec![0, 0]),
            (0, vec![1; 9], vec![1; 9]),
            (0, vec![2], vec![]),
        ] {
            assert!(
                Tensor::view(s, offset, shape.clone(), strides.clone()).is_err(),
                "offset {offset}, shape {shape:?}, strides {strides:?}"
            );
        }
        assert!(Tensor::view(s, max, vec![0, max], vec![1, 1]).is_ok());
    }
}
