//! The orders slice.

mod answer;
mod body;
mod case;
pub mod commands;
pub mod controller;
mod documents;
pub mod domain;
pub mod endpoints;
mod problems;
