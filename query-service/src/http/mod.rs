//! What all slices share of the API over HTTP.

pub mod cursor;
pub mod figures;
pub mod freshness;
pub mod postal;
pub mod prefer;
pub mod schemas;
