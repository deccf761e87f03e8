//! The one loop that reads Kafka: every record is read once and handed to every projection. Memory for events in
//! flight is bounded; when it is used up, the partitions are paused until half of it is free again.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use metrics::counter;
use orderfold_events::{Envelope, Shard, ShardCount};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{CommitMode, Consumer as _},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tracing::{debug, error, warn};

use super::{
    ConsumerOptions, RECORD_KIB_MIN, Shared,
    builds::Queues,
    kafka::{self, Kafka, close, for_assigned, out_of_range},
    projector::Delivery,
    rebalance::{Rebalancing, shard_of},
    record::{Record, Source},
};

/// How often the group's offsets are brought up to date; only tools that show lags read them.
const COMMIT_INTERVAL: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_secs(1);

/// Reads the log for all projectors.
pub(super) struct Reader {
    options: ConsumerOptions,
    shared: Shared,
    shards: ShardCount,
    queues: Arc<Queues>,
    budget_kib: u32,
    budget: Arc<Semaphore>,
}

impl Reader {
    pub(super) fn new(
        options: ConsumerOptions,
        budget_kib: u32,
        shared: Shared,
        shards: ShardCount,
        queues: Arc<Queues>,
    ) -> Self {
        Self {
            options,
            shared,
            shards,
            queues,
            budget_kib,
            budget: Arc::new(Semaphore::new(budget_kib as usize)),
        }
    }

    /// Reads until cancelled; a client that cannot go on is replaced.
    pub(super) async fn run(self) {
        let cancel = self.shared.cancel.clone();
        let mut rewound = BTreeSet::new();
        while !cancel.is_cancelled() {
            let context = Rebalancing {
                progress: Arc::clone(&self.shared.progress),
                rewound: std::mem::take(&mut rewound),
            };
            match kafka::connect(&self.options, context) {
                Ok(kafka) => {
                    let kafka = Arc::new(kafka);
                    self.shared.health.set_running(true);
                    rewound = self.read(&kafka).await;
                    self.shared.health.set_running(false);
                    close(kafka).await;
                    self.shared.progress.assignments().revoke_all();
                }
                Err(error) => error!(%error, "the consumer of Kafka cannot be set up"),
            }
            cancel.run_until_cancelled(sleep(RETRY)).await;
        }
    }

    /// Reads for as long as this client can; answers the shards that the next one has to read from the beginning.
    async fn read(&self, kafka: &Arc<Kafka>) -> BTreeSet<Shard> {
        let mut commit = interval(COMMIT_INTERVAL);
        commit.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.shared.cancel.cancelled() => return BTreeSet::new(),
                _ = commit.tick() => self.commit(kafka),
                received = kafka.recv() => match received {
                    Ok(message) => {
                        let record = self.record(&message);
                        drop(message);
                        if let Some(record) = record {
                            self.hand_over(kafka, record).await;
                        }
                    }
                    Err(KafkaError::MessageConsumptionFatal(code)) => {
                        error!(%code, "the consumer of Kafka is beyond repair and is replaced");
                        return BTreeSet::new();
                    }
                    Err(error) => {
                        let lost = self.lost_shards(kafka, &error).await;
                        if !lost.is_empty() {
                            return lost;
                        }
                    }
                },
            }
        }
    }

    /// The event that a message holds. Something else, or an event with unreadable headers, is not handed on: where an
    /// event should have been, the next one reveals the gap, and the store has it.
    fn record(&self, message: &BorrowedMessage<'_>) -> Option<Delivery> {
        let shard = shard_of(message.partition())?;
        let assignment = self.shared.progress.assignments().of(shard)?;
        let headers = message.headers().map(Headers::iter).into_iter().flatten();
        let envelope = Envelope::from_headers(
            headers.map(|header| (header.key, header.value.unwrap_or_default())),
        );
        match envelope {
            Ok(envelope) if envelope.coordinate.shard == shard => {
                let source = Source::Kafka {
                    offset: message.offset(),
                };
                let data = message.payload().unwrap_or_default();
                let record = Record::read(envelope, data, self.shards, source);
                Some((assignment, Arc::new(record)))
            }
            outcome => {
                let error = outcome.err().map(|error| error.to_string());
                warn!(
                    shard = shard.0,
                    offset = message.offset(),
                    error = error.as_deref().unwrap_or("it names another shard"),
                    "a record in Kafka is no event"
                );
                counter!("orderfold_consumer_foreign_records_total").increment(1);
                None
            }
        }
    }

    async fn hand_over(&self, kafka: &Kafka, delivery: Delivery) {
        let mut waiting = VecDeque::from([delivery]);
        while let Some((assignment, mut record)) = waiting.pop_front() {
            let cost = self.cost(&record);
            let permit = match Arc::clone(&self.budget).try_acquire_many_owned(cost) {
                Ok(permit) => permit,
                Err(_) => match self.pause(kafka, cost, &mut waiting).await {
                    Some(permit) => permit,
                    None => return,
                },
            };
            if let Some(record) = Arc::get_mut(&mut record) {
                record.budget = Some(permit);
            }
            self.queues.hand_over(assignment, &record);
        }
    }

    /// What a record takes of the budget, never more than there is.
    fn cost(&self, record: &Record) -> u32 {
        u32::try_from(record.bytes / 1024)
            .unwrap_or(u32::MAX)
            .saturating_add(RECORD_KIB_MIN)
            .min(self.budget_kib)
    }

    /// Stops fetching until half of the budget is free, and goes on polling meanwhile: rebalances happen there.
    /// `None` on shutdown.
    async fn pause(
        &self,
        kafka: &Kafka,
        cost: u32,
        waiting: &mut VecDeque<Delivery>,
    ) -> Option<OwnedSemaphorePermit> {
        debug!("too many events in flight: pausing");
        self.shared.pressure.note(Instant::now());
        counter!("orderfold_consumer_pauses_total").increment(1);
        let half = cost.max(self.budget_kib / 2);
        let acquire = Arc::clone(&self.budget).acquire_many_owned(half);
        tokio::pin!(acquire);
        for_assigned(kafka, |partitions| kafka.pause(partitions));
        let permit = loop {
            tokio::select! {
                biased;
                () = self.shared.cancel.cancelled() => return None,
                permit = &mut acquire => break permit.ok()?,
                received = kafka.recv() => {
                    // Fetched before the pause, or of a partition that came since.
                    if let Ok(message) = received {
                        waiting.extend(self.record(&message));
                    }
                    for_assigned(kafka, |partitions| kafka.pause(partitions));
                }
            }
        };
        drop(permit);
        self.shared.pressure.note(Instant::now());
        for_assigned(kafka, |partitions| kafka.resume(partitions));
        Arc::clone(&self.budget).acquire_many_owned(cost).await.ok()
    }

    /// Shards whose next record Kafka does not have (any more). Its client cannot be made to read on with them, so
    /// another one starts at what there is; what lies between comes from the feed.
    async fn lost_shards(&self, kafka: &Arc<Kafka>, error: &KafkaError) -> BTreeSet<Shard> {
        let is_out_of_range = matches!(
            error.rdkafka_error_code(),
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
        );
        if !is_out_of_range {
            // Brokers away, topic missing: the client tries again by itself.
            debug!(%error, "kafka");
            return BTreeSet::new();
        }
        let kafka = Arc::clone(kafka);
        let topic = self.options.topic.clone();
        match tokio::task::spawn_blocking(move || out_of_range(&kafka, &topic)).await {
            Ok(Ok(lost)) => lost,
            Ok(Err(error)) => {
                warn!(%error, "the offsets of Kafka cannot be learnt");
                BTreeSet::new()
            }
            Err(error) => {
                error!(%error, "the offsets of Kafka cannot be learnt");
                BTreeSet::new()
            }
        }
    }

    /// Tells the group how far we are, for tools that show lags. Nothing of ours reads it.
    fn commit(&self, kafka: &Kafka) {
        let mut offsets = TopicPartitionList::new();
        for (shard, _) in self.shared.progress.assignments().all() {
            if let Some(offset) = self.shared.progress.start_offset(shard) {
                let partition = i32::from(shard.0);
                let added = offsets.add_partition_offset(
                    &self.options.topic,
                    partition,
                    Offset::Offset(offset),
                );
                if let Err(error) = added {
                    debug!(%error, "an offset cannot be committed");
                }
            }
        }
        if offsets.count() > 0
            && let Err(error) = kafka.commit(&offsets, CommitMode::Async)
        {
            debug!(%error, "offsets were not committed");
        }
    }
}
