//! The orders slice.

pub mod domain;
