//! The `upwise` command.
fn main() {}
