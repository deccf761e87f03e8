//! What the slices share of the API over HTTP: conditions of a call, readers of common values, answers and problems.

pub mod answers;
pub mod calls;
pub mod codes;
pub mod values;
