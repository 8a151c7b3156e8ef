//! Steps that move pixels rather than compute: shuffles, repetition, pooling, bilinear resize.
//!
//! They work on slices of whole rows: `stride` floats a pixel, of which all are written.

use std::array::from_fn;
use std::mem::MaybeUninit;

/// Space to depth. `rows` are the `factor` input rows of one output row, `in_stride` and `channels` those of
/// the input; output channel `c * factor^2 + dy * factor + dx`.
pub(crate) fn unshuffle(
    rows: &[&[f32]],
    in_stride: usize,
    channels: usize,
    out: &mut [f32],
    out_stride: usize,
) {
    let factor = rows.len();
    for (x, pixel) in out.chunks_exact_mut(out_stride).enumerate() {
        pixel[channels * factor * factor..].fill(0.0);
        for c in 0..channels {
            for (dy, row) in rows.iter().enumerate() {
                for dx in 0..factor {
                    let value = row[(x * factor + dx) * in_stride + c];
                    pixel[(c * factor + dy) * factor + dx] = value;
                }
            }
        }
    }
}

/// Depth to space, for one output row: its pixels, of `channels` samples each, lie `factor` by `factor` in the pixels of `row`, from
/// sample `start` of each on. `first` is the index of the first pixel of `out`.
pub(crate) fn depth_to_space(
    row: &[f32],
    out: &mut [f32],
    (in_stride, out_stride): (usize, usize),
    channels: usize,
    start: usize,
    (factor, first): (usize, usize),
) {
    for (x, pixel) in out.chunks_exact_mut(out_stride).enumerate() {
        let (block, dx) = ((first + x) / factor, (first + x) % factor);
        let from = block * in_stride + start + dx * channels;
        pixel[..channels].copy_from_slice(&row[from..from + channels]);
        pixel[channels..].fill(0.0);
    }
}

/// Repeats every pixel of `row` `factor` times; `first` is the index of the first pixel of `out`.
pub(crate) fn nearest(row: &[f32], out: &mut [f32], stride: usize, factor: usize, first: usize) {
    for (x, pixel) in out.chunks_exact_mut(stride).enumerate() {
        let from = (first + x) / factor * stride;
        pixel.copy_from_slice(&row[from..from + stride]);
    }
}

/// Maximum over `rows.len()` x `rows.len()` windows, `step` pixels apart.
pub(crate) fn max_pool(rows: &[&[f32]], out: &mut [f32], stride: usize, step: usize) {
    for (x, pixel) in out.chunks_exact_mut(stride).enumerate() {
        let at = x * step * stride;
        pixel.copy_from_slice(&rows[0][at..at + stride]);
        for row in rows {
            for other in row[at..].chunks_exact(stride).take(rows.len()) {
                for (a, &b) in pixel.iter_mut().zip(other) {
                    *a = a.max(b);
                }
            }
        }
    }
}

/// Where an output coordinate falls between two inputs: `(first, second, weight of the second)`, with
/// `align_corners = false` (pixel centres), as PyTorch's `interpolate` does.
pub(crate) fn bilinear_tap(out: usize, inputs: usize, outputs: usize) -> (usize, usize, f32) {
    let scale = inputs as f32 / outputs as f32;
    let at = (scale * (out as f32 + 0.5) - 0.5).max(0.0);
    let first = (at as usize).min(inputs - 1);
    (first, (first + 1).min(inputs - 1), at - first as f32)
}

/// One output row between two input rows; `weight` is that of the `lower` row. `first` is the first output
/// pixel of `out`, `inputs` and `outputs` are the widths of the whole maps.
pub(crate) fn bilinear(
    [upper, lower]: [&[f32]; 2],
    weight: f32,
    out: &mut [f32],
    stride: usize,
    first: usize,
    (inputs, outputs): (usize, usize),
) {
    for (x, pixel) in out.chunks_exact_mut(stride).enumerate() {
        let (a, b, w) = bilinear_tap(first + x, inputs, outputs);
        for (c, value) in pixel.iter_mut().enumerate() {
            let row = |r: &[f32]| r[a * stride + c] * (1.0 - w) + r[b * stride + c] * w;
            *value = row(upper) * (1.0 - weight) + row(lower) * weight;
        }
    }
}

/// One row of depth to space by `factor`: `channels` samples a pixel. With `skip`, the input picture's pixel
/// (`channels` samples each) is added to every pixel of its block. `channel_of[dx * channels + c]` is the
/// sample's channel in `row`. All of `out` is written.
pub(crate) fn emit(
    row: &[f32],
    stride: usize,
    skip: Option<&[f32]>,
    channel_of: &[usize],
    factor: usize,
    channels: usize,
    out: &mut [MaybeUninit<f32>],
) {
    let run = factor * channels;
    let first = channel_of[0];
    let in_order = channel_of.iter().enumerate().all(|(n, &c)| first + n == c);
    // Of known lengths what pictures in colour need: four times as fast.
    let runs = &row[first..];
    match (in_order, skip, run, channels) {
        (true, Some(skip), 12, 3) => return add_runs::<12, 3>(runs, stride, skip, out),
        (true, Some(skip), 6, 3) => return add_runs::<6, 3>(runs, stride, skip, out),
        (true, Some(skip), 3, 3) => return add_runs::<3, 3>(runs, stride, skip, out),
        (true, None, 12, _) => return copy_runs::<12>(runs, stride, out),
        (true, None, 6, _) => return copy_runs::<6>(runs, stride, out),
        (true, None, 3, _) => return copy_runs::<3>(runs, stride, out),
        _ => {}
    }
    for (x, block) in out.chunks_exact_mut(run).enumerate() {
        let pixel = &row[x * stride..][..stride];
        for (n, (value, &c)) in block.iter_mut().zip(channel_of).enumerate() {
            value.write(match skip {
                Some(skip) => pixel[c] + skip[x * channels + n % channels],
                None => pixel[c],
            });
        }
    }
}

/// The first `RUN` of every `stride` samples, with the `CHANNELS` samples of its pixel of `skip` added again and again.
fn add_runs<const RUN: usize, const CHANNELS: usize>(
    row: &[f32],
    stride: usize,
    skip: &[f32],
    out: &mut [MaybeUninit<f32>],
) {
    let blocks = out.as_chunks_mut::<RUN>().0;
    let skip = &skip.as_chunks::<CHANNELS>().0[..blocks.len()];
    for (x, (block, base)) in blocks.iter_mut().zip(skip).enumerate() {
        let pixel = &row[x * stride..][..RUN];
        *block = from_fn(|i| MaybeUninit::new(pixel[i] + base[i % CHANNELS]));
    }
}

/// The first `RUN` of every `stride` samples.
fn copy_runs<const RUN: usize>(row: &[f32], stride: usize, out: &mut [MaybeUninit<f32>]) {
    for (x, block) in out.as_chunks_mut::<RUN>().0.iter_mut().enumerate() {
        let pixel = &row[x * stride..][..RUN];
        *block = from_fn(|i| MaybeUninit::new(pixel[i]));
    }
}
