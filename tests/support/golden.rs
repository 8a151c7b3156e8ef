//! Golden pairs: an input and what PyTorch made of it.

use std::path::Path;

use safetensors::SafeTensors;

use super::reference::Map;

/// `input` and `output` of a golden file, read with the format's own crate.
pub struct Golden {
    pub input: Map,
    pub output: Map,
}

impl Golden {
    pub fn open(path: &Path) -> Golden {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let file = SafeTensors::deserialize(&bytes).expect("a golden file");
        let map = |name| {
            let tensor = file.tensor(name).expect("a golden tensor");
            let &[1, channels, height, width] = tensor.shape() else {
                panic!("{}: {name} is no single image", path.display());
            };
            let (values, _) = tensor.data().as_chunks::<4>();
            let data = values
                .iter()
                .map(|b| f32::from_le_bytes(*b).into())
                .collect();
            Map::new(channels, height, width, data)
        };
        Golden {
            input: map("input"),
            output: map("output"),
        }
    }

    /// Panics unless `output` is the golden one up to `2e-4`, relative to its largest value if that
    /// exceeds 1.
    pub fn check(&self, output: &Map, what: &str) {
        assert_eq!(output.size(), self.output.size(), "{what}");
        let peak = self
            .output
            .data
            .iter()
            .fold(1.0, |m: f64, v| m.max(v.abs()));
        let worst = (output.data.iter().zip(&self.output.data))
            .map(|(a, b)| (a - b).abs())
            .fold(
                0.0,
                |m: f64, v| if v.is_nan() { f64::NAN } else { m.max(v) },
            );
        assert!(
            worst <= 2e-4 * peak,
            "{what}: differs by {worst:.3e}, peak {peak:.3}"
        );
    }
}
