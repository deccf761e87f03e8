//! The superstore set.
