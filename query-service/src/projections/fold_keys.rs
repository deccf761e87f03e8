//! What a fold is given of keys: values, so that it stays pure.

use orderfold_events::{Keys, SealingKey};

/// The keys that folding a batch takes.
#[derive(Debug, Clone)]
pub struct FoldKeys {
    /// Those of customers who are not erased.
    pub keys: Keys,
    /// The key under which words are searched for.
    pub search: SealingKey,
}
