//! Event by event to an [`OrderDocument`].

use std::collections::BTreeMap;

use orderfold_events::{
    Envelope, Event, OrderId, Personal, Version,
    order::{DetailsUpdated, OrderEvent, OrderFact, OrderPersonal, Placed},
};

use super::{
    FACTS_MAX, FactTime, NOTES_MAX, OrderDetail, OrderDocument, OrderNote, OrderPayment,
    OrderShipment,
    changes::{
        adjust, amend, cancel, close_holds, deliver, give_back, hold, keep, release, take_back,
        valid,
    },
    lines,
};
use crate::projections::{
    Contradiction, DocumentView, ReadModel, order_of, require_next, require_possible,
};

impl DocumentView for OrderDetail {
    type Id = OrderId;
    type Document = OrderDocument;
    type Fact = OrderEvent;

    const READ_MODEL: ReadModel = ReadModel::OrderDetail;

    fn select(event: &Event) -> Option<(OrderId, &OrderEvent)> {
        order_of(event)
    }

    fn id(document: &OrderDocument) -> OrderId {
        document.order_id
    }

    fn fold(
        document: Option<OrderDocument>,
        envelope: &Envelope,
        event: &OrderEvent,
    ) -> Result<OrderDocument, Contradiction> {
        let lifecycle = document.as_ref().map(|order| order.lifecycle);
        require_possible(lifecycle, &event.fact)?;
        let before = document
            .as_ref()
            .map_or(Version::NONE, |order| order.version);
        require_next(before, envelope)?;
        let order = document.unwrap_or_else(|| nothing_yet(envelope, event));
        let mut order = add_fact(order, fact_time(envelope), &event.fact)?;
        lines::book(&mut order.lines, &event.change.lines)?;
        Ok(refreshed(order, envelope, event))
    }
}

/// A document of which only the summary of an event is known.
fn nothing_yet(envelope: &Envelope, event: &OrderEvent) -> OrderDocument {
    let summary = &event.summary;
    OrderDocument {
        order_id: summary.order_id,
        version: envelope.version,
        coordinate: envelope.coordinate,
        number: summary.number,
        customer_id: summary.customer_id,
        channel: summary.channel.clone(),
        currency: summary.currency,
        terms: summary.terms,
        prices_include_tax: false,
        digital: false,
        due_on: None,
        reference: None,
        customer_reference: None,
        tags: Vec::new(),
        metadata: BTreeMap::new(),
        placed_at: summary.placed_at,
        updated_at: envelope.recorded_at,
        lifecycle: summary.lifecycle,
        payment_status: summary.payment_status,
        fulfilment_status: summary.fulfilment_status,
        on_hold: summary.on_hold,
        totals: summary.totals,
        preview: None,
        lines: Vec::new(),
        adjustments: Vec::new(),
        payments: Vec::new(),
        refunds: Vec::new(),
        shipments: Vec::new(),
        deliveries: Vec::new(),
        returns: Vec::new(),
        cancellations: Vec::new(),
        amendments: Vec::new(),
        holds: Vec::new(),
        notes: Vec::new(),
        note_count: 0,
        personal: Personal::plain(OrderPersonal::default()),
    }
}

/// The document with what the summary of the event says.
fn refreshed(order: OrderDocument, envelope: &Envelope, event: &OrderEvent) -> OrderDocument {
    let summary = &event.summary;
    OrderDocument {
        version: envelope.version,
        coordinate: envelope.coordinate,
        number: summary.number,
        channel: summary.channel.clone(),
        currency: summary.currency,
        terms: summary.terms,
        placed_at: summary.placed_at,
        updated_at: envelope.recorded_at,
        lifecycle: summary.lifecycle,
        payment_status: summary.payment_status,
        fulfilment_status: summary.fulfilment_status,
        on_hold: summary.on_hold,
        totals: summary.totals,
        ..order
    }
}

/// What the event itself adds: content, quantities, ledger entries and facts.
fn add_fact(
    mut order: OrderDocument,
    at: FactTime,
    fact: &OrderFact,
) -> Result<OrderDocument, Contradiction> {
    match fact {
        OrderFact::Drafted(draft) | OrderFact::DraftChanged(draft) => {
            order = with_content(order, &draft.order);
            order.preview = Some(draft.preview);
        }
        OrderFact::Placed(placed) => order = with_content(order, placed),
        OrderFact::Discarded(_) | OrderFact::Confirmed(_) => {}
        OrderFact::Completed(_) => close_holds(&mut order, at),
        OrderFact::Held(held) => hold(&mut order, at, held),
        OrderFact::Released(released) => release(&mut order, at, released),
        OrderFact::Amended(amended) => amend(&mut order, at, amended)?,
        OrderFact::DetailsUpdated(details) => order = with_details(order, details),
        OrderFact::ItemsCancelled(it) => {
            cancel(&mut order, (at, it.reason), &it.lines, &it.personal)?;
            adjust(&mut order, &it.adjustments);
        }
        OrderFact::Cancelled(it) => {
            cancel(&mut order, (at, it.reason), &it.lines, &it.personal)?;
            for adjustment in &mut order.adjustments {
                adjustment.voided = true;
            }
            close_holds(&mut order, at);
        }
        OrderFact::PaymentRecorded(payment) => {
            let payment = OrderPayment {
                at,
                reference: payment.reference.clone(),
                amount: payment.amount,
                method: payment.method,
            };
            keep(&mut order.payments, payment, FACTS_MAX);
        }
        OrderFact::RefundRecorded(refund) => give_back(&mut order, at, refund),
        OrderFact::ShipmentRecorded(shipment) => {
            lines::ship(&mut order.lines, &shipment.lines)?;
            let shipment = OrderShipment {
                at,
                reference: shipment.reference.clone(),
                carrier: shipment.carrier.clone(),
                tracking_number: shipment.tracking_number.clone(),
                lines: shipment.lines.clone(),
            };
            keep(&mut order.shipments, shipment, FACTS_MAX);
        }
        OrderFact::DeliveryRecorded(delivery) => deliver(&mut order, at, delivery)?,
        OrderFact::ReturnRecorded(returned) => take_back(&mut order, at, returned)?,
        OrderFact::NoteAdded(note) => {
            order.note_count = order.note_count.saturating_add(1);
            let personal = note.personal.clone();
            keep(&mut order.notes, OrderNote { at, personal }, NOTES_MAX);
        }
    }
    Ok(order)
}

fn with_content(order: OrderDocument, content: &Placed) -> OrderDocument {
    OrderDocument {
        prices_include_tax: content.prices_include_tax,
        digital: content.digital,
        due_on: content.due_on,
        reference: content.reference.clone(),
        customer_reference: content.customer_reference.clone(),
        tags: content.tags.clone(),
        metadata: content.metadata.clone(),
        preview: None,
        lines: content.lines.iter().cloned().map(lines::ordered).collect(),
        adjustments: content.adjustments.iter().map(valid).collect(),
        personal: content.personal.clone(),
        ..order
    }
}

fn with_details(order: OrderDocument, details: &DetailsUpdated) -> OrderDocument {
    OrderDocument {
        reference: details.reference.clone(),
        customer_reference: details.customer_reference.clone(),
        tags: details.tags.clone(),
        metadata: details.metadata.clone(),
        ..order
    }
}

fn fact_time(envelope: &Envelope) -> FactTime {
    FactTime {
        version: envelope.version,
        occurred_at: envelope.occurred_at,
        recorded_at: envelope.recorded_at,
    }
}
