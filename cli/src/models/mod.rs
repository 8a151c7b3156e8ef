//! Which models there are: those inside the binary, and weight files on disk.

mod find;
mod list;

pub use find::{Choice, Found, Resampler, Source, Wish, by_name, open};
pub use list::run;
