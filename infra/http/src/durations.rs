//! How long requests take, by method, route and status. A histogram is looked up in the recorder once per combination;
//! after that a request costs no label of its own.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use metrics::Histogram;

const NAME: &str = "orderfold_http_request_duration_seconds";

type OfRoute = HashMap<(&'static str, StatusCode), Histogram>;

/// The histograms of one port. Cheap to clone; as large as the routes, the methods below and the statuses in use.
#[derive(Clone, Default)]
pub(crate) struct Durations(Arc<RwLock<HashMap<String, OfRoute>>>);

impl Durations {
    pub(crate) fn record(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let of_route = (label(method), status);
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(histogram) = known.get(route).and_then(|route| route.get(&of_route)) {
                return histogram.record(took);
            }
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known
            .entry(route.to_owned())
            .or_default()
            .entry(of_route)
            .or_insert_with(|| histogram(route, of_route))
            .record(took);
    }
}

fn histogram(route: &str, (method, status): (&'static str, StatusCode)) -> Histogram {
    let labels = [
        ("method", method.to_owned()),
        ("route", route.to_owned()),
        ("status", status.as_str().to_owned()),
    ];
    metrics::histogram!(NAME, &labels)
}

/// A caller may make methods up, but no metrics: those are all `other`.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn every_combination_has_its_own_series_and_made_up_methods_share_one() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let text = metrics::with_local_recorder(&recorder, || {
            let durations = Durations::default();
            let record = |method: &str, route: &str, status: StatusCode| {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                durations.record(&method, route, status, Duration::from_millis(3));
            };
            for _ in 0..3 {
                record("POST", "/v1/orders", StatusCode::CREATED);
            }
            record("GET", "/v1/orders", StatusCode::CREATED);
            record("POST", "/v1/orders", StatusCode::CONFLICT);
            record("POST", "/v1/customers", StatusCode::CREATED);
            record("FIRST", "unmatched", StatusCode::NOT_FOUND);
            record("SECOND", "unmatched", StatusCode::NOT_FOUND);
            recorder.handle().render()
        });
        let count = |labels: &str| {
            let line = format!("{NAME}_count{{{labels}}} ");
            let line = text.lines().find_map(|given| given.strip_prefix(&line));
            line.map(|count| count.parse::<u64>().unwrap())
        };
        let orders = r#"route="/v1/orders",status="201""#;
        assert_eq!(
            count(&format!(r#"method="POST",{orders}"#)),
            Some(3),
            "{text}"
        );
        assert_eq!(count(&format!(r#"method="GET",{orders}"#)), Some(1));
        assert_eq!(
            count(r#"method="POST",route="/v1/orders",status="409""#),
            Some(1)
        );
        assert_eq!(
            count(r#"method="POST",route="/v1/customers",status="201""#),
            Some(1)
        );
        assert_eq!(
            count(r#"method="other",route="unmatched",status="404""#),
            Some(2)
        );
        assert!(!text.contains("FIRST"), "{text}");
    }
}
