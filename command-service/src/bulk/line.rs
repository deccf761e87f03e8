//! One line of a bulk request: what it asks for, and of what.

use orderfold_events::{CustomerId, OrderId};
use orderfold_http::{Fields, Node, Problem, auth::Access, fields};
use serde_json::Value;

use crate::{
    credit::controller::{RECORD_ACCOUNT_PAYMENT, SET_CREDIT_TERMS},
    customers::controller as customers,
    execution::Precondition,
    http::{calls, values},
    orders::controller as orders,
};

/// What a line asks for.
#[derive(Clone, Copy)]
pub(super) enum Command {
    RegisterCustomer,
    Customer(&'static customers::Operation),
    SetCreditTerms,
    RecordAccountPayment,
    PlaceOrder,
    DraftOrder,
    Order(&'static orders::Operation),
}

impl Command {
    pub fn access(self) -> Access {
        match self {
            Self::RegisterCustomer => customers::REGISTER_CUSTOMER,
            Self::Customer(operation) => operation.access,
            Self::SetCreditTerms => SET_CREDIT_TERMS,
            Self::RecordAccountPayment => RECORD_ACCOUNT_PAYMENT,
            Self::PlaceOrder | Self::DraftOrder => orders::PLACE_ORDER,
            Self::Order(operation) => operation.access,
        }
    }
}

/// A reference in its channel, as another system gave it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Reference {
    pub channel: String,
    pub value: String,
}

/// What a line speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target<Id> {
    Id(Id),
    Reference(Reference),
}

/// A line that could be read.
pub(super) struct Line {
    pub command: Command,
    pub customer: Option<Target<CustomerId>>,
    pub order: Option<Target<OrderId>>,
    pub idempotency_key: Option<String>,
    pub precondition: Precondition,
    pub dry_run: bool,
    pub body: Value,
}

impl Line {
    /// The reference that the line would give to what it makes.
    pub fn creates(&self) -> Option<Reference> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        match self.command {
            Command::RegisterCustomer => {
                let reference = self.body.get("reference")?;
                Some(Reference {
                    channel: text(reference.get("channel"))?,
                    value: text(reference.get("value"))?,
                })
            }
            Command::PlaceOrder | Command::DraftOrder => Some(Reference {
                channel: text(self.body.get("channel"))?,
                value: text(self.body.get("reference"))?,
            }),
            Command::Customer(_) | Command::SetCreditTerms | Command::RecordAccountPayment => None,
            // A reference given to an order that exists, in its own channel or in the one it moves to.
            Command::Order(_) => Some(Reference {
                channel: text(self.body.get("channel")).or_else(|| self.channel_of_order())?,
                value: text(self.body.get("reference"))?,
            })
            .filter(|_| self.patches()),
        }
    }

    fn patches(&self) -> bool {
        match self.command {
            Command::RegisterCustomer
            | Command::Customer(_)
            | Command::SetCreditTerms
            | Command::RecordAccountPayment
            | Command::PlaceOrder
            | Command::DraftOrder => false,
            Command::Order(operation) => {
                [orders::UPDATE_ORDER_DETAILS.id, orders::CHANGE_DRAFT.id].contains(&operation.id)
            }
        }
    }

    fn channel_of_order(&self) -> Option<String> {
        match &self.order {
            Some(Target::Reference(reference)) => Some(reference.channel.clone()),
            Some(Target::Id(_)) | None => None,
        }
    }
}

/// Reads a line that is JSON.
pub(super) fn read(value: &Value) -> Result<Line, Problem> {
    fields::read_object(value, |fields| {
        let command = fields.required("command", command);
        let key = fields.optional("idempotency_key", idempotency_key);
        let precondition = fields.or_default("if_match", Precondition::Any, precondition);
        let dry_run = fields.or_default("dry_run", false, Node::boolean);
        let body = fields.required("body", |node| match node.value() {
            Value::Object(_) => Some(node.value().clone()),
            _ => node.fault("wrong_type", "must be an object"),
        });
        let command = match command? {
            // Placing an order that is there already is placing a draft.
            Command::PlaceOrder if fields.has("order") => Command::Order(&orders::PLACE_DRAFT),
            command => command,
        };
        let (customer, order) = targets(fields, command)?;
        Some(Line {
            command,
            customer,
            order,
            idempotency_key: key?,
            precondition: precondition?,
            dry_run: dry_run?,
            body: body?,
        })
    })
}

type Targets = (Option<Target<CustomerId>>, Option<Target<OrderId>>);

/// Each command has the target it needs and no other: a member that is not taken is refused as unknown.
fn targets(fields: &mut Fields<'_, '_>, command: Command) -> Option<Targets> {
    match command {
        Command::RegisterCustomer => Some((None, None)),
        Command::Customer(_) | Command::SetCreditTerms | Command::RecordAccountPayment => {
            let customer = fields.required("customer", |node| target(node, "a customer's id"))?;
            Some((Some(customer), None))
        }
        Command::PlaceOrder | Command::DraftOrder => {
            let customer = fields.optional("customer", |node| target(node, "a customer's id"))?;
            Some((customer, None))
        }
        Command::Order(_) => {
            let order = fields.required("order", |node| target(node, "an order's id"))?;
            Some((None, Some(order)))
        }
    }
}

fn command(node: &Node<'_, '_>) -> Option<Command> {
    let name = node.text(1..=values::CODE_CHARS_MAX)?;
    match name.as_str() {
        "register_customer" => Some(Command::RegisterCustomer),
        "set_credit_terms" => Some(Command::SetCreditTerms),
        "record_account_payment" => Some(Command::RecordAccountPayment),
        "place_order" => Some(Command::PlaceOrder),
        "draft_order" => Some(Command::DraftOrder),
        other => {
            operation(other).or_else(|| node.fault("unknown_value", "must be the id of a command"))
        }
    }
}

/// A command to an order or a customer that exists.
fn operation(id: &str) -> Option<Command> {
    let mut of_orders = orders::OPERATIONS.into_iter();
    let order = of_orders.find(|operation| operation.id == id);
    let mut of_customers = customers::OPERATIONS.into_iter();
    let customer = of_customers.find(|operation| operation.id == id);
    order
        .map(Command::Order)
        .or(customer.map(Command::Customer))
}

fn target<Id: std::str::FromStr>(node: &Node<'_, '_>, expected: &str) -> Option<Target<Id>> {
    if node.value().is_string() {
        return node.parsed(expected).map(Target::Id);
    }
    node.object(|fields| {
        let channel = fields.required("channel", values::code);
        let value = fields.required("reference", values::code);
        Some(Target::Reference(Reference {
            channel: channel?,
            value: value?,
        }))
    })
}

fn idempotency_key(node: &Node<'_, '_>) -> Option<String> {
    let key = node.text(1..=255)?;
    if calls::sane_key(&key) {
        Some(key)
    } else {
        node.fault(
            "invalid_format",
            "must have printable ASCII characters without quotes only",
        )
    }
}

fn precondition(node: &Node<'_, '_>) -> Option<Precondition> {
    let text = node.text(1..=200)?;
    // In JSON the tag's own quotes are a burden; they may be left out.
    calls::parse_precondition(&text)
        .or_else(|| calls::parse_precondition(&format!("\"{text}\"")))
        .or_else(|| node.fault("invalid_format", "must be an entity tag such as \"v7\""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(value: &Value) -> Line {
        match read(value) {
            Ok(line) => line,
            Err(problem) => panic!("{problem:?}"),
        }
    }

    #[test]
    fn placing_an_order_that_is_there_is_placing_a_draft() {
        let target = json!({"reference": "D-1", "channel": "web"});
        let placing = line(&json!({"command": "place_order", "order": target, "body": {}}));
        assert!(
            matches!(placing.command, Command::Order(operation) if operation.id == orders::PLACE_DRAFT.id)
        );
        let whole = line(&json!({"command": "place_order", "customer": target, "body": {}}));
        assert!(matches!(whole.command, Command::PlaceOrder));
        let both =
            json!({"command": "place_order", "order": target, "customer": target, "body": {}});
        assert!(read(&both).is_err());
    }

    #[test]
    fn a_patch_makes_the_reference_that_it_gives_in_the_channel_that_the_order_then_has() {
        let made = |channel: &str| {
            Some(Reference {
                channel: channel.to_owned(),
                value: "D-2".to_owned(),
            })
        };
        let target = json!({"reference": "D-1", "channel": "web"});
        for (command, body, expected) in [
            (
                "update_order_details",
                json!({"reference": "D-2"}),
                made("web"),
            ),
            (
                "change_draft",
                json!({"reference": "D-2", "channel": "shop"}),
                made("shop"),
            ),
            ("change_draft", json!({"tags": []}), None),
            ("record_payment", json!({"reference": "D-2"}), None),
        ] {
            let patch = line(&json!({"command": command, "order": target, "body": body}));
            assert_eq!(patch.creates(), expected, "{command}");
        }
    }
}
