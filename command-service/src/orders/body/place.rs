//! The body of `place_order` and of `draft_order`, and the parts of it that patches and amendments take too.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use orderfold_events::{
    Currency, CustomerId, OrderId, Timestamp,
    money::AMOUNT_MAX,
    order::{LineTax, OrderPersonal, Terms},
};
use orderfold_http::{Fields, Node, Problem, fields};
use serde_json::Value;
use uuid::Uuid;

use super::{adjustments, tax_rate};
use crate::{
    execution::Call,
    http::values,
    orders::{
        addresses::Destination,
        commands::{Creation, PlaceRequest},
        domain::{
            LineRule, NewLine, Place,
            figures::LineTerms,
            limits::{LINES_MAX, QUANTITY_MAX},
        },
    },
};

/// Reads a whole order, to place or to draft.
pub(in crate::orders) fn place(
    call: &Call,
    body: &Value,
    creation: &Creation,
) -> Result<PlaceRequest, Problem> {
    fields::read_object(body, |fields| {
        let customer_id = match creation.customer {
            Some(customer) => Some(customer),
            None => fields.required("customer_id", |node| node.parsed("a customer's id")),
        };
        let draft = draft(fields, creation.drafts);
        let drafts = draft.unwrap_or(creation.drafts);
        let place = order(fields, call.now, customer_id, drafts);
        let ship_to = fields.or_default("ship_to", Destination::Default, destination);
        let bill_to = fields.or_default("bill_to", Destination::Default, destination);
        Some(PlaceRequest {
            place: place?,
            draft: draft?,
            ship_to: ship_to?,
            bill_to: bill_to?,
        })
    })
}

/// Whether it is only drafted; where the operation says so, the body may repeat it but not deny it.
fn draft(fields: &mut Fields<'_, '_>, drafts: bool) -> Option<bool> {
    fields.or_default("draft", drafts, |node| match node.boolean()? {
        false if drafts => node.fault("not_allowed", "this command drafts orders"),
        draft => Some(draft),
    })
}

fn order(
    fields: &mut Fields<'_, '_>,
    now: Timestamp,
    customer_id: Option<CustomerId>,
    drafts: bool,
) -> Option<Place> {
    let prices_include_tax = fields.or_default("prices_include_tax", false, Node::boolean);
    let channel = fields.required("channel", values::code);
    let currency = fields.required("currency", |node| {
        node.parsed::<Currency>("a currency of ISO 4217")
    });
    let terms = fields.or_default("terms", Terms::Prepaid, |node| node.word(Terms::ALL));
    let digital = fields.or_default("digital", false, Node::boolean);
    let reference = fields.optional("reference", values::code);
    let customer_reference = fields.optional("customer_reference", values::code);
    let tags = fields.or_default("tags", Vec::new(), values::tags);
    let metadata = fields.or_default("metadata", BTreeMap::new(), values::metadata);
    let contact = fields.optional("contact", values::contact);
    let includes_tax = prices_include_tax.unwrap_or(false);
    let lines = if drafts {
        fields.or_default("lines", Vec::new(), |node| {
            node.list(0..=LINES_MAX, |node| line(node, includes_tax))
        })
    } else {
        fields.required("lines", |node| {
            node.list(1..=LINES_MAX, |node| line(node, includes_tax))
        })
    };
    let adjustments = fields.or_default("adjustments", Vec::new(), adjustments);
    let due_on = due_on(fields, terms);
    let occurred_at = fields.optional("occurred_at", |node| {
        if drafts {
            return node.fault("not_allowed", "a draft has not happened yet");
        }
        values::past(node, now)
    });
    Some(Place {
        order_id: OrderId(Uuid::nil()),
        customer_id: customer_id?,
        number: None,
        channel: channel?,
        currency: currency?,
        terms: terms?,
        prices_include_tax: prices_include_tax?,
        digital: digital?,
        due_on: due_on?,
        reference: reference?,
        customer_reference: customer_reference?,
        tags: tags?,
        metadata: metadata?,
        lines: lines?,
        adjustments: adjustments?,
        personal: OrderPersonal {
            ship_to: None,
            bill_to: None,
            contact: contact?,
        },
        occurred_at: occurred_at?,
    })
}

pub(super) fn due_on(
    fields: &mut Fields<'_, '_>,
    terms: Option<Terms>,
) -> Option<Option<NaiveDate>> {
    fields.optional("due_on", |node| {
        if terms == Some(Terms::Prepaid) {
            return node.fault("not_allowed", "a prepaid order has no due date");
        }
        node.parsed("a date such as 2017-12-08")
    })
}

pub(super) fn line(node: &Node<'_, '_>, prices_include_tax: bool) -> Option<NewLine> {
    node.object(|fields| {
        let sku = fields.required("sku", values::code);
        let name = fields.required("name", values::name);
        let category = fields.optional("category", values::name);
        let reference = fields.optional("reference", values::code);
        let quantity = fields.required("quantity", |node| node.integer(1..=QUANTITY_MAX));
        let unit_price = fields.required("unit_price", |node| node.integer(0..=AMOUNT_MAX));
        let discount = fields.or_default("discount", 0, |node| node.integer(0..=AMOUNT_MAX));
        let tax = line_tax(fields);
        let metadata = fields.or_default("metadata", BTreeMap::new(), values::metadata);
        let (quantity, unit_price, discount, tax) = (quantity?, unit_price?, discount?, tax?);
        let terms = LineTerms {
            quantity,
            unit_price,
            discount,
            tax,
            prices_include_tax,
        };
        if let Err(rule) = terms.check() {
            return fields.fault(member_of(rule), "out_of_range", rule.to_string());
        }
        Some(NewLine {
            sku: sku?,
            name: name?,
            category: category?,
            reference: reference?,
            quantity,
            unit_price,
            discount,
            tax,
            metadata: metadata?,
        })
    })
}

/// The member that a rule speaks of.
pub(in crate::orders) fn member_of(rule: LineRule) -> &'static str {
    match rule {
        LineRule::Quantity => "quantity",
        LineRule::UnitPrice => "unit_price",
        LineRule::Discount => "discount",
        LineRule::Tax | LineRule::TaxWithoutValue | LineRule::TaxAboveValue => "tax",
    }
}

/// One of a rate and an amount for the whole line.
fn line_tax(fields: &mut Fields<'_, '_>) -> Option<LineTax> {
    let tax = tax_of_line(fields)?;
    tax.or_else(|| {
        fields.fault(
            "tax_rate",
            "required",
            "one of tax_rate and tax must be given",
        )
    })
}

/// At most one of a rate and an amount.
pub(super) fn tax_of_line(fields: &mut Fields<'_, '_>) -> Option<Option<LineTax>> {
    let rate = fields.optional("tax_rate", tax_rate);
    let amount = fields.optional("tax", |node| node.integer(0..=AMOUNT_MAX));
    match (rate?, amount?) {
        (Some(rate), None) => Some(Some(LineTax::Rate(rate))),
        (None, Some(amount)) => Some(Some(LineTax::Amount(amount))),
        (None, None) => Some(None),
        (Some(_), Some(_)) => fields.fault(
            "tax",
            "not_allowed",
            "only one of tax_rate and tax may be given",
        ),
    }
}

/// An address, or the label of one of the customer's.
pub(super) fn destination(node: &Node<'_, '_>) -> Option<Destination> {
    node.object(|fields| {
        if fields.has("label") {
            return fields
                .required("label", values::code)
                .map(Destination::Labelled);
        }
        values::address(fields).map(|address| Destination::Address(Box::new(address)))
    })
}
