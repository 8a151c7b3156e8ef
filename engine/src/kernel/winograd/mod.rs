//! Winograd's minimal filtering F(6x6, 3x3): six by six outputs from eight by eight inputs with 64
//! multiplications a channel pair instead of 324 (Lavin & Gray, 2016).
//!
//! ```text
//! V = B^T d B        an 8x8 patch d of one input channel, 64 frequencies
//! M_f = V_f * U_f    for each frequency f a matrix product over the channels (kernel/gemm.rs)
//! y = A^T M A        6x6 outputs of one output channel
//! ```
//!
//! with `U = G g G^T` made once from the 3x3 filter g, in f64. The interpolation points are 0, +-1, +-2, +-1/2 and
//! infinity. The two of a pair have the same even part and opposite odd ones, so both cost little more than one.

mod input;
mod output;

pub(crate) use input::{InputTransform, input_transform};
pub(crate) use output::{OutputTransform, output_transform};

/// Outputs of a tile along one axis.
pub(crate) const TILE: usize = 6;
/// Inputs of a tile along one axis.
pub(crate) const PATCH: usize = 8;
/// Frequencies.
pub(crate) const FREQUENCIES: usize = PATCH * PATCH;

/// `G`: the filter transform.
const G: [[f64; 3]; PATCH] = [
    [1.0, 0.0, 0.0],
    [-2.0 / 9.0, -2.0 / 9.0, -2.0 / 9.0],
    [-2.0 / 9.0, 2.0 / 9.0, -2.0 / 9.0],
    [1.0 / 90.0, 2.0 / 90.0, 4.0 / 90.0],
    [1.0 / 90.0, -2.0 / 90.0, 4.0 / 90.0],
    [32.0 / 45.0, 16.0 / 45.0, 8.0 / 45.0],
    [32.0 / 45.0, -16.0 / 45.0, 8.0 / 45.0],
    [0.0, 0.0, 1.0],
];

/// `G g G^T` of one 3x3 filter (row-major), in frequency order `vertical * 8 + horizontal`.
pub(crate) fn transform_filter(g: &[f32]) -> [f64; FREQUENCIES] {
    let product = |a: &[f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let mut u = [0.0; FREQUENCIES];
    for (i, rows) in G.iter().enumerate() {
        let column = |q: usize| product(rows, [0, 1, 2].map(|p| f64::from(g[p * 3 + q])));
        let t = [column(0), column(1), column(2)];
        for (j, columns) in G.iter().enumerate() {
            u[i * PATCH + j] = product(columns, t);
        }
    }
    u
}
