//! Customers: the list, and one customer with everything that was bought.

pub mod body;
pub mod filter;
pub mod queries;
pub mod repository;
