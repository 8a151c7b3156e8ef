//! Facts about a network that follow from its operations alone, whatever its family.

use crate::network::{Network, Op, Output, ReceptiveRadius, Slot, SlotId};

/// What [`derive`] finds.
pub(super) struct Facts {
    /// Output pixels per input pixel along one axis, if that is a whole number.
    pub(super) scale: Option<usize>,
    /// Input sides must be multiples of this.
    pub(super) multiple: usize,
    pub(super) parameters: usize,
    pub(super) macs_per_pixel: u64,
    pub(super) receptive_radius: ReceptiveRadius,
}

/// Where a slot's pixels look, along one axis.
///
/// `period` pixels of the slot lie on `step` pixels of the input. The pixel `m * period + p` depends on
/// the input pixels `m * step + low` to `m * step + high`, where `(low, high) = reach[p]`. This is exact,
/// and composes through every operation, because each of them is periodic.
#[derive(Clone)]
struct Geometry {
    period: usize,
    step: usize,
    /// One entry per phase; `None` once the whole image is involved.
    reach: Option<Vec<(i64, i64)>>,
}

impl Geometry {
    /// The input pixels that pixel `index` looks at.
    fn at(&self, index: i64) -> Option<(i64, i64)> {
        let period = self.period as i64;
        let (low, high) = self.reach.as_ref()?[index.rem_euclid(period) as usize];
        let base = index.div_euclid(period) * self.step as i64;
        Some((base + low, base + high))
    }

    /// The geometry of a map whose pixel `j` reads `reads(j)` of each of `inputs`.
    fn through(
        inputs: &[&Geometry],
        period: usize,
        step: usize,
        reads: impl Fn(i64) -> std::ops::Range<i64>,
    ) -> Geometry {
        let reach = (0..period as i64).map(|phase| {
            let mut span = (i64::MAX, i64::MIN);
            for input in inputs {
                for index in reads(phase) {
                    let (low, high) = input.at(index)?;
                    span = (span.0.min(low), span.1.max(high));
                }
            }
            Some(span)
        });
        Geometry {
            period,
            step,
            reach: reach.collect(),
        }
    }

    /// Slot pixels per input pixel.
    fn density(&self) -> f64 {
        self.period as f64 / self.step as f64
    }
}

/// Derives the facts; `slots` and `ops` must be consistent, as the builder makes them.
pub(super) fn derive(slots: &[Slot], ops: &[Op], output: Output) -> Facts {
    let input = Geometry {
        period: 1,
        step: 1,
        reach: Some(vec![(0, 0)]),
    };
    let mut geometry = vec![input; slots.len()];
    let mut parameters = 0;
    let mut macs = 0.0;
    let mut multiple = 1;
    for op in ops {
        let made = match op {
            Op::Conv(conv) => {
                parameters += conv.parameters();
                let maps: Vec<_> = conv.inputs.iter().map(|s| &geometry[*s]).collect();
                let mut made = window(&maps, conv.kernel, conv.stride, conv.padding);
                for merge in &conv.merges {
                    made = union(&made, &geometry[merge.slot()]);
                }
                macs += conv.weight.len() as f64 * made.density().powi(2);
                made
            }
            Op::PixelUnshuffle { input, factor, .. } => {
                multiple *= factor;
                window(&[&geometry[*input]], *factor, *factor, 0)
            }
            Op::MaxPool {
                input,
                kernel,
                stride,
                ..
            } => window(&[&geometry[*input]], *kernel, *stride, 0),
            Op::DepthToSpace { input, factor, .. } | Op::Nearest { input, factor, .. } => {
                let from = &geometry[*input];
                let factor = *factor as i64;
                Geometry::through(&[from], from.period * factor as usize, from.step, |j| {
                    let source = j.div_euclid(factor);
                    source..source + 1
                })
            }
            Op::Bilinear { like, .. } => Geometry {
                reach: None,
                ..geometry[*like].clone()
            },
        };
        geometry[op.output()] = made;
    }

    let last = &geometry[output.slot];
    let pixels = last.period * output.shuffle;
    Facts {
        scale: pixels
            .is_multiple_of(last.step)
            .then_some(pixels / last.step),
        multiple,
        parameters,
        macs_per_pixel: macs.round() as u64,
        receptive_radius: radius(last, output.shuffle),
    }
}

/// Windows of `kernel` pixels, `stride` apart, after `padding` pixels on each side.
fn window(inputs: &[&Geometry], kernel: usize, stride: usize, padding: usize) -> Geometry {
    let period = inputs.iter().fold(1, |p, g| lcm(p, g.period));
    // Maps that are concatenated have the same density, so any of them gives the step.
    let step = inputs.first().map_or(1, |g| g.step * (period / g.period)) * stride;
    let (kernel, stride, padding) = (kernel as i64, stride as i64, padding as i64);
    Geometry::through(inputs, period, step, |j| {
        let first = j * stride - padding;
        first..first + kernel
    })
}

/// What pixels of two maps of one size depend on together.
fn union(a: &Geometry, b: &Geometry) -> Geometry {
    window(&[a, b], 1, 1, 0)
}

fn lcm(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

/// The distance from the input pixel under an output pixel to the farthest that it depends on.
fn radius(last: &Geometry, shuffle: usize) -> ReceptiveRadius {
    let Some(reach) = &last.reach else {
        return ReceptiveRadius::WholeImage;
    };
    let mut radius = 0;
    for (phase, (low, high)) in reach.iter().enumerate() {
        for sub in 0..shuffle {
            let own = ((phase * shuffle + sub) * last.step / (last.period * shuffle)) as i64;
            radius = radius.max(own - low).max(high - own);
        }
    }
    ReceptiveRadius::Pixels(radius.unsigned_abs() as usize)
}

impl Network {
    /// The shortest side in input pixels for which every slot has at least one pixel.
    ///
    /// Networks with unpadded windows (RLFN's attention: 15) cannot run below it.
    pub fn minimum_side(&self) -> usize {
        let multiple = self.input.multiple;
        // Each window shrinks a map, so the first side that works is not far; no known family needs more
        // than 15 pixels. The bound only keeps the search finite.
        (1..=4096)
            .map(|n| n * multiple)
            .find(|side| self.sides(*side).is_some())
            .unwrap_or(multiple)
    }

    /// The side of every slot for an input side, `None` if one would be empty.
    fn sides(&self, side: usize) -> Option<Vec<usize>> {
        let mut sides = vec![side; self.slots.len()];
        let shrink = |side: usize, padding: usize, kernel: usize, stride: usize| {
            Some((side + 2 * padding).checked_sub(kernel)? / stride + 1)
        };
        for op in &self.ops {
            let at = |slot: &SlotId| sides[*slot];
            let made = match op {
                Op::Conv(c) => shrink(at(c.inputs.first()?), c.padding, c.kernel, c.stride)?,
                Op::PixelUnshuffle { input, factor, .. } => at(input) / factor,
                Op::DepthToSpace { input, factor, .. } | Op::Nearest { input, factor, .. } => {
                    at(input) * factor
                }
                Op::MaxPool {
                    input,
                    kernel,
                    stride,
                    ..
                } => shrink(at(input), 0, *kernel, *stride)?,
                Op::Bilinear { like, .. } => at(like),
            };
            sides[op.output()] = (made > 0).then_some(made)?;
        }
        Some(sides)
    }
}

impl crate::network::Conv {
    /// Learned numbers: weights, biases and slopes. Zeros throughout stand for what was not learned, such as biases that the
    /// network does not have.
    fn parameters(&self) -> usize {
        let learned = |values: &[f32]| match values.iter().all(|&value| value == 0.0) {
            true => 0,
            false => values.len(),
        };
        let slopes = match &self.activation {
            crate::network::Activation::PRelu(slopes) => slopes.len(),
            _ => 0,
        };
        match learned(&self.weight) {
            0 => 0,
            weights => weights + learned(&self.bias) + slopes,
        }
    }
}
