//! Reports: sums over many orders, booked and open.

pub(crate) mod controller;
mod described;
pub mod open_body;
pub(crate) mod open_controller;
pub mod open_queries;
pub mod open_repository;
mod parameters;
mod plan;
pub mod queries;
mod question;
pub mod ranking;
pub mod ranking_body;
pub mod ranking_repository;
pub mod repository;
pub mod sales_body;
pub mod summary_body;
