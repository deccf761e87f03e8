//! What the relay cannot mend by itself: Kafka does not hold what it has acknowledged, or holds what the store does not.
//! Then it publishes nothing and says so, until an operator has acted.

use orderfold_events::{Position, Shard};

/// Why the relay publishes nothing; each names the way on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    #[error(
        "partition {shard} begins at offset {found} and the log at {expected}: records are gone; publish them again \
         with `command-service republish`"
    )]
    Truncated {
        shard: Shard,
        found: i64,
        expected: i64,
    },
    #[error(
        "partition {shard} ends at offset {end}, and offset {acknowledged} was acknowledged: the topic was truncated \
         or made anew; publish it again with `command-service republish`"
    )]
    Shortened {
        shard: Shard,
        end: i64,
        acknowledged: i64,
    },
    #[error(
        "Kafka and the store part in shard {shard} at position {from}: the store was restored from an older backup; \
         begin a new epoch with `command-service raise-epoch`"
    )]
    Forked { shard: Shard, from: Position },
    #[error(
        "offset {offset} of partition {shard} holds no event of this store; once it is known whose it is, go on \
         behind it with `command-service republish`"
    )]
    Foreign { shard: Shard, offset: i64 },
}
