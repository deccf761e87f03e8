//! Which shard, and so which Kafka partition, a customer belongs to. It is the function of Kafka's own Java
//! partitioner, so that any client's keyed producer or join finds the same partition.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::CustomerId;

/// A fixed bucket of customers, from 0; one Kafka partition each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub u16);

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many shards the store has, 1 to 1024; fixed when the store is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardCount(u16);

impl ShardCount {
    pub const MAX: u16 = 1024;

    /// `None` when the count is 0 or above [`Self::MAX`].
    #[must_use]
    pub fn new(count: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&count).then_some(Self(count))
    }

    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }

    /// The shard of a customer and of everything that is the customer's.
    #[must_use]
    pub fn shard_of(self, customer: CustomerId) -> Shard {
        let mut buffer = uuid::Uuid::encode_buffer();
        let text = customer.0.as_hyphenated().encode_lower(&mut buffer);
        let hash = murmur2(text.as_bytes()) & 0x7fff_ffff;
        Shard(u16::try_from(hash % u32::from(self.0)).unwrap_or(0))
    }

    pub fn shards(self) -> impl Iterator<Item = Shard> {
        (0..self.0).map(Shard)
    }
}

/// 32-bit `MurmurHash2` as in Kafka's `Utils.murmur2`.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;

    // Kafka hashes lengths as 32-bit integers; keys here are 36 bytes.
    let mut hash = SEED ^ u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = word
            .iter()
            .rev()
            .fold(0, |word, byte| (word << 8) | u32::from(*byte));
        k = k.wrapping_mul(M);
        k ^= k >> R;
        k = k.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        hash ^= tail
            .iter()
            .rev()
            .fold(0, |word, byte| (word << 8) | u32::from(*byte));
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Kafka's own test of `Utils.murmur2`.
    #[test]
    fn the_hash_is_kafkas() {
        for (text, expected) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), expected, "{text}");
        }
    }

    #[test]
    fn a_customer_keeps_the_shard_that_the_golden_vectors_say() {
        let golden = include_str!("../golden/shards.txt");
        let shards = ShardCount::new(32).unwrap();
        let mut seen = 0;
        for line in golden.lines().filter(|line| !line.starts_with('#')) {
            let (id, shard) = line.split_once(' ').unwrap();
            assert_eq!(
                shards.shard_of(id.parse().unwrap()).to_string(),
                shard,
                "{id}"
            );
            seen += 1;
        }
        assert_eq!(seen, 8);
    }

    #[test]
    fn a_count_of_shards_out_of_range_is_refused() {
        assert!(ShardCount::new(0).is_none());
        assert!(ShardCount::new(1025).is_none());
    }
}
