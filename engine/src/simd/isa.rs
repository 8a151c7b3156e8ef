//! Which instruction set the kernels use.

#[cfg(target_arch = "x86_64")]
use super::fma_ports::{Processor, single_512_bit_fma};
use crate::{Error, Result};
use std::{fmt, str::FromStr};

/// An instruction set that the kernels exist for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isa {
    /// AVX-512F on x86-64: 16 lanes.
    Avx512,
    /// AVX2 and FMA on x86-64: 8 lanes.
    Avx2,
    /// Whatever the build's target guarantees: 8 lanes by `wide`.
    Portable,
}

impl Isa {
    /// The instruction sets that this machine can run, fastest first. Never empty.
    ///
    /// AVX-512 goes behind AVX2 on Intel processors with a single port for 512-bit multiply-adds, which do as many
    /// of them in halves (Ice Lake to Rocket Lake clients, Xeon Bronze, Silver and most Gold 5000 of the first two
    /// generations).
    pub fn available() -> Vec<Isa> {
        #[cfg(target_arch = "x86_64")]
        let halves = single_512_bit_fma(&Processor::this());
        #[cfg(not(target_arch = "x86_64"))]
        let halves = false;
        let order = match halves {
            true => [Isa::Avx2, Isa::Avx512, Isa::Portable],
            false => [Isa::Avx512, Isa::Avx2, Isa::Portable],
        };
        order.into_iter().filter(|isa| isa.is_available()).collect()
    }

    /// The fastest instruction set of this machine.
    pub fn detect() -> Isa {
        Isa::available()[0]
    }

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx512 | Isa::Avx2 => false,
            Isa::Portable => true,
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Isa::Avx512 => "avx512",
            Isa::Avx2 => "avx2",
            Isa::Portable => "portable",
        })
    }
}

impl FromStr for Isa {
    type Err = Error;

    /// Parses `avx512`, `avx2` or `portable`; an error if the word is another or this machine lacks it.
    fn from_str(word: &str) -> Result<Isa> {
        let isa = match word {
            "avx512" => Isa::Avx512,
            "avx2" => Isa::Avx2,
            "portable" => Isa::Portable,
            _ => {
                let known = "avx512, avx2 and portable";
                return Err(Error::Limits(format!(
                    "instruction set '{word}' is not one of {known}"
                )));
            }
        };
        if !isa.is_available() {
            return Err(Error::Limits(format!(
                "this processor has no {isa}; choose another"
            )));
        }
        Ok(isa)
    }
}
