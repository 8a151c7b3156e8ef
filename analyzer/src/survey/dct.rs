//! The discrete cosine transform of 8x8 blocks: the one of JPEG, and a basis that parts texture from noise.

/// Side of a block.
pub const BLOCK: usize = 8;

/// A block of samples or of coefficients: rows from the top, or vertical frequencies from zero.
pub type Block = [[f32; BLOCK]; BLOCK];

/// The orthonormal type II transform of blocks (ITU-T T.81, A.3.3): white noise keeps its variance in every
/// coefficient.
///
/// Cosines of even frequencies are symmetric about the middle and those of odd ones antisymmetric, so sums and differences
/// of mirrored samples need only half of the basis each.
#[derive(Clone, Debug)]
pub struct Dct {
    basis: [[f32; HALF]; BLOCK],
}

const HALF: usize = BLOCK / 2;

impl Default for Dct {
    fn default() -> Self {
        let mut basis = [[0.0; HALF]; BLOCK];
        for (k, row) in basis.iter_mut().enumerate() {
            let norm = if k == 0 { 0.125f64 } else { 0.25 }.sqrt();
            for (i, out) in row.iter_mut().enumerate() {
                let angle = (2 * i + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0;
                *out = (norm * angle.cos()) as f32;
            }
        }
        Dct { basis }
    }
}

impl Dct {
    /// Coefficients of a block; `[v][u]` with `v` the vertical frequency.
    pub fn forward(&self, block: &Block) -> Block {
        transpose(&self.columns(&transpose(&self.columns(block))))
    }

    /// Transforms every column: whole rows are added, so that the compiler can use vectors.
    fn columns(&self, block: &Block) -> Block {
        let mut folded = [[[0.0; BLOCK]; HALF]; 2];
        for i in 0..HALF {
            for x in 0..BLOCK {
                let (near, far) = (block[i][x], block[BLOCK - 1 - i][x]);
                folded[0][i][x] = near + far;
                folded[1][i][x] = near - far;
            }
        }
        let mut out = [[0.0; BLOCK]; BLOCK];
        for (k, (out, basis)) in out.iter_mut().zip(&self.basis).enumerate() {
            for (row, &weight) in folded[k % 2].iter().zip(basis) {
                for (out, &v) in out.iter_mut().zip(row) {
                    *out += weight * v;
                }
            }
        }
        out
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

fn transpose(block: &Block) -> Block {
    let mut out = [[0.0; BLOCK]; BLOCK];
    for (y, row) in block.iter().enumerate() {
        for (x, &v) in row.iter().enumerate() {
            out[x][y] = v;
        }
    }
    out
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
