//! The customer aggregate: who it is, whether it may order, and the address book that orders take their defaults
//! from. Pure: commands in, events or a refusal out.

mod command;
mod decide;
mod error;
mod evolve;
mod profile;
#[cfg(test)]
mod tests;

pub use self::{
    command::{CustomerCommand, MetadataPatch, ProfilePatch, Register},
    error::CustomerError,
    evolve::Customer,
    profile::Profile,
};
