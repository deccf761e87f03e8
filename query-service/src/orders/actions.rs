//! Which commands the state of an order allows, for buttons and menus. The command service decides; this only tells
//! what it would say to a caller with every scope.

use orderfold_events::{
    closed_list,
    order::{Lifecycle, Terms},
};
use utoipa::{PartialSchema, ToSchema, openapi};

use crate::projections::{
    order_detail::{OrderDocument, OrderLine},
    units::is_open,
};

closed_list! {
    /// A command by its operation id.
    Action {
        ChangeDraft = "change_draft", PlaceOrder = "place_order", DiscardDraft = "discard_draft",
        ConfirmOrder = "confirm_order", HoldOrder = "hold_order", ReleaseOrder = "release_order",
        AmendOrder = "amend_order", UpdateOrderDetails = "update_order_details", CancelOrder = "cancel_order",
        RecordPayment = "record_payment", RecordRefund = "record_refund", RecordShipment = "record_shipment",
        RecordDelivery = "record_delivery", RecordReturn = "record_return", AddOrderNote = "add_order_note",
    }
}

/// Most notes of an order.
const NOTES_MAX: u32 = 1_000;
/// Most holds of an order.
const HOLDS_MAX: usize = 200;

impl PartialSchema for Action {
    fn schema() -> openapi::RefOr<openapi::schema::Schema> {
        openapi::ObjectBuilder::new()
            .schema_type(openapi::schema::Type::String)
            .enum_values(Some(Self::ALL.iter().map(|action| action.as_str())))
            .into()
    }
}

impl ToSchema for Action {}

/// The commands that the order, as it stands, would not refuse.
#[must_use]
pub fn allowed_actions(order: &OrderDocument) -> Vec<Action> {
    Action::ALL
        .iter()
        .copied()
        .filter(|action| allows(order, *action))
        .collect()
}

fn allows(order: &OrderDocument, action: Action) -> bool {
    let sum = |units: fn(&OrderLine) -> i64| order.lines.iter().map(units).sum::<i64>();
    let open = sum(|line| line.ordered.quantity - line.cancelled - line.shipped);
    let in_transit = sum(|line| line.shipped - line.delivered - line.returned_undelivered);
    let returnable = sum(|line| line.shipped - line.returned);
    let settled = order.terms == Terms::OnAccount || order.totals.balance <= 0;
    let is_draft = order.lifecycle == Lifecycle::Draft;
    let is_placed = !is_draft && order.lifecycle != Lifecycle::Discarded;
    let goes_on = is_open(order.lifecycle);
    let may_leave = goes_on && open > 0 && !order.on_hold && settled;
    match action {
        Action::ChangeDraft | Action::DiscardDraft => is_draft,
        Action::PlaceOrder => is_draft && !order.lines.is_empty(),
        Action::ConfirmOrder => order.lifecycle == Lifecycle::Placed,
        Action::HoldOrder => goes_on && order.holds.len() < HOLDS_MAX,
        Action::ReleaseOrder => goes_on && order.on_hold,
        Action::AmendOrder | Action::UpdateOrderDetails | Action::RecordPayment => is_placed,
        Action::CancelOrder => goes_on && open > 0,
        Action::RecordRefund => is_placed && order.totals.payments > order.totals.refunds,
        Action::RecordShipment => may_leave && !order.digital,
        // What is digital needs no shipment: it is delivered at once.
        Action::RecordDelivery => in_transit > 0 || (order.digital && may_leave),
        Action::RecordReturn => returnable > 0,
        Action::AddOrderNote => order.note_count < NOTES_MAX,
    }
}
