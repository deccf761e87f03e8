//! Event by event to an [`OrderRow`].

use orderfold_events::{
    Envelope, Event, OrderId, OrderNumber, Version,
    order::{Amended, DetailsUpdated, Line, OrderEvent, OrderFact, Placed},
};

use super::{OrderList, OrderRow, search};
use crate::projections::{
    Contradiction, DocumentView, ReadModel, order_of, require_next, require_possible, sorted,
    units::{Units, is_refund_due, is_to_ship},
};

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
        require_possible(document.as_ref().map(|row| row.lifecycle), &event.fact)?;
        let before = document.as_ref().map_or(Version::NONE, |row| row.version);
        require_next(before, envelope)?;
        let row = document.unwrap_or_else(|| nothing_yet(envelope, event));
        let row = add_fact(row, &event.fact)?;
        refreshed(row, envelope, event)
    }
}

/// A row of which only the summary of an event is known.
fn nothing_yet(envelope: &Envelope, event: &OrderEvent) -> OrderRow {
    let summary = &event.summary;
    OrderRow {
        order_id: summary.order_id,
        version: envelope.version,
        coordinate: envelope.coordinate,
        number: summary.number,
        number_rank: 0,
        customer_id: summary.customer_id,
        channel: summary.channel.clone(),
        currency: summary.currency,
        terms: summary.terms,
        digital: false,
        reference: None,
        customer_reference: None,
        due_on: None,
        tags: Vec::new(),
        skus: Vec::new(),
        payment_references: Vec::new(),
        tracking_numbers: Vec::new(),
        search: Vec::new(),
        placed_at: summary.placed_at,
        listed_at: envelope.occurred_at,
        updated_at: envelope.recorded_at,
        lifecycle: summary.lifecycle,
        payment_status: summary.payment_status,
        fulfilment_status: summary.fulfilment_status,
        on_hold: summary.on_hold,
        to_ship: false,
        refund_due: false,
        units: Units::default(),
        line_count: 0,
        totals: summary.totals,
    }
}

/// What the event says beside its summary.
fn add_fact(row: OrderRow, fact: &OrderFact) -> Result<OrderRow, Contradiction> {
    Ok(match fact {
        OrderFact::Drafted(content) | OrderFact::DraftChanged(content) => {
            with_content(row, &content.order)?
        }
        OrderFact::Placed(placed) => with_content(row, placed)?,
        OrderFact::Amended(amended) => with_amended(row, amended),
        OrderFact::DetailsUpdated(details) => with_details(row, details),
        OrderFact::PaymentRecorded(payment) => {
            let mut row = row;
            keep(&mut row.payment_references, &payment.reference);
            row
        }
        OrderFact::ShipmentRecorded(shipment) => {
            let mut row = row;
            if let Some(number) = &shipment.tracking_number {
                keep(&mut row.tracking_numbers, number);
            }
            row
        }
        OrderFact::Discarded(_)
        | OrderFact::Confirmed(_)
        | OrderFact::Held(_)
        | OrderFact::Released(_)
        | OrderFact::ItemsCancelled(_)
        | OrderFact::Cancelled(_)
        | OrderFact::RefundRecorded(_)
        | OrderFact::DeliveryRecorded(_)
        | OrderFact::ReturnRecorded(_)
        | OrderFact::NoteAdded(_)
        | OrderFact::Completed(_) => row,
    })
}

fn with_content(row: OrderRow, content: &Placed) -> Result<OrderRow, Contradiction> {
    Ok(OrderRow {
        digital: content.digital,
        reference: content.reference.clone(),
        customer_reference: content.customer_reference.clone(),
        due_on: content.due_on,
        tags: sorted(&content.tags),
        skus: sorted(&skus(&content.lines)),
        line_count: u32::try_from(content.lines.len()).map_err(|_more| Contradiction::Figure)?,
        ..row
    })
}

fn with_amended(mut row: OrderRow, amended: &Amended) -> OrderRow {
    for line in &amended.lines {
        keep(&mut row.skus, &line.sku);
        // Numbers are never reused, so the highest is the count.
        row.line_count = row.line_count.max(line.line);
    }
    row
}

fn with_details(row: OrderRow, details: &DetailsUpdated) -> OrderRow {
    OrderRow {
        reference: details.reference.clone(),
        customer_reference: details.customer_reference.clone(),
        tags: sorted(&details.tags),
        ..row
    }
}

fn skus(lines: &[Line]) -> Vec<String> {
    lines.iter().map(|line| line.sku.clone()).collect()
}

/// Adds a text to sorted ones, once.
fn keep(texts: &mut Vec<String>, text: &str) {
    if let Err(place) = texts.binary_search_by(|known| known.as_str().cmp(text)) {
        texts.insert(place, text.to_owned());
    }
}

/// The row with what the summary of the event says, and what follows from both.
fn refreshed(
    row: OrderRow,
    envelope: &Envelope,
    event: &OrderEvent,
) -> Result<OrderRow, Contradiction> {
    let summary = &event.summary;
    let units = row.units.after(event, row.digital)?;
    let mut row = OrderRow {
        version: envelope.version,
        coordinate: envelope.coordinate,
        number: summary.number,
        number_rank: summary.number.map_or(0, OrderNumber::rank),
        channel: summary.channel.clone(),
        currency: summary.currency,
        terms: summary.terms,
        placed_at: summary.placed_at,
        listed_at: summary.placed_at.unwrap_or(row.listed_at),
        updated_at: envelope.recorded_at,
        lifecycle: summary.lifecycle,
        payment_status: summary.payment_status,
        fulfilment_status: summary.fulfilment_status,
        on_hold: summary.on_hold,
        to_ship: is_to_ship(summary, &units),
        refund_due: is_refund_due(summary),
        units,
        totals: summary.totals,
        ..row
    };
    row.search = words(&row);
    Ok(row)
}

fn words(row: &OrderRow) -> Vec<String> {
    let number = row.number.map(|number| number.to_string());
    let texts = number
        .iter()
        .chain(&row.reference)
        .chain(&row.customer_reference)
        .chain(&row.payment_references)
        .chain(&row.tracking_numbers)
        .chain(&row.skus);
    search::words(texts.map(String::as_str))
}
