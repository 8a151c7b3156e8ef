//! Where the grid of blocks lies, and how strongly it shows.

use rayon::prelude::*;

use crate::survey::{BLOCK, Dct, Tile, block_at};

/// Blocks over the whole picture that are looked at for every phase, and then for the best of them.
const FIRST: usize = 128;
const THEN: usize = 1024;
/// Phases that are looked at again.
const AGAIN: usize = 6;
/// What a coefficient has beside its value after decoding: rounding of luma and of three colours, see `comb`.
const ROUNDING: f32 = 0.5;
/// Jumps in 8-bit steps beyond which they are edges of the content.
const EDGE: f32 = 24.0;

/// The phase, column and row of the first whole block, at which the coefficients of blocks are the sparsest.
///
/// Sparse is what has a low sum of c² / (c² + σ²), about the number of coefficients that are more than rounding:
/// quantisation made many of them zero, and out of step with it they are spread over all others again.
pub(super) fn phase(tiles: &[Tile], dct: &Dct) -> (usize, usize) {
    let mut phases: Vec<(usize, usize)> = (0..BLOCK * BLOCK)
        .map(|phase| (phase % BLOCK, phase / BLOCK))
        .collect();
    for blocks in [FIRST, THEN] {
        let corners = spread(tiles, blocks);
        let mut costs: Vec<(f32, (usize, usize))> = phases
            .par_iter()
            .map(|&phase| (cost(&corners, phase, dct), phase))
            .collect();
        costs.sort_by(|a, b| a.0.total_cmp(&b.0));
        phases = costs
            .into_iter()
            .take(AGAIN)
            .map(|(_, phase)| phase)
            .collect();
    }
    phases[0]
}

fn cost(corners: &[(&Tile, usize, usize)], (px, py): (usize, usize), dct: &Dct) -> f32 {
    // As many sums as vectors have lanes.
    let mut costs = [0.0f32; BLOCK];
    for &(tile, x, y) in corners {
        for row in dct.forward(&block_at(&tile.luma, tile.width, x + px, y + py)) {
            for (cost, c) in costs.iter_mut().zip(row) {
                *cost += c * c / (c * c + ROUNDING * ROUNDING);
            }
        }
    }
    costs.iter().sum()
}

/// At most about `count` corners of blocks on lines of the picture's grid of phase 0, spread over the tiles, each with
/// room for a block at every phase.
pub(super) fn spread(tiles: &[Tile], count: usize) -> Vec<(&Tile, usize, usize)> {
    let mut corners = Vec::new();
    for tile in tiles {
        let first = |start: usize| start.next_multiple_of(BLOCK) - start;
        let last = |length: usize| (length + 1).saturating_sub(2 * BLOCK);
        for y in (first(tile.y)..last(tile.height)).step_by(BLOCK) {
            for x in (first(tile.x)..last(tile.width)).step_by(BLOCK) {
                corners.push((tile, x, y));
            }
        }
    }
    let all = corners.len();
    if all <= count {
        return corners;
    }
    (0..count).map(|i| corners[i * all / count]).collect()
}

/// Jumps of luma between neighbours, by where they lie on the grid.
#[derive(Clone, Debug, Default)]
pub struct Jumps {
    columns: [Sum; BLOCK],
    rows: [Sum; BLOCK],
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    jumps: f64,
    count: f64,
}

impl Jumps {
    pub(super) fn of(tile: &Tile) -> Self {
        let (mut jumps, columns) = (Jumps::default(), tile.columns(1));
        let mut down = vec![(0.0, 0.0); columns.len()];
        for y in tile.rows(0) {
            let row = tile.row(y);
            let pairs = row[columns.start - 1..].iter().zip(&row[columns.clone()]);
            for ((sum, count), (before, here)) in down.iter_mut().zip(pairs) {
                let jump = (here - before).abs();
                let counts = f32::from(u8::from(jump <= EDGE));
                *sum += jump * counts;
                *count += counts;
            }
        }
        for (x, (sum, count)) in columns.zip(down) {
            jumps.columns[(tile.x + x) % BLOCK].add(sum, count);
        }
        for y in tile.rows(1) {
            let [above, here] = [y - 1, y].map(|y| tile.row(y)[tile.columns(0)].chunks(BLOCK));
            // As many sums as vectors have lanes.
            let mut lanes = [[0.0f32; BLOCK]; 2];
            for (above, here) in above.zip(here) {
                for (i, (above, here)) in above.iter().zip(here).enumerate() {
                    let jump = (here - above).abs();
                    let counts = f32::from(u8::from(jump <= EDGE));
                    lanes[0][i] += jump * counts;
                    lanes[1][i] += counts;
                }
            }
            let [sum, count] = lanes.map(|lanes| lanes.iter().sum());
            jumps.rows[(tile.y + y) % BLOCK].add(sum, count);
        }
        jumps
    }

    pub(super) fn sum(parts: &[Jumps]) -> Self {
        let mut all = Jumps::default();
        for part in parts {
            for i in 0..BLOCK {
                all.columns[i].join(part.columns[i]);
                all.rows[i].join(part.rows[i]);
            }
        }
        all
    }

    /// The phase across whose lines the jumps are the largest.
    pub(super) fn strongest(&self) -> (usize, usize) {
        let best = |sums: &[Sum; BLOCK]| {
            (0..BLOCK)
                .max_by(|&a, &b| sums[a].mean().total_cmp(&sums[b].mean()))
                .unwrap_or(0)
        };
        (best(&self.columns), best(&self.rows))
    }

    /// Share of the jumps across lines of this phase that is more than jumps elsewhere, 0 to 1.
    pub(super) fn blockiness(&self, (x, y): (usize, usize)) -> f32 {
        let part = |sums: &[Sum; BLOCK], at: usize| {
            let others = (0..BLOCK).filter(|&i| i != at).map(|i| sums[i].mean());
            let elsewhere = others.sum::<f64>() / (BLOCK - 1) as f64;
            let across = sums[at].mean();
            // Half a grey level beside them: rounding is no grid.
            ((across - elsewhere) / (across + 0.5)).max(0.0)
        };
        ((part(&self.columns, x) + part(&self.rows, y)) / 2.0) as f32
    }
}

impl Sum {
    fn add(&mut self, jumps: f32, count: f32) {
        self.jumps += f64::from(jumps);
        self.count += f64::from(count);
    }

    fn join(&mut self, other: Sum) {
        self.jumps += other.jumps;
        self.count += other.count;
    }

    fn mean(&self) -> f64 {
        self.jumps / self.count.max(1.0)
    }
}
