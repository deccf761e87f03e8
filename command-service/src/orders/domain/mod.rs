//! The order aggregate: commands in, events or a refusal out. It is pure: no input or output, no clock, no chance;
//! times, ids and whatever other aggregates know come in as values.

mod cancel;
mod change;
pub mod command;
mod decide;
mod delivery;
pub mod error;
mod evolve;
pub mod figures;
pub mod limits;
pub mod lines;
mod payment;
mod place;
mod recorder;
mod returns;
mod shipment;
pub mod state;
pub mod status;
#[cfg(test)]
mod tests;

pub use self::{
    command::{
        Cancel, NewAdjustment, NewLine, OrderCommand, Place, RecordDelivery, RecordPayment,
        RecordReturn, RecordShipment, Requester,
    },
    error::{LineRule, OrderError},
    lines::{DistinctLines, LineListError},
    state::Order,
};
