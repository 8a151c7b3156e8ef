//! Reports for a browser: one file that needs nothing else, no network and no script.
//!
//! `page.rs` is about one picture (`stage.rs` shows it with its layers), `index.rs` lists several, `parts.rs` is what both are made of.

mod index;
mod page;
mod parts;
mod stage;

pub use index::{Row, index};
pub use page::page;
