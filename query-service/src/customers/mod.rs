//! Customers: the list, and one customer with everything that was bought.

pub mod body;
pub(crate) mod controller;
mod described;
pub mod erasure;
pub mod filter;
pub mod queries;
mod question;
pub mod repository;
