//! The command service put together: its parts, its ports, and the order in which it starts and stops.

use std::sync::Arc;

use chrono_tz::Tz;
use orderfold_events::ShardCount;
use orderfold_http::{
    Problem, TokenKey, admin, api::Operations, auth::Access, catalogue, clock, server,
};
use tokio::{
    signal::unix,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;
use utoipa::{OpenApi, openapi};
use utoipa_axum::routes;

use crate::{
    bulk,
    config::Config,
    credit::controller as credit,
    customers::controller as customers,
    database::{Database, DatabaseConfig, KeyDatabase, StoreIdentity},
    event_sourcing::{EventStore, Lanes, Writers},
    execution::{Executor, Secrets},
    http::{answers::Reply, codes::CATALOGUE},
    internal::{self, Internal},
    orders::{controller as orders, endpoints},
    recovery::{self, RaiseEpoch, Recovery, Republish},
    relay::{KafkaConfig, Relay, Standing, TopicError},
    sealing::{Erasing, Vault, VaultKeys},
    timers::{Delays, TimerWorker},
};

/// Why the service cannot start or go on; only for the log.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// Commands of one replica at once; more are told to come back.
const COMMANDS_MAX: usize = 2_048;
/// Bulk requests of one replica at once: each holds up to 16 MiB of lines.
const BULK_REQUESTS_MAX: usize = 16;

/// What the controllers need. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    pub executor: Executor,
    pub secrets: Secrets,
    pub vault: Vault,
    /// Whose days a due date counts in.
    pub reporting_zone: Tz,
    pub tasks: TaskTracker,
    /// Payments over several orders of one customer take turns up to the answer: a repetition is told from a payment
    /// by claims, and those show only what is committed.
    pub account_payments: Lanes,
    permits: Arc<Semaphore>,
    bulk_permits: Arc<Semaphore>,
}

impl Commands {
    #[must_use]
    pub fn new(
        store: EventStore,
        (secrets, vault): (Secrets, Vault),
        reporting_zone: Tz,
        delays: Delays,
    ) -> Self {
        Self {
            executor: Executor::new(store, vault.clone(), delays),
            secrets,
            vault,
            reporting_zone,
            tasks: TaskTracker::new(),
            account_payments: Lanes::default(),
            permits: Arc::new(Semaphore::new(COMMANDS_MAX)),
            bulk_permits: Arc::new(Semaphore::new(BULK_REQUESTS_MAX)),
        }
    }

    /// Lets a bulk request in, for as long as the permit is kept.
    ///
    /// # Errors
    /// 503 `unavailable` when too many run already.
    pub fn admit_bulk(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = self.bulk_permits.clone().try_acquire_owned();
        permit.map_err(|_none| Problem::unavailable("too many bulk requests are running"))
    }

    /// Runs a command in a task of its own, so that a caller who leaves cancels nothing half way.
    ///
    /// # Errors
    /// 503 `unavailable` when too many run already.
    pub async fn spawned<F, Fut>(&self, run: F) -> Result<Reply, Problem>
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        let permit = self.permits.clone().try_acquire_owned();
        let permit =
            permit.map_err(|_none| Problem::unavailable("too many commands are running"))?;
        let command = run(self.clone());
        let task = async move {
            let reply = command.await;
            drop(permit);
            reply
        };
        let task = self.tasks.spawn(task.in_current_span());
        task.await.map_err(|_panicked| catalogue::INTERNAL.into())
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Orderfold commands", description = "The write side: customers, their credit, and orders."),
    tags((name = "customers"), (name = "credit"), (name = "orders"), (name = "bulk")),
)]
struct Description;

/// Every operation, and who may call it.
#[must_use]
pub fn operations() -> Operations<Commands> {
    let mut document = Description::openapi();
    let bearer = openapi::security::HttpBuilder::new()
        .scheme(openapi::security::HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("bearer", openapi::security::SecurityScheme::Http(bearer));
    document.security = Some(vec![openapi::security::SecurityRequirement::new(
        "bearer",
        Vec::<String>::new(),
    )]);
    let operations = customer_operations(Operations::new(document));
    order_operations(operations).operation(Access::authenticated(), routes!(bulk::run_commands))
}

fn customer_operations(operations: Operations<Commands>) -> Operations<Commands> {
    operations
        .operation(
            customers::REGISTER_CUSTOMER,
            routes!(customers::register_customer),
        )
        .operation(
            customers::UPDATE_CUSTOMER_PROFILE.access,
            routes!(customers::update_customer_profile),
        )
        .operation(
            customers::CHANGE_CUSTOMER_EMAIL.access,
            routes!(customers::change_customer_email),
        )
        .operation(
            customers::SAVE_CUSTOMER_ADDRESS.access,
            routes!(customers::save_customer_address),
        )
        .operation(
            customers::REMOVE_CUSTOMER_ADDRESS.access,
            routes!(customers::remove_customer_address),
        )
        .operation(
            customers::BLOCK_CUSTOMER.access,
            routes!(customers::block_customer),
        )
        .operation(
            customers::UNBLOCK_CUSTOMER.access,
            routes!(customers::unblock_customer),
        )
        .operation(
            customers::ERASE_CUSTOMER.access,
            routes!(customers::erase_customer),
        )
        .operation(credit::SET_CREDIT_TERMS, routes!(credit::set_credit_terms))
        .operation(
            credit::RECORD_ACCOUNT_PAYMENT,
            routes!(credit::record_account_payment),
        )
}

fn order_operations(operations: Operations<Commands>) -> Operations<Commands> {
    operations
        .operation(orders::PLACE_ORDER, routes!(endpoints::place_order))
        .operation(
            orders::UPDATE_ORDER_DETAILS.access,
            routes!(endpoints::update_order_details),
        )
        .operation(orders::PLACE_DRAFT.access, routes!(endpoints::place_draft))
        .operation(
            orders::DISCARD_DRAFT.access,
            routes!(endpoints::discard_draft),
        )
        .operation(
            orders::CONFIRM_ORDER.access,
            routes!(endpoints::confirm_order),
        )
        .operation(orders::HOLD_ORDER.access, routes!(endpoints::hold_order))
        .operation(
            orders::RELEASE_ORDER.access,
            routes!(endpoints::release_order),
        )
        .operation(orders::AMEND_ORDER.access, routes!(endpoints::amend_order))
        .operation(
            orders::CANCEL_ORDER.access,
            routes!(endpoints::cancel_order),
        )
        .operation(
            orders::RECORD_PAYMENT.access,
            routes!(endpoints::record_payment),
        )
        .operation(
            orders::RECORD_REFUND.access,
            routes!(endpoints::record_refund),
        )
        .operation(
            orders::RECORD_SHIPMENT.access,
            routes!(endpoints::record_shipment),
        )
        .operation(
            orders::RECORD_DELIVERY.access,
            routes!(endpoints::record_delivery),
        )
        .operation(
            orders::RECORD_RETURN.access,
            routes!(endpoints::record_return),
        )
        .operation(
            orders::ADD_ORDER_NOTE.access,
            routes!(endpoints::add_order_note),
        )
}

/// Brings the database up to date and creates the store and its topic.
///
/// # Errors
/// Whatever keeps it from that.
pub async fn migrate(config: Config) -> Result<(), StartError> {
    let parts = Parts::read(&config)?;
    let shards = ShardCount::new(config.shards).ok_or("SHARDS must be between 1 and 1024")?;
    parts.database_config.migrate().await?;
    let identity = StoreIdentity {
        store_id: clock::new_id(),
        shards,
    };
    let identity = parts
        .database
        .create_store(identity, parts.secrets.key())
        .await?;
    let check = &parts.master_key_check;
    parts.database.settle_master_key(check).await?;
    parts
        .keys
        .migrate(&parts.keys_config, identity.store_id)
        .await?;
    parts
        .kafka
        .create_topic(identity.shards, config.kafka_replication)
        .await?;
    tracing::info!(store_id = %identity.store_id, shards = identity.shards.get(), "the store is ready");
    Ok(())
}

/// Has the log published to Kafka again; says what that means.
///
/// # Errors
/// Whatever keeps it from that; nothing has changed then.
pub async fn republish(config: Config, asked: Republish) -> Result<String, StartError> {
    let recovery = Parts::read(&config)?.recovery().await?;
    Ok(recovery::republish(&recovery, asked).await?)
}

/// Begins a new epoch where the store was forked; says where.
///
/// # Errors
/// Whatever keeps it from that; nothing has changed then.
pub async fn raise_epoch(config: Config, asked: RaiseEpoch) -> Result<String, StartError> {
    let recovery = Parts::read(&config)?.recovery().await?;
    Ok(recovery::raise_epoch(&recovery, asked).await?)
}

struct Parts {
    secrets: Secrets,
    database_config: DatabaseConfig,
    database: Database,
    vault: Vault,
    /// What tells the master key from another.
    master_key_check: [u8; 32],
    keys_config: DatabaseConfig,
    keys: KeyDatabase,
    kafka: KafkaConfig,
}

impl Parts {
    fn read(config: &Config) -> Result<Self, StartError> {
        let secrets = Secrets::parse(&config.claim_key)?;
        let database_config = DatabaseConfig {
            url: config.database_url.clone(),
        };
        let database = database_config.open()?;
        let keys_config = DatabaseConfig {
            url: config.keys_database_url.clone(),
        };
        let keys = KeyDatabase::open(&keys_config)?;
        let vault_keys = VaultKeys::parse(&config.master_key, &config.view_key)?;
        let kafka = KafkaConfig {
            brokers: config.kafka_brokers.clone(),
            topic: config.kafka_topic.clone(),
        };
        Ok(Self {
            secrets,
            database_config,
            database,
            master_key_check: vault_keys.check_value(),
            vault: Vault::new(keys.clone(), vault_keys),
            keys,
            keys_config,
            kafka,
        })
    }

    /// The store, where everything that is configured fits it.
    async fn identity(&self) -> Result<StoreIdentity, StartError> {
        let identity = self.database.identity(self.secrets.key()).await?;
        let check = &self.master_key_check;
        self.database.check_master_key(check).await?;
        self.keys.check(identity.store_id).await?;
        refuse_other_topic(&self.kafka, identity.shards).await?;
        Ok(identity)
    }

    fn start_erasing(
        &self,
        store: &EventStore,
        identity: StoreIdentity,
        background: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let erasing = Erasing::new(
            (self.vault.clone(), self.keys.clone()),
            (self.database.clone(), store.clone()),
            identity.store_id,
            identity.shards,
        );
        background.spawn(erasing.run(stop.clone()));
    }

    async fn recovery(self) -> Result<Recovery, StartError> {
        let identity = self.database.identity(self.secrets.key()).await?;
        Ok(Recovery {
            database: self.database,
            kafka: self.kafka,
            identity,
        })
    }
}

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
    tokio::try_join!(parts.database.warm_up(), parts.keys.warm_up())?;

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

/// A topic with another number of partitions would send customers to the wrong places. That Kafka is away is no
/// reason not to start: commands do not need it.
async fn refuse_other_topic(kafka: &KafkaConfig, shards: ShardCount) -> Result<(), StartError> {
    match kafka.check_topic(shards).await {
        Err(error @ (TopicError::Unreachable { .. } | TopicError::Missing { .. })) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the topic was not checked"
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(()),
    }
}

fn readiness(database: Database, keys: KeyDatabase, standing: Standing) -> admin::Readiness {
    let asked = database.clone();
    admin::Readiness::default()
        .check("postgres", move || {
            let database = asked.clone();
            async move { database.ping().await.map_err(|error| error.to_string()) }
        })
        .check("keys", move || {
            let keys = keys.clone();
            async move { keys.ping().await.map_err(|error| error.to_string()) }
        })
        .check("history", move || {
            let database = database.clone();
            async move { unbroken(&database).await }
        })
        // Commands go on without Kafka.
        .warning("relay", move || {
            let standing = standing.clone();
            async move { standing.warning() }
        })
}

/// A store that has lost what this replica saw in it must not be written to.
async fn unbroken(database: &Database) -> Result<(), String> {
    match database.contradicted_shard().await {
        Ok(None) => Ok(()),
        Ok(Some(shard)) => Err(format!(
            "shard {shard} lacks events that were acknowledged: the store was restored from an older backup; begin a \
             new epoch with `command-service raise-epoch`"
        )),
        Err(error) => Err(error.to_string()),
    }
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
