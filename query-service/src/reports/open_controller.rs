//! Rankings, open work, debts and the front page over HTTP: the only place that knows their paths, parameters and
//! statuses.

use axum::{
    extract::{OriginalUri, State},
    http::HeaderMap,
    response::Response,
};
use chrono::{DateTime, NaiveDate, Utc};
use orderfold_events::CustomerId;
use orderfold_http::{Principal, Problem, clock};

use super::{
    described::{CurrencyParameters, RankingParameters, WorkQueueParameters},
    open_body::{Names, ReceivablesBody, StageBody, WorkQueueBody},
    open_queries::{RECEIVABLES_READS, SUMMARY_READS, WORK_READS},
    parameters::{ranking_question, receivables_question, work_question},
    queries::{CUSTOMERS_READS, PRODUCTS_READS},
    ranking_body::{RankedCustomer, RankedProduct, Ranking},
    summary_body::SummaryBody,
};
use crate::{
    calendar,
    http::{
        answers,
        described::{ReadHeaders, ReadProblems},
        parameters,
        router::{Api, PERSONAL},
    },
};

/// The products that sold most, or came back most
#[utoipa::path(
    get,
    path = "/v1/reports/products",
    operation_id = "get_products_report",
    tag = "reports",
    params(RankingParameters, ReadHeaders),
    responses((status = 200, description = "The first ones", body = Ranking<RankedProduct>), ReadProblems),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn get_products_report(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let question = ranking_question(uri.query())?;
    let standing = api.standings.of(&headers, PRODUCTS_READS).await?;
    let items = api.reports.products(&question).await?;
    let rows = items.into_iter().map(RankedProduct::from).collect();
    let zone = api.reports.reporting_zone();
    let body = Ranking::new(&question, zone, rows, standing.freshness());
    answers::report(&standing, &body)
}

/// The customers who bought most, or sent back most
#[utoipa::path(
    get,
    path = "/v1/reports/customers",
    operation_id = "get_customers_report",
    tag = "reports",
    params(RankingParameters, ReadHeaders),
    responses((status = 200, description = "The first ones", body = Ranking<RankedCustomer>), ReadProblems),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn get_customers_report(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let question = ranking_question(uri.query())?;
    let standing = api.standings.of(&headers, CUSTOMERS_READS).await?;
    let items = api.reports.customers(&question).await?;
    let customers = items.iter().map(|(customer, _)| *customer);
    let names = names(&api, &principal, customers).await?;
    let rows = RankedCustomer::all(items, &names);
    let zone = api.reports.reporting_zone();
    let body = Ranking::new(&question, zone, rows, standing.freshness());
    answers::report(&standing, &body)
}

/// What is owed on account, by customer and age
///
/// Ages are counted today, in the store's reporting zone.
#[utoipa::path(
    get,
    path = "/v1/reports/receivables",
    operation_id = "get_receivables_report",
    tag = "reports",
    params(CurrencyParameters, ReadHeaders),
    responses((status = 200, description = "The report", body = ReceivablesBody), ReadProblems),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn get_receivables_report(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (currency, rows_max) = receivables_question(uri.query())?;
    let standing = api.standings.of(&headers, RECEIVABLES_READS).await?;
    let (_, today) = today(&api);
    let found = api.reports.receivables(currency, today, rows_max).await?;
    let customers = found.customers.iter().map(|debt| debt.customer_id);
    let names = names(&api, &principal, customers).await?;
    let of = (currency, today, api.reports.reporting_zone());
    let body = ReceivablesBody::new(of, found, &names, standing.freshness());
    answers::report(&standing, &body)
}

/// Open work by stage, with its age
///
/// Count, value and the first orders of each stage.
#[utoipa::path(
    get,
    path = "/v1/work-queue",
    operation_id = "get_work_queue",
    tag = "reports",
    params(WorkQueueParameters, ReadHeaders),
    responses((status = 200, description = "The stages", body = WorkQueueBody), ReadProblems),
    security(("bearer" = ["orders:read"])),
)]
pub(crate) async fn get_work_queue(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (stages, rows_max) = work_question(uri.query())?;
    let standing = api.standings.of(&headers, WORK_READS).await?;
    let found = api.reports.work(&stages, rows_max).await?;
    let orders = found.iter().flat_map(|stage| &stage.oldest);
    let names = names(&api, &principal, orders.map(|order| order.customer_id)).await?;
    let (now, _) = today(&api);
    let stages = found.into_iter();
    let body = WorkQueueBody {
        data: stages
            .map(|stage| StageBody::new(stage, &names, now))
            .collect(),
        freshness: standing.freshness(),
    };
    answers::report(&standing, &body)
}

/// The front page in one call
///
/// Sales of today, of the last 7 and 30 days and of the 30 days before, open work and debts, per currency.
#[utoipa::path(
    get,
    path = "/v1/summary",
    operation_id = "get_summary",
    tag = "reports",
    params(ReadHeaders),
    responses((status = 200, description = "The front page", body = SummaryBody), ReadProblems),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn get_summary(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters::none(uri.query())?;
    let standing = api.standings.of(&headers, SUMMARY_READS).await?;
    let (now, today) = today(&api);
    let found = api.reports.summary(today).await?;
    let of = (today, api.reports.reporting_zone());
    let body = SummaryBody::new(of, found, now, standing.freshness());
    answers::report(&standing, &body)
}

/// Now, and the day that it is in the store's reporting zone.
fn today(api: &Api) -> (DateTime<Utc>, NaiveDate) {
    let now = clock::now();
    (
        now,
        calendar::local(api.reports.reporting_zone(), now).date(),
    )
}

/// The names of customers, where the caller may see them.
async fn names(
    api: &Api,
    principal: &Principal,
    customers: impl Iterator<Item = CustomerId>,
) -> Result<Names, Problem> {
    let personal = principal.has(PERSONAL);
    Ok(api.customers.names(customers.filter(|_| personal)).await?)
}
