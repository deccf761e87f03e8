//! The command service: commands in over HTTP, events out through PostgreSQL and the relay to Kafka.

pub mod database;
pub mod event_sourcing;
pub mod internal;
pub mod orders;
pub mod relay;
