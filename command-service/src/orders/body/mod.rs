//! The bodies of order commands, member by member, with every limit.

mod amend;
mod course;
mod facts;
mod patch;
mod place;

use orderfold_events::{
    TaxRate, Timestamp,
    money::AMOUNT_MAX,
    order::{AdjustmentKind, LineQuantity},
};
use orderfold_http::{Fields, Node, Problem, catalogue};
use serde_json::Value;

pub(super) use self::{
    amend::amend,
    course::{cancel, confirm, discard, hold, note, place_draft, release},
    facts::{delivery, payment, refund, returned, shipment},
    patch::{change_draft, patch, patch_access},
    place::{member_of, place},
};
use super::{
    commands::OrderRequest,
    domain::{
        DistinctLines, LineListError, NewAdjustment,
        limits::{ADJUSTMENTS_MAX, LINES_MAX},
    },
};
use crate::{execution::Call, http::values};

type Read = Result<OrderRequest, Problem>;

const BACKDATE: &str = "orders:backdate";

/// Saying when something happened needs a scope of its own; scopes come before everything else about a body.
pub(crate) fn check_backdating(call: &Call, body: &Value) -> Result<(), Problem> {
    let given = body
        .get("occurred_at")
        .is_some_and(|value| !value.is_null());
    if given && !call.principal.has(BACKDATE) {
        return Err(Problem::from(catalogue::INSUFFICIENT_SCOPE)
            .detail(format!("occurred_at needs the scope {BACKDATE}"))
            .fact("scope", BACKDATE));
    }
    Ok(())
}

fn occurred_at(fields: &mut Fields<'_, '_>, now: Timestamp) -> Option<Option<Timestamp>> {
    fields.optional("occurred_at", |node| values::past(node, now))
}

/// Lines of an order with their units: at least one, none twice.
fn distinct_lines(node: &Node<'_, '_>) -> Option<DistinctLines> {
    let lines: Vec<LineQuantity> = node.list(1..=LINES_MAX, values::line_quantity)?;
    match DistinctLines::new(lines) {
        Ok(lines) => Some(lines),
        Err(error @ LineListError::Repeated { .. }) => node.fault("duplicate", error.to_string()),
        Err(error @ (LineListError::Empty | LineListError::Quantity { .. })) => {
            node.fault("out_of_range", error.to_string())
        }
    }
}

/// Adjustments to add; a reversal is the system's alone.
fn adjustments(node: &Node<'_, '_>) -> Option<Vec<NewAdjustment>> {
    const KINDS: &[AdjustmentKind] = &[
        AdjustmentKind::Shipping,
        AdjustmentKind::Fee,
        AdjustmentKind::Credit,
        AdjustmentKind::Rounding,
        AdjustmentKind::WriteOff,
        AdjustmentKind::Other,
    ];
    node.list(0..=ADJUSTMENTS_MAX, |node| {
        node.object(|fields| {
            let kind = fields.required("kind", |node| node.word(KINDS));
            let label = fields.optional("label", values::name);
            let amount = fields.required("amount", |node| {
                match node.integer(-AMOUNT_MAX..=AMOUNT_MAX)? {
                    0 => node.fault("out_of_range", "must not be zero"),
                    amount => Some(amount),
                }
            });
            let tax_rate = fields.or_default("tax_rate", TaxRate::ZERO, tax_rate);
            Some(NewAdjustment {
                kind: kind?,
                label: label?,
                amount: amount?,
                tax_rate: tax_rate?,
            })
        })
    })
}

fn tax_rate(node: &Node<'_, '_>) -> Option<TaxRate> {
    node.parsed("a decimal string of at most six places between 0 and 1000, such as \"0.08875\"")
}
