//! Orders over HTTP: the only place that knows their paths, parameters and statuses.

use axum::{
    body::Body,
    extract::{OriginalUri, Path, State},
    http::HeaderMap,
    response::Response,
};
use futures::{StreamExt, TryStreamExt, stream};
use orderfold_events::CustomerId;
use orderfold_http::{Principal, Problem, catalogue};

use super::{
    body::OrderBody,
    described::{MomentParameters, OrderFilterParameters, OrderSortParameter},
    export::Format,
    facets::FacetsBody,
    listed::ListedOrder,
    queries::{ExportRefusal, LIST_READS, ORDER_READS, ReplayError, TIMELINE_READS},
    question::{ListQuestion, TimelineQuestion, WholeQuestion, moment},
    repository::OrderKey,
    timeline::TimelineEventBody,
};
use crate::{
    http::{
        answers::{self, Page},
        described::{IfNoneMatchHeader, NotFound, PageParameters, ReadHeaders, ReadProblems},
        problems,
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
    params(OrderFilterParameters, OrderSortParameter, PageParameters, ReadHeaders),
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
    let standing = standing.about(subject(&principal));
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

/// How many orders of a list there are, by what they are
///
/// With the filters of the list. A facet ignores its own filter; counts stop at 10000.
#[utoipa::path(
    get,
    path = "/v1/orders/facets",
    operation_id = "get_order_facets",
    tag = "orders",
    params(OrderFilterParameters, ReadHeaders),
    responses((status = 200, description = "The counts", body = FacetsBody), ReadProblems),
    security(("bearer" = ["orders:read"])),
)]
pub(crate) async fn get_order_facets(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let question = WholeQuestion::facets(uri.query(), owner(&principal))?;
    let standing = api.standings.of(&headers, LIST_READS).await?;
    let personal = principal.has(PERSONAL);
    let standing = standing.about(subject(&principal));
    let body = FacetsBody {
        data: api.orders.facets(&question.filter, personal).await?,
        freshness: standing.freshness(),
    };
    answers::report(&standing, &body)
}

/// Every order of a list, as a file
///
/// With the filters and sorts of the list, as of one moment, streamed. Amounts are minor units of `currency`. A file
/// that ends early was cut off, and so is its connection.
#[utoipa::path(
    get,
    path = "/v1/orders/export",
    operation_id = "export_orders",
    tag = "orders",
    params(OrderFilterParameters, OrderSortParameter, ReadHeaders),
    responses(
        (status = 200, description = "The rows", content(
            (String = "text/csv"),
            (ListedOrder = "application/x-ndjson"),
        )),
        ReadProblems,
    ),
    security(("bearer" = ["orders:read"])),
)]
pub(crate) async fn export_orders(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let WholeQuestion { filter, sort } = WholeQuestion::export(uri.query(), owner(&principal))?;
    let Some(format) = Format::accepted(&headers) else {
        let detail = "accept text/csv or application/x-ndjson";
        return Err(Problem::from(catalogue::NOT_ACCEPTABLE).detail(detail));
    };
    let standing = api.standings.of(&headers, LIST_READS).await?;
    let standing = standing.about(subject(&principal));
    let personal = principal.has(PERSONAL);
    let chunks = api.orders.export(&filter, sort, personal).await?;
    let head = stream::once(async move { format.head().map_err(cut_off) });
    let lines = chunks
        .map_err(cut_off)
        .and_then(move |rows| async move { format.lines(&rows).map_err(cut_off) });
    let body = Body::from_stream(head.chain(lines));
    Ok(answers::file(
        &standing,
        (format.as_str(), format.file_name()),
        body,
    ))
}

/// What cuts a file off is logged here: its status is sent already.
fn cut_off<E: std::error::Error + Send + Sync + 'static>(error: E) -> axum::BoxError {
    tracing::error!(
        error = &error as &dyn std::error::Error,
        "an export was cut off"
    );
    error.into()
}

impl From<ExportRefusal> for Problem {
    fn from(refusal: ExportRefusal) -> Self {
        match refusal {
            ExportRefusal::Busy => Self::from(problems::EXPORTS_BUSY).retry_after_seconds(5),
            ExportRefusal::Keys(error) => error.into(),
            ExportRefusal::Database(error) => error.into(),
        }
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Database(error) => error.into(),
            ReplayError::Past(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "a past state cannot be told");
                catalogue::INTERNAL.into()
            }
        }
    }
}

/// One order, whole
///
/// By its id or its number; as it is, or as it was at a version or time.
#[utoipa::path(
    get,
    path = "/v1/orders/{order}",
    operation_id = "get_order",
    tag = "orders",
    params(
        ("order" = String, Path, description = "Id or number"), MomentParameters, IfNoneMatchHeader, ReadHeaders,
    ),
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
    let moment = moment(uri.query())?;
    let reads = moment.map_or(ORDER_READS, |_| TIMELINE_READS);
    let standing = api.standings.of(&headers, reads).await?;
    let standing = standing.about(key.subject());
    let found = match moment {
        None => {
            let found = api.orders.get(key, owner(&principal)).await?;
            found.ok_or(problems::ORDER_NOT_FOUND)
        }
        Some(moment) => {
            let found = api.orders.past(key, owner(&principal), moment).await?;
            let then = found.ok_or(problems::ORDER_NOT_FOUND);
            then.and_then(|then| then.ok_or(problems::ORDER_VERSION_NOT_FOUND))
        }
    };
    let order = found.map_err(|code| standing.refusal(code))?;
    let standing = standing.about(Subject::Order(order.order_id));
    let version = order.version;
    let personal = principal.has(PERSONAL);
    let opener = api.keys.for_reader([order.customer_id], personal).await?;
    let body = OrderBody::new(order, &opener);
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
    let owners = rows.data.iter().map(|entry| entry.customer_id);
    let opener = api.keys.for_reader(owners, personal).await?;
    let rows = rows.map(|entry| TimelineEventBody::new(entry, &opener));
    answers::page(&uri, &standing, binding, rows)
}

/// What a list of the caller's is about.
fn subject(principal: &Principal) -> Subject {
    owner(principal).map_or(Subject::Many, Subject::Customer)
}

/// Whose orders the caller is confined to.
fn owner(principal: &Principal) -> Option<CustomerId> {
    principal.customer.map(CustomerId)
}
