//! The contract between the command service and the query service, and the only thing they share:
//! ids, shards, coordinates, money, the event envelope, and every event with its wire form.
//! It knows no database, no broker and no HTTP.

pub mod closed_list;
pub mod coordinate;
pub mod credit;
pub mod customer;
pub mod envelope;
pub mod event;
pub mod ids;
pub mod internal;
pub mod money;
pub mod order;
pub mod order_number;
pub mod personal;
pub mod sealing;
pub mod shard;
pub mod timestamp;
pub mod token;
mod upcast;

pub use coordinate::{Coordinate, Epoch, Position};
pub use envelope::{Actor, Envelope, MalformedHeaders};
pub use event::{DecodeError, Event};
pub use ids::{CustomerId, EventId, OrderId, StreamId, Version};
pub use money::{Currency, MoneyError, TaxRate};
pub use order_number::OrderNumber;
pub use personal::{Personal, Sealed};
pub use sealing::{Keys, SealingKey, Unopened};
pub use shard::{Shard, ShardCount};
pub use timestamp::Timestamp;
pub use token::ConsistencyToken;
