//! The catalogue of event types: what is on the topic and in timelines, with a JSON schema for the data of each type.

mod catalogue;
pub(crate) mod controller;
mod orders;
mod parties;
mod shapes;
#[cfg(test)]
mod tests;

pub use self::catalogue::{EventType, catalogue};
