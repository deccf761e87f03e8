//! The parameters of reports.

use chrono_tz::Tz;
use orderfold_events::{Currency, Timestamp};
use orderfold_http::{Problem, catalogue, parameters::Parameters};

use super::{
    question::{Compare, SalesQuestion},
    ranking::{RankedBy, RankingQuestion},
    repository::SalesFilter,
};
use crate::{
    calendar::{Interval, Range},
    http::parameters::{bound, date, limit, texts, word, words, zone},
    projections::work_queue::Stage,
};

/// Orders that a stage of the work queue shows unless asked for more.
const FIRST_ORDERS: u32 = 10;

/// Reads the query string of the sales report.
///
/// # Errors
/// 422 with every parameter at fault.
pub fn sales_question(query: Option<&str>) -> Result<SalesQuestion, Problem> {
    let mut parameters = Parameters::read(query);
    let question = read(&mut parameters);
    whole(parameters, question)
}

fn read(parameters: &mut Parameters) -> Option<SalesQuestion> {
    let currency = required(parameters, "currency", currency);
    let interval = required(parameters, "interval", |it, name| {
        word(it, name, Interval::ALL)
    });
    let zone = zone(parameters);
    let range = range(parameters, zone);
    let channel = texts(parameters, "channel");
    let compare = word(parameters, "compare", Compare::ALL);
    let filter = SalesFilter {
        currency: currency?,
        channel,
    };
    SalesQuestion::new(filter, range?, interval?, compare)
        .inspect_err(|refusal| {
            parameters.fault(refusal.parameter(), "out_of_range", refusal.to_string());
        })
        .ok()
}

/// Reads the query string of a ranking.
///
/// # Errors
/// 422 with every parameter at fault.
pub fn ranking_question(query: Option<&str>) -> Result<RankingQuestion, Problem> {
    let mut parameters = Parameters::read(query);
    let it = &mut parameters;
    let currency = required(it, "currency", currency);
    let from = required(it, "from", date);
    let to = required(it, "to", date);
    let by = word(it, "by", RankedBy::ALL).unwrap_or(RankedBy::NetSales);
    let rows_max = limit(it);
    let days = from.zip(to).and_then(|(from, to)| {
        RankingQuestion::days(from, to)
            .inspect_err(|refusal| it.fault("to", "out_of_range", refusal.to_string()))
            .ok()
    });
    let question = currency.zip(days).map(|(currency, days)| RankingQuestion {
        currency,
        days,
        by,
        rows_max,
    });
    whole(parameters, question)
}

/// Reads the query string of the receivables: a currency, and how many customers.
///
/// # Errors
/// 422 with every parameter at fault.
pub fn receivables_question(query: Option<&str>) -> Result<(Currency, u32), Problem> {
    let mut parameters = Parameters::read(query);
    let currency = required(&mut parameters, "currency", currency);
    let rows_max = limit(&mut parameters);
    whole(parameters, currency.map(|currency| (currency, rows_max)))
}

/// Reads the query string of the work queue: which stages, and how many orders of each.
///
/// # Errors
/// 422 with every parameter at fault.
pub fn work_question(query: Option<&str>) -> Result<(Vec<Stage>, u32), Problem> {
    let mut parameters = Parameters::read(query);
    let mut stages: Vec<Stage> = words(&mut parameters, "stage", Stage::ALL);
    if stages.is_empty() {
        stages = Stage::ALL.to_vec();
    }
    stages.sort_unstable();
    stages.dedup();
    let rows_max = if parameters.has("limit") {
        limit(&mut parameters)
    } else {
        FIRST_ORDERS
    };
    parameters.finish((stages, rows_max))
}

fn currency(it: &mut Parameters, name: &str) -> Option<Currency> {
    let expected = "a currency code of ISO 4217, such as USD";
    it.parsed(name, expected, |text| text.parse().ok())
}

/// The question, when nothing was at fault. Whatever leaves no question has left a fault.
fn whole<T>(parameters: Parameters, question: Option<T>) -> Result<T, Problem> {
    parameters
        .finish(question)?
        .ok_or_else(|| catalogue::INTERNAL.into())
}

fn range(parameters: &mut Parameters, zone: Tz) -> Option<Range> {
    let from = required(parameters, "from", |it, name| bound(it, name, zone));
    let to = required(parameters, "to", |it, name| bound(it, name, zone));
    Some(Range {
        zone,
        from: from.map(Timestamp::datetime)?,
        to: to.map(Timestamp::datetime)?,
    })
}

/// A parameter that must be given.
fn required<T>(
    parameters: &mut Parameters,
    name: &str,
    read: impl FnOnce(&mut Parameters, &str) -> Option<T>,
) -> Option<T> {
    if !parameters.has(name) {
        // Money never adds up across currencies, so that one is missed under a name of its own.
        let code = match name {
            "currency" => "currency_required",
            _ => "required",
        };
        parameters.fault(name, code, "must be given");
        return None;
    }
    read(parameters, name)
}

#[cfg(test)]
mod tests {
    use orderfold_http::RequestContext;

    use super::*;

    const GOOD: &str = "from=2017-01-01&to=2018-01-01&interval=month&currency=USD";

    fn faults(query: &str) -> Vec<(String, String)> {
        let problem = sales_question(Some(query)).unwrap_err();
        let document = problem.document("/v1/reports/sales", &RequestContext::new(None, None));
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let errors = document["errors"].as_array().unwrap().iter();
        errors
            .map(|error| (text(&error["pointer"]), text(&error["code"])))
            .collect()
    }

    #[test]
    fn what_is_missing_is_all_told() {
        let pointers: Vec<_> = faults("").into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(
            pointers,
            [
                "/query/currency",
                "/query/interval",
                "/query/from",
                "/query/to"
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_where_it_is() {
        for (parameter, pointer, code) in [
            ("compare=last_year", "/query/compare", "invalid_format"),
            ("tz=Mars", "/query/tz", "invalid_format"),
            ("group_by=sku", "/query/group_by", "unknown_parameter"),
            ("currency=USD", "/query/currency", "duplicate"),
        ] {
            let expected = vec![(pointer.to_owned(), code.to_owned())];
            assert_eq!(faults(&format!("{GOOD}&{parameter}")), expected);
        }
        let hours = GOOD.replace("month", "hour");
        assert_eq!(
            faults(&hours),
            [("/query/interval".to_owned(), "out_of_range".to_owned())]
        );
    }

    #[test]
    fn a_whole_question_is_read() {
        let question =
            sales_question(Some(&format!("{GOOD}&channel=web,shop&tz=Asia/Tokyo"))).unwrap();
        assert_eq!(question.filter.channel, ["web", "shop"]);
        assert_eq!(question.period.starts.len(), 12);
        assert_eq!(
            question.period.starts[0].to_rfc3339(),
            "2016-12-31T15:00:00+00:00"
        );
    }
}
