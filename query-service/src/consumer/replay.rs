//! Recomputing a read model from the event store: the feed is folded, by the same view, into a build that nobody reads,
//! up to exactly where the build in question stands; then the two are compared. Live traffic goes on beside it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use orderfold_events::{Position, Shard, StreamId};
use tracing::debug;

use super::{
    acceptance::advanced,
    pacing::Backoff,
    parking::{Contradictions, Parking},
    record::{Record, Source},
    views::{ForView, View, ViewError, for_view, keys_for},
};
use crate::{
    database::{
        Build, Checkpoint, Database, DatabaseError, StoreIdentity, Transaction,
        comparing::Comparison,
        transaction::{Fence, Move},
    },
    keys::{KeyRing, KeysError},
    projections::{FoldKeys, ReadModel},
    store::{FeedEvent, StoreClient, StoreError},
};

/// How often a question to the store is repeated before the whole is given up.
const ATTEMPTS_MAX: u32 = 10;
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Why a read model could not be recomputed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the feed cannot be read")]
    Store(#[from] StoreError),
    #[error("shard {shard} is folded up to {folded}, but the feed ends at {end}")]
    FeedEnds {
        shard: Shard,
        folded: Position,
        end: Position,
    },
    #[error("the keys of personal data cannot be had")]
    Keys(#[from] KeysError),
    #[error("the same read model is being verified by somebody else")]
    Disturbed,
}

/// Recomputes read models.
#[derive(Debug, Clone)]
pub struct Replay {
    database: Database,
    store: Arc<StoreClient>,
    keys: KeyRing,
    identity: StoreIdentity,
}

/// One read model on its way.
struct Recomputation<'a> {
    replay: &'a Replay,
    read_model: ReadModel,
    build: Build,
    /// Only the events of one customer in so many are folded.
    one_in: u64,
}

/// How far the scratch build is.
struct Scratch {
    checkpoints: BTreeMap<Shard, Checkpoint>,
    parked: BTreeSet<StreamId>,
}

impl Replay {
    #[must_use]
    pub fn new(
        database: Database,
        (store, keys): (Arc<StoreClient>, KeyRing),
        identity: StoreIdentity,
    ) -> Self {
        Self {
            database,
            store,
            keys,
            identity,
        }
    }

    /// Compares a build with what the events say, looking at one customer in `one_in`; sums over many customers are
    /// always compared whole.
    ///
    /// # Errors
    /// [`ReplayError`] when something is away, or the store lacks what was folded.
    pub async fn verify(
        &self,
        read_model: ReadModel,
        build: Build,
        one_in: u64,
    ) -> Result<Comparison, ReplayError> {
        let database = &self.database;
        database.drop_build(read_model, Build::SCRATCH).await?;
        database.bootstrap_build(read_model, Build::SCRATCH).await?;
        database
            .ensure_checkpoints_of(read_model, Build::SCRATCH, self.identity.shards)
            .await?;
        let recomputation = Recomputation {
            replay: self,
            read_model,
            build,
            one_in: if read_model.gathers() {
                1
            } else {
                one_in.max(1)
            },
        };
        let outcome = for_view(read_model, self.identity, recomputation).await;
        database.drop_build(read_model, Build::SCRATCH).await?;
        outcome
    }
}

impl<'a> ForView for Recomputation<'a> {
    type Output = BoxFuture<'a, Result<Comparison, ReplayError>>;

    fn with<V: View>(self, view: V) -> Self::Output {
        Box::pin(async move { self.run(&view).await })
    }
}

impl Recomputation<'_> {
    /// First everything up to now, then, in a snapshot, the little that came since.
    async fn run(&self, view: &impl View) -> Result<Comparison, ReplayError> {
        let database = &self.replay.database;
        let mut scratch = Scratch {
            checkpoints: BTreeMap::new(),
            parked: BTreeSet::new(),
        };
        let key = [(self.read_model, self.build)];
        for checkpoint in database.checkpoints_of(key.into_iter()).await? {
            self.fold_up_to(view, &mut scratch, &checkpoint).await?;
        }
        let mut snapshot = database.snapshot().await?;
        let stands = snapshot.checkpoints(self.read_model, self.build).await?;
        for checkpoint in stands.values() {
            self.fold_up_to(view, &mut scratch, checkpoint).await?;
        }
        let truth = (Build::SCRATCH, self.one_in > 1);
        Ok(snapshot.compare(self.read_model, self.build, truth).await?)
    }

    async fn fold_up_to(
        &self,
        view: &impl View,
        scratch: &mut Scratch,
        goal: &Checkpoint,
    ) -> Result<(), ReplayError> {
        let shard = goal.shard;
        loop {
            let stands = scratch.checkpoint(self.read_model, shard);
            if stands.position >= goal.position {
                return Ok(());
            }
            let page = self.page(shard, stands.position).await?;
            let records: Vec<Arc<Record>> = page
                .into_iter()
                .take_while(|event| event.envelope.coordinate.position <= goal.position)
                .map(|FeedEvent { envelope, data }| {
                    let shards = self.replay.identity.shards;
                    Arc::new(Record::read(envelope, &data, shards, Source::Feed))
                })
                .collect();
            let Some(last) = records.last() else {
                return Err(ReplayError::FeedEnds {
                    shard,
                    folded: goal.position,
                    end: stands.position,
                });
            };
            let step = Move {
                to: advanced(&stands, last),
                from: stands,
            };
            self.fold(view, scratch, (step, &records)).await?;
        }
    }

    async fn page(&self, shard: Shard, after: Position) -> Result<Vec<FeedEvent>, StoreError> {
        let mut backoff = Backoff::new(RETRY_MAX);
        let mut attempts = ATTEMPTS_MAX;
        loop {
            attempts = attempts.saturating_sub(1);
            match self.replay.store.feed(shard, after).await {
                Err(error) if attempts > 0 && !error.is_lasting() => {
                    debug!(
                        error = &error as &dyn std::error::Error,
                        "the feed is asked again"
                    );
                    backoff.wait().await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Folds one page, with the streams parked that contradict their documents: as the build in question had to.
    async fn fold<V: View>(
        &self,
        view: &V,
        scratch: &mut Scratch,
        (step, records): (Move, &[Arc<Record>]),
    ) -> Result<(), ReplayError> {
        let sampled: Vec<_> = records
            .iter()
            .filter(|record| self.is_sampled(record))
            .cloned()
            .collect();
        let keys = self.replay.keys.for_fold(keys_for::<V>(&sampled)).await?;
        let mut contradictions = Contradictions::new();
        loop {
            let parked = &scratch.parked;
            let parking = Parking::of(
                &sampled,
                |_, stream| parked.contains(&stream),
                &contradictions,
            );
            match self.write(view, &step, (&parking, &keys)).await {
                Ok(Fence::Passed) => {
                    let parked: Vec<_> = parking.newly_parked().map(|(stream, _)| stream).collect();
                    scratch.parked.extend(parked);
                    scratch.checkpoints.insert(step.to.shard, step.to);
                    return Ok(());
                }
                Ok(Fence::Lost) => return Err(ReplayError::Disturbed),
                Err(ViewError::Contradiction { record, cause }) => {
                    contradictions.insert(record.event_id(), cause.to_string());
                }
                Err(ViewError::Database(error)) if error.is_conflict() => {}
                Err(ViewError::Database(error)) => return Err(error.into()),
            }
        }
    }

    async fn write(
        &self,
        view: &impl View,
        step: &Move,
        (parking, keys): (&Parking, &FoldKeys),
    ) -> Result<Fence, ViewError> {
        let database = &self.replay.database;
        let mut transaction = database.transaction_in(Build::SCRATCH).await?;
        let outcome = self
            .write_in(&mut transaction, view, step, (parking, keys))
            .await;
        if let Ok(Fence::Passed) = outcome {
            transaction.commit().await?;
        } else {
            transaction.abort().await;
        }
        outcome
    }

    async fn write_in(
        &self,
        transaction: &mut Transaction,
        view: &impl View,
        step: &Move,
        (parking, keys): (&Parking, &FoldKeys),
    ) -> Result<Fence, ViewError> {
        if transaction.advance(std::slice::from_ref(step)).await? == Fence::Lost {
            return Ok(Fence::Lost);
        }
        let documents = view.read(transaction, &parking.fold).await?;
        view.write(transaction, &parking.fold, keys, documents)
            .await?;
        Ok(Fence::Passed)
    }

    fn is_sampled(&self, record: &Record) -> bool {
        match &record.content {
            Ok(content) => {
                let customer = content.event.customer_id().0.as_u128();
                customer.is_multiple_of(u128::from(self.one_in))
            }
            // It is no customer's that we know of; in the whole it parks its stream.
            Err(_) => self.one_in == 1,
        }
    }
}

impl Scratch {
    fn checkpoint(&self, read_model: ReadModel, shard: Shard) -> Checkpoint {
        let known = self.checkpoints.get(&shard).cloned();
        known.unwrap_or_else(|| Checkpoint::start_of(read_model, Build::SCRATCH, shard))
    }
}
