//! Personal data at rest: customers' keys, and what they seal before it is recorded. It knows no rule and no slice; what
//! is sealed is any event's personal part.

mod erasing;
mod secret;
mod vault;

pub use self::{
    erasing::Erasing,
    secret::{SecretError, secret},
    vault::{Vault, VaultKeys},
};
