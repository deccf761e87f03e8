//! The local system without containers and without root: installs and runs the real PostgreSQL,
//! Kafka and MongoDB and both services. `cargo stack` is one user of it; the tests are the other:
//! they start, stop, kill and freeze single servers and services through it.

pub mod account;
pub mod bulk;
pub mod clock;
pub mod demo;
pub mod environment;
pub mod error;
pub mod files;
pub mod install;
pub mod keys;
pub mod layout;
pub mod local;
mod ports;
pub mod process;
pub mod progress;
pub mod repository;
pub mod servers;
pub mod services;
pub mod settings;
pub mod stack;
pub mod superstore;
pub mod system;
pub mod test_servers;
pub mod tokens;
pub mod wait;

pub use error::{Result, StackError};
pub use install::Installation;
pub use process::{State, Unit};
pub use progress::Progress;
pub use stack::{ServersFor, Stack, StackOptions};
pub use test_servers::TestServers;
pub use tokens::Principal;
