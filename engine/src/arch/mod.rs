//! Network families: each file recognises one by its tensor names and builds it from their shapes.
//!
//! Adding a family is one file with `detect` and `build`, and one line in [`ARCHITECTURES`].

mod builder;
mod compact;
mod drunet;
mod info;
mod rlfn;
mod rrdb;
mod span;

use crate::Result;
use crate::network::{Family, Network};
use crate::weights::{StateDict, shown};

struct Architecture {
    family: Family,
    /// Looks at names and ranks only: a damaged tensor is an error of `build`, not another network.
    detect: fn(&StateDict) -> bool,
    build: fn(&StateDict) -> Result<Network>,
}

/// In detection order: the more specific names come first.
const ARCHITECTURES: [Architecture; 5] = [
    Architecture {
        family: Family::Span,
        detect: span::detect,
        build: span::build,
    },
    Architecture {
        family: Family::Rlfn,
        detect: rlfn::detect,
        build: rlfn::build,
    },
    Architecture {
        family: Family::Esrgan,
        detect: rrdb::detect,
        build: rrdb::build,
    },
    Architecture {
        family: Family::Drunet,
        detect: drunet::detect,
        build: drunet::build,
    },
    Architecture {
        family: Family::Compact,
        detect: compact::detect,
        build: compact::build,
    },
];

/// Recognises the family of a state dict and builds its network.
pub(crate) fn build(dict: &StateDict) -> Result<Network> {
    if let Some(known) = ARCHITECTURES.iter().find(|a| (a.detect)(dict)) {
        return (known.build)(dict);
    }
    let families: Vec<_> = ARCHITECTURES.iter().map(|a| a.family.to_string()).collect();
    let names: Vec<_> = dict.names().take(8).map(shown).collect();
    Err(dict.unsupported(format!(
        "its {} tensors ({}, ...) belong to no known network; supported are {}",
        dict.names().count(),
        names.join(", "),
        families.join(", ")
    )))
}

/// The side of the square whose area is `n`, if there is one.
fn exact_sqrt(n: usize) -> Option<usize> {
    let root = n.isqrt();
    (root * root == n).then_some(root)
}

/// The pixel shuffle that turns the `out` channels of convolution `name` into an image of `channels`.
fn shuffle_factor(dict: &StateDict, name: &str, out: usize, channels: usize) -> Result<usize> {
    out.is_multiple_of(channels)
        .then(|| exact_sqrt(out / channels))
        .flatten()
        .ok_or_else(|| {
            dict.damaged(format!(
                "{name} makes {out} channels, which is no whole enlargement of {channels}"
            ))
        })
}

/// How many of `name(first)`, `name(first + 1)`, ... are in the dictionary without a gap.
fn count(dict: &StateDict, first: usize, name: impl Fn(usize) -> String) -> usize {
    (first..).take_while(|i| dict.contains(&name(*i))).count()
}
