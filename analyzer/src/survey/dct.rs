//! The discrete cosine transform of 8x8 blocks: the one of JPEG, and a basis that parts texture from noise.

use wide::f32x4;

/// Side of a block.
pub const BLOCK: usize = 8;

/// A block of samples or of coefficients: rows from the top, or vertical frequencies from zero.
pub type Block = [[f32; BLOCK]; BLOCK];

/// The orthonormal type II transform of blocks (ITU-T T.81, A.3.3): white noise keeps its variance in every
/// coefficient.
#[derive(Clone, Debug)]
pub struct Dct {
    basis: [[f32x4; HALF]; BLOCK],
}

const HALF: usize = BLOCK / 2;

/// Four columns of a block.
type Columns = [f32x4; BLOCK];

impl Default for Dct {
    fn default() -> Self {
        let mut basis = [[f32x4::ZERO; HALF]; BLOCK];
        for (k, row) in basis.iter_mut().enumerate() {
            let norm = if k == 0 { 0.125f64 } else { 0.25 }.sqrt();
            for (i, out) in row.iter_mut().enumerate() {
                let angle = (2 * i + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0;
                *out = f32x4::splat((norm * angle.cos()) as f32);
            }
        }
        Dct { basis }
    }
}

impl Dct {
    /// Coefficients of a block; `[v][u]` with `v` the vertical frequency.
    pub fn forward(&self, block: &Block) -> Block {
        let half = |from: usize| -> Columns {
            std::array::from_fn(|y| {
                let row = &block[y][from..from + HALF];
                f32x4::new([row[0], row[1], row[2], row[3]])
            })
        };
        let [left, right] = self.turned([half(0), half(HALF)]);
        let [left, right] = self.turned([left, right]);
        let mut out = [[0.0; BLOCK]; BLOCK];
        for (out, (left, right)) in out.iter_mut().zip(left.iter().zip(&right)) {
            out[..HALF].copy_from_slice(left.as_array());
            out[HALF..].copy_from_slice(right.as_array());
        }
        out
    }

    /// Transforms every column, and turns them to rows.
    #[inline(always)]
    fn turned(&self, halves: [Columns; 2]) -> [Columns; 2] {
        let [left, right] = halves.map(|half| self.columns(half));
        let corner = |half: &Columns, from: usize| {
            f32x4::transpose([half[from], half[from + 1], half[from + 2], half[from + 3]])
        };
        [0, HALF].map(|from| {
            let ([a, b, c, d], [e, f, g, h]) = (corner(&left, from), corner(&right, from));
            [a, b, c, d, e, f, g, h]
        })
    }

    /// Transforms four columns.
    ///
    /// Cosines of even frequencies are symmetric about the middle and those of odd ones antisymmetric, so sums and differences
    /// of mirrored samples need half of the basis each; for even frequencies the same goes for the sums.
    #[inline(always)]
    fn columns(&self, [a, b, c, d, e, f, g, h]: Columns) -> Columns {
        let sums = [a + h, b + g, c + f, d + e];
        let apart = [a - h, b - g, c - f, d - e];
        let outer = [sums[0] + sums[3], sums[1] + sums[2]];
        let inner = [sums[0] - sums[3], sums[1] - sums[2]];
        let two = |k: usize, [a, b]: [f32x4; 2]| self.basis[k][0] * a + self.basis[k][1] * b;
        let four = |k: usize| {
            let [a, b, c, d] = self.basis[k];
            (a * apart[0] + b * apart[1]) + (c * apart[2] + d * apart[3])
        };
        [
            two(0, outer),
            four(1),
            two(2, inner),
            four(3),
            two(4, outer),
            four(5),
            two(6, inner),
            four(7),
        ]
    }
}

/// The block whose corner is at column `x` and row `y` of `plane`, whose rows have `width` samples.
///
/// # Panics
///
/// Panics if the block reaches beyond the plane.
pub fn block_at(plane: &[f32], width: usize, x: usize, y: usize) -> Block {
    let mut block = [[0.0; BLOCK]; BLOCK];
    for (row, out) in block.iter_mut().enumerate() {
        let start = (y + row) * width + x;
        out.copy_from_slice(&plane[start..start + BLOCK]);
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The double sum of the standard, in f64.
    #[test]
    fn agrees_with_the_standard() {
        let mut block = [[0.0; BLOCK]; BLOCK];
        for (i, v) in block.iter_mut().flatten().enumerate() {
            *v = ((i * 37 + 11) % 256) as f32;
        }
        let coefficients = Dct::default().forward(&block);
        let turn = |i: usize, k: usize| {
            ((2 * i + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos()
        };
        let c = |k: usize| if k == 0 { 0.5f64.sqrt() } else { 1.0 };
        for (v, row) in coefficients.iter().enumerate() {
            for (u, &found) in row.iter().enumerate() {
                let sum: f64 = (0..64)
                    .map(|i| f64::from(block[i / 8][i % 8]) * turn(i % 8, u) * turn(i / 8, v))
                    .sum();
                let expected = sum * c(u) * c(v) / 4.0;
                assert!((expected - f64::from(found)).abs() < 1e-3);
            }
        }
    }
}
