//! Reports: sums over many orders.

pub(crate) mod controller;
mod described;
mod parameters;
mod plan;
pub mod queries;
mod question;
pub mod repository;
pub mod sales_body;
