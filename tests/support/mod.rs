//! What tests share. A test file takes what it needs, so parts are unused in each.
#![allow(dead_code)]

pub mod data;
pub mod engine;
pub mod golden;
pub mod hostile;
pub mod noise;
pub mod reference;
