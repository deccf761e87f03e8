//! Event by event to a [`ReceivableDocument`].

use orderfold_events::{
    Envelope, Event, OrderId,
    order::{OrderEvent, OrderFact, Terms},
};

use super::{ReceivableDocument, Receivables};
use crate::projections::{Contradiction, DocumentView, ReadModel, placed_order_of, require_next};

impl DocumentView for Receivables {
    type Id = OrderId;
    type Document = ReceivableDocument;
    type Fact = OrderEvent;

    const READ_MODEL: ReadModel = ReadModel::Receivables;

    fn select(event: &Event) -> Option<(OrderId, &OrderEvent)> {
        // Once placed the terms stay as they are.
        placed_order_of(event).filter(|(_, order)| order.summary.terms == Terms::OnAccount)
    }

    fn id(document: &ReceivableDocument) -> OrderId {
        document.order_id
    }

    fn fold(
        document: Option<ReceivableDocument>,
        envelope: &Envelope,
        event: &OrderEvent,
    ) -> Result<ReceivableDocument, Contradiction> {
        let summary = &event.summary;
        let open = summary.totals.balance.max(0);
        match (document, &event.fact) {
            // It may have been a draft before, so any version may be the first here.
            (None, OrderFact::Placed(placed)) => Ok(ReceivableDocument {
                order_id: summary.order_id,
                version: envelope.version,
                coordinate: envelope.coordinate,
                number: summary.number.ok_or(Contradiction::NotPlaced)?,
                customer_id: summary.customer_id,
                currency: summary.currency,
                due_on: placed.due_on,
                open,
            }),
            (None, _) => Err(Contradiction::NotPlaced),
            (Some(_), OrderFact::Placed(_)) => Err(Contradiction::PlacedTwice),
            (Some(document), _) => {
                require_next(document.version, envelope)?;
                Ok(ReceivableDocument {
                    version: envelope.version,
                    coordinate: envelope.coordinate,
                    open,
                    ..document
                })
            }
        }
    }
}
