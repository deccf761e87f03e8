//! The command service put together: its parts, its ports, and the order in which it starts and stops.

mod operations;
mod parts;
mod readiness;
mod state;
mod verbs;

use orderfold_http::{TokenKey, admin, clock, server};
use tokio::signal::unix;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    operations::operations,
    state::Commands,
    verbs::{migrate, raise_epoch, republish},
};
use self::{parts::Parts, readiness::readiness};
use crate::{
    config::Config,
    database::Database,
    event_sourcing::Writers,
    http::codes::CATALOGUE,
    internal::{self, Internal},
    relay::{Relay, Standing},
    timers::TimerWorker,
};

/// Why the service cannot start or go on; only for the log.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// Serves until it is told to stop.
///
/// # Errors
/// Whatever keeps it from starting.
pub async fn serve(config: Config) -> Result<(), StartError> {
    let stop = stop_on_signal()?;
    let parts = Parts::read(&config)?;
    let key = TokenKey::from_file(&config.jwt_public_key_file, &config.jwt_issuer)?;
    let metrics = admin::install_metrics(stop.clone())?;
    let identity = parts.identity().await?;
    tokio::join!(parts.database.warm_up(), parts.keys.warm_up());

    let writers = Writers::default();
    let store = writers.start(
        &parts.database_config,
        parts.database.clone(),
        identity.shards,
    );
    let relay = Relay {
        database: parts.database.clone(),
        kafka: parts.kafka.clone(),
        store_id: identity.store_id,
        owner: clock::new_id(),
        appended: writers.appended.clone(),
    };
    let stop_background = CancellationToken::new();
    let background = TaskTracker::new();
    parts.start_erasing(&store, identity, &background, &stop_background);
    let standing = start_background(relay, &background, &stop_background);

    let (zone, delays) = (config.reporting_time_zone, config.timer_delays());
    let secrets = (parts.secrets, parts.vault.clone());
    let commands = Commands::new(store, secrets, zone, delays);
    start_timers(&commands, &parts.database, &background, &stop_background);
    let tasks = commands.tasks.clone();
    let api = operations().into_router(commands, key, CATALOGUE);
    let internal = internal::router(Internal {
        database: parts.database.clone(),
        store_id: identity.store_id,
        shards: identity.shards,
        vault: parts.vault,
        token: config.internal_token.clone(),
    });
    let readiness = readiness(parts.database, parts.keys, standing);
    let admin = admin::router(readiness, metrics, internal);
    let (http, admin_port) = (
        server::bind(config.http_address).await?,
        server::bind(config.admin_address).await?,
    );
    tracing::info!(http = %config.http_address, admin = %config.admin_address, "serving");
    let drain = config.shutdown_timeout();
    let admin = tokio::spawn(server::serve(
        admin_port,
        admin,
        stop_background.clone(),
        drain,
    ));
    server::serve(http, api, stop, drain).await;

    // Requests are answered; now what they started, then the relay of what that recorded.
    tasks.close();
    if tokio::time::timeout(drain, tasks.wait()).await.is_err() {
        tracing::warn!("some commands were cut off by the shutdown deadline");
        writers.abandon.cancel();
    }
    stop_background.cancel();
    background.close();
    if tokio::time::timeout(drain, background.wait())
        .await
        .is_err()
    {
        tracing::warn!("the relay was cut off by the shutdown deadline");
    }
    admin.await?;
    tracing::info!("stopped");
    Ok(())
}

/// What goes on beside the commands.
fn start_background(relay: Relay, tasks: &TaskTracker, stop: &CancellationToken) -> Standing {
    let (database, standing) = (relay.database.clone(), Standing::default());
    tasks.spawn(relay.run(stop.clone()));
    tasks.spawn(standing.clone().follow(database.clone(), stop.clone()));
    let stop = stop.clone();
    tasks.spawn(async move { database.keep_house(stop).await });
    standing
}

fn start_timers(
    commands: &Commands,
    database: &Database,
    background: &TaskTracker,
    stop: &CancellationToken,
) {
    let timers = TimerWorker {
        commands: commands.clone(),
        database: database.clone(),
    };
    background.spawn(timers.run(stop.clone()));
}

fn stop_on_signal() -> Result<CancellationToken, StartError> {
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopping.cancel();
    });
    Ok(stop)
}
