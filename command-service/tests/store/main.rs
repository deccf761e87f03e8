//! The event store, the relay and the internal feed on real servers: a fresh database for each test, and a proof from
//! the tables at its end.

mod appending;
mod checker;
mod claims;
mod faults;
mod idempotency;
mod identity;
mod internal;
mod limits;
mod plans;
mod proxy;
mod races;
mod submissions;
mod throughput;
mod world;
