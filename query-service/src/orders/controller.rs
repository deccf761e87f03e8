//! Orders over HTTP: the only place that knows their paths, parameters and statuses.

use axum::{
    extract::{OriginalUri, Path, State},
    http::HeaderMap,
    response::Response,
};
use orderfold_events::CustomerId;
use orderfold_http::{Principal, Problem};

use super::{
    body::OrderBody,
    described::OrderListParameters,
    listed::ListedOrder,
    queries::{LIST_READS, ORDER_READS, TIMELINE_READS},
    question::{ListQuestion, TimelineQuestion},
    repository::OrderKey,
    timeline::TimelineEventBody,
};
use crate::{
    http::{
        answers::{self, Page},
        described::{IfNoneMatchHeader, NotFound, PageParameters, ReadHeaders, ReadProblems},
        parameters, problems,
        router::{Api, PERSONAL},
    },
    progress::Subject,
};

/// Orders, newest first
///
/// Customers get their own. Names of customers are null without the scope `customers:personal`.
#[utoipa::path(
    get,
    path = "/v1/orders",
    operation_id = "list_orders",
    tag = "orders",
    params(OrderListParameters, PageParameters, ReadHeaders),
    responses((status = 200, description = "A page", body = Page<ListedOrder>), ReadProblems),
    security(("bearer" = ["orders:read"])),
)]
pub(crate) async fn list_orders(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let question = ListQuestion::read(uri.query(), owner(&principal))?;
    let standing = api.standings.of(&headers, LIST_READS).await?;
    let personal = principal.has(PERSONAL);
    let ListQuestion {
        filter,
        sort,
        slice,
        binding,
    } = question;
    let rows = api.orders.list(&filter, sort, slice, personal).await?;
    answers::page(&uri, &standing, binding, rows)
}

/// One order, whole
///
/// By its id or its number.
#[utoipa::path(
    get,
    path = "/v1/orders/{order}",
    operation_id = "get_order",
    tag = "orders",
    params(("order" = String, Path, description = "Id or number"), IfNoneMatchHeader, ReadHeaders),
    responses(
        (status = 200, description = "The order", body = OrderBody),
        (status = 304, description = "What the caller knows still holds"),
        NotFound, ReadProblems,
    ),
    security(("bearer" = ["orders:read"])),
)]
pub(crate) async fn get_order(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Path(order): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = OrderKey::read(&order)?;
    parameters::none(uri.query())?;
    let standing = api.standings.of(&headers, ORDER_READS).await?;
    let standing = standing.about(key.subject());
    let found = api.orders.get(key, owner(&principal)).await?;
    let order = found.ok_or_else(|| standing.refusal(problems::ORDER_NOT_FOUND))?;
    let standing = standing.about(Subject::Order(order.order_id));
    let version = order.version;
    let body = OrderBody::new(order, principal.has(PERSONAL));
    answers::resource(&headers, &standing, version, &body)
}

/// Every event of an order, oldest first
#[utoipa::path(
    get,
    path = "/v1/orders/{order}/timeline",
    operation_id = "get_order_timeline",
    tag = "orders",
    params(("order" = String, Path, description = "Id or number"), PageParameters, ReadHeaders),
    responses(
        (status = 200, description = "A page", body = Page<TimelineEventBody>),
        NotFound, ReadProblems,
    ),
    security(("bearer" = ["orders:read"])),
)]
pub(crate) async fn get_order_timeline(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    Path(order): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = OrderKey::read(&order)?;
    let TimelineQuestion { slice, binding } = TimelineQuestion::read(uri.query(), key)?;
    let standing = api.standings.of(&headers, TIMELINE_READS).await?;
    let standing = standing.about(key.subject());
    let found = api.orders.timeline(key, owner(&principal), slice).await?;
    let rows = found.ok_or_else(|| standing.refusal(problems::ORDER_NOT_FOUND))?;
    let personal = principal.has(PERSONAL);
    let rows = rows.map(|entry| TimelineEventBody::new(entry, personal));
    answers::page(&uri, &standing, binding, rows)
}

/// Whose orders the caller is confined to.
fn owner(principal: &Principal) -> Option<CustomerId> {
    principal.customer.map(CustomerId)
}
