//! The credit slice: what a customer may owe, on which terms, and payments that settle several orders at once.

pub(crate) mod body;
mod booking;
pub mod commands;
pub mod controller;
pub mod domain;
pub mod payments;
