//! Operating the read models: how far each build is, rebuilding and switching, and what is parked. Requests are noted
//! in the database; the replicas that fold carry them out.

pub mod actors;
mod body;
pub(crate) mod controller;
pub mod operations;
pub mod verbs;
