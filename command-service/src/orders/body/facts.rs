//! Bodies of the commands that record what happened outside: money and goods.

use orderfold_events::{
    money::AMOUNT_MAX,
    order::{ContentHash, PaymentMethod, RefundReason, ReturnCondition, ReturnReason},
};
use orderfold_http::{Node, fields};
use serde_json::Value;

use super::{Read, adjustments, distinct_lines, occurred_at};
use crate::{
    execution::{Call, Secrets},
    http::values,
    orders::domain::{
        OrderCommand, RecordDelivery, RecordPayment, RecordRefund, RecordReturn, RecordShipment,
    },
};

/// A fact as it was sent, without when it happened: the same fact told twice may differ in that.
fn content(secrets: &Secrets, body: &Value) -> ContentHash {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("occurred_at");
    }
    secrets.content(body.to_string().as_bytes())
}

pub(in crate::orders) fn payment(call: &Call, secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reference = fields.required("reference", values::code);
        let amount = fields.required("amount", |node| node.integer(1..=AMOUNT_MAX));
        let method = fields.required("method", |node| node.word(PaymentMethod::ALL));
        let occurred_at = occurred_at(fields, call.now);
        let fact = RecordPayment {
            reference: reference?,
            amount: amount?,
            method: method?,
            content: content(secrets, body),
            occurred_at: occurred_at?,
        };
        Some(OrderCommand::RecordPayment(fact).into())
    })
}

pub(in crate::orders) fn refund(call: &Call, secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reference = fields.required("reference", values::code);
        let amount = fields.required("amount", |node| node.integer(1..=AMOUNT_MAX));
        let reason = fields.required("reason", |node| node.word(RefundReason::ALL));
        let payment = fields.optional("payment", values::code);
        let return_reference = fields.optional("return", values::code);
        let adjustments = fields.or_default("adjustments", Vec::new(), adjustments);
        let occurred_at = occurred_at(fields, call.now);
        let fact = RecordRefund {
            reference: reference?,
            amount: amount?,
            reason: reason?,
            payment: payment?,
            return_reference: return_reference?,
            adjustments: adjustments?,
            content: content(secrets, body),
            occurred_at: occurred_at?,
        };
        Some(OrderCommand::RecordRefund(fact).into())
    })
}

pub(in crate::orders) fn shipment(call: &Call, secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reference = fields.required("reference", values::code);
        let carrier = fields.optional("carrier", values::name);
        let tracking_number = fields.optional("tracking_number", values::code);
        let lines = fields.optional("lines", distinct_lines);
        let occurred_at = occurred_at(fields, call.now);
        let fact = RecordShipment {
            reference: reference?,
            carrier: carrier?,
            tracking_number: tracking_number?,
            lines: lines?,
            content: content(secrets, body),
            occurred_at: occurred_at?,
        };
        Some(OrderCommand::RecordShipment(fact).into())
    })
}

pub(in crate::orders) fn delivery(call: &Call, secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reference = fields.required("reference", values::code);
        let shipment = fields.optional("shipment", values::code);
        let lines = fields.optional("lines", distinct_lines);
        let occurred_at = occurred_at(fields, call.now);
        let fact = RecordDelivery {
            reference: reference?,
            shipment: shipment?,
            lines: lines?,
            content: content(secrets, body),
            occurred_at: occurred_at?,
        };
        Some(OrderCommand::RecordDelivery(fact).into())
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
        let fact = RecordReturn {
            reference: reference?,
            shipment: shipment?,
            reason: reason?,
            condition: condition?,
            undelivered: undelivered?,
            lines: lines?,
            adjustments: adjustments?,
            content: content(secrets, body),
            occurred_at: occurred_at?,
        };
        Some(OrderCommand::RecordReturn(fact).into())
    })
}
