//! The API on a real MongoDB: documents are made from events by the folds and transactions of the projectors, answers
//! are taken from the very router that the service serves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod asking;
mod customers;
mod documents;
mod erasure;
mod exports;
#[path = "../projecting/fake_store.rs"]
mod fake_store;
mod freshness;
#[path = "../support/history.rs"]
#[expect(dead_code, reason = "the tests of the consumer use the rest")]
mod history;
mod injection;
mod live;
mod open;
mod operations;
mod order_list;
mod orders;
mod past;
mod plans;
mod rankings;
mod refusals;
mod reports;
mod service;
mod views;
