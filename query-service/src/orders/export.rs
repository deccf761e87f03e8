//! A list of orders as a file: lines of CSV or of JSON. Amounts are minor units, as everywhere.

use axum::http::{HeaderMap, header};
use orderfold_events::closed_list;
use serde::Serialize;

use super::listed::ListedOrder;

closed_list! {
    /// The form of an export.
    Format { Csv = "text/csv", Ndjson = "application/x-ndjson" }
}

/// The first line of a CSV export.
const COLUMNS: [&str; 32] = [
    "order_id",
    "number",
    "version",
    "customer_id",
    "customer_name",
    "channel",
    "currency",
    "terms",
    "reference",
    "customer_reference",
    "tags",
    "due_on",
    "placed_at",
    "updated_at",
    "lifecycle",
    "payment_status",
    "fulfilment_status",
    "on_hold",
    "line_count",
    "units",
    "gross_sales",
    "discounts",
    "cancellations",
    "returns",
    "net_sales",
    "adjustments",
    "taxes",
    "total_sales",
    "payments",
    "refunds",
    "balance",
    "to_ship",
];

/// An order has no form as a line, which would be a bug of its type.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("a row has no form as CSV")]
    Csv(#[from] csv::Error),
    #[error("a row has no form as JSON")]
    Json(#[from] serde_json::Error),
}

impl Format {
    /// The form that a caller accepts, the first that is named; CSV where any will do.
    #[must_use]
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let mut named = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|range| range.split(';').next().unwrap_or_default().trim())
            .peekable();
        if named.peek().is_none() {
            return Some(Self::Csv);
        }
        named.find_map(|range| match range {
            "*/*" | "text/*" => Some(Self::Csv),
            "application/*" => Some(Self::Ndjson),
            range => range.parse().ok(),
        })
    }

    /// The name of the file.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "orders.csv",
            Self::Ndjson => "orders.ndjson",
        }
    }

    /// What stands before the first row.
    ///
    /// # Errors
    /// [`ExportError`] never, unless by a bug.
    pub fn head(self) -> Result<Vec<u8>, ExportError> {
        match self {
            Self::Csv => records([COLUMNS.map(str::to_owned)].into_iter()),
            Self::Ndjson => Ok(Vec::new()),
        }
    }

    /// The lines of some rows.
    ///
    /// # Errors
    /// [`ExportError`] when a row has no such form.
    pub fn lines(self, rows: &[ListedOrder]) -> Result<Vec<u8>, ExportError> {
        match self {
            Self::Csv => records(rows.iter().map(cells)),
            Self::Ndjson => ndjson(rows),
        }
    }
}

fn ndjson(rows: &[impl Serialize]) -> Result<Vec<u8>, ExportError> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn records<const N: usize>(
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, ExportError> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()).into())
}

fn cells(order: &ListedOrder) -> [String; 32] {
    let totals = &order.totals;
    let figure = |figure: i64| figure.to_string();
    let shown = |text: Option<String>| text.unwrap_or_default();
    let own = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    [
        order.order_id.to_string(),
        shown(order.number.map(|number| number.to_string())),
        order.version.to_string(),
        order.customer_id.to_string(),
        own(&order.customer.name),
        harmless(&order.channel),
        order.currency.to_string(),
        order.terms.to_string(),
        own(&order.reference),
        own(&order.customer_reference),
        harmless(&order.tags.join(" ")),
        shown(order.due_on.map(|day| day.to_string())),
        shown(order.placed_at.map(|at| at.to_string())),
        order.updated_at.to_string(),
        order.lifecycle.to_string(),
        order.payment_status.to_string(),
        order.fulfilment_status.to_string(),
        order.on_hold.to_string(),
        order.line_count.to_string(),
        figure(order.units),
        figure(totals.gross_sales),
        figure(totals.discounts),
        figure(totals.cancellations),
        figure(totals.returns),
        figure(totals.net_sales),
        figure(totals.adjustments),
        figure(totals.taxes),
        figure(totals.total_sales),
        figure(totals.payments),
        figure(totals.refunds),
        figure(totals.balance),
        order.to_ship.to_string(),
    ]
}

/// Spreadsheets take a text that starts like a formula for one; with an apostrophe before it they do not.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(accept: &[&str]) -> Option<Format> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        Format::accepted(&headers)
    }

    #[test]
    fn the_form_is_the_first_that_is_accepted() {
        assert_eq!(accepted(&[]), Some(Format::Csv));
        assert_eq!(accepted(&["*/*"]), Some(Format::Csv));
        assert_eq!(accepted(&["application/x-ndjson"]), Some(Format::Ndjson));
        assert_eq!(accepted(&["text/html, text/csv;q=0.9"]), Some(Format::Csv));
        assert_eq!(accepted(&["application/json"]), None);
    }

    #[test]
    fn a_text_that_looks_like_a_formula_is_made_harmless_and_signs_are_quoted() {
        let row = [harmless("=1+1"), "a,b \"c\"\nd".to_owned()];
        let written = records([row].into_iter()).unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "'=1+1,\"a,b \"\"c\"\"\nd\"\r\n"
        );
    }
}
