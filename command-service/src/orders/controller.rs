//! Order commands as a request or a line of one brings them: who may give them, how they are read, carried out and
//! answered. The paths are in `endpoints`.

use orderfold_events::{OrderId, StreamId};
use orderfold_http::{Problem, auth::Access};
use serde_json::Value;

use super::{
    answer::{self, Form},
    body,
    commands::{Creation, OrderCommands, OrderRequest},
    problems::problem,
};
use crate::{
    app::Commands,
    execution::{Call, KeyedRequest, Secrets, Undecided},
    http::answers::Reply,
};

pub const PLACE_ORDER: Access = Access::scope("orders:place");
const WRITE: Access = Access::scope("orders:write");
const FULFIL: Access = Access::scope("fulfilment:write");
const PAYMENTS: Access = Access::scope("payments:write");

type Reader = fn(&Call, &Secrets, &Value) -> Result<OrderRequest, Problem>;

/// A command to an order that exists: what it is called, who may give it, and how its body is read.
pub struct Operation {
    pub id: &'static str,
    pub access: Access,
    read: Reader,
    /// Where it depends on the body who may give it.
    access_by_body: Option<fn(&Value) -> Access>,
}

impl Operation {
    const fn new(id: &'static str, access: Access, read: Reader) -> Self {
        Self {
            id,
            access,
            read,
            access_by_body: None,
        }
    }

    /// The scopes that only the body tells.
    fn check(&self, call: &Call, body: &Value) -> Result<(), Problem> {
        if let Some(access) = self.access_by_body {
            access(body).check(&call.principal)?;
        }
        body::check_backdating(call, body)
    }
}

pub const CHANGE_DRAFT: Operation = Operation::new("change_draft", PLACE_ORDER, body::change_draft);
pub const UPDATE_ORDER_DETAILS: Operation = Operation {
    access_by_body: Some(body::patch_access),
    ..Operation::new("update_order_details", Access::authenticated(), body::patch)
};
pub const PLACE_DRAFT: Operation = Operation::new("place_draft", PLACE_ORDER, body::place_draft);
pub const DISCARD_DRAFT: Operation = Operation::new("discard_draft", WRITE, body::discard);
pub const CONFIRM_ORDER: Operation = Operation::new("confirm_order", WRITE, body::confirm);
pub const HOLD_ORDER: Operation = Operation::new("hold_order", WRITE, body::hold);
pub const RELEASE_ORDER: Operation = Operation::new("release_order", WRITE, body::release);
pub const AMEND_ORDER: Operation = Operation::new("amend_order", PLACE_ORDER, body::amend);
pub const CANCEL_ORDER: Operation =
    Operation::new("cancel_order", WRITE.or_customer(), body::cancel);
pub const RECORD_PAYMENT: Operation = Operation::new("record_payment", PAYMENTS, body::payment);
pub const RECORD_REFUND: Operation = Operation::new("record_refund", PAYMENTS, body::refund);
pub const RECORD_SHIPMENT: Operation = Operation::new("record_shipment", FULFIL, body::shipment);
pub const RECORD_DELIVERY: Operation = Operation::new("record_delivery", FULFIL, body::delivery);
pub const RECORD_RETURN: Operation = Operation::new("record_return", FULFIL, body::returned);
pub const ADD_ORDER_NOTE: Operation = Operation::new("add_order_note", WRITE, body::note);
/// Every command to an order that exists.
pub const OPERATIONS: [&Operation; 15] = [
    &CHANGE_DRAFT,
    &UPDATE_ORDER_DETAILS,
    &PLACE_DRAFT,
    &DISCARD_DRAFT,
    &CONFIRM_ORDER,
    &HOLD_ORDER,
    &RELEASE_ORDER,
    &AMEND_ORDER,
    &CANCEL_ORDER,
    &RECORD_PAYMENT,
    &RECORD_REFUND,
    &RECORD_SHIPMENT,
    &RECORD_DELIVERY,
    &RECORD_RETURN,
    &ADD_ORDER_NOTE,
];

impl Commands {
    /// Places or drafts an order, by a request or by a line of one.
    pub async fn place(&self, call: &Call, body: &Value, creation: Creation) -> Reply {
        let target = creation
            .customer
            .map(|customer| customer.to_string())
            .unwrap_or_default();
        let operation = if creation.drafts {
            "draft_order"
        } else {
            "place_order"
        };
        let request = KeyedRequest::new(call, operation, &target, body);
        if let Err(forbidden) = body::check_backdating(call, body) {
            return Reply::problem(forbidden);
        }
        let place = match body::place(call, body, &creation) {
            Ok(place) => place,
            Err(problem) => return Reply::from(self.executor.refused(&request, problem).await),
        };
        let form = Form {
            creates: true,
            dry_run: call.dry_run,
        };
        let commands = OrderCommands {
            store: self.executor.store(),
            secrets: &self.secrets,
            vault: &self.vault,
            reporting_zone: self.reporting_zone,
        };
        let attempt = || async {
            let decision = commands.place(call, &place).await;
            decision
                .map(|decision| answer::render(decision, form))
                .map_err(|undecided: Undecided<_>| undecided.map(problem))
        };
        let lane = StreamId::Customer(place.place.customer_id);
        Reply::from(self.executor.execute(call, &request, lane, attempt).await)
    }

    /// Changes an order, by a request or by a line of one.
    pub async fn change(
        &self,
        call: &Call,
        operation: &Operation,
        order_id: OrderId,
        body: &Value,
    ) -> Reply {
        let request = KeyedRequest::new(call, operation.id, &order_id.to_string(), body);
        if let Err(forbidden) = operation.check(call, body) {
            return Reply::problem(forbidden);
        }
        let command = match (operation.read)(call, &self.secrets, body) {
            Ok(command) => command,
            Err(problem) => return Reply::from(self.executor.refused(&request, problem).await),
        };
        let form = Form {
            creates: false,
            dry_run: call.dry_run,
        };
        let commands = OrderCommands {
            store: self.executor.store(),
            secrets: &self.secrets,
            vault: &self.vault,
            reporting_zone: self.reporting_zone,
        };
        let attempt = || async {
            let decision = commands.change(call, order_id, &command).await;
            decision
                .map(|decision| answer::render(decision, form))
                .map_err(|undecided: Undecided<_>| undecided.map(problem))
        };
        let lane = StreamId::Order(order_id);
        Reply::from(self.executor.execute(call, &request, lane, attempt).await)
    }
}
