//! The event store as the command handlers see it: submit, load, look up.

use std::sync::Arc;

use orderfold_events::{CustomerId, OrderNumber, Shard, ShardCount, StreamId, Timestamp, Version};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{
    Aggregate, ClaimKey, ClaimKind, Lanes, Loaded, NewEvent, Outcome, StoreError, StoredAnswer,
    Submission, writer::Job,
};
use crate::database::Database;

/// The one way to the log. Cheap to clone.
#[derive(Clone)]
pub struct EventStore {
    database: Database,
    writers: Arc<[mpsc::Sender<Job>]>,
    shards: ShardCount,
    lanes: Lanes,
}

impl EventStore {
    pub(crate) fn new(
        database: Database,
        writers: Arc<[mpsc::Sender<Job>]>,
        shards: ShardCount,
    ) -> Self {
        Self {
            database,
            writers,
            shards,
            lanes: Lanes::default(),
        }
    }

    /// The shard of a customer and of everything that is the customer's.
    #[must_use]
    pub fn shard_of(&self, customer: CustomerId) -> Shard {
        self.shards.shard_of(customer)
    }

    /// Submits one decision and waits for its fate. Nothing is lost when the caller stops waiting: the writer owns
    /// the submission from here.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] at once when too much waits, with nothing done; [`StoreError::Unavailable`] when the
    /// deadline passes without an answer, and then only the same key tells whether it took effect.
    pub async fn submit(
        &self,
        submission: Submission,
        deadline: Instant,
    ) -> Result<Outcome, StoreError> {
        for event in &submission.events {
            let bytes = event.data.len();
            if bytes > NewEvent::DATA_BYTES_MAX {
                let bytes_max = NewEvent::DATA_BYTES_MAX;
                return Err(StoreError::EventTooLarge { bytes, bytes_max });
            }
        }
        let (reply, answer) = oneshot::channel();
        let writer = &self.writers[usize::from(submission.shard.0) % self.writers.len()];
        writer
            .try_send(Job {
                submission,
                deadline,
                reply,
            })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable(None),
            })?;
        match timeout_at(deadline, answer).await {
            Ok(Ok(outcome)) => outcome,
            // The deadline has passed, or the writer has given up.
            Ok(Err(_)) | Err(_) => Err(StoreError::Unavailable(None)),
        }
    }

    /// Decides and submits until the outcome is other than stale: `attempt` loads, decides and returns a submission,
    /// and is called again when something it looked at has moved on meanwhile. Attempts on one `lane`, the stream that
    /// the command is about, take turns in this replica.
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
        let lane = timeout_at(deadline, self.lanes.enter(lane)).await;
        let _lane = lane.map_err(|_elapsed| StoreError::Contended)?;
        loop {
            let attempted = timeout_at(deadline, attempt()).await;
            let (decided, submission) =
                attempted.map_err(|_elapsed| StoreError::Unavailable(None))??;
            match self.submit(submission, deadline).await? {
                Outcome::Stale if Instant::now() >= deadline => {
                    return Err(StoreError::Contended.into());
                }
                Outcome::Stale => metrics::counter!("orderfold_decisions_stale_total").increment(1),
                outcome => return Ok((decided, outcome)),
            }
        }
    }

    /// Folds a stream; an empty one is the initial state at [`Version::NONE`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::Corrupt`] when what is stored is no event of the aggregate.
    pub async fn load<A: Aggregate>(&self, stream: StreamId) -> Result<Loaded<A>, StoreError> {
        let rows = self.database.stream_events(stream).await?;
        let mut loaded = Loaded {
            state: A::initial(),
            version: Version::NONE,
        };
        for row in &rows {
            let event = A::decode(&row.event_type, &row.data)?;
            loaded = Loaded {
                state: loaded.state.evolve(&event),
                version: row.version,
            };
        }
        Ok(loaded)
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
