//! The event store, the relay and the internal feed on real servers: a fresh database for each test, and a proof from
//! the tables at its end.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod account_payments;
mod appending;
mod backup;
mod chain;
mod checker;
mod claims;
mod counted;
mod credit;
mod customer_emails;
mod customers;
mod documents;
mod faults;
mod golden;
mod hot;
mod hot_faults;
mod idempotency;
mod identity;
mod internal;
mod kafka;
mod limits;
mod order_timers;
mod plans;
mod proofs;
mod proxy;
mod races;
mod recovery;
mod relaying;
mod sealing;
mod server_faults;
mod shop;
mod snapshots;
mod submissions;
mod throughput;
mod timers;
mod walks;
mod world;
