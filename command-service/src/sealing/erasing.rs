//! What follows when a customer is erased: the key is destroyed, and then that is recorded. It looks for erased customers
//! at its start, so that it also does again what a restored backup of the keys has undone; and it removes keys of
//! customers that never came to be.

use std::{collections::BTreeMap, time::Duration};

use orderfold_events::{
    Actor, CustomerId, EventId, Position, Shard, ShardCount, StreamId,
    customer::{CustomerEvent, CustomerStatus, KeyDestroyed},
};
use orderfold_http::clock;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Vault;
use crate::{
    database::{Database, Erasure, KeyDatabase},
    event_sourcing::{
        Answer, EventStore, IdempotencyKey, NewEvent, Outcome, Retention, StoreError, Submission,
    },
};

/// Erased customers, or keys, that are looked at in one go.
const ROWS_MAX: i64 = 500;
const ORPHANED_HOURS: i32 = 24;
const PAUSE: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(10);

/// Destroys the keys of erased customers.
pub struct Erasing {
    vault: Vault,
    keys: KeyDatabase,
    database: Database,
    store: EventStore,
    actor: Actor,
    /// Up to where of each shard all is done.
    done: BTreeMap<Shard, Position>,
}

impl Erasing {
    #[must_use]
    pub fn new(
        (vault, keys): (Vault, KeyDatabase),
        (database, store): (Database, EventStore),
        store_id: Uuid,
        shards: ShardCount,
    ) -> Self {
        Self {
            vault,
            keys,
            database,
            store,
            actor: Actor(format!("system:{store_id}")),
            done: shards
                .shards()
                .map(|shard| (shard, Position::START))
                .collect(),
        }
    }

    /// Goes on until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let more = match self.round().await {
                Ok(more) => more,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "erased customers' keys were not destroyed yet");
                    false
                }
            };
            if !more {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }

    /// Does one batch of what there is to do, and says whether there is more.
    ///
    /// # Errors
    /// [`StoreError`] when a database is away; what was not done is found again.
    pub async fn round(&mut self) -> Result<bool, StoreError> {
        let done: Vec<_> = self.done.iter().map(|(&shard, &at)| (shard, at)).collect();
        let erasures = self.database.erasures(&done, ROWS_MAX).await?;
        let customers: Vec<CustomerId> = erasures.iter().map(|erasure| erasure.customer).collect();
        if !customers.is_empty() {
            self.vault.destroy(&customers).await?;
        }
        for erasure in &erasures {
            if !erasure.settled && !self.record(erasure).await? {
                // Its stream has moved on: it is looked at again in the next round.
                return Ok(true);
            }
            self.done.insert(erasure.shard, erasure.position);
        }
        let orphans = self.remove_orphans().await?;
        let full = |rows: usize| i64::try_from(rows).is_ok_and(|rows| rows >= ROWS_MAX);
        Ok(full(erasures.len()) || full(orphans))
    }

    /// Records that a key is destroyed; false when the customer's stream moved meanwhile.
    async fn record(&self, erasure: &Erasure) -> Result<bool, StoreError> {
        let customer = erasure.customer;
        let stream = StreamId::Customer(customer);
        let event = CustomerEvent::KeyDestroyed(KeyDestroyed {
            customer_id: customer,
            status: CustomerStatus::Erased,
        });
        let correlation_id = clock::new_id();
        // Another replica that does the same at once does it under the same key.
        let key = Sha256::new()
            .chain_update(b"orderfold key destroyed")
            .chain_update(customer.0)
            .finalize();
        let submission = Submission {
            shard: self.store.shard_of(customer),
            read_set: vec![(stream, erasure.version)],
            events: vec![NewEvent {
                stream,
                event_id: EventId(clock::new_id()),
                customer,
                event_type: event.event_type(),
                occurred_at: clock::now().into(),
                correlation_id,
                causation_id: correlation_id,
                actor: self.actor.clone(),
                traceparent: None,
                data: event.encode()?.into(),
            }],
            claims: Vec::new(),
            timers: Vec::new(),
            idempotency: IdempotencyKey {
                key: key.into(),
                fingerprint: key.into(),
                internal: true,
            },
            answer: Answer {
                status: 200,
                body: Vec::new(),
                stream: Some(stream),
                version: erasure.version.plus(1),
                retention: Retention::Kept,
            },
        };
        let outcome = self
            .store
            .submit(submission, Instant::now() + DEADLINE)
            .await?;
        match outcome {
            Outcome::Accepted { .. } | Outcome::Replayed(_) => Ok(true),
            Outcome::Stale | Outcome::KeyReused | Outcome::Taken { .. } => Ok(false),
        }
    }

    /// A key is made before its customer is recorded; where that never happened it is of no use.
    async fn remove_orphans(&self) -> Result<usize, StoreError> {
        let unconfirmed = self.keys.unconfirmed(ORPHANED_HOURS, ROWS_MAX).await?;
        if unconfirmed.is_empty() {
            return Ok(0);
        }
        let existing = self.database.existing(&unconfirmed).await?;
        self.keys.confirm(&existing).await?;
        self.keys.remove(&unconfirmed).await?;
        Ok(unconfirmed.len())
    }
}
