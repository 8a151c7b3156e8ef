//! A model: a weight file that was recognised and turned into a network.

use std::fmt;
use std::path::Path;

use crate::network::{ModelInfo, Network};
use crate::weights::StateDict;
use crate::{Result, arch};

/// A super-resolution network with its weights, ready to be run.
///
/// ```no_run
/// let model = upwise_engine::Model::open("4x.safetensors".as_ref())?;
/// println!("{}", model.info().scale);
/// # Ok::<(), upwise_engine::Error>(())
/// ```
#[derive(Clone)]
pub struct Model {
    network: Network,
}

impl Model {
    /// Opens a `.safetensors` or `.pth` checkpoint. The family and all hyper-parameters follow from the
    /// names and shapes of its tensors; nothing in the file is executed.
    ///
    /// # Errors
    /// [`Io`](crate::Error::Io) if the file cannot be read, [`Weights`](crate::Error::Weights) if it is
    /// damaged, [`Unsupported`](crate::Error::Unsupported) if it holds no network of a known family.
    pub fn open(path: &Path) -> Result<Self> {
        Self::from_state_dict(&StateDict::open(path)?)
    }

    /// Reads a checkpoint that is part of the program; `name` stands for its path in errors.
    ///
    /// # Errors
    /// As [`Model::open`], without `Io`.
    pub fn from_static(name: &str, bytes: &'static [u8]) -> Result<Self> {
        Self::from_state_dict(&StateDict::from_bytes(name, bytes)?)
    }

    /// Builds the network of a state dict, which is not needed any more afterwards.
    ///
    /// # Errors
    /// [`Weights`](crate::Error::Weights) if tensors are missing or have shapes that do not fit together,
    /// [`Unsupported`](crate::Error::Unsupported) if they belong to no known family.
    pub fn from_state_dict(dict: &StateDict) -> Result<Self> {
        let network = arch::build(dict)?;
        Ok(Model { network })
    }

    /// Family, scale, cost and reach.
    pub fn info(&self) -> &ModelInfo {
        &self.network.info
    }

    /// The operations and their weights.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// A small network of the tests.
    #[cfg(test)]
    pub(crate) fn golden(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens");
        Self::open(&folder.join(format!("{name}.safetensors"))).expect("a golden network")
    }
}

impl fmt::Debug for Model {
    /// The description alone: weights are millions of numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("info", self.info()).finish()
    }
}
