//! Orders: the list, one order whole, and its timeline.

mod actions;
pub mod body;
pub mod facts;
pub mod filter;
pub mod listed;
pub mod queries;
pub mod repository;
