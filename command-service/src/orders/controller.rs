//! HTTP to order commands, and their outcomes to HTTP.

use axum::extract::{Path, State};
use orderfold_events::{CustomerId, OrderId, StreamId};
use orderfold_http::{Problem, auth::Access};
use serde_json::Value;

use super::{
    answer::{self, Form},
    body,
    commands::OrderCommands,
    documents::{
        CancelOrder, OrderAnswer, PlaceOrder, RecordDelivery, RecordPayment, RecordReturn,
        RecordShipment,
    },
    domain::OrderCommand,
};
use crate::{
    app::Commands,
    execution::{Call, KeyedRequest, Secrets, Undecided},
    http::{answers::Reply, calls::CommandRequest, codes},
};

pub const PLACE_ORDER: Access = Access::scope("orders:place");

/// A command to an order that exists: what it is called, who may give it, and how its body is read.
pub struct Operation {
    pub id: &'static str,
    pub access: Access,
    read: fn(&Call, &Secrets, &Value) -> Result<OrderCommand, Problem>,
}

pub const CANCEL_ORDER: Operation = Operation {
    id: "cancel_order",
    access: Access::scope("orders:write").or_customer(),
    read: body::cancel,
};
pub const RECORD_PAYMENT: Operation = Operation {
    id: "record_payment",
    access: Access::scope("payments:write"),
    read: body::payment,
};
pub const RECORD_SHIPMENT: Operation = Operation {
    id: "record_shipment",
    access: Access::scope("fulfilment:write"),
    read: body::shipment,
};
pub const RECORD_DELIVERY: Operation = Operation {
    id: "record_delivery",
    access: Access::scope("fulfilment:write"),
    read: body::delivery,
};
pub const RECORD_RETURN: Operation = Operation {
    id: "record_return",
    access: Access::scope("fulfilment:write"),
    read: body::returned,
};
/// Every command to an order that exists.
pub const OPERATIONS: [&Operation; 5] = [
    &CANCEL_ORDER,
    &RECORD_PAYMENT,
    &RECORD_SHIPMENT,
    &RECORD_DELIVERY,
    &RECORD_RETURN,
];

impl Commands {
    /// Places an order, by a request or by a line of one; `customer` stands for `customer_id` in the body.
    pub async fn place(&self, call: &Call, body: &Value, customer: Option<CustomerId>) -> Reply {
        let target = customer
            .map(|customer| customer.to_string())
            .unwrap_or_default();
        let request = KeyedRequest::new(call, "place_order", &target, body);
        if let Err(forbidden) = body::check_backdating(call, body) {
            return Reply::problem(forbidden);
        }
        let place = match body::place(call, body, customer) {
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
            reporting_zone: self.reporting_zone,
        };
        let attempt = || async {
            let decision = commands.place(call, &place).await;
            decision
                .map(|decision| answer::render(decision, form))
                .map_err(|undecided: Undecided<_>| undecided.map(answer::problem))
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
        if let Err(forbidden) = body::check_backdating(call, body) {
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
            reporting_zone: self.reporting_zone,
        };
        let attempt = || async {
            let decision = commands.change(call, order_id, &command).await;
            decision
                .map(|decision| answer::render(decision, form))
                .map_err(|undecided: Undecided<_>| undecided.map(answer::problem))
        };
        let lane = StreamId::Order(order_id);
        Reply::from(self.executor.execute(call, &request, lane, attempt).await)
    }
}

/// Place a whole order.
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe for 30 days"),
        ("dry_run" = Option<bool>, Query, description = "Check and answer, and store nothing"),
    ),
    request_body = PlaceOrder,
    responses(
        (status = 201, body = OrderAnswer, description = "Placed"),
        (status = 200, body = OrderAnswer, description = "What a dry run would have done"),
        (status = 404, description = "`customer_not_found`"),
        (status = 409, description = "`order_reference_taken`, `credit_limit_exceeded`, `shipping_address_required`, \
                                      `address_not_found`, `idempotency_in_progress`"),
        (status = 422, description = "`invalid_fields`, `idempotency_key_reused`"),
    ),
)]
pub(crate) async fn place_order(
    State(commands): State<Commands>,
    CommandRequest { call, body }: CommandRequest,
) -> Result<Reply, Problem> {
    let run = |commands: Commands| async move { commands.place(&call, &body, None).await };
    commands.spawned(run).await
}

/// Declares the endpoint of a command to an order that exists.
macro_rules! endpoint {
    ($(#[$doc:meta])* $name:ident, $path:literal, $body:ident, $operation:ident, $refusals:literal) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "orders",
            params(
                ("id" = String, Path, description = "The order's id"),
                ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe for 30 days"),
                ("If-Match" = Option<String>, Header, description = "The version that the caller saw"),
                ("dry_run" = Option<bool>, Query, description = "Check and answer, and store nothing"),
            ),
            request_body = $body,
            responses(
                (status = 200, body = OrderAnswer, description = "Done, or so already"),
                (status = 404, description = "`order_not_found`"),
                (status = 409, description = $refusals),
                (status = 412, description = "`version_conflict`"),
                (status = 422, description = "`invalid_fields`, `idempotency_key_reused`"),
            ),
        )]
        pub(crate) async fn $name(
            State(commands): State<Commands>,
            Path(order): Path<String>,
            CommandRequest { call, body }: CommandRequest,
        ) -> Result<Reply, Problem> {
            let order_id: OrderId = order.parse().map_err(|_malformed| codes::ORDER_NOT_FOUND)?;
            let run = move |commands: Commands| async move {
                commands.change(&call, &$operation, order_id, &body).await
            };
            commands.spawned(run).await
        }
    };
}

endpoint! {
    /// Cancel an order, or some of its units.
    cancel_order, "/v1/orders/{id}/cancel", CancelOrder, CANCEL_ORDER,
    "`order_already_shipped`, `too_many_units`, `line_not_found`, `wrong_state`, `occurred_before_placing`"
}
endpoint! {
    /// Record a payment.
    record_payment, "/v1/orders/{id}/payments", RecordPayment, RECORD_PAYMENT,
    "`reference_reused`, `occurred_before_placing`, `too_many_payments`"
}
endpoint! {
    /// Record a shipment; it confirms a placed order.
    record_shipment, "/v1/orders/{id}/shipments", RecordShipment, RECORD_SHIPMENT,
    "`order_unpaid`, `order_is_digital`, `order_already_shipped`, `too_many_units`, `line_not_found`, \
     `reference_reused`, `wrong_state`, `occurred_before_placing`, `too_many_shipments`"
}
endpoint! {
    /// Record a delivery.
    record_delivery, "/v1/orders/{id}/deliveries", RecordDelivery, RECORD_DELIVERY,
    "`nothing_to_deliver`, `too_many_units`, `line_not_found`, `shipment_not_found`, `reference_reused`, \
     `wrong_state`, `occurred_before_placing`, `too_many_deliveries`"
}
endpoint! {
    /// Record a return of shipped units.
    record_return, "/v1/orders/{id}/returns", RecordReturn, RECORD_RETURN,
    "`too_many_units`, `line_not_found`, `shipment_not_found`, `reference_reused`, `wrong_state`, \
     `occurred_before_placing`, `too_many_returns`, `too_many_adjustments`"
}
