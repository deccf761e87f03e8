//! The order aggregate: commands in, events or a refusal out. It is pure: no input or output, no clock, no chance;
//! times, ids and whatever other aggregates know come in as values.

mod amend;
mod cancel;
mod change;
pub mod circumstances;
pub mod command;
mod confirm;
mod decide;
mod delivery;
mod details;
pub mod draft;
pub mod error;
mod evolve;
pub mod figures;
mod holds;
pub mod limits;
mod line;
pub mod lines;
mod notes;
pub mod patch;
mod payment;
mod personal;
mod place;
mod recorder;
mod references;
mod refund;
mod returns;
mod revision;
mod shipment;
pub mod state;
pub mod status;
#[cfg(test)]
mod tests;

pub use self::{
    circumstances::{Circumstances, CustomerStanding},
    command::{
        AddNote, Amend, AmendLine, Cancel, ChangeDraft, Confirm, Hold, NewAdjustment, NewLine,
        OrderCommand, Place, PlaceDraft, RecordDelivery, RecordPayment, RecordRefund, RecordReturn,
        RecordShipment, Release, Requester,
    },
    error::{LineRule, OrderError},
    lines::{DistinctLines, LineListError},
    patch::{DetailsPatch, Patch},
    state::Order,
};
