//! What all slices share of the API over HTTP, and the router that puts them together.

pub mod answers;
pub mod cursor;
pub mod described;
pub mod figures;
pub mod freshness;
pub mod parameters;
pub mod postal;
pub mod prefer;
pub mod problems;
pub mod router;
pub mod schemas;
pub mod standing;
