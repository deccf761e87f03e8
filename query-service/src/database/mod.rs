//! MongoDB: the only place that names a collection and builds commands.

pub mod stored;
