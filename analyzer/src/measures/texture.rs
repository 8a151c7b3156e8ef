//! How the luma of a copy steps.
//!
//! What is drawn has few steps, each clean on both sides, with nothing between them; what came through a lens has steps of
//! every height on ground that is never quite even. Derivatives of natural pictures are heavy-tailed, those of drawings far
//! more so (Simoncelli 1999 has the former). The plain ground of a picture, if it has one, is left out: it says nothing of
//! what stands on it.

use super::edges::percentile;

/// Side of a cell.
const CELL: usize = 8;
/// Rows of cells that are looked at.
const BANDS: usize = 40;
/// Least step, in levels, that is looked along.
const STEP: f32 = 32.0;
/// How far a step reaches, and how many pixels beyond it are its side.
const REACH: usize = 2;
const SIDE: usize = 3;
/// Largest range of a clean side in levels.
const CLEAN: f32 = 8.0;
/// Fewest steps and cells that say anything.
const FEWEST: usize = 12;

/// Shares and levels; `None` where there is too little to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Texture {
    /// Share of steps under one level.
    pub still: Option<f32>,
    /// Of 3 to 16 levels.
    pub weak: Option<f32>,
    /// Of 48 and more.
    pub strong: Option<f32>,
    /// Part of all stepping that steps of 48 and more take.
    pub strong_part: Option<f32>,
    /// Mean step over the root mean square: low where a few steps hold all of it.
    pub spread: Option<f32>,
    /// Stepping of colour over that of luma.
    pub colour: Option<f32>,
    /// Of the steps that are looked along, those with two clean sides.
    pub clean: Option<f32>,
    /// Those with one at least.
    pub half_clean: Option<f32>,
    /// Mean share of the difference of its sides that a step takes in one pixel.
    pub crisp: Option<f32>,
    /// Deviation of that share: focus varies, ink does not.
    pub crisp_spread: Option<f32>,
    /// Those within dark lines, which have the same on both sides.
    pub dark_lines: Option<f32>,
    /// Within light lines.
    pub light_lines: Option<f32>,
    /// Those along rows or columns.
    pub upright: Option<f32>,
    /// Share of cells in which luma hardly varies (deviation under 2).
    pub flat_cells: Option<f32>,
    /// The same share with the ground.
    pub smooth: f32,
    /// Of cells with a deviation of 10 and more, those in which two colours explain nine tenths of it (Otsu 1979).
    pub two_toned: Option<f32>,
    /// ln(1 + what a plane leaves of a cell in levels), percentiles 10, 30, 50 and 80.
    pub rest: [Option<f32>; 4],
    /// ln(1 + how much that plane rises over the cell in levels), percentiles 30 and 60.
    pub rise: [Option<f32>; 2],
    /// Deviation of the former logarithm over all cells.
    pub rest_spread: Option<f32>,
}

/// A copy, and which of its pixels are plain ground.
pub struct Copy<'a> {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Luma, 0 to 255, `width * height` values.
    pub luma: &'a [f32],
    /// Colour, 0 to 255, likewise.
    pub rgb: &'a [[f32; 3]],
    /// Ground, likewise.
    pub ground: &'a [bool],
}

/// Sums over all steps.
#[derive(Default)]
struct Steps {
    all: usize,
    still: usize,
    weak: usize,
    strong: usize,
    sum: f32,
    squares: f32,
    strong_sum: f32,
    colour: f32,
}

/// Sums over the steps that are looked along.
#[derive(Default)]
struct Profiles {
    all: usize,
    clean: usize,
    half_clean: usize,
    dark_lines: usize,
    light_lines: usize,
    ramps: usize,
    crisp: f32,
    crisp_squares: f32,
    steep: usize,
    upright: usize,
}

#[derive(Default)]
struct Cells {
    looked: usize,
    smooth: usize,
    all: usize,
    flat: usize,
    busy: usize,
    two_toned: usize,
    rests: Vec<f32>,
    rises: Vec<f32>,
}

/// Measures a copy. Of a tall one, some bands of rows.
pub fn measure(copy: &Copy<'_>) -> Texture {
    let (mut steps, mut profiles, mut cells) = Default::default();
    let bands = copy.height / CELL;
    for band in (0..bands).step_by(bands.div_ceil(BANDS).max(1)) {
        let top = band * CELL;
        for y in top..(top + CELL).min(copy.height - 1) {
            walk(copy, y, &mut steps, &mut profiles);
        }
        for left in (0..(copy.width + 1).saturating_sub(CELL)).step_by(CELL) {
            cell(copy, left, top, &mut cells);
        }
    }
    texture(&steps, &profiles, &mut cells)
}

fn walk(copy: &Copy<'_>, y: usize, steps: &mut Steps, profiles: &mut Profiles) {
    let width = copy.width;
    for x in 0..width - 1 {
        let at = y * width + x;
        if copy.ground[at] && copy.ground[at + 1] && copy.ground[at + width] {
            continue;
        }
        let here = copy.luma[at];
        let (right, down) = (copy.luma[at + 1] - here, copy.luma[at + width] - here);
        let step = right.abs().max(down.abs());
        steps.all += 1;
        steps.still += usize::from(step < 1.0);
        steps.weak += usize::from((3.0..16.0).contains(&step));
        steps.sum += step;
        steps.squares += step * step;
        if step >= 48.0 {
            steps.strong += 1;
            steps.strong_sum += step;
        }
        let chroma = |at: usize| {
            let p = copy.rgb[at];
            [p[0] - copy.luma[at], p[2] - copy.luma[at]]
        };
        let (here, beside) = (chroma(at), chroma(at + 1));
        steps.colour += (here[0] - beside[0]).abs().max((here[1] - beside[1]).abs());
        if step >= STEP {
            profiles.steep += 1;
            profiles.upright += usize::from(right.abs().min(down.abs()) < 0.15 * step);
            if right.abs() >= down.abs() {
                profile(copy.luma, at, 1, x, width, profiles);
            } else {
                profile(copy.luma, at, width, y, copy.height, profiles);
            }
        }
    }
}

/// Looks along a step from pixel `at`, the `place`th of `length` that lie `stride` apart.
fn profile(
    luma: &[f32],
    at: usize,
    stride: usize,
    place: usize,
    length: usize,
    profiles: &mut Profiles,
) {
    let far = REACH + SIDE;
    if place + 1 < far || place + 1 + far > length {
        return;
    }
    // Values -far+1 ..= far about the step, which is between the middle two.
    let first = at + stride - far * stride;
    let value = |i: usize| luma[first + i * stride];
    let side = |from: usize| {
        let (mut low, mut high, mut sum) = (f32::MAX, f32::MIN, 0.0);
        for i in from..from + SIDE {
            let v = value(i);
            (low, high, sum) = (low.min(v), high.max(v), sum + v);
        }
        (high - low, sum / SIDE as f32)
    };
    let ((range, before), (other_range, after)) = (side(0), side(far + REACH));
    let (one, two) = (value(far - 1), value(far));
    let (step, apart) = ((two - one).abs(), (after - before).abs());
    profiles.all += 1;
    profiles.clean += usize::from(range.max(other_range) <= CLEAN);
    profiles.half_clean += usize::from(range.min(other_range) <= CLEAN);
    if apart >= 0.5 * step {
        let share = (step / apart).min(1.5);
        profiles.ramps += 1;
        profiles.crisp += share;
        profiles.crisp_squares += share * share;
    } else {
        profiles.dark_lines += usize::from(one.min(two) + 0.7 * step < before.min(after));
        profiles.light_lines += usize::from(one.max(two) - 0.7 * step > before.max(after));
    }
}

fn cell(copy: &Copy<'_>, left: usize, top: usize, cells: &mut Cells) {
    let mut values = [0.0f32; CELL * CELL];
    let mut ground = 0;
    for (y, row) in values.chunks_exact_mut(CELL).enumerate() {
        let at = (top + y) * copy.width + left;
        row.copy_from_slice(&copy.luma[at..at + CELL]);
        ground += copy.ground[at..at + CELL].iter().filter(|g| **g).count();
    }
    let count = values.len() as f32;
    let mean = values.iter().sum::<f32>() / count;
    let middle = (CELL - 1) as f32 / 2.0;
    let (mut squares, mut across, mut along) = (0.0f32, 0.0f32, 0.0f32);
    for (i, v) in values.iter().enumerate() {
        let v = v - mean;
        squares += v * v;
        across += v * ((i % CELL) as f32 - middle);
        along += v * ((i / CELL) as f32 - middle);
    }
    // Sum of the squares of either coordinate over the cell.
    let norm = count * ((CELL * CELL - 1) as f32) / 12.0;
    let variance = squares / count;
    let rest = (squares - (across * across + along * along) / norm).max(0.0) / count;
    cells.looked += 1;
    cells.smooth += usize::from(variance < 4.0);
    if ground * 10 > values.len() * 9 {
        return;
    }
    cells.all += 1;
    cells.flat += usize::from(variance < 4.0);
    cells.rests.push(rest.sqrt().ln_1p());
    let slope = (across * across + along * along).sqrt() / norm;
    cells.rises.push((slope * CELL as f32).ln_1p());
    if variance >= 100.0 {
        cells.busy += 1;
        cells.two_toned += usize::from(parted(&mut values) > 0.9 * variance);
    }
}

/// The variance between the two parts of some values, parted where it is largest. They are sorted.
fn parted(values: &mut [f32]) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let (total, count) = (values.iter().sum::<f32>(), values.len() as f32);
    let (mut sum, mut best) = (0.0, 0.0f32);
    for (i, v) in values[..values.len() - 1].iter().enumerate() {
        sum += v;
        let below = (i + 1) as f32;
        let apart = sum / below - (total - sum) / (count - below);
        best = best.max(below * (count - below) / (count * count) * apart * apart);
    }
    best
}

fn texture(steps: &Steps, profiles: &Profiles, cells: &mut Cells) -> Texture {
    let share = |part: usize, all: usize| (all >= FEWEST).then(|| part as f32 / all as f32);
    let ratio = |part: f32, all: f32| (all > 0.0).then(|| part / all);
    let deviation = |sum: f32, squares: f32, count: usize| {
        let mean = sum / count as f32;
        (count >= FEWEST).then(|| (squares / count as f32 - mean * mean).max(0.0).sqrt())
    };
    let enough = cells.all >= FEWEST;
    let rest_spread = deviation(
        cells.rests.iter().sum(),
        cells.rests.iter().map(|v| v * v).sum(),
        cells.all,
    );
    let rest =
        [0.1, 0.3, 0.5, 0.8].map(|share| enough.then(|| percentile(&mut cells.rests, share)));
    let rise = [0.3, 0.6].map(|share| enough.then(|| percentile(&mut cells.rises, share)));
    Texture {
        still: share(steps.still, steps.all),
        weak: share(steps.weak, steps.all),
        strong: share(steps.strong, steps.all),
        strong_part: ratio(steps.strong_sum, steps.sum),
        spread: ratio(steps.sum / (steps.all as f32).sqrt(), steps.squares.sqrt()),
        colour: ratio(steps.colour, steps.sum).map(|v| v.min(4.0)),
        clean: share(profiles.clean, profiles.all),
        half_clean: share(profiles.half_clean, profiles.all),
        crisp: (profiles.ramps >= FEWEST).then(|| profiles.crisp / profiles.ramps as f32),
        crisp_spread: deviation(profiles.crisp, profiles.crisp_squares, profiles.ramps),
        dark_lines: share(profiles.dark_lines, profiles.all),
        light_lines: share(profiles.light_lines, profiles.all),
        upright: share(profiles.upright, profiles.steep),
        flat_cells: share(cells.flat, cells.all),
        smooth: cells.smooth as f32 / cells.looked.max(1) as f32,
        two_toned: share(cells.two_toned, cells.busy),
        rest,
        rise,
        rest_spread,
    }
}
