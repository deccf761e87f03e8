//! Given some commands, when one more, then these events or that refusal.

mod amending;
mod amending_lines;
mod cancelling;
mod chance;
mod commands;
mod confirming;
mod digital;
mod drafting;
mod erased;
mod figures;
mod holding;
mod invariants;
mod limits;
mod noting;
mod paying;
mod placing;
mod placing_drafts;
mod refunding;
mod returning;
mod shipping;
mod statuses;
mod walks;

use std::collections::BTreeMap;

use orderfold_events::order::{
    AdjustmentKind, AmendReason, CancelReason, HoldReason, Lifecycle, LineQuantity, LineTax,
    OrderEvent, OrderFact, OrderPersonal, OrderSummary, RefundReason, Terms,
};

use self::commands::{
    NOW, PLACED_AT, address, adjustment, amend, at, backdated, cancel, cancel_as, change_draft,
    confirm, content, deliver, deliver_from, draft, draft_with, give_back, give_back_with, hold,
    line, note, pay, place, place_draft, place_with, rate, refund, refund_with, release, ship,
    update, usual, want, with_customer,
};
use super::{
    AmendLine, Circumstances, Confirm, CustomerStanding, NewAdjustment, NewLine, Order,
    OrderCommand, OrderError, Patch, PlaceDraft, Requester,
};

/// An order after some commands, all of which must succeed.
pub fn given(commands: impl IntoIterator<Item = OrderCommand>) -> Order {
    commands
        .into_iter()
        .fold(Order::initial(), |order, command| {
            let events = order.decide(&command, &usual()).unwrap();
            after(order, &events)
        })
}

pub fn after(order: Order, events: &[OrderEvent]) -> Order {
    events.iter().fold(order, Order::evolve)
}

/// What one more command leads to.
pub fn when(order: &Order, command: &OrderCommand) -> Result<Vec<OrderEvent>, OrderError> {
    order.decide(command, &usual())
}

pub fn refusal(order: &Order, command: &OrderCommand) -> OrderError {
    when(order, command).unwrap_err()
}

/// The short names of the events, such as `placed`.
pub fn names(events: &[OrderEvent]) -> Vec<&'static str> {
    events
        .iter()
        .map(|event| {
            event
                .event_type()
                .trim_start_matches("orderfold.order.")
                .trim_end_matches(".v1")
        })
        .collect()
}

/// The names of the events that a command leads to.
pub fn outcome(order: &Order, command: &OrderCommand) -> Vec<&'static str> {
    names(&when(order, command).unwrap())
}

pub fn summary(order: &Order) -> OrderSummary {
    order.summary().unwrap()
}

pub fn lifecycle(order: &Order) -> Lifecycle {
    summary(order).lifecycle
}

/// The adjustments in the fact of an event.
pub fn adjustments_of(event: &OrderEvent) -> &[orderfold_events::order::Adjustment] {
    match &event.fact {
        OrderFact::Placed(placed) => &placed.adjustments,
        OrderFact::ItemsCancelled(cancelled) => &cancelled.adjustments,
        OrderFact::ReturnRecorded(returned) => &returned.adjustments,
        OrderFact::Amended(amended) => &amended.adjustments,
        OrderFact::RefundRecorded(refund) => &refund.adjustments,
        OrderFact::Drafted(_)
        | OrderFact::DraftChanged(_)
        | OrderFact::Discarded(_)
        | OrderFact::Held(_)
        | OrderFact::Released(_)
        | OrderFact::DetailsUpdated(_)
        | OrderFact::NoteAdded(_)
        | OrderFact::Confirmed(_)
        | OrderFact::Cancelled(_)
        | OrderFact::PaymentRecorded(_)
        | OrderFact::ShipmentRecorded(_)
        | OrderFact::DeliveryRecorded(_)
        | OrderFact::Completed(_) => &[],
    }
}
