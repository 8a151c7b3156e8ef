//! From what stands out to one thing, and how far its colours lie from what is around it.

/// The threshold that parts values of 0 to 1 best (Otsu 1979).
pub(super) fn otsu(map: &[f32]) -> f32 {
    let mut bins = [0.0f64; 256];
    for &v in map {
        bins[(v * 255.0) as usize] += 1.0;
    }
    let total = map.len() as f64;
    let sum: f64 = bins.iter().enumerate().map(|(i, n)| i as f64 * n).sum();
    let (mut below, mut below_sum, mut best, mut at) = (0.0, 0.0, -1.0, 0);
    for (i, n) in bins.iter().enumerate() {
        below += n;
        below_sum += i as f64 * n;
        if below == 0.0 || below == total {
            continue;
        }
        let apart = below_sum / below - (sum - below_sum) / (total - below);
        let between = below * (total - below) * apart * apart;
        if between > best {
            (best, at) = (between, i);
        }
    }
    (at as f32 + 0.5) / 255.0
}

/// The largest 4-connected part of a mask.
pub(super) fn largest_component(mask: &[bool], width: usize, height: usize) -> Vec<bool> {
    let mut label = vec![0u32; mask.len()];
    let (mut next, mut best, mut most) = (0, 0, 0);
    let mut stack = Vec::new();
    for start in 0..mask.len() {
        if !mask[start] || label[start] != 0 {
            continue;
        }
        next += 1;
        let mut count = 0;
        label[start] = next;
        stack.push(start);
        while let Some(at) = stack.pop() {
            count += 1;
            let (x, y) = (at % width, at / width);
            let mut visit = |to: usize| {
                if mask[to] && label[to] == 0 {
                    label[to] = next;
                    stack.push(to);
                }
            };
            if x > 0 {
                visit(at - 1);
            }
            if x + 1 < width {
                visit(at + 1);
            }
            if y > 0 {
                visit(at - width);
            }
            if y + 1 < height {
                visit(at + width);
            }
        }
        if count > most {
            (best, most) = (next, count);
        }
    }
    label.iter().map(|&l| l != 0 && l == best).collect()
}

/// Chi-square distance of the Lab histograms inside and outside a mask, 0 to 1, mean of the channels.
pub(super) fn histogram_distance(lab: &[[f32; 3]], mask: &[bool]) -> f32 {
    const BINS: usize = 16;
    let ranges = [(0.0, 100.0), (-80.0, 80.0), (-80.0, 80.0)];
    let mut sum = 0.0;
    for (channel, (low, high)) in ranges.into_iter().enumerate() {
        let mut bins = [[0.0f32; BINS]; 2];
        let mut counts = [0.0f32; 2];
        for (p, &inside) in lab.iter().zip(mask) {
            let at = ((p[channel] - low) / (high - low) * BINS as f32).clamp(0.0, BINS as f32 - 1.0)
                as usize;
            bins[usize::from(inside)][at] += 1.0;
            counts[usize::from(inside)] += 1.0;
        }
        let distance: f32 = (0..BINS)
            .map(|i| {
                let (a, b) = (
                    bins[0][i] / counts[0].max(1.0),
                    bins[1][i] / counts[1].max(1.0),
                );
                if a + b > 0.0 {
                    (a - b) * (a - b) / (a + b)
                } else {
                    0.0
                }
            })
            .sum();
        // Colour that is the same inside and outside says nothing against a subject: the best channel counts most.
        sum = f32::max(sum, distance / 2.0);
    }
    sum
}
