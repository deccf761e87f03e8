//! The admin port: is the process alive, can it do its work, and what do its metrics say. It is not for the public.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::future::{BoxFuture, join_all};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{api, telemetry};

/// A check that takes longer has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
const SECONDS_BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
const COUNT_BUCKETS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What has to hold for the service to do its work.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<(&'static str, Check)>,
    warnings: Vec<(&'static str, Check)>,
}

impl Readiness {
    /// Adds a check; its error says in one sentence what is missing, and holds no secret.
    #[must_use]
    pub fn check<F, Fut>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks
            .push((name, Arc::new(move || Box::pin(check()))));
        self
    }

    /// Adds a check of something that the service can work without: its error is told, and it is ready all the same.
    #[must_use]
    pub fn warning<F, Fut>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.warnings
            .push((name, Arc::new(move || Box::pin(check()))));
        self
    }

    async fn report(&self) -> (bool, Value) {
        let (checks, warnings) = tokio::join!(results(&self.checks), results(&self.warnings));
        let ready = checks.iter().all(|(_, result)| result.is_ok());
        let warnings: Map<String, Value> = warnings
            .into_iter()
            .filter_map(|(name, result)| Some((name.to_owned(), result.err()?.into())))
            .collect();
        let checks: Map<String, Value> = checks
            .into_iter()
            .map(|(name, result)| {
                (
                    name.to_owned(),
                    result.err().unwrap_or_else(|| "ok".to_owned()).into(),
                )
            })
            .collect();
        (
            ready,
            json!({"ready": ready, "checks": checks, "warnings": warnings}),
        )
    }
}

/// All at the same time.
async fn results(checks: &[(&'static str, Check)]) -> Vec<(&'static str, Result<(), String>)> {
    join_all(checks.iter().map(|(name, check)| async move {
        let result = tokio::time::timeout(CHECK_TIMEOUT, check()).await;
        (
            *name,
            result.unwrap_or_else(|_elapsed| Err("no answer in time".to_owned())),
        )
    }))
    .await
}

/// Starts collecting metrics, for the whole process and once.
///
/// # Errors
/// When something else collects them already.
pub fn install_metrics(stop: CancellationToken) -> Result<PrometheusHandle, BuildError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)?
        .set_buckets_for_metric(Matcher::Suffix("_commands".to_owned()), &COUNT_BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    // Only the first recorder of a process counts; a second service in one test process reads the first's.
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("metrics are collected already");
    }
    let upkeep = handle.clone();
    tokio::spawn(async move {
        while !stop.is_cancelled() {
            upkeep.run_upkeep();
            telemetry::report_dropped_lines();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(UPKEEP_INTERVAL) => {}
            }
        }
    });
    Ok(handle)
}

/// The admin port's router; `internal` are the service's own routes on it.
pub fn router(readiness: Readiness, metrics: PrometheusHandle, internal: Router) -> Router {
    let ready = move || {
        let readiness = readiness.clone();
        async move { readyz(&readiness).await }
    };
    let metrics = move || {
        let text = metrics.render();
        async move {
            (
                [(
                    header::CONTENT_TYPE,
                    "text/plain; version=0.0.4; charset=utf-8",
                )],
                text,
            )
        }
    };
    let router = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .merge(internal);
    api::layered(router)
}

/// Its 503 is an answer to a probe and keeps its own form, with the problem's media type so that it stays as it is.
async fn readyz(readiness: &Readiness) -> Response {
    let (ready, mut report) = readiness.report().await;
    if ready {
        return (
            [(header::CONTENT_TYPE, "application/json")],
            report.to_string(),
        )
            .into_response();
    }
    if let Some(report) = report.as_object_mut() {
        report.insert("type".to_owned(), "/problems/unavailable".into());
        report.insert("title".to_owned(), "Not ready".into());
        report.insert("status".to_owned(), 503.into());
        report.insert("code".to_owned(), "unavailable".into());
    }
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::RETRY_AFTER, "1"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, report.to_string()).into_response()
}
