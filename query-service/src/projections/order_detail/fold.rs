//! Event by event to an [`OrderDocument`].

use orderfold_events::{
    Envelope, Event, OrderId, Personal, Version,
    order::{
        Adjustment, CancelReason, DeliveryRecorded, LineQuantity, OrderEvent, OrderFact, Placed,
        ReturnRecorded,
    },
    personal::Note,
};

use super::{
    FactTime, OrderAdjustment, OrderCancellation, OrderDelivery, OrderDetail, OrderDocument,
    OrderPayment, OrderReturn, OrderShipment, lines,
};
use crate::projections::{Contradiction, DocumentView, ReadModel, order_of, require_next};

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
        let mut order = match (document, &event.fact) {
            (None, OrderFact::Placed(placed)) => {
                require_next(Version::NONE, envelope)?;
                placed_document(envelope, event, placed)?
            }
            (Some(_), OrderFact::Placed(_)) => return Err(Contradiction::PlacedTwice),
            (None, _) => return Err(Contradiction::NotPlaced),
            (Some(order), _) => {
                require_next(order.version, envelope)?;
                add_fact(order, envelope, &event.fact)?
            }
        };
        lines::book(&mut order.lines, &event.change.lines)?;
        let summary = &event.summary;
        Ok(OrderDocument {
            version: envelope.version,
            coordinate: envelope.coordinate,
            updated_at: envelope.recorded_at,
            lifecycle: summary.lifecycle,
            payment_status: summary.payment_status,
            fulfilment_status: summary.fulfilment_status,
            on_hold: summary.on_hold,
            totals: summary.totals,
            ..order
        })
    }
}

fn placed_document(
    envelope: &Envelope,
    event: &OrderEvent,
    placed: &Placed,
) -> Result<OrderDocument, Contradiction> {
    let summary = &event.summary;
    Ok(OrderDocument {
        order_id: summary.order_id,
        version: envelope.version,
        coordinate: envelope.coordinate,
        number: summary.number.ok_or(Contradiction::NotPlaced)?,
        customer_id: summary.customer_id,
        channel: summary.channel.clone(),
        currency: summary.currency,
        terms: summary.terms,
        prices_include_tax: placed.prices_include_tax,
        digital: placed.digital,
        due_on: placed.due_on,
        reference: placed.reference.clone(),
        customer_reference: placed.customer_reference.clone(),
        tags: placed.tags.clone(),
        metadata: placed.metadata.clone(),
        placed_at: summary.placed_at.ok_or(Contradiction::NotPlaced)?,
        updated_at: envelope.recorded_at,
        lifecycle: summary.lifecycle,
        payment_status: summary.payment_status,
        fulfilment_status: summary.fulfilment_status,
        on_hold: summary.on_hold,
        totals: summary.totals,
        lines: placed.lines.iter().cloned().map(lines::ordered).collect(),
        adjustments: placed.adjustments.iter().map(valid).collect(),
        payments: Vec::new(),
        shipments: Vec::new(),
        deliveries: Vec::new(),
        returns: Vec::new(),
        cancellations: Vec::new(),
        personal: placed.personal.clone(),
    })
}

/// What the event itself adds: quantities, ledger entries and facts.
fn add_fact(
    mut order: OrderDocument,
    envelope: &Envelope,
    fact: &OrderFact,
) -> Result<OrderDocument, Contradiction> {
    let at = fact_time(envelope);
    match fact {
        OrderFact::Placed(_) => return Err(Contradiction::PlacedTwice),
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
        | OrderFact::Completed(_) => {}
        OrderFact::ItemsCancelled(cancelled) => {
            cancel(
                &mut order,
                at,
                cancelled.reason,
                &cancelled.lines,
                &cancelled.personal,
            )?;
            order
                .adjustments
                .extend(cancelled.adjustments.iter().map(valid));
        }
        OrderFact::Cancelled(cancelled) => {
            cancel(
                &mut order,
                at,
                cancelled.reason,
                &cancelled.lines,
                &cancelled.personal,
            )?;
            for adjustment in &mut order.adjustments {
                adjustment.voided = true;
            }
        }
        OrderFact::PaymentRecorded(payment) => order.payments.push(OrderPayment {
            at,
            reference: payment.reference.clone(),
            amount: payment.amount,
            method: payment.method,
        }),
        OrderFact::ShipmentRecorded(shipment) => {
            lines::ship(&mut order.lines, &shipment.lines)?;
            order.shipments.push(OrderShipment {
                at,
                reference: shipment.reference.clone(),
                carrier: shipment.carrier.clone(),
                tracking_number: shipment.tracking_number.clone(),
                lines: shipment.lines.clone(),
            });
        }
        OrderFact::DeliveryRecorded(delivery) => deliver(&mut order, at, delivery)?,
        OrderFact::ReturnRecorded(returned) => take_back(&mut order, at, returned)?,
    }
    Ok(order)
}

fn cancel(
    order: &mut OrderDocument,
    at: FactTime,
    reason: CancelReason,
    quantities: &[LineQuantity],
    personal: &Personal<Note>,
) -> Result<(), Contradiction> {
    lines::cancel(&mut order.lines, quantities)?;
    order.cancellations.push(OrderCancellation {
        at,
        reason,
        lines: quantities.to_vec(),
        personal: personal.clone(),
    });
    Ok(())
}

fn deliver(
    order: &mut OrderDocument,
    at: FactTime,
    delivery: &DeliveryRecorded,
) -> Result<(), Contradiction> {
    if order.digital {
        lines::ship(&mut order.lines, &delivery.lines)?;
    }
    lines::deliver(&mut order.lines, &delivery.lines)?;
    order.deliveries.push(OrderDelivery {
        at,
        reference: delivery.reference.clone(),
        shipment: delivery.shipment.clone(),
        lines: delivery.lines.clone(),
    });
    Ok(())
}

fn take_back(
    order: &mut OrderDocument,
    at: FactTime,
    returned: &ReturnRecorded,
) -> Result<(), Contradiction> {
    lines::take_back(&mut order.lines, &returned.lines)?;
    order
        .adjustments
        .extend(returned.adjustments.iter().map(valid));
    order.returns.push(OrderReturn {
        at,
        reference: returned.reference.clone(),
        shipment: returned.shipment.clone(),
        reason: returned.reason,
        condition: returned.condition,
        undelivered: returned.undelivered,
        lines: returned.lines.clone(),
    });
    Ok(())
}

fn fact_time(envelope: &Envelope) -> FactTime {
    FactTime {
        version: envelope.version,
        occurred_at: envelope.occurred_at,
        recorded_at: envelope.recorded_at,
    }
}

fn valid(adjustment: &Adjustment) -> OrderAdjustment {
    OrderAdjustment {
        adjustment: adjustment.clone(),
        voided: false,
    }
}
