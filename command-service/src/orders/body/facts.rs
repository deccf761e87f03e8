//! Bodies of the commands to an order that exists.

use orderfold_events::{
    money::AMOUNT_MAX,
    order::{CancelReason, ContentHash, PaymentMethod, ReturnCondition, ReturnReason},
};
use orderfold_http::{Node, Problem, fields};
use serde_json::Value;

use super::{adjustments, distinct_lines, occurred_at};
use crate::{
    execution::{Call, Secrets},
    http::values,
    orders::domain::{
        Cancel, OrderCommand, RecordDelivery, RecordPayment, RecordReturn, RecordShipment,
        Requester,
    },
};

type Read = Result<OrderCommand, Problem>;

/// A fact as it was sent, without when it happened: the same fact told twice may differ in that.
fn content(secrets: &Secrets, body: &Value) -> ContentHash {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("occurred_at");
    }
    secrets.content(body.to_string().as_bytes())
}

pub(in crate::orders) fn cancel(call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reason = fields.required("reason", |node| node.word(CancelReason::ALL));
        let note = fields.optional("note", values::note);
        let lines = fields.optional("lines", distinct_lines);
        let occurred_at = occurred_at(fields, call.now);
        let requester = if call.principal.customer.is_some() {
            Requester::Customer
        } else {
            Requester::Trader
        };
        Some(OrderCommand::Cancel(Cancel {
            reason: reason?,
            note: note?,
            lines: lines?,
            requester,
            occurred_at: occurred_at?,
        }))
    })
}

pub(in crate::orders) fn payment(call: &Call, secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reference = fields.required("reference", values::code);
        let amount = fields.required("amount", |node| node.integer(1..=AMOUNT_MAX));
        let method = fields.required("method", |node| node.word(PaymentMethod::ALL));
        let occurred_at = occurred_at(fields, call.now);
        Some(OrderCommand::RecordPayment(RecordPayment {
            reference: reference?,
            amount: amount?,
            method: method?,
            content: content(secrets, body),
            occurred_at: occurred_at?,
        }))
    })
}

pub(in crate::orders) fn shipment(call: &Call, secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reference = fields.required("reference", values::code);
        let carrier = fields.optional("carrier", values::name);
        let tracking_number = fields.optional("tracking_number", values::code);
        let lines = fields.optional("lines", distinct_lines);
        let occurred_at = occurred_at(fields, call.now);
        Some(OrderCommand::RecordShipment(RecordShipment {
            reference: reference?,
            carrier: carrier?,
            tracking_number: tracking_number?,
            lines: lines?,
            content: content(secrets, body),
            occurred_at: occurred_at?,
        }))
    })
}

pub(in crate::orders) fn delivery(call: &Call, secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reference = fields.required("reference", values::code);
        let shipment = fields.optional("shipment", values::code);
        let lines = fields.optional("lines", distinct_lines);
        let occurred_at = occurred_at(fields, call.now);
        Some(OrderCommand::RecordDelivery(RecordDelivery {
            reference: reference?,
            shipment: shipment?,
            lines: lines?,
            content: content(secrets, body),
            occurred_at: occurred_at?,
        }))
    })
}

pub(in crate::orders) fn returned(call: &Call, secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reference = fields.required("reference", values::code);
        let shipment = fields.optional("shipment", values::code);
        let reason = fields.required("reason", |node| node.word(ReturnReason::ALL));
        let condition = fields.optional("condition", |node| node.word(ReturnCondition::ALL));
        let undelivered = fields.or_default("undelivered", false, Node::boolean);
        let lines = fields.required("lines", distinct_lines);
        let adjustments = fields.or_default("adjustments", Vec::new(), adjustments);
        let occurred_at = occurred_at(fields, call.now);
        Some(OrderCommand::RecordReturn(RecordReturn {
            reference: reference?,
            shipment: shipment?,
            reason: reason?,
            condition: condition?,
            undelivered: undelivered?,
            lines: lines?,
            adjustments: adjustments?,
            content: content(secrets, body),
            occurred_at: occurred_at?,
        }))
    })
}
