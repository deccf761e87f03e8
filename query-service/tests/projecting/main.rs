//! The consumer on real Kafka and MongoDB: whatever is delivered, lost, repeated or killed, the documents are the fold
//! of the events. The store itself is make-believe: a recorded history behind the two internal endpoints.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod delivery;
mod expected;
mod fake_store;
mod faults;
#[path = "../support/history.rs"]
#[expect(dead_code, reason = "the unit tests of the folds use the rest")]
mod history;
mod keys;
mod parking;
mod rebuilding;
mod replicas;
mod skipping;
mod world;
