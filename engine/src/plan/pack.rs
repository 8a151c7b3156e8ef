//! Weights in the order in which the kernels read them.

use super::compile::{Algorithm, Block};
use crate::Result;
use crate::buffer::{Buffer, LINE};
use crate::kernel::{amx, winograd};
use crate::network::Conv;
use half::bf16;

/// What the packed order of a convolution's weights depends on, beside its filters.
pub(crate) struct Packing<'a> {
    pub conv: &'a Conv,
    /// Channels of each input map, and the same as padded.
    pub inputs: &'a [(usize, usize)],
    /// Output channels.
    pub outputs: usize,
    /// Output channel of the network that comes n-th.
    pub source: &'a dyn Fn(usize) -> usize,
    /// Floats in a vector.
    pub lanes: usize,
    pub algorithm: Algorithm,
}

impl Packing<'_> {
    fn taps(&self) -> usize {
        self.conv.kernel * self.conv.kernel
    }

    /// Padded channels of all inputs.
    fn depth(&self) -> usize {
        self.inputs.iter().map(|&(_, padded)| padded).sum()
    }

    /// The filter from input channel `m`, counted over all inputs without padding, to the `n`-th output channel.
    fn filter(&self, n: usize, m: usize) -> &[f32] {
        let all: usize = self.inputs.iter().map(|&(channels, _)| channels).sum();
        let taps = self.taps();
        &self.conv.weight[((self.source)(n) * all + m) * taps..][..taps]
    }

    /// Floats of a column block of `vectors` vectors.
    fn len(&self, vectors: usize) -> usize {
        let width = vectors * self.lanes;
        match self.algorithm {
            Algorithm::Winograd => winograd::FREQUENCIES * self.depth() * width,
            Algorithm::Direct => self.taps() * self.depth() * width,
            Algorithm::Amx => {
                let kernel = self.conv.kernel;
                let row = |&(_, padded): &(usize, usize)| amx::chunks(kernel, padded);
                let chunks = kernel * self.inputs.iter().map(row).sum::<usize>();
                chunks * amx::chunk_weights(vectors) * size_of::<bf16>() / size_of::<f32>()
            }
        }
    }

    /// Packs column blocks of so many vectors each.
    pub fn pack(&self, vectors: impl Iterator<Item = usize>) -> Result<(Vec<Block>, Buffer)> {
        let mut blocks = Vec::new();
        let (mut offset, mut first_vector) = (0, 0);
        for vectors in vectors {
            blocks.push(Block {
                vectors,
                first_vector,
                offset,
            });
            offset += self.len(vectors).next_multiple_of(LINE);
            first_vector += vectors;
        }
        let mut weights = Buffer::zeroed(offset)?;
        for block in &blocks {
            let packed = &mut weights.as_mut_slice()[block.offset..][..self.len(block.vectors)];
            match self.algorithm {
                Algorithm::Amx => self.chunks(block, bytemuck::cast_slice_mut(packed)),
                _ => self.columns(block, packed),
            }
        }
        Ok((blocks, weights))
    }

    /// Winograd: `[frequency][depth][columns]`. Direct: `[input][ky][kx][channel][columns]`.
    fn columns(&self, block: &Block, packed: &mut [f32]) {
        let (taps, depth) = (self.taps(), self.depth());
        let width = block.vectors * self.lanes;
        for lane in 0..width {
            let n = block.first_vector * self.lanes + lane;
            if n >= self.outputs {
                continue;
            }
            let (mut m, mut base) = (0, 0);
            for &(channels, padded) in self.inputs {
                for c in 0..channels {
                    let filter = self.filter(n, m + c);
                    if self.algorithm == Algorithm::Winograd {
                        for (f, u) in winograd::transform_filter(filter).into_iter().enumerate() {
                            packed[(f * depth + base + c) * width + lane] = u as f32;
                        }
                    } else {
                        for (t, &w) in filter.iter().enumerate() {
                            packed[(base * taps + t * padded + c) * width + lane] = w;
                        }
                    }
                }
                m += channels;
                base += padded;
            }
        }
    }

    /// AMX: `[input][ky][chunk of (kx, channel)]`, each as [`amx::pack`] says.
    fn chunks(&self, block: &Block, packed: &mut [bf16]) {
        let kernel = self.conv.kernel;
        let mut out = packed.chunks_exact_mut(amx::chunk_weights(block.vectors));
        let mut m = 0;
        for &(channels, padded) in self.inputs {
            for ky in 0..kernel {
                for chunk in 0..amx::chunks(kernel, padded) {
                    let Some(out) = out.next() else { return };
                    amx::pack(block.vectors, out, |value, column| {
                        let value = chunk * amx::TILE_DEPTH + value;
                        let (kx, c) = (value / padded, value % padded);
                        let n = block.first_vector * self.lanes + column;
                        match kx < kernel && c < channels && n < self.outputs {
                            true => self.filter(n, m + c)[ky * kernel + kx],
                            false => 0.0,
                        }
                    });
                }
            }
            m += channels;
        }
    }
}
