//! What the query API says about the data set, no older than what was written.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use reqwest::{Client, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    commands::CHANNEL,
    figures::{CUSTOMERS, Figure, LINES, ORDERS, RETURNED, SOLD, SOLD_BY_YEAR, UNITS},
};
use crate::{local::ConnectionDetails, progress::Progress};

const PAGE: usize = 200;
/// The longest that one read may wait for the token.
const PREFER: &str = "wait=10, handling=strict";
const REQUEST_LIMIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(1);
/// About three minutes without an answer, longer while the read model is catching up.
const ATTEMPTS_MAX: usize = 180;

#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    #[error("GET {path} got no answer")]
    Unanswered {
        path: String,
        source: reqwest::Error,
    },
    #[error("GET {path} answers {status}: {problem}")]
    Refused {
        path: String,
        status: StatusCode,
        problem: String,
    },
    #[error("the sales report has no year {0}")]
    YearMissing(&'static str),
}

impl ObserveError {
    /// A service that is away, starting, or not there yet with what was written.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unanswered { source, .. } => !source.is_decode() && !source.is_builder(),
            Self::Refused { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Client(_) | Self::YearMissing(_) => false,
        }
    }
}

#[derive(Deserialize)]
struct Page<R> {
    data: Vec<R>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct OrderRow {
    line_count: i64,
}

#[derive(Deserialize)]
struct CustomerRow {
    reference: Option<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    channel: String,
}

#[derive(Deserialize)]
struct Sales {
    data: Vec<Year>,
    totals: Booked,
}

#[derive(Deserialize)]
struct Year {
    start: String,
    #[serde(flatten)]
    booked: Booked,
}

#[derive(Deserialize)]
struct Booked {
    orders: i64,
    units: i64,
    gross_sales: i64,
    discounts: i64,
    returns: i64,
}

impl Booked {
    fn sold(&self) -> i64 {
        self.gross_sales - self.discounts
    }
}

/// The table of the data set, expected and actual.
pub async fn figures(
    connection: &ConnectionDetails,
    consistency_tokens: &[String],
    progress: &Progress,
) -> Result<Vec<Figure>, ObserveError> {
    let api = Api {
        client: Client::builder()
            .no_proxy()
            .build()
            .map_err(ObserveError::Client)?,
        connection,
        consistency_tokens,
        progress,
    };
    let orders: Vec<OrderRow> = api
        .pages(&format!("/v1/orders?channel={CHANNEL}&limit={PAGE}"))
        .await?;
    let customers: Vec<CustomerRow> = api.pages(&format!("/v1/customers?limit={PAGE}")).await?;
    let customers = customers.iter().filter(|row| {
        row.reference
            .as_ref()
            .is_some_and(|reference| reference.channel == CHANNEL)
    });
    let query =
        format!("from=2015-01-01&to=2020-01-01&interval=year&currency=USD&channel={CHANNEL}");
    let sales: Sales = api.get(&format!("/v1/reports/sales?{query}")).await?;

    let mut figures = vec![
        Figure::new("orders (list)", ORDERS, count(orders.len())),
        Figure::new("orders (sales report)", ORDERS, sales.totals.orders),
        Figure::new("customers", CUSTOMERS, count(customers.count())),
        Figure::new(
            "lines",
            LINES,
            orders.iter().map(|order| order.line_count).sum(),
        ),
        Figure::new("units", UNITS, sales.totals.units),
        Figure::new("gross_sales − discounts, cents", SOLD, sales.totals.sold()),
    ];
    for (year, expected) in SOLD_BY_YEAR {
        let found = sales
            .data
            .iter()
            .find(|found| found.start.starts_with(year));
        let found = found.ok_or(ObserveError::YearMissing(year))?;
        figures.push(Figure::new(
            format!("the same in {year}"),
            expected,
            found.booked.sold(),
        ));
    }
    figures.push(Figure::new(
        "value of returned orders, cents",
        RETURNED,
        sales.totals.returns,
    ));
    Ok(figures)
}

struct Api<'a> {
    client: Client,
    connection: &'a ConnectionDetails,
    consistency_tokens: &'a [String],
    progress: &'a Progress,
}

impl Api<'_> {
    async fn pages<R: DeserializeOwned>(&self, path: &str) -> Result<Vec<R>, ObserveError> {
        let mut rows = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let cursor_parameter = cursor
                .map(|cursor| format!("&cursor={cursor}"))
                .unwrap_or_default();
            let page: Page<R> = self.get(&format!("{path}{cursor_parameter}")).await?;
            rows.extend(page.data);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }

    async fn get<R: DeserializeOwned>(&self, path: &str) -> Result<R, ObserveError> {
        let mut urls = self.connection.query_urls.iter().cycle();
        let attempt = || {
            let url = urls.next().cloned().unwrap_or_default();
            self.get_once(url, path)
        };
        attempt
            .retry(
                ConstantBuilder::default()
                    .with_delay(PAUSE)
                    .with_max_times(ATTEMPTS_MAX),
            )
            .when(ObserveError::may_pass)
            .notify(|error, _pause| self.progress.note(&format!("{error}; asking again")))
            .await
    }

    async fn get_once<R: DeserializeOwned>(
        &self,
        url: String,
        path: &str,
    ) -> Result<R, ObserveError> {
        let unanswered = |source| ObserveError::Unanswered {
            path: path.to_owned(),
            source,
        };
        let mut request = self
            .client
            .get(format!("{url}{path}"))
            .timeout(REQUEST_LIMIT)
            .bearer_auth(&self.connection.token)
            .header("prefer", PREFER)
            .header(header::ACCEPT, "application/json");
        for token in self.consistency_tokens {
            request = request.header("consistency-token", token);
        }
        let answer = request.send().await.map_err(unanswered)?;
        let status = answer.status();
        if !status.is_success() {
            let problem = answer.text().await.map_err(unanswered)?;
            return Err(ObserveError::Refused {
                path: path.to_owned(),
                status,
                problem,
            });
        }
        answer.json().await.map_err(unanswered)
    }
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}
