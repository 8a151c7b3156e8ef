//! Which models there are: those inside the binary, and weight files on disk.

mod digest;
mod find;
mod list;

pub use digest::{KnownWeights, weights_digest};
pub use find::{Choice, Found, Resampler, Source, Wish, by_name, open};
pub use list::run;
