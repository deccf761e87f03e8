//! The event store as the command handlers see it: submit, settle, load, look up.

use std::sync::Arc;

use orderfold_events::{CustomerId, OrderNumber, Shard, ShardCount, StreamId, Timestamp};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{
    Aggregate, ClaimKey, ClaimKind, Lanes, Loaded, NewEvent, Outcome, StoreError, StoredAnswer,
    Submission,
    hot::{Hot, Seen},
    reader::Reader,
    writer::Job,
};
use crate::database::Database;

type Fate = oneshot::Receiver<Result<Outcome, StoreError>>;

/// The one way to the log. Cheap to clone.
#[derive(Clone)]
pub struct EventStore {
    database: Database,
    writers: Arc<[mpsc::Sender<Job>]>,
    shards: ShardCount,
    lanes: Lanes,
    hot: Hot,
    reader: Reader,
}

impl EventStore {
    pub(super) fn new(
        database: Database,
        writers: Arc<[mpsc::Sender<Job>]>,
        shards: ShardCount,
        hot: Hot,
    ) -> Self {
        Self {
            reader: Reader::new(database.clone()),
            database,
            writers,
            shards,
            lanes: Lanes::default(),
            hot,
        }
    }

    /// The shard of a customer and of everything that is the customer's.
    #[must_use]
    pub fn shard_of(&self, customer: CustomerId) -> Shard {
        self.shards.shard_of(customer)
    }

    /// Submits one decision and waits for its fate. Nothing is lost when the caller stops waiting: the writer owns
    /// the submission from here. What others decide is not built on it before it is stored.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] at once when too much waits, with nothing done; [`StoreError::Unavailable`] when the
    /// deadline passes without an answer, and then only the same key tells whether it took effect.
    pub async fn submit(
        &self,
        submission: Submission,
        deadline: Instant,
    ) -> Result<Outcome, StoreError> {
        check_size(&submission)?;
        let fate = self.send(submission, Seen::default(), deadline)?;
        await_fate(fate, deadline).await
    }

    fn send(
        &self,
        submission: Submission,
        seen: Seen,
        deadline: Instant,
    ) -> Result<Fate, StoreError> {
        let (reply, fate) = oneshot::channel();
        let writer = &self.writers[usize::from(submission.shard.0) % self.writers.len()];
        writer
            .try_send(Job {
                submission,
                seen,
                deadline,
                reply,
            })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable(None),
            })?;
        Ok(fate)
    }

    /// Decides and submits until the outcome is other than stale: `attempt` loads, decides and returns a submission,
    /// and is called again when something it looked at has moved on meanwhile. Attempts on one `lane`, the stream that
    /// the command is about, are made one after the other in this replica, each on what the one before it leaves; they
    /// wait for their fates side by side.
    ///
    /// # Errors
    /// Those of `attempt`, and [`StoreError`]; [`StoreError::Contended`] when the deadline passes first.
    pub async fn settle<T, E, F, Fut>(
        &self,
        lane: StreamId,
        deadline: Instant,
        attempt: F,
    ) -> Result<(T, Outcome), E>
    where
        E: From<StoreError>,
        F: Fn() -> Fut + Send,
        Fut: Future<Output = Result<(T, Submission), E>> + Send,
    {
        loop {
            let (decided, fate) = self.queue(lane, deadline, &attempt).await?;
            match await_fate(fate, deadline).await? {
                Outcome::Stale if Instant::now() >= deadline => {
                    return Err(StoreError::Contended.into());
                }
                Outcome::Stale => metrics::counter!("orderfold_decisions_stale_total").increment(1),
                outcome => return Ok((decided, outcome)),
            }
        }
    }

    /// Decides in the lane, until the decision is in the queue behind everything that it was built on.
    async fn queue<T, E, F, Fut>(
        &self,
        lane: StreamId,
        deadline: Instant,
        attempt: &F,
    ) -> Result<(T, Fate), E>
    where
        E: From<StoreError>,
        F: Fn() -> Fut + Send,
        Fut: Future<Output = Result<(T, Submission), E>> + Send,
    {
        let lane = timeout_at(deadline, self.lanes.enter(lane)).await;
        let _lane = lane.map_err(|_elapsed| StoreError::Contended)?;
        loop {
            let generation = self.hot.generation();
            let attempted = timeout_at(deadline, attempt()).await;
            let (decided, submission) =
                attempted.map_err(|_elapsed| StoreError::Unavailable(None))??;
            check_size(&submission)?;
            let send = |submission, seen| self.send(submission, seen, deadline);
            if let Some(fate) = self.hot.queue(generation, submission, send).await? {
                return Ok((decided, fate));
            }
            metrics::counter!("orderfold_decisions_overtaken_total").increment(1);
            if Instant::now() >= deadline {
                return Err(StoreError::Contended.into());
            }
            tokio::task::yield_now().await;
        }
    }

    /// What a stream folds into, with what waits in the queues of this replica; an empty one is the initial state at
    /// [`Version::NONE`](orderfold_events::Version::NONE). It may be behind other replicas, and ahead of what comes to
    /// be stored: what is decided on it holds once the append has checked the read set.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::Corrupt`] when what is stored is no event of the aggregate.
    pub async fn load<A: Aggregate>(&self, stream: StreamId) -> Result<Loaded<A>, StoreError> {
        let found = self.hot.find::<A>(stream).await?;
        let (mut folded, stored) = if let Some(found) = found {
            found
        } else {
            let folded = self.reader.read(stream).await?;
            self.hot.remember(stream, &folded).await;
            (folded, true)
        };
        if stored && self.reader.keep(stream, &mut folded) {
            self.hot.remember(stream, &folded).await;
        }
        Ok(folded.loaded)
    }

    /// The stream that holds a claim.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot tell.
    pub async fn find_claim(
        &self,
        kind: ClaimKind,
        key: &ClaimKey,
    ) -> Result<Option<StreamId>, StoreError> {
        self.database.claim_owner(kind, key).await
    }

    /// The answer that was kept under an idempotency key.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot tell.
    pub async fn find_answer(&self, key: &[u8; 32]) -> Result<Option<StoredAnswer>, StoreError> {
        self.database.answer(key).await
    }

    /// A number for an order; one that is drawn and not used leaves a gap.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_order_number(&self, placed_at: Timestamp) -> Result<OrderNumber, StoreError> {
        let sequence = self.database.next_order_sequence().await?;
        Ok(OrderNumber::new(placed_at, sequence))
    }
}

fn check_size(submission: &Submission) -> Result<(), StoreError> {
    let bytes_max = NewEvent::DATA_BYTES_MAX;
    let mut sizes = submission.events.iter().map(|event| event.data.len());
    match sizes.find(|bytes| *bytes > bytes_max) {
        Some(bytes) => Err(StoreError::EventTooLarge { bytes, bytes_max }),
        None => Ok(()),
    }
}

async fn await_fate(fate: Fate, deadline: Instant) -> Result<Outcome, StoreError> {
    match timeout_at(deadline, fate).await {
        Ok(Ok(outcome)) => outcome,
        // The deadline has passed, or the writer has given up.
        Ok(Err(_)) | Err(_) => Err(StoreError::Unavailable(None)),
    }
}
