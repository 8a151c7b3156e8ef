//! The models that ship inside the binary.
