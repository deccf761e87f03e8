//! What the tests of the whole system share: a caller of the APIs, sample bodies, and a checker that proves the
//! store's and the log's invariants from the outside.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a part of tests: what is not as expected ends the test"
)]

pub mod canaries;
pub mod checker;
pub mod client;
pub mod journal;
pub mod log;
pub mod redelivery;
pub mod sample;
pub mod shop;
pub mod views;
