//! Placing a whole order: it has lines that make sense, somewhere to go, a total within bounds. That the customer
//! may order at all, and on account, is decided where the customer is known.

use orderfold_events::{
    Personal, Timestamp,
    money::AMOUNT_MAX,
    order::{Lifecycle, Line, OrderEvent, OrderFact, Placed},
};

use super::{
    OrderError, Place, figures,
    recorder::{Recorder, totals_after},
    state::{Identity, Ledger},
};

pub(super) fn place(
    command: &Place,
    occurred_at: Timestamp,
) -> Result<Vec<OrderEvent>, OrderError> {
    if command.lines.is_empty() {
        return Err(OrderError::NoLines);
    }
    if !command.digital && command.personal.ship_to.is_none() {
        return Err(OrderError::ShippingAddressRequired);
    }
    let placed = Placed {
        prices_include_tax: command.prices_include_tax,
        digital: command.digital,
        due_on: command.due_on,
        reference: command.reference.clone(),
        customer_reference: command.customer_reference.clone(),
        tags: command.tags.clone(),
        metadata: command.metadata.clone(),
        lines: numbered_lines(command),
        adjustments: figures::price_adjustments(
            &command.adjustments,
            0,
            command.prices_include_tax,
        )?,
        personal: Personal::plain(command.personal.clone()),
    };
    let ledger = Ledger::open(identity(command, occurred_at), &placed);
    for (line, known) in ledger.numbered() {
        known
            .terms
            .check()
            .map_err(|rule| OrderError::InvalidLine { line, rule })?;
    }
    let fact = OrderFact::Placed(Box::new(placed));
    check_totals(&ledger, &fact)?;
    let mut recorder = Recorder::new(Lifecycle::Placed, ledger);
    recorder.record(fact)?;
    recorder.finish()
}

fn numbered_lines(command: &Place) -> Vec<Line> {
    (1..)
        .zip(&command.lines)
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

fn identity(command: &Place, placed_at: Timestamp) -> Identity {
    Identity {
        order_id: command.order_id,
        customer_id: command.customer_id,
        channel: command.channel.clone(),
        currency: command.currency,
        terms: command.terms,
        number: Some(command.number),
        placed_at: Some(placed_at),
    }
}

fn check_totals(ledger: &Ledger, fact: &OrderFact) -> Result<(), OrderError> {
    let totals = totals_after(ledger, fact)?;
    if figures::beyond_bounds(&totals) {
        return Err(OrderError::TotalTooLarge { limit: AMOUNT_MAX });
    }
    if totals.total_sales < 0 {
        return Err(OrderError::TotalNegative {
            total_sales: totals.total_sales,
        });
    }
    Ok(())
}
