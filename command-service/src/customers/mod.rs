//! The customers slice.

mod body;
pub mod commands;
pub mod controller;
pub mod domain;
