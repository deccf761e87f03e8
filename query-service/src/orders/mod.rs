//! Orders: the list with its facets and export, one order whole as it is or was, and its timeline.

mod actions;
pub mod as_of;
pub mod body;
mod conditions;
pub(crate) mod controller;
pub(crate) mod described;
pub mod export;
pub mod facets;
pub mod facts;
pub mod filter;
pub mod later_facts;
pub mod listed;
mod lookup;
pub mod queries;
pub(crate) mod question;
pub mod repository;
pub mod timeline;
