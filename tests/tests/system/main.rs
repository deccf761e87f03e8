//! The whole system on real servers: commands in over HTTP, through PostgreSQL, Kafka and MongoDB, and out again.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what is not as expected ends the test"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a test tells one story from beginning to end"
)]

mod bad_input;
mod canaries;
mod first_order;
mod imports;
mod latency;
mod order_commands;
mod records;
mod roles;
mod who_calls;
