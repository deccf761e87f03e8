//! Event by event to an [`OrderRow`].

use orderfold_events::{
    Envelope, Event, OrderId, Version,
    order::{OrderEvent, OrderFact, Placed},
};

use super::{OrderList, OrderRow};
use crate::projections::{Contradiction, DocumentView, ReadModel, order_of, require_next};

impl DocumentView for OrderList {
    type Id = OrderId;
    type Document = OrderRow;
    type Fact = OrderEvent;

    const READ_MODEL: ReadModel = ReadModel::OrderList;

    fn select(event: &Event) -> Option<(OrderId, &OrderEvent)> {
        order_of(event)
    }

    fn id(document: &OrderRow) -> OrderId {
        document.order_id
    }

    fn fold(
        document: Option<OrderRow>,
        envelope: &Envelope,
        event: &OrderEvent,
    ) -> Result<OrderRow, Contradiction> {
        match (document, &event.fact) {
            (None, OrderFact::Placed(placed)) => {
                require_next(Version::NONE, envelope)?;
                placed_row(envelope, event, placed)
            }
            (Some(_), OrderFact::Placed(_)) => Err(Contradiction::PlacedTwice),
            (
                Some(row),
                // CONTRACT: those from drafts on.
                OrderFact::Drafted(_)
                | OrderFact::DraftChanged(_)
                | OrderFact::Discarded(_)
                | OrderFact::Held(_)
                | OrderFact::Released(_)
                | OrderFact::Amended(_)
                | OrderFact::DetailsUpdated(_)
                | OrderFact::RefundRecorded(_)
                | OrderFact::NoteAdded(_)
                | OrderFact::Confirmed(_)
                | OrderFact::ItemsCancelled(_)
                | OrderFact::Cancelled(_)
                | OrderFact::PaymentRecorded(_)
                | OrderFact::ShipmentRecorded(_)
                | OrderFact::DeliveryRecorded(_)
                | OrderFact::ReturnRecorded(_)
                | OrderFact::Completed(_),
            ) => {
                require_next(row.version, envelope)?;
                Ok(refreshed(row, envelope, event))
            }
            (None, _) => Err(Contradiction::NotPlaced),
        }
    }
}

fn placed_row(
    envelope: &Envelope,
    event: &OrderEvent,
    placed: &Placed,
) -> Result<OrderRow, Contradiction> {
    let summary = &event.summary;
    Ok(OrderRow {
        order_id: summary.order_id,
        version: envelope.version,
        coordinate: envelope.coordinate,
        number: summary.number.ok_or(Contradiction::NotPlaced)?,
        customer_id: summary.customer_id,
        channel: summary.channel.clone(),
        currency: summary.currency,
        terms: summary.terms,
        reference: placed.reference.clone(),
        placed_at: summary.placed_at.ok_or(Contradiction::NotPlaced)?,
        updated_at: envelope.recorded_at,
        lifecycle: summary.lifecycle,
        payment_status: summary.payment_status,
        fulfilment_status: summary.fulfilment_status,
        on_hold: summary.on_hold,
        line_count: u32::try_from(placed.lines.len()).map_err(|_more| Contradiction::Figure)?,
        totals: summary.totals,
    })
}

/// The row with what the summary of the event says.
fn refreshed(row: OrderRow, envelope: &Envelope, event: &OrderEvent) -> OrderRow {
    let summary = &event.summary;
    OrderRow {
        version: envelope.version,
        coordinate: envelope.coordinate,
        updated_at: envelope.recorded_at,
        lifecycle: summary.lifecycle,
        payment_status: summary.payment_status,
        fulfilment_status: summary.fulfilment_status,
        on_hold: summary.on_hold,
        totals: summary.totals,
        ..row
    }
}
