//! Which commands the state of an order allows, for buttons and menus. The command service decides; this only tells
//! what it would say to a caller with every scope.

use orderfold_events::{
    closed_list,
    order::{Lifecycle, Terms},
};
use utoipa::{PartialSchema, ToSchema, openapi};

use crate::projections::order_detail::{OrderDocument, OrderLine};

closed_list! {
    /// A command by its operation id.
    Action {
        CancelOrder = "cancel_order", RecordPayment = "record_payment", RecordShipment = "record_shipment",
        RecordDelivery = "record_delivery", RecordReturn = "record_return",
    }
}

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
    let may_leave = is_open(order.lifecycle) && open > 0 && !order.on_hold && settled;
    match action {
        Action::CancelOrder => is_open(order.lifecycle) && open > 0,
        Action::RecordPayment => true,
        Action::RecordShipment => may_leave && !order.digital,
        // What is digital needs no shipment: it is delivered at once.
        Action::RecordDelivery => in_transit > 0 || (order.digital && may_leave),
        Action::RecordReturn => returnable > 0,
    }
}

fn is_open(lifecycle: Lifecycle) -> bool {
    match lifecycle {
        Lifecycle::Placed | Lifecycle::Confirmed => true,
        Lifecycle::Draft | Lifecycle::Cancelled | Lifecycle::Completed | Lifecycle::Discarded => {
            false
        }
    }
}
