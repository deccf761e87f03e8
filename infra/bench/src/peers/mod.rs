//! The peers: the same rows and documents written and read by other means on the same servers, and the same records
//! produced without a relay.

pub mod ceiling;
pub mod chain;
pub mod database;
pub mod naive;
pub mod pgbench;
pub mod producer;
pub mod sample;
pub mod views;
