//! The live feed: what happens to orders, told as it is folded. One change stream per replica feeds everybody who
//! listens; the newest changes are kept, so that a listener who comes back misses nothing.

pub(crate) mod controller;
mod hub;
mod listener;

pub use hub::Live;
