//! Event by event to a [`WorkDocument`].

use orderfold_events::{
    Envelope, Event, OrderId, Version,
    order::{Lifecycle, OrderEvent, OrderFact, OrderSummary, Placed, Terms},
};

use super::{Since, Stage, WorkDocument, WorkQueue};
use crate::projections::{
    Contradiction, DocumentView, ReadModel, placed_order_of, require_next,
    units::{Units, is_open, is_refund_due, is_to_ship},
};

impl DocumentView for WorkQueue {
    type Id = OrderId;
    type Document = WorkDocument;
    type Fact = OrderEvent;

    const READ_MODEL: ReadModel = ReadModel::WorkQueue;

    fn select(event: &Event) -> Option<(OrderId, &OrderEvent)> {
        placed_order_of(event)
    }

    fn id(document: &WorkDocument) -> OrderId {
        document.order_id
    }

    fn fold(
        document: Option<WorkDocument>,
        envelope: &Envelope,
        event: &OrderEvent,
    ) -> Result<WorkDocument, Contradiction> {
        let before = match (document, &event.fact) {
            // It may have been a draft before, so any version may be the first here.
            (None, OrderFact::Placed(placed)) => nothing_yet(envelope, event, placed)?,
            (None, _) => return Err(Contradiction::NotPlaced),
            (Some(_), OrderFact::Placed(_)) => return Err(Contradiction::PlacedTwice),
            (Some(document), _) => {
                require_next(document.version, envelope)?;
                document
            }
        };
        let units = before.units.after(event, before.digital)?;
        let since = since(&before.since, envelope, |stage| {
            is_in(stage, &event.summary, &units)
        });
        Ok(WorkDocument {
            version: envelope.version,
            coordinate: envelope.coordinate,
            units,
            total_sales: event.summary.totals.total_sales,
            balance: event.summary.totals.balance,
            since,
            ..before
        })
    }
}

fn nothing_yet(
    envelope: &Envelope,
    event: &OrderEvent,
    placed: &Placed,
) -> Result<WorkDocument, Contradiction> {
    let summary = &event.summary;
    Ok(WorkDocument {
        order_id: summary.order_id,
        version: Version::NONE,
        coordinate: envelope.coordinate,
        number: summary.number.ok_or(Contradiction::NotPlaced)?,
        customer_id: summary.customer_id,
        channel: summary.channel.clone(),
        currency: summary.currency,
        terms: summary.terms,
        digital: placed.digital,
        units: Units::default(),
        total_sales: 0,
        balance: 0,
        since: Since::default(),
    })
}

fn is_in(stage: Stage, order: &OrderSummary, units: &Units) -> bool {
    match stage {
        Stage::Unconfirmed => order.lifecycle == Lifecycle::Placed,
        Stage::OnHold => order.on_hold,
        Stage::AwaitingPayment => {
            is_open(order.lifecycle) && order.terms == Terms::Prepaid && order.totals.balance > 0
        }
        Stage::ToShip => is_to_ship(order, units),
        Stage::InTransit => units.in_transit() > 0,
        Stage::RefundDue => is_refund_due(order),
    }
}

/// A stage keeps the moment in which the order came into it.
fn since(before: &Since, envelope: &Envelope, is_in: impl Fn(Stage) -> bool) -> Since {
    let of = |stage| is_in(stage).then(|| before.of(stage).unwrap_or(envelope.occurred_at));
    Since {
        unconfirmed: of(Stage::Unconfirmed),
        on_hold: of(Stage::OnHold),
        awaiting_payment: of(Stage::AwaitingPayment),
        to_ship: of(Stage::ToShip),
        in_transit: of(Stage::InTransit),
        refund_due: of(Stage::RefundDue),
    }
}
