//! Everything a test of the consumer needs: a topic and a database of its own, a store, a producer, and replicas that
//! come and go.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono_tz::Tz;
use orderfold_events::{Position, Shard};
use orderfold_stack::TestServers;
use query_service::{
    consumer::{Consumer, ConsumerOptions, Health, Replay},
    database::{Database, StoreIdentity},
    keys::KeyRing,
    ops::operations::Operations,
    progress::Progress,
    projections::ReadModel,
    store::StoreClient,
};
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use secrecy::SecretString;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    expected::assert_exact,
    fake_store::{SharedStore, Store, TOKEN, VIEW_KEY, serve},
    history::{History, Recorded},
};

pub const SHARDS: u16 = 8;
pub const ZONE: Tz = chrono_tz::Australia::Lord_Howe;
/// Nothing here takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(20);
const KEY_CACHE: Duration = Duration::from_mins(1);

/// One test's world.
pub struct World {
    pub database: Database,
    pub store: SharedStore,
    store_url: String,
    brokers: String,
    pub topic: String,
    group: String,
    producer: FutureProducer,
}

/// A query service without its API.
pub struct Replica {
    pub health: Arc<Health>,
    pub progress: Arc<Progress>,
    cancel: CancellationToken,
    following: JoinHandle<()>,
    consuming: JoinHandle<()>,
}

impl World {
    pub async fn new() -> Self {
        // Shown when a test fails.
        let _ = tracing_subscriber::fmt()
            .with_env_filter("query_service=debug")
            .with_test_writer()
            .try_init();
        let servers = TestServers::shared();
        let uri = servers.fresh_mongo_database().await.unwrap();
        let brokers = servers.kafka_brokers().await.unwrap();
        let topic = servers.fresh_topic(i32::from(SHARDS)).await.unwrap();
        let history = History::new(SHARDS);
        let store = Arc::new(Mutex::new(Store::new(history)));
        let producer = ClientConfig::new()
            .set("bootstrap.servers", &brokers)
            .set("linger.ms", "0")
            .create()
            .unwrap();
        Self {
            database: Database::open(&uri).await.unwrap(),
            store_url: serve(Arc::clone(&store)).await,
            store,
            brokers,
            group: format!("{topic}-group"),
            topic,
            producer,
        }
    }

    /// Changes the store's history, and answers the events that were added.
    pub fn record<T>(&self, change: impl FnOnce(&mut History) -> T) -> (T, Vec<Recorded>) {
        let mut store = self.store.lock().unwrap();
        let before = store.history.log.len();
        let outcome = change(&mut store.history);
        (outcome, store.history.log[before..].to_vec())
    }

    pub fn history(&self) -> History {
        self.store.lock().unwrap().history.clone()
    }

    /// How many pages of the feed were asked for so far.
    pub fn pages(&self) -> usize {
        self.store.lock().unwrap().pages
    }

    /// Sends events to Kafka, each shard's in the given order.
    pub async fn publish(&self, events: &[Recorded]) {
        let store_id = self.store.lock().unwrap().id;
        let mut acknowledgements = Vec::new();
        for Recorded {
            envelope,
            event,
            data,
        } in events
        {
            let headers = envelope.to_headers(store_id).into_iter().fold(
                OwnedHeaders::new(),
                |headers, (key, value)| {
                    headers.insert(Header {
                        key,
                        value: Some(&value),
                    })
                },
            );
            let key = event.customer_id().to_string();
            let record = FutureRecord::to(&self.topic)
                .partition(i32::from(envelope.coordinate.shard.0))
                .key(&key)
                .payload(data)
                .headers(headers);
            acknowledgements.push(
                self.producer
                    .send_result(record)
                    .map_err(|(error, _)| error)
                    .unwrap(),
            );
        }
        for acknowledgement in acknowledgements {
            acknowledgement.await.unwrap().unwrap();
        }
    }

    /// Sends a record that is no event.
    pub async fn publish_rubbish(&self, shard: Shard) {
        let record = FutureRecord::<(), _>::to(&self.topic)
            .partition(i32::from(shard.0))
            .payload(b"rubbish");
        self.producer
            .send(record, PATIENCE)
            .await
            .map_err(|(error, _)| error)
            .unwrap();
    }

    /// What the store would have recorded next, had it not lost it.
    pub fn history_ahead(&self, change: impl FnOnce(&mut History)) -> Vec<Recorded> {
        let mut ahead = self.history();
        let before = ahead.log.len();
        change(&mut ahead);
        ahead.log.split_off(before)
    }

    /// Changes events as if they had been recorded so, in the store and in the given copies.
    pub fn rewrite(&self, events: &mut [Recorded], change: impl Fn(&mut Recorded)) {
        let mut store = self.store.lock().unwrap();
        for event in events {
            change(event);
            let stored = store
                .history
                .log
                .iter_mut()
                .find(|stored| stored.envelope.event_id == event.envelope.event_id);
            *stored.unwrap() = event.clone();
        }
    }

    /// The checkpoints, to be tampered with.
    pub fn checkpoints(&self) -> mongodb::Collection<bson::Document> {
        self.collection("checkpoints")
    }

    /// Any collection, by its full name.
    pub fn collection(&self, name: &str) -> mongodb::Collection<bson::Document> {
        self.database
            .order_list()
            .client()
            .database(&self.name())
            .collection(name)
    }

    /// What operators use.
    pub fn operations(&self) -> Operations {
        let progress = Progress::new(self.database.clone(), self.client());
        Operations::new(self.database.clone(), Arc::new(progress))
    }

    /// What recomputes read models.
    pub fn replay(&self) -> Replay {
        let store = self.store.lock().unwrap();
        let identity = StoreIdentity {
            store_id: store.id,
            shards: store.history.shards,
            reporting_zone: ZONE,
        };
        drop(store);
        let keys = key_ring(&self.database, &self.client());
        Replay::new(self.database.clone(), (self.client(), keys), identity)
    }

    fn client(&self) -> Arc<StoreClient> {
        let bases = ["http://127.0.0.1:1".to_owned(), self.store_url.clone()];
        let store = StoreClient::new(&bases, SecretString::from(TOKEN));
        Arc::new(store.unwrap())
    }

    /// Waits for something that the database says.
    pub async fn wait_until<F: Future<Output = bool>>(&self, what: &str, is_so: impl Fn() -> F) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so().await {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            sleep(POLL).await;
        }
    }

    /// Waits until every projection stands at the head of every shard.
    pub async fn wait_for_heads(&self) {
        let heads = self.heads();
        self.wait_for_positions("every projection at its head", |_, shard, position| {
            heads[&shard] == position
        })
        .await;
    }

    fn name(&self) -> String {
        self.database.order_list().namespace().db
    }

    /// A replica of the usual kind.
    pub fn replica(&self) -> Replica {
        self.replica_of(self.group.clone(), ZONE, u32::MAX)
    }

    /// A replica that is configured for another reporting zone, perhaps.
    pub fn replica_in(&self, zone: Tz) -> Replica {
        self.replica_of(self.group.clone(), zone, u32::MAX)
    }

    /// A replica with very little memory for events in flight.
    pub fn replica_with_budget(&self, budget_kib: u32) -> Replica {
        self.replica_of(self.group.clone(), ZONE, budget_kib)
    }

    /// A replica in a group of its own: it works on every shard, whoever else does.
    pub fn zombie(&self) -> Replica {
        self.replica_of(format!("{}-zombie", self.group), ZONE, u32::MAX)
    }

    /// A replica that only answers readers.
    pub fn watcher(&self) -> Replica {
        let mut replica = self.replica_of(format!("{}-watcher", self.group), ZONE, u32::MAX);
        replica.consuming.abort();
        replica.consuming = tokio::spawn(async {});
        replica
    }

    fn replica_of(&self, group: String, reporting_zone: Tz, budget_kib: u32) -> Replica {
        let store = self.client();
        let database = self.database.clone();
        let progress = Arc::new(Progress::new(database.clone(), Arc::clone(&store)));
        let cancel = CancellationToken::new();
        let options = ConsumerOptions {
            brokers: self.brokers.clone(),
            topic: self.topic.clone(),
            group,
            reporting_zone,
        };
        let keys = key_ring(&database, &store);
        let consumer = Consumer::new(
            options,
            database,
            (store, keys),
            Arc::clone(&progress),
            cancel.clone(),
        );
        let consumer = consumer.with_budget_kib(budget_kib);
        let health = consumer.health();
        let following = tokio::spawn({
            let (progress, cancel) = (Arc::clone(&progress), cancel.clone());
            async move { progress.follow(&cancel).await }
        });
        Replica {
            health,
            progress,
            cancel,
            following,
            consuming: tokio::spawn(consumer.run()),
        }
    }

    /// Waits until every projection has folded every shard up to its head, and compares everything.
    pub async fn settle(&self) {
        self.wait_for_heads().await;
        assert_exact(&self.database, &self.history()).await;
    }

    pub fn heads(&self) -> BTreeMap<Shard, Position> {
        let history = self.history();
        history
            .shards
            .shards()
            .map(|shard| (shard, history.head(shard).0))
            .collect()
    }

    /// Waits until every checkpoint is as wished.
    pub async fn wait_for_positions(
        &self,
        what: &str,
        is_right: impl Fn(ReadModel, Shard, Position) -> bool,
    ) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let checkpoints = self.database.checkpoints().await.unwrap();
            let wrong: Vec<_> = checkpoints
                .iter()
                .filter(|known| !is_right(known.projection, known.shard, known.position))
                .map(|known| (known.id.as_str(), known.position.0))
                .collect();
            let count = ReadModel::ALL.len() * usize::from(SHARDS);
            if wrong.is_empty() && checkpoints.len() == count {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain for {what}: {wrong:?}"
            );
            sleep(POLL).await;
        }
    }
}

impl Replica {
    /// How many shards it works on.
    pub fn shards(&self) -> usize {
        self.progress.assignments().all().len()
    }

    /// Stops in order.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.consuming.await.unwrap();
        self.following.await.unwrap();
    }

    /// Stops in the middle of whatever it does, as a killed process would.
    pub async fn kill(self) {
        self.consuming.abort();
        let aborted = self.consuming.await;
        assert!(aborted.is_err(), "it was working until now");
        self.cancel.cancel();
        self.following.await.unwrap();
    }

    /// Waits for something about this replica.
    pub async fn wait_until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            sleep(POLL).await;
        }
    }
}

fn key_ring(database: &Database, store: &Arc<StoreClient>) -> KeyRing {
    let key = VIEW_KEY.parse().unwrap();
    KeyRing::new(database.clone(), Arc::clone(store), &key, KEY_CACHE)
}
