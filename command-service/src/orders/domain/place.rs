//! Placing an order, as a whole or from a draft: it has lines that make sense, a customer who may place it, somewhere
//! to go, and a total within bounds. Credit is looked at where the account is known.

use orderfold_events::{
    Personal, Timestamp,
    order::{Lifecycle, Line, OrderEvent, OrderFact, Placed},
};

use super::{
    Circumstances, NewLine, OrderError, Place, figures,
    recorder::{Recorder, totals_after},
    state::{Identity, Ledger},
};

pub(super) fn place(
    command: &Place,
    occurred_at: Timestamp,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    let placed = content(command)?;
    let ledger = open(identity(command, Some(occurred_at)), &placed)?;
    book(ledger, placed, circumstances)
}

/// Books the whole order in its empty ledger, once everything about it is right. What the order alone decides is
/// looked at first.
pub(super) fn book(
    ledger: Ledger,
    placed: Placed,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    if placed.lines.is_empty() {
        return Err(OrderError::NoLines);
    }
    let personal = placed.personal.as_plain().ok_or(OrderError::Sealed)?;
    let homeless = !placed.digital && personal.ship_to.is_none();
    let fact = OrderFact::Placed(Box::new(placed));
    let totals = totals_after(&ledger, &fact)?;
    figures::check_bounds(&totals)?;
    circumstances.customer.check_placing()?;
    if homeless {
        return Err(OrderError::ShippingAddressRequired);
    }
    let mut recorder = Recorder::new(Lifecycle::Placed, ledger);
    recorder.record(fact)?;
    recorder.finish()
}

/// What an order says from its first event on.
pub(super) fn content(command: &Place) -> Result<Placed, OrderError> {
    Ok(Placed {
        prices_include_tax: command.prices_include_tax,
        digital: command.digital,
        due_on: command.due_on,
        reference: command.reference.clone(),
        customer_reference: command.customer_reference.clone(),
        tags: command.tags.clone(),
        metadata: command.metadata.clone(),
        lines: numbered_lines(1, &command.lines),
        adjustments: figures::price_adjustments(
            &command.adjustments,
            0,
            command.prices_include_tax,
        )?,
        personal: Personal::plain(command.personal.clone()),
    })
}

/// An empty ledger for an order whose lines make sense.
pub(super) fn open(identity: Identity, placed: &Placed) -> Result<Ledger, OrderError> {
    let ledger = Ledger::open(identity, placed);
    for (line, known) in ledger.numbered() {
        known
            .terms
            .check()
            .map_err(|rule| OrderError::InvalidLine { line, rule })?;
    }
    Ok(ledger)
}

pub(super) fn numbered_lines(first: u32, lines: &[NewLine]) -> Vec<Line> {
    (first..)
        .zip(lines)
        .map(|(line, new)| Line {
            line,
            sku: new.sku.clone(),
            name: new.name.clone(),
            category: new.category.clone(),
            reference: new.reference.clone(),
            quantity: new.quantity,
            unit_price: new.unit_price,
            discount: new.discount,
            tax: new.tax,
            metadata: new.metadata.clone(),
        })
        .collect()
}

pub(super) fn identity(command: &Place, placed_at: Option<Timestamp>) -> Identity {
    Identity {
        order_id: command.order_id,
        customer_id: command.customer_id,
        channel: command.channel.clone(),
        currency: command.currency,
        terms: command.terms,
        number: command.number,
        placed_at,
    }
}
