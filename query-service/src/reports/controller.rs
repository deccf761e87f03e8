//! Reports over HTTP: the only place that knows their paths, parameters and statuses.

use axum::{
    extract::{OriginalUri, State},
    http::HeaderMap,
    response::Response,
};
use orderfold_http::{Problem, catalogue};

use super::{
    described::SalesParameters,
    parameters::sales_question,
    plan::OutOfRange,
    queries::{ReportError, SALES_READS},
    sales_body::SalesReport,
};
use crate::http::{
    answers,
    described::{ReadHeaders, ReadProblems},
    router::Api,
};

/// Sales by interval
///
/// What was booked in each hour, day, week, month, quarter or year of a time zone, on the day it happened. Every
/// interval of the range is there, also those without sales.
#[utoipa::path(
    get,
    path = "/v1/reports/sales",
    operation_id = "get_sales_report",
    tag = "reports",
    params(SalesParameters, ReadHeaders),
    responses((status = 200, description = "The report", body = SalesReport), ReadProblems),
    security(("bearer" = ["reports:read"])),
)]
pub(crate) async fn get_sales_report(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let question = sales_question(uri.query())?;
    let standing = api.standings.of(&headers, SALES_READS).await?;
    let sales = api.reports.sales(&question).await?;
    let report = SalesReport::new(&question, &sales, standing.freshness())?;
    answers::report(&standing, &report)
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Database(error) => error.into(),
            ReportError::OutOfRange(error) => error.into(),
        }
    }
}

impl From<OutOfRange> for Problem {
    fn from(error: OutOfRange) -> Self {
        tracing::error!(%error, "a report cannot be made");
        catalogue::INTERNAL.into()
    }
}
