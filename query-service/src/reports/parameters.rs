//! The parameters of reports.

use chrono_tz::Tz;
use orderfold_events::{Currency, Timestamp};
use orderfold_http::{Problem, catalogue, parameters::Parameters};

use super::{
    question::{Compare, SalesQuestion},
    repository::SalesFilter,
};
use crate::{
    calendar::{Interval, Range},
    http::parameters::{bound, texts, word, zone},
};

/// Reads the query string of the sales report.
///
/// # Errors
/// 422 with every parameter at fault.
pub fn sales_question(query: Option<&str>) -> Result<SalesQuestion, Problem> {
    let mut parameters = Parameters::read(query);
    let question = read(&mut parameters);
    // Whatever leaves no question has left a fault.
    parameters
        .finish(question)?
        .ok_or_else(|| catalogue::INTERNAL.into())
}

fn read(parameters: &mut Parameters) -> Option<SalesQuestion> {
    let currency = required(parameters, "currency", |it, name| {
        let expected = "a currency code of ISO 4217, such as USD";
        it.parsed(name, expected, |text| text.parse::<Currency>().ok())
    });
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
        parameters.fault(name, "required", "must be given");
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
