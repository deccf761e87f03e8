//! Customers over HTTP: the only place that knows their paths, parameters and statuses.

use axum::{
    extract::{OriginalUri, Path, State},
    http::HeaderMap,
    response::Response,
};
use orderfold_events::CustomerId;
use orderfold_http::{Principal, Problem};

use super::{
    body::{CustomerBody, ListedCustomer},
    described::CustomerListParameters,
    erasure::ErasureBody,
    queries::{CUSTOMER_READS, ERASURE_READS, LIST_READS, ORDERS_READS},
    question::{ListQuestion, customer_id},
};
use crate::{
    http::{
        answers::{self, Page},
        described::{IfNoneMatchHeader, NotFound, PageParameters, ReadHeaders, ReadProblems},
        parameters, problems,
        router::{Api, PERSONAL},
    },
    orders::{
        described::{OrderFilterParameters, OrderSortParameter},
        listed::ListedOrder,
        question::ListQuestion as OrderListQuestion,
    },
    progress::Subject,
};

/// Customers, newest first
///
/// A customer gets themselves. What is personal is null without the scope `customers:personal`.
#[utoipa::path(
    get,
    path = "/v1/customers",
    operation_id = "list_customers",
    tag = "customers",
    params(CustomerListParameters, PageParameters, ReadHeaders),
    responses((status = 200, description = "A page", body = Page<ListedCustomer>), ReadProblems),
    security(("bearer" = ["customers:read"])),
)]
pub(crate) async fn list_customers(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let owner = principal.customer.map(CustomerId);
    let ListQuestion {
        filter,
        slice,
        binding,
    } = ListQuestion::read(uri.query(), owner)?;
    let standing = api.standings.of(&headers, LIST_READS).await?;
    let standing = standing.about(owner.map_or(Subject::Many, Subject::Customer));
    let personal = principal.has(PERSONAL);
    let rows = api.customers.list(&filter, slice, personal).await?;
    answers::page(&uri, &standing, binding, rows)
}

/// One customer, with everything that was bought
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}",
    operation_id = "get_customer",
    tag = "customers",
    params(("customer_id" = Uuid, Path, description = "Id"), IfNoneMatchHeader, ReadHeaders),
    responses(
        (status = 200, description = "The customer", body = CustomerBody),
        (status = 304, description = "What the caller knows still holds"),
        NotFound, ReadProblems,
    ),
    security(("bearer" = ["customers:read"])),
)]
pub(crate) async fn get_customer(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Path(customer): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let customer = customer_id(&customer, principal.customer.map(CustomerId))?;
    parameters::none(uri.query())?;
    let standing = api.standings.of(&headers, CUSTOMER_READS).await?;
    let standing = standing.about(Subject::Customer(customer));
    let found = api.customers.get(customer).await?;
    let personal = principal.has(PERSONAL);
    let opener = api.keys.for_reader([customer], personal).await?;
    let body = found.and_then(|found| CustomerBody::new(found, &opener));
    let body = body.ok_or_else(|| standing.refusal(problems::CUSTOMER_NOT_FOUND))?;
    answers::resource(&headers, &standing, body.version, &body)
}

/// The orders of one customer
///
/// With the filters and sorts of the order list.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/orders",
    operation_id = "list_customer_orders",
    tag = "customers",
    params(
        ("customer_id" = Uuid, Path, description = "Id"),
        OrderFilterParameters, OrderSortParameter, PageParameters, ReadHeaders,
    ),
    responses((status = 200, description = "A page", body = Page<ListedOrder>), NotFound, ReadProblems),
    security(("bearer" = ["orders:read"])),
)]
pub(crate) async fn list_customer_orders(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Path(customer): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let customer = customer_id(&customer, principal.customer.map(CustomerId))?;
    let OrderListQuestion {
        filter,
        sort,
        slice,
        binding,
    } = OrderListQuestion::read(uri.query(), Some(customer))?;
    let standing = api.standings.of(&headers, ORDERS_READS).await?;
    let standing = standing.about(Subject::Customer(customer));
    if !api.customers.exists(customer).await? {
        return Err(standing.refusal(problems::CUSTOMER_NOT_FOUND));
    }
    let personal = principal.has(PERSONAL);
    let rows = api.orders.list(&filter, sort, slice, personal).await?;
    answers::page(&uri, &standing, binding, rows)
}

/// How far the erasure of a customer is
///
/// Complete once nothing personal of the customer can be read any more: the key is destroyed, every read model knows
/// it, and no cache holds the key.
#[utoipa::path(
    get,
    path = "/v1/customers/{customer_id}/erasure",
    operation_id = "get_customer_erasure",
    tag = "customers",
    params(("customer_id" = Uuid, Path, description = "Id"), ReadHeaders),
    responses(
        (status = 200, description = "The receipt", body = ErasureBody),
        NotFound, ReadProblems,
    ),
    security(("bearer" = ["customers:read"])),
)]
pub(crate) async fn get_customer_erasure(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Path(customer): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let customer = customer_id(&customer, principal.customer.map(CustomerId))?;
    parameters::none(uri.query())?;
    let standing = api.standings.of(&headers, ERASURE_READS).await?;
    let receipt = api.customers.erasure(customer).await?;
    let receipt = receipt.ok_or_else(|| standing.refusal(problems::ERASURE_NOT_FOUND))?;
    answers::report(&standing, &receipt)
}
