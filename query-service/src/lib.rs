//! The read side: consumes the events of the store, folds them into read models, and answers queries from them.

pub mod calendar;
pub mod database;
pub mod projections;
