//! Reports: sums over many orders.

mod plan;
pub mod queries;
pub mod question;
pub mod repository;
pub mod sales_body;
