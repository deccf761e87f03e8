//! The paths of order commands, and how they are documented.

use axum::extract::{Path, State};
use orderfold_events::OrderId;
use orderfold_http::Problem;

use super::{
    commands::Creation,
    controller::{
        ADD_ORDER_NOTE, AMEND_ORDER, CANCEL_ORDER, CONFIRM_ORDER, DISCARD_DRAFT, HOLD_ORDER,
        PLACE_DRAFT, RECORD_DELIVERY, RECORD_PAYMENT, RECORD_REFUND, RECORD_RETURN,
        RECORD_SHIPMENT, RELEASE_ORDER, UPDATE_ORDER_DETAILS,
    },
    documents::{
        AddOrderNote, AmendOrder, CancelOrder, HoldOrder, NoBody, OrderAnswer, OrderPatch,
        PlaceOrder, RecordDelivery, RecordPayment, RecordRefund, RecordReturn, RecordShipment,
        ReleaseOrder,
    },
};
use crate::{
    app::Commands,
    http::{answers::Reply, calls::CommandRequest, codes},
};

/// Place a whole order, or start a draft with `"draft": true`.
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe for 30 days"),
        ("dry_run" = Option<bool>, Query, description = "Check and answer, and store nothing"),
    ),
    request_body = PlaceOrder,
    responses(
        (status = 201, body = OrderAnswer, description = "Placed, or drafted"),
        (status = 200, body = OrderAnswer, description = "What a dry run would have done"),
        (status = 404, description = "`customer_not_found`"),
        (status = 409, description = "`customer_blocked`, `customer_erased`, `order_reference_taken`, \
                                      `credit_limit_exceeded`, `shipping_address_required`, \
                                      `address_not_found`, `idempotency_in_progress`"),
        (status = 422, description = "`invalid_fields`, `idempotency_key_reused`"),
    ),
)]
pub(crate) async fn place_order(
    State(commands): State<Commands>,
    CommandRequest { call, body }: CommandRequest,
) -> Result<Reply, Problem> {
    let run =
        |commands: Commands| async move { commands.place(&call, &body, Creation::default()).await };
    commands.spawned(run).await
}

/// Declares the endpoint of a command to an order that exists.
macro_rules! endpoint {
    (
        $(#[$doc:meta])*
        $method:ident $name:ident, $path:literal, $body:path, $operation:ident, $refusals:literal
    ) => {
        $(#[$doc])*
        #[utoipa::path(
            $method, path = $path, tag = "orders",
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
    /// Change a draft; of an order that is placed, its references, tags and metadata. A merge patch: members that are
    /// not named stay, null removes one. Lines, adjustments, tags, addresses and the contact are replaced as a whole,
    /// metadata member by member.
    patch update_order_details, "/v1/orders/{id}", OrderPatch, UPDATE_ORDER_DETAILS,
    "`wrong_state`, `customer_erased`, `order_reference_taken`, `address_not_found`, `invalid_line`, \
     `order_is_prepaid`, `total_too_large`, `too_many_metadata`"
}
endpoint! {
    /// Place a draft as it is.
    post place_draft, "/v1/orders/{id}/place", NoBody, PLACE_DRAFT,
    "`wrong_state`, `customer_blocked`, `customer_erased`, `order_without_lines`, `shipping_address_required`, \
     `total_negative`, `total_too_large`, `credit_limit_exceeded`"
}
endpoint! {
    /// Give up a draft; its references are free again.
    post discard_draft, "/v1/orders/{id}/discard", NoBody, DISCARD_DRAFT,
    "`wrong_state`"
}
endpoint! {
    /// Confirm an order.
    post confirm_order, "/v1/orders/{id}/confirm", NoBody, CONFIRM_ORDER,
    "`wrong_state`"
}
endpoint! {
    /// Hold an order: nothing is shipped until it is released.
    post hold_order, "/v1/orders/{id}/hold", HoldOrder, HOLD_ORDER,
    "`wrong_state`, `too_many_holds`, `occurred_before_placing`"
}
endpoint! {
    /// Release one hold of an order, or all.
    post release_order, "/v1/orders/{id}/release", ReleaseOrder, RELEASE_ORDER,
    "`hold_not_found`, `occurred_before_placing`"
}
endpoint! {
    /// Amend lines, adjustments and addresses of a placed order.
    post amend_order, "/v1/orders/{id}/amend", AmendOrder, AMEND_ORDER,
    "`wrong_state`, `customer_erased`, `line_not_found`, `too_many_units`, `line_under_way`, `tax_required`, \
     `line_lowered_and_repriced`, `invalid_line`, `address_not_found`, `total_negative`, `total_too_large`, \
     `credit_limit_exceeded`, `too_many_lines`, `too_many_adjustments`"
}
endpoint! {
    /// Cancel an order, or some of its units.
    post cancel_order, "/v1/orders/{id}/cancel", CancelOrder, CANCEL_ORDER,
    "`order_already_shipped`, `too_many_units`, `line_not_found`, `wrong_state`, `occurred_before_placing`"
}
endpoint! {
    /// Record a payment.
    post record_payment, "/v1/orders/{id}/payments", RecordPayment, RECORD_PAYMENT,
    "`reference_reused`, `wrong_state`, `occurred_before_placing`, `too_many_payments`"
}
endpoint! {
    /// Record a refund: at most what was paid, and at most what is owed back unless a bank took it.
    post record_refund, "/v1/orders/{id}/refunds", RecordRefund, RECORD_REFUND,
    "`reference_reused`, `wrong_state`, `refund_exceeds_payments`, `refund_exceeds_due`, `payment_not_found`, \
     `return_not_found`, `total_negative`, `total_too_large`, `occurred_before_placing`, `too_many_refunds`, \
     `too_many_adjustments`"
}
endpoint! {
    /// Record a shipment; it confirms a placed order.
    post record_shipment, "/v1/orders/{id}/shipments", RecordShipment, RECORD_SHIPMENT,
    "`order_on_hold`, `order_unpaid`, `order_is_digital`, `order_already_shipped`, `too_many_units`, \
     `line_not_found`, `reference_reused`, `wrong_state`, `occurred_before_placing`, `too_many_shipments`"
}
endpoint! {
    /// Record a delivery; of a digital order it is its shipment too.
    post record_delivery, "/v1/orders/{id}/deliveries", RecordDelivery, RECORD_DELIVERY,
    "`order_on_hold`, `order_unpaid`, `nothing_to_deliver`, `too_many_units`, `line_not_found`, \
     `shipment_not_found`, `reference_reused`, `wrong_state`, `occurred_before_placing`, `too_many_deliveries`"
}
endpoint! {
    /// Record a return of shipped units.
    post record_return, "/v1/orders/{id}/returns", RecordReturn, RECORD_RETURN,
    "`too_many_units`, `line_not_found`, `shipment_not_found`, `reference_reused`, `wrong_state`, \
     `total_too_large`, `occurred_before_placing`, `too_many_returns`, `too_many_adjustments`"
}
endpoint! {
    /// Add a note to an order or a draft.
    post add_order_note, "/v1/orders/{id}/notes", AddOrderNote, ADD_ORDER_NOTE,
    "`customer_erased`, `too_many_notes`"
}
