//! The command service: commands in over HTTP, events out through PostgreSQL and the relay to Kafka.

pub mod app;
pub mod bulk;
pub mod config;
pub mod credit;
pub mod customers;
pub mod database;
pub mod event_sourcing;
pub mod execution;
pub mod http;
pub mod internal;
pub mod orders;
mod phone;
pub mod recovery;
pub mod relay;
pub mod sealing;
pub mod timers;
