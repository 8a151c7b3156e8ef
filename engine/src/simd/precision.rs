//! How exactly convolutions are computed.

use super::Isa;
use crate::{Error, Result};
use std::{fmt, str::FromStr};

/// Arithmetic of the convolutions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// IEEE 754 single precision throughout: within 2e-4 of PyTorch's output.
    #[default]
    F32,
    /// Inputs and weights of convolutions are rounded to bf16, 8 bits of precision with the range of f32; sums and all that follows
    /// them stay f32. The shipped models' outputs differ from those of [`Precision::F32`] by 60 dB PSNR and more (rounding to 8 bits: 59 dB).
    /// For processors with AMX, Intel's matrix tiles, where it is about twice as fast.
    Bf16,
}

impl Precision {
    /// Checks that this machine can run it with the kernels of an instruction set.
    ///
    /// # Errors
    ///
    /// [`Error::Limits`], which says what is missing.
    pub fn check(self, isa: Isa) -> Result<()> {
        match self {
            Precision::F32 => Ok(()),
            Precision::Bf16 if !matrix_tiles() => Err(Error::Limits(
                "precision bf16 needs a processor with AMX and a system that allows it (Linux from 5.16 on); use f32".into(),
            )),
            Precision::Bf16 if isa != Isa::Avx512 => Err(Error::Limits(format!(
                "precision bf16 needs the instruction set avx512 beside it, not {isa}"
            ))),
            Precision::Bf16 => Ok(()),
        }
    }
}

#[cfg(target_arch = "x86_64")]
use super::amx::is_available as matrix_tiles;

#[cfg(not(target_arch = "x86_64"))]
fn matrix_tiles() -> bool {
    false
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    /// Parses `f32` or `bf16`; an error if the word is another or this machine cannot run it at all.
    fn from_str(word: &str) -> Result<Precision> {
        match word {
            "f32" => Ok(Precision::F32),
            "bf16" => Precision::Bf16.check(Isa::Avx512).map(|()| Precision::Bf16),
            _ => Err(Error::Limits(format!(
                "precision '{word}' is neither f32 nor bf16"
            ))),
        }
    }
}
