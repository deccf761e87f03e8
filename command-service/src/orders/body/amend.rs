//! The body of `amend_order`: what was agreed after placing, line by line.

use std::collections::HashSet;

use orderfold_events::{
    money::AMOUNT_MAX,
    order::{AmendReason, LineTax},
};
use orderfold_http::{Fields, Node, fields};
use serde_json::Value;

use super::{
    Read, adjustments,
    place::{destination, line, tax_of_line},
};
use crate::{
    execution::{Call, Secrets},
    orders::{
        addresses::Destination,
        commands::OrderRequest,
        domain::{
            Amend, AmendLine, NewLine, OrderCommand,
            limits::{LINES_MAX, QUANTITY_MAX},
        },
    },
};

/// An entry speaks of a line that exists, or is a new one.
enum Entry {
    Known(AmendLine),
    New(Box<NewLine>),
}

pub(in crate::orders) fn amend(_call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reason = fields.required("reason", |node| node.word(AmendReason::ALL));
        let entries = fields.or_default("lines", Vec::new(), entries);
        let adjustments = fields.or_default("adjustments", Vec::new(), adjustments);
        let ship_to = fields.or_default("ship_to", Destination::Unsaid, destination);
        let bill_to = fields.or_default("bill_to", Destination::Unsaid, destination);
        let (entries, adjustments, ship_to, bill_to) = (entries?, adjustments?, ship_to?, bill_to?);
        let says_nothing = entries.is_empty()
            && adjustments.is_empty()
            && matches!(ship_to, Destination::Unsaid)
            && matches!(bill_to, Destination::Unsaid);
        if says_nothing {
            let detail = "one of lines, adjustments, ship_to and bill_to must be given";
            return fields.fault("lines", "required", detail);
        }
        let (mut lines, mut new_lines) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Known(line) => lines.push(line),
                Entry::New(line) => new_lines.push(*line),
            }
        }
        Some(OrderRequest {
            command: OrderCommand::Amend(Box::new(Amend {
                reason: reason?,
                lines,
                new_lines,
                adjustments,
                ship_to: None,
                bill_to: None,
            })),
            ship_to,
            bill_to,
        })
    })
}

fn entries(node: &Node<'_, '_>) -> Option<Vec<Entry>> {
    let entries = node.list(0..=LINES_MAX, entry)?;
    let mut seen = HashSet::new();
    for entry in &entries {
        match entry {
            Entry::Known(known) if !seen.insert(known.line) => {
                return node.fault("duplicate", "must not name a line twice");
            }
            Entry::Known(_) | Entry::New(_) => {}
        }
    }
    Some(entries)
}

fn entry(node: &Node<'_, '_>) -> Option<Entry> {
    if node.value().get("line").is_none() {
        // Whether prices include tax is the order's to know; it checks that rule again.
        return line(node, false).map(|line| Entry::New(Box::new(line)));
    }
    node.object(known_line).map(Entry::Known)
}

fn known_line(fields: &mut Fields<'_, '_>) -> Option<AmendLine> {
    let line = fields.required("line", |node| node.integer(1..=i64::from(u32::MAX)));
    let quantity = fields.optional("quantity", |node| node.integer(0..=QUANTITY_MAX));
    let unit_price = fields.optional("unit_price", |node| node.integer(0..=AMOUNT_MAX));
    let discount = fields.optional("discount", |node| node.integer(0..=AMOUNT_MAX));
    let tax: Option<Option<LineTax>> = tax_of_line(fields);
    let amended = AmendLine {
        line: u32::try_from(line?).ok()?,
        quantity: quantity?,
        unit_price: unit_price?,
        discount: discount?,
        tax: tax?,
    };
    let unchanged = AmendLine {
        line: amended.line,
        ..AmendLine::default()
    };
    if amended == unchanged {
        let detail = "one of quantity, unit_price, discount, tax and tax_rate must be given";
        return fields.fault("quantity", "required", detail);
    }
    Some(amended)
}
