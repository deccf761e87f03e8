//! Event sourcing: what a decision asks of the store, how it gets there, and how streams become typed state again.
//! It knows no HTTP, no business rule and no SQL.

mod aggregate;
mod appended;
mod dropped;
mod entry;
mod error;
mod hot;
mod lanes;
mod outcome;
mod reader;
mod store;
mod submission;
mod timer;
mod writer;
mod writers;

pub(crate) use self::writer::Job;
pub use self::{
    aggregate::{Aggregate, Loaded},
    appended::Appended,
    error::StoreError,
    lanes::Lanes,
    outcome::{Outcome, StoredAnswer},
    store::EventStore,
    submission::{
        Answer, ClaimChange, ClaimKey, ClaimKind, IdempotencyKey, NewEvent, Retention, Submission,
    },
    timer::{Armed, TimerChange, TimerEffect},
    writers::Writers,
};
