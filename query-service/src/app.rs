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
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, Verb},
    consumer::{Consumer, ConsumerOptions, Health},
    customers::{queries::CustomerQueries, repository::CustomerRepository},
    database::Database,
    http::{
        router::{self, Api},
        standing::Standings,
    },
    keys::KeyRing,
    live::Live,
    ops::{
        actors::Actors,
        operations::Operations,
        verbs::{Outcome, Verbs},
    },
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
    let api_listener = if config.role.answers() {
        Some(server::bind(config.http_address).await?)
    } else {
        None
    };
    let admin_listener = server::bind(config.admin_address).await?;

    // The consumer outlives the API, so that answers stay fresh up to the last one.
    let work = CancellationToken::new();
    let (database, store) = connect(&config).await?;
    let progress = Arc::new(Progress::new(database.clone(), Arc::clone(&store)));
    let keys = key_ring(&config, &database, &store);
    let consumer = config.role.folds().then(|| {
        let progress = Arc::clone(&progress);
        let (options, store) = (consumer_options(&config), (store, keys.clone()));
        Consumer::new(options, database.clone(), store, progress, work.clone())
    });
    let health = consumer.as_ref().map(Consumer::health);
    let readiness = readiness(database.clone(), health, stop.clone());
    let metrics = admin::install_metrics(work.clone())?;
    let admin = admin::router(readiness, metrics, Router::new());
    // Not as configured: with port 0 the system chooses.
    let http = api_listener.as_ref().map(TcpListener::local_addr);
    let (http, admin_at) = (http.transpose()?, admin_listener.local_addr()?);
    let http = http.map(|http| http.to_string());
    tracing::info!(http, admin = %admin_at, role = ?config.role, "started");

    let admin = tokio::spawn(server::serve(
        admin_listener,
        admin,
        work.clone(),
        CONSUMER_END_MAX,
    ));
    let following = tokio::spawn({
        let (work, progress) = (work.clone(), Arc::clone(&progress));
        async move { progress.follow(&work).await }
    });
    let consuming = consumer.map(|consumer| tokio::spawn(consume(consumer, stop.clone())));
    match api_listener {
        Some(listener) => {
            let sources = Sources {
                database,
                keys,
                progress,
            };
            answer(listener, (sources, key), &config, stop).await?;
        }
        None => stop.cancelled().await,
    }
    tracing::info!("the API is down");
    work.cancel();
    if let Some(consuming) = consuming {
        end(consuming).await?;
    }
    end(following).await?;
    end(admin).await
}

/// Carries out a verb that operates the read models, and reports on standard output.
///
/// # Errors
/// What kept it from being carried out.
pub async fn operate(verb: Verb, config: &Config) -> Result<Outcome, Failure> {
    let (database, store) = connect(config).await?;
    let keys = key_ring(config, &database, &store);
    let mut out = std::io::stdout().lock();
    Ok(Verbs::new(database, store, keys)
        .run(verb, &mut out)
        .await?)
}

async fn connect(config: &Config) -> Result<(Database, Arc<StoreClient>), Failure> {
    let database = Database::open(config.mongodb_uri.expose_secret()).await?;
    let store = StoreClient::new(&config.command_admin_url, config.internal_token.clone())?;
    Ok((database, Arc::new(store)))
}

/// Serves the API, with the live feed beside it, until told to stop.
async fn answer(
    listener: TcpListener,
    (sources, key): (Sources, TokenKey),
    config: &Config,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let live = Live::new(stop.clone());
    let telling = tokio::spawn({
        let (live, database) = (live.clone(), sources.database.clone());
        async move {
            live.follow(&database).await;
        }
    });
    let api = router::router(api(config, sources, live), key);
    server::serve(listener, api, stop, config.shutdown_timeout()).await;
    end(telling).await
}

/// What opens the personal data of this configuration's views.
fn key_ring(config: &Config, database: &Database, store: &Arc<StoreClient>) -> KeyRing {
    KeyRing::new(
        database.clone(),
        Arc::clone(store),
        &config.view_key,
        config.key_cache(),
    )
}

/// What answers are made from.
struct Sources {
    database: Database,
    keys: KeyRing,
    progress: Arc<Progress>,
}

/// The queries over one database.
fn api(config: &Config, sources: Sources, live: Live) -> Api {
    let Sources {
        database,
        keys,
        progress,
    } = sources;
    let customers = CustomerRepository::new(database.clone());
    Api {
        standings: Standings::new(Arc::clone(&progress)),
        operations: Operations::new(database.clone(), Arc::clone(&progress)),
        actors: Actors::new(config.internal_token.clone()),
        live,
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

/// Ready is who reaches MongoDB, follows the store with every projection if it folds, and is not about to stop.
fn readiness(
    database: Database,
    health: Option<Arc<Health>>,
    stop: CancellationToken,
) -> Readiness {
    let readiness = Readiness::default()
        .check("mongodb", move || {
            let database = database.clone();
            async move { database.ping().await.map_err(|error| error.to_string()) }
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
        });
    match health {
        Some(health) => readiness.check("consumer", move || {
            let problems = health.problems();
            async move {
                if problems.is_empty() {
                    Ok(())
                } else {
                    Err(problems.join("; "))
                }
            }
        }),
        None => readiness,
    }
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
