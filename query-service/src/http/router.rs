//! Every operation of the API with who may call it.

use axum::Router;
use orderfold_http::{TokenKey, api::Operations, auth::Access};
use utoipa_axum::routes;

use super::{described, problems, standing::Standings};
use crate::{
    customers::{self, queries::CustomerQueries},
    event_types,
    keys::KeyRing,
    live::{self, Live},
    ops::{self, actors::Actors},
    orders::{self, queries::OrderQueries},
    reports::{self, queries::ReportQueries},
};

/// Without this scope what is personal is null.
pub const PERSONAL: &str = "customers:personal";

/// What the controllers work with.
#[derive(Debug, Clone)]
pub struct Api {
    pub standings: Standings,
    pub orders: OrderQueries,
    pub customers: CustomerQueries,
    pub keys: KeyRing,
    pub reports: ReportQueries,
    pub operations: ops::operations::Operations,
    pub actors: Actors,
    pub live: Live,
}

/// Every operation. Customers see only what is theirs, and no reports.
#[must_use]
pub fn operations() -> Operations<Api> {
    let orders = Access::scope("orders:read").or_customer();
    let customers = Access::scope("customers:read").or_customer();
    let reports = Access::scope("reports:read");
    let work = Access::scope("orders:read");
    let watching = Access::scope("ops:read");
    let operating = Access::scope("ops:write");
    Operations::new(described::document())
        .operation(orders, routes!(orders::controller::list_orders))
        .operation(orders, routes!(orders::controller::get_order_facets))
        .operation(orders, routes!(orders::controller::export_orders))
        .operation(orders, routes!(orders::controller::get_order))
        .operation(orders, routes!(orders::controller::get_order_timeline))
        .operation(customers, routes!(customers::controller::list_customers))
        .operation(customers, routes!(customers::controller::get_customer))
        .operation(
            customers,
            routes!(customers::controller::get_customer_erasure),
        )
        .operation(orders, routes!(customers::controller::list_customer_orders))
        .operation(reports, routes!(reports::controller::get_sales_report))
        .operation(
            reports,
            routes!(reports::open_controller::get_products_report),
        )
        .operation(
            reports,
            routes!(reports::open_controller::get_customers_report),
        )
        .operation(
            reports,
            routes!(reports::open_controller::get_receivables_report),
        )
        .operation(work, routes!(reports::open_controller::get_work_queue))
        .operation(work, routes!(event_types::controller::list_event_types))
        .operation(reports, routes!(reports::open_controller::get_summary))
        .operation(orders, routes!(live::controller::listen))
        .operation(watching, routes!(ops::controller::list_projections))
        .operation(operating, routes!(ops::controller::rebuild_projection))
        .operation(operating, routes!(ops::controller::activate_build))
        .operation(operating, routes!(ops::controller::retire_build))
        .operation(watching, routes!(ops::controller::list_parked))
        .operation(operating, routes!(ops::controller::retry_parked))
        .operation(operating, routes!(ops::controller::skip_parked))
}

/// The public port.
pub fn router(api: Api, key: TokenKey) -> Router {
    operations().into_router(api, key, problems::CATALOGUE)
}
