//! The read side: consumes the events of the store, folds them into read models, and answers queries from them.

pub mod app;
pub mod calendar;
pub mod config;
pub mod consumer;
pub mod customers;
pub mod database;
pub mod event_types;
pub mod http;
pub mod keys;
pub mod live;
pub mod ops;
pub mod orders;
pub mod progress;
pub mod projections;
pub mod reports;
pub mod store;
