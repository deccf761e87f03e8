//! Orders: the list, one order whole, and its timeline.

mod actions;
pub mod body;
pub(crate) mod controller;
mod described;
pub mod facts;
pub mod filter;
pub mod listed;
pub mod queries;
mod question;
pub mod repository;
pub mod timeline;
