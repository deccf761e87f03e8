//! Puts the service together, runs it, and takes it down in order: first the API, then the consumer.

use std::{error::Error, sync::Arc, time::Duration};

use axum::Router;
use orderfold_http::{
    TokenKey,
    admin::{self, Readiness},
    server, telemetry,
};
use secrecy::ExposeSecret;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    consumer::{Consumer, ConsumerOptions, Health},
    customers::{queries::CustomerQueries, repository::CustomerRepository},
    database::Database,
    http::{
        router::{self, Api},
        standing::Standings,
    },
    keys::KeyRing,
    orders::{queries::OrderQueries, repository::OrderRepository},
    progress::Progress,
    reports::{queries::ReportQueries, repository::ReportRepository},
    store::StoreClient,
};

/// Why the service could not start, or did not end well.
pub type Failure = Box<dyn Error + Send + Sync>;

/// How long the consumer may take to finish its batches once the API is down. What it does not finish, another
/// replica or the next start does again.
const CONSUMER_END_MAX: Duration = Duration::from_secs(3);

/// Runs the service until a signal tells it to stop.
///
/// # Errors
/// What kept it from starting, or that its consumer broke down.
pub async fn serve(config: Config) -> Result<(), Failure> {
    // Kept to the end: dropping it writes the last lines.
    let _log = telemetry::init(config.log.format, &config.log.filter)?;
    let stop = stop_on_signal()?;
    let key = TokenKey::from_file(&config.jwt_public_key_file, &config.jwt_issuer)?;
    let api_listener = server::bind(config.http_address).await?;
    let admin_listener = server::bind(config.admin_address).await?;

    // The consumer outlives the API, so that answers stay fresh up to the last one.
    let work = CancellationToken::new();
    let database = Database::open(config.mongodb_uri.expose_secret()).await?;
    let store = StoreClient::new(&config.command_admin_url, config.internal_token.clone())?;
    let store = Arc::new(store);
    let progress = Arc::new(Progress::new(database.clone(), Arc::clone(&store)));
    let keys = KeyRing::new(
        database.clone(),
        Arc::clone(&store),
        &config.view_key,
        config.key_cache(),
    );
    let consumer = Consumer::new(
        consumer_options(&config),
        database.clone(),
        (store, keys.clone()),
        Arc::clone(&progress),
        work.clone(),
    );
    let readiness = readiness(database.clone(), consumer.health(), stop.clone());
    let admin = admin::router(
        readiness,
        admin::install_metrics(work.clone())?,
        Router::new(),
    );
    let api = router::router(api(&config, database, keys, Arc::clone(&progress)), key);
    // Not as configured: with port 0 the system chooses.
    let (http, admin_at) = (api_listener.local_addr()?, admin_listener.local_addr()?);
    tracing::info!(%http, admin = %admin_at, "started");

    let admin = tokio::spawn(server::serve(
        admin_listener,
        admin,
        work.clone(),
        CONSUMER_END_MAX,
    ));
    let following = tokio::spawn({
        let work = work.clone();
        async move { progress.follow(&work).await }
    });
    let consuming = tokio::spawn(consume(consumer, stop.clone()));
    server::serve(api_listener, api, stop, config.shutdown_timeout()).await;
    tracing::info!("the API is down");
    work.cancel();
    end(consuming).await?;
    end(following).await?;
    end(admin).await
}

/// The queries over one database.
fn api(config: &Config, database: Database, keys: KeyRing, progress: Arc<Progress>) -> Api {
    let customers = CustomerRepository::new(database.clone());
    Api {
        standings: Standings::new(Arc::clone(&progress)),
        orders: OrderQueries::new(
            OrderRepository::new(database.clone()),
            customers.clone(),
            keys.clone(),
        ),
        customers: CustomerQueries::new(customers, keys.clone(), progress),
        keys,
        reports: ReportQueries::new(ReportRepository::new(database), config.reporting_time_zone),
    }
}

fn consumer_options(config: &Config) -> ConsumerOptions {
    ConsumerOptions {
        brokers: config.kafka_brokers.clone(),
        topic: config.kafka_topic.clone(),
        group: config.kafka_group.clone(),
        reporting_zone: config.reporting_time_zone,
    }
}

/// Ready is who reaches MongoDB, follows the store with every projection, and is not about to stop.
fn readiness(database: Database, health: Arc<Health>, stop: CancellationToken) -> Readiness {
    Readiness::default()
        .check("mongodb", move || {
            let database = database.clone();
            async move { database.ping().await.map_err(|error| error.to_string()) }
        })
        .check("consumer", move || {
            let problems = health.problems();
            async move {
                if problems.is_empty() {
                    Ok(())
                } else {
                    Err(problems.join("; "))
                }
            }
        })
        .check("running", move || {
            let stopping = stop.is_cancelled();
            async move {
                if stopping {
                    Err("the service is stopping".to_owned())
                } else {
                    Ok(())
                }
            }
        })
}

/// Runs the consumer. Where it breaks down the whole service stops: a fresh start is better than views that stand still.
async fn consume(consumer: Consumer, stop: CancellationToken) {
    let broken = stop.drop_guard();
    consumer.run().await;
    broken.disarm();
}

async fn end(task: JoinHandle<()>) -> Result<(), Failure> {
    match timeout(CONSUMER_END_MAX, task).await {
        Ok(outcome) => Ok(outcome?),
        Err(_elapsed) => {
            tracing::warn!("some work was cut off by the shutdown deadline");
            Ok(())
        }
    }
}

/// Cancelled by SIGINT or SIGTERM.
fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let stop = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn({
        let stop = stop.clone();
        async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("told to stop");
            stop.cancel();
        }
    });
    Ok(stop)
}
