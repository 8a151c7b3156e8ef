//! Parts of a picture that could be letters: what stands out of the mean around it and hangs together.

use std::ops::{Range, RangeInclusive};

/// Radius of the neighbourhood that strokes are compared with, in pixels of the overview.
const RADIUS: usize = 14;
const WINDOW: usize = 2 * RADIUS + 1;
/// Parts of a level that luma is summed in.
const FRACTIONS: f32 = 16.0;
/// Least contrast of a stroke in levels of luma.
const CONTRAST: f32 = 24.0;
/// Heights of letters.
const HEIGHTS: RangeInclusive<usize> = 3..=72;

#[derive(Clone, Copy)]
pub(super) struct Component {
    pub x0: usize,
    pub y0: usize,
    pub x1: usize,
    pub y1: usize,
    pub area: usize,
    /// Mean of luma and of what is around it; sums until it is whole.
    pub luma: f64,
    pub ground: f64,
}

impl Component {
    pub fn width(&self) -> usize {
        self.x1 - self.x0 + 1
    }
    pub fn height(&self) -> usize {
        self.y1 - self.y0 + 1
    }

    /// Letters run together at small sizes: a word may be one component.
    fn could_be_a_letter(&self) -> bool {
        let fill = self.area as f32 / (self.width() * self.height()) as f32;
        HEIGHTS.contains(&self.height())
            && self.width() <= 8 * self.height()
            && self.area >= 4
            && fill > 0.12
            && (self.luma - self.ground).abs() > f64::from(CONTRAST)
    }
}

/// Mean over a square of [`RADIUS`], less where the picture ends.
pub(super) fn box_mean(luma: &[f32], width: usize, height: usize) -> Vec<f32> {
    // Sums of whole numbers are exact, so that what enters a window leaves it without a trace. Added to 2^23, a number is
    // rounded to a whole one, which is then in the lowest bits.
    let level = |v: f32| ((v * FRACTIONS + 8_388_608.0).to_bits() & 0x7f_ffff) as i32;
    let mut columns = vec![0i32; width];
    let add = |y: usize, sign: i32, columns: &mut [i32]| {
        let row = &luma[y * width..(y + 1) * width];
        for (sum, &v) in columns.iter_mut().zip(row) {
            *sum += sign * level(v);
        }
    };
    let mut mean = vec![0.0; luma.len()];
    // Sums of the columns before each.
    let mut until = vec![0i32; width + 1];
    (0..RADIUS.min(height)).for_each(|y| add(y, 1, &mut columns));
    for (y, out) in mean.chunks_exact_mut(width).enumerate() {
        if y + RADIUS < height {
            add(y + RADIUS, 1, &mut columns);
        }
        if y > RADIUS {
            add(y - RADIUS - 1, -1, &mut columns);
        }
        let rows = (y + RADIUS + 1).min(height) - y.saturating_sub(RADIUS);
        for (x, &sum) in columns.iter().enumerate() {
            until[x + 1] = until[x] + sum;
        }
        let near = RADIUS.min(width);
        for x in (0..near).chain(near.max(width.saturating_sub(RADIUS))..width) {
            let (first, end) = (x.saturating_sub(RADIUS), (x + RADIUS + 1).min(width));
            let area = (rows * (end - first)) as f32 * FRACTIONS;
            out[x] = (until[end] - until[first]) as f32 / area;
        }
        if width >= WINDOW {
            let area = (rows * WINDOW) as f32 * FRACTIONS;
            let ends = until.iter().zip(&until[WINDOW..]);
            for (out, (first, end)) in out[RADIUS..].iter_mut().zip(ends) {
                *out = (end - first) as f32 / area;
            }
        }
    }
    mean
}

/// Neighbours in a row that are strokes.
#[derive(Clone, Copy)]
struct Run {
    start: usize,
    /// One past the last.
    end: usize,
    component: usize,
}

/// The 8-connected parts of the strokes that could be letters. A stroke is more than half of [`CONTRAST`] beyond the mean,
/// in the direction of `sign`.
pub(super) fn components(luma: &[f32], mean: &[f32], width: usize, sign: f32) -> Vec<Component> {
    let mut parts = Parts::default();
    let (mut above, mut runs): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
    let mut strokes = vec![false; width];
    for (y, (luma, mean)) in luma
        .chunks_exact(width)
        .zip(mean.chunks_exact(width))
        .enumerate()
    {
        for ((stroke, l), m) in strokes.iter_mut().zip(luma).zip(mean) {
            *stroke = (l - m) * sign > CONTRAST / 2.0;
        }
        runs.clear();
        let mut next = 0;
        let mut x = 0;
        while let Some(skip) = strokes[x..].iter().position(|&stroke| stroke) {
            let start = x + skip;
            let length = strokes[start..].iter().position(|&stroke| !stroke);
            let end = length.map_or(width, |length| start + length);
            let component = parts.add(y, start..end, luma, mean);
            // Runs of the row above that touch this one, also at a corner.
            next += above[next..]
                .iter()
                .take_while(|run| run.end < start)
                .count();
            for run in above[next..].iter().take_while(|run| run.start <= end) {
                parts.join(run.component, component);
            }
            runs.push(Run {
                start,
                end,
                component,
            });
            x = end;
        }
        std::mem::swap(&mut above, &mut runs);
    }
    parts.letters()
}

/// Components under way: runs that were joined point to one of them.
#[derive(Default)]
struct Parts {
    parents: Parents,
    all: Vec<Component>,
}

impl Parts {
    /// A run as a component of its own.
    fn add(&mut self, y: usize, columns: Range<usize>, luma: &[f32], mean: &[f32]) -> usize {
        let sum = |row: &[f32]| row[columns.clone()].iter().map(|&v| f64::from(v)).sum();
        self.all.push(Component {
            x0: columns.start,
            y0: y,
            x1: columns.end - 1,
            y1: y,
            area: columns.len(),
            luma: sum(luma),
            ground: sum(mean),
        });
        self.parents.add()
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.parents.root(a), self.parents.root(b));
        if a == b {
            return;
        }
        // The older one stays, so that they keep the order of their first pixels.
        let (old, new) = (a.min(b), a.max(b));
        self.parents.0[new] = old;
        let new = self.all[new];
        let old = &mut self.all[old];
        (old.x0, old.y0) = (old.x0.min(new.x0), old.y0.min(new.y0));
        (old.x1, old.y1) = (old.x1.max(new.x1), old.y1.max(new.y1));
        old.area += new.area;
        old.luma += new.luma;
        old.ground += new.ground;
    }

    /// The components that could be letters.
    fn letters(self) -> Vec<Component> {
        let roots = self
            .parents
            .0
            .iter()
            .enumerate()
            .filter(|&(i, &parent)| i == parent);
        let means = roots.map(|(i, _)| {
            let c = self.all[i];
            let area = c.area as f64;
            Component {
                luma: c.luma / area,
                ground: c.ground / area,
                ..c
            }
        });
        means.filter(Component::could_be_a_letter).collect()
    }
}

/// A forest whose trees are sets (union-find).
#[derive(Default)]
pub(super) struct Parents(pub Vec<usize>);

impl Parents {
    fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }

    pub fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }
}
