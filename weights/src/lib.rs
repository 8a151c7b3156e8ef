//! The models that ship inside the binary.
//!
//! A model is a safetensors file in this crate's folder with a model card of the same name beside it,
//! and a line in [`models`]. The first one is what `upwise upscale` uses when none is named.

#![forbid(unsafe_code)]

/// A weight file that is part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// What it is called on the command line: its file name without the suffix.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// The whole safetensors file.
    pub bytes: &'static [u8],
}

/// Every model that ships, the default first.
pub fn models() -> &'static [Embedded] {
    &[Embedded {
        name: "photo-fast-x4",
        about: "clean photos that are only small; stays with what is there",
        bytes: include_bytes!("../photo-fast-x4.safetensors"),
    }]
}

/// The model of this name.
pub fn find(name: &str) -> Option<&'static Embedded> {
    models().iter().find(|model| model.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_fit_a_command_line() {
        for (i, model) in models().iter().enumerate() {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            assert!(model.name.chars().all(plain), "{}", model.name);
            assert_eq!(models().iter().position(|m| m.name == model.name), Some(i));
            assert!(!model.bytes.is_empty() && !model.about.is_empty());
        }
    }
}
