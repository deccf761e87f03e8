//! The customers slice.

mod answer;
mod body;
pub mod commands;
pub mod controller;
mod documents;
pub mod domain;
