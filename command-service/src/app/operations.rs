//! Every operation of the API, and who may call it.

use orderfold_http::{api::Operations, auth::Access};
use utoipa::{OpenApi, openapi};
use utoipa_axum::routes;

use super::Commands;
use crate::{
    bulk,
    credit::controller as credit,
    customers::controller as customers,
    orders::{controller as orders, endpoints},
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Orderfold commands", description = "The write side: customers, their credit, and orders."),
    tags((name = "customers"), (name = "credit"), (name = "orders"), (name = "bulk")),
)]
struct Description;

/// Every operation, and who may call it.
#[must_use]
pub fn operations() -> Operations<Commands> {
    let mut document = Description::openapi();
    let bearer = openapi::security::HttpBuilder::new()
        .scheme(openapi::security::HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("bearer", openapi::security::SecurityScheme::Http(bearer));
    document.security = Some(vec![openapi::security::SecurityRequirement::new(
        "bearer",
        Vec::<String>::new(),
    )]);
    let operations = customer_operations(Operations::new(document));
    order_operations(operations).operation(Access::authenticated(), routes!(bulk::run_commands))
}

fn customer_operations(operations: Operations<Commands>) -> Operations<Commands> {
    operations
        .operation(
            customers::REGISTER_CUSTOMER,
            routes!(customers::register_customer),
        )
        .operation(
            customers::UPDATE_CUSTOMER_PROFILE.access,
            routes!(customers::update_customer_profile),
        )
        .operation(
            customers::CHANGE_CUSTOMER_EMAIL.access,
            routes!(customers::change_customer_email),
        )
        .operation(
            customers::SAVE_CUSTOMER_ADDRESS.access,
            routes!(customers::save_customer_address),
        )
        .operation(
            customers::REMOVE_CUSTOMER_ADDRESS.access,
            routes!(customers::remove_customer_address),
        )
        .operation(
            customers::BLOCK_CUSTOMER.access,
            routes!(customers::block_customer),
        )
        .operation(
            customers::UNBLOCK_CUSTOMER.access,
            routes!(customers::unblock_customer),
        )
        .operation(
            customers::ERASE_CUSTOMER.access,
            routes!(customers::erase_customer),
        )
        .operation(credit::SET_CREDIT_TERMS, routes!(credit::set_credit_terms))
        .operation(
            credit::RECORD_ACCOUNT_PAYMENT,
            routes!(credit::record_account_payment),
        )
}

fn order_operations(operations: Operations<Commands>) -> Operations<Commands> {
    operations
        .operation(orders::PLACE_ORDER, routes!(endpoints::place_order))
        .operation(
            orders::UPDATE_ORDER_DETAILS.access,
            routes!(endpoints::update_order_details),
        )
        .operation(orders::PLACE_DRAFT.access, routes!(endpoints::place_draft))
        .operation(
            orders::DISCARD_DRAFT.access,
            routes!(endpoints::discard_draft),
        )
        .operation(
            orders::CONFIRM_ORDER.access,
            routes!(endpoints::confirm_order),
        )
        .operation(orders::HOLD_ORDER.access, routes!(endpoints::hold_order))
        .operation(
            orders::RELEASE_ORDER.access,
            routes!(endpoints::release_order),
        )
        .operation(orders::AMEND_ORDER.access, routes!(endpoints::amend_order))
        .operation(
            orders::CANCEL_ORDER.access,
            routes!(endpoints::cancel_order),
        )
        .operation(
            orders::RECORD_PAYMENT.access,
            routes!(endpoints::record_payment),
        )
        .operation(
            orders::RECORD_REFUND.access,
            routes!(endpoints::record_refund),
        )
        .operation(
            orders::RECORD_SHIPMENT.access,
            routes!(endpoints::record_shipment),
        )
        .operation(
            orders::RECORD_DELIVERY.access,
            routes!(endpoints::record_delivery),
        )
        .operation(
            orders::RECORD_RETURN.access,
            routes!(endpoints::record_return),
        )
        .operation(
            orders::ADD_ORDER_NOTE.access,
            routes!(endpoints::add_order_note),
        )
}
