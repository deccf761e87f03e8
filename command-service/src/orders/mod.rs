//! The orders slice.

mod addresses;
pub(crate) mod answer;
mod body;
pub(crate) mod case;
pub mod commands;
pub mod controller;
pub(crate) mod documents;
pub mod domain;
pub mod endpoints;
mod problems;
pub mod service;

pub(crate) use self::{body::check_backdating, problems::problem};
