//! The writer: takes whatever submissions wait, appends them in one call and one commit, and answers each. It owns its
//! connection, so a caller that leaves cancels nothing, and where a reply is lost it asks again under the same keys.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    Appended, Outcome, StoreError, Submission,
    hot::{Hot, Seen, Settled},
};
use crate::database::{AppendError, Appender};

/// Commands in one call; more would only make the first wait for the last.
const BATCH_COMMANDS_MAX: usize = 256;
/// About how many bytes go in one call.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long to wait before the database is asked again, at first and at most.
const RETRY_DELAY_MIN: Duration = Duration::from_millis(5);
const RETRY_DELAY_MAX: Duration = Duration::from_millis(500);

/// One submission on its way, and who waits for it.
pub(crate) struct Job {
    pub submission: Submission,
    pub seen: Seen,
    pub deadline: Instant,
    pub reply: oneshot::Sender<Result<Outcome, StoreError>>,
}

/// One writer: its own connection, the streams that it moves on, and the relay's way to what was appended.
pub(super) struct Writer {
    pub appender: Appender,
    pub hot: Hot,
    pub appended: Appended,
}

impl Writer {
    /// Works until the queue is closed and empty, or until what still waits has to be given up.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Job>, abandon: CancellationToken) {
        self.appender.warm_up().await;
        let mut waiting = Vec::with_capacity(BATCH_COMMANDS_MAX);
        while queue.recv_many(&mut waiting, BATCH_COMMANDS_MAX).await > 0 {
            while !waiting.is_empty() {
                let batch = take_batch(&mut waiting);
                tokio::select! {
                    biased;
                    () = abandon.cancelled() => return,
                    () = self.append_all(batch) => {}
                }
            }
        }
    }

    /// Appends a batch, in halves where the database refuses it as a whole: one bad command must not fail the others.
    async fn append_all(&mut self, batch: Vec<Job>) {
        let mut batches = vec![batch];
        while let Some(mut batch) = batches.pop() {
            match self.append_until_known(&mut batch).await {
                Ok(outcomes) => self.answer(batch, outcomes).await,
                Err(error) if batch.len() == 1 => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a command was refused by the database"
                    );
                    metrics::counter!("orderfold_append_refused_total").increment(1);
                    let refused = StoreError::Corrupt("the database refused the command".into());
                    self.answer(batch, vec![Err(refused)]).await;
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, commands = batch.len(), "a batch is split");
                    let second = batch.split_off(batch.len() / 2);
                    batches.push(second);
                    batches.push(batch);
                }
            }
        }
    }

    async fn answer(&self, batch: Vec<Job>, outcomes: Vec<Result<Outcome, StoreError>>) {
        self.appended.note(batch.iter().zip(&outcomes));
        let settled: Vec<Settled<'_>> = batch
            .iter()
            .zip(&outcomes)
            .map(|(job, outcome)| job.settled(matches!(outcome, Ok(Outcome::Accepted { .. }))))
            .collect();
        self.hot.settle(&settled).await;
        for (job, outcome) in batch.into_iter().zip(outcomes) {
            // Whoever asked may have left; the outcome stands all the same.
            let _left = job.reply.send(outcome);
        }
    }

    /// Asks again, under the same keys, until the database has answered: a lost reply says nothing about the commit.
    /// Those whose deadline passes are told so and leave the batch.
    async fn append_until_known(
        &mut self,
        batch: &mut Vec<Job>,
    ) -> Result<Vec<Result<Outcome, StoreError>>, sqlx::Error> {
        let mut delays = ExponentialBuilder::default()
            .with_min_delay(RETRY_DELAY_MIN)
            .with_max_delay(RETRY_DELAY_MAX)
            .with_jitter()
            .without_max_times()
            .build();
        loop {
            self.expire(batch).await;
            let Some(last) = batch.iter().map(|job| job.deadline).max() else {
                return Ok(Vec::new());
            };
            metrics::histogram!("orderfold_append_batch_commands").record(lossy(batch.len()));
            match tokio::time::timeout_at(last, self.appender.append(batch)).await {
                Ok(Ok(outcomes)) => return Ok(outcomes),
                Ok(Err(AppendError::Refused(error))) => return Err(error),
                Ok(Err(AppendError::Forked(_))) => {
                    // Waiting does not help: an operator has to act first.
                    self.give_up(std::mem::take(batch)).await;
                    return Ok(Vec::new());
                }
                Ok(Err(AppendError::Unknown(error))) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "an append has no answer; it is sent again");
                    metrics::counter!("orderfold_append_unanswered_total").increment(1);
                }
                // Dropped in the middle: the connection is in an unknown state and must not be used again.
                Err(_elapsed) => self.appender.disconnect(),
            }
            tokio::time::sleep(delays.next().unwrap_or(RETRY_DELAY_MAX)).await;
        }
    }

    async fn expire(&self, batch: &mut Vec<Job>) {
        let now = Instant::now();
        let expired: Vec<Job> = batch.extract_if(.., |job| job.deadline <= now).collect();
        if !expired.is_empty() {
            self.give_up(expired).await;
        }
    }

    /// Whether they took effect is not known here; their keys tell.
    async fn give_up(&self, jobs: Vec<Job>) {
        let settled: Vec<Settled<'_>> = jobs.iter().map(|job| job.settled(false)).collect();
        self.hot.settle(&settled).await;
        for job in jobs {
            let _left = job.reply.send(Err(StoreError::Unavailable(None)));
        }
    }
}

impl Job {
    fn settled(&self, accepted: bool) -> Settled<'_> {
        Settled {
            submission: &self.submission,
            ties: &self.seen.ties,
            accepted,
        }
    }
}

/// The first of those waiting that fit one call together; at least one.
fn take_batch(waiting: &mut Vec<Job>) -> Vec<Job> {
    let mut bytes = 0;
    let fitting = waiting
        .iter()
        .take_while(|job| {
            bytes += job.submission.weight_bytes();
            bytes <= BATCH_BYTES_MAX
        })
        .count();
    waiting.drain(..fitting.max(1)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a batch is small")]
fn lossy(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use orderfold_events::{Shard, Version};

    use super::*;
    use crate::event_sourcing::{Answer, IdempotencyKey, Retention};

    fn job(body_bytes: usize) -> Job {
        let (reply, _) = oneshot::channel();
        let submission = Submission {
            shard: Shard(0),
            read_set: Vec::new(),
            events: Vec::new(),
            claims: Vec::new(),
            timers: Vec::new(),
            idempotency: IdempotencyKey {
                key: [0; 32],
                fingerprint: [0; 32],
                internal: true,
            },
            answer: Answer {
                status: 200,
                body: vec![0; body_bytes],
                stream: None,
                version: Version::NONE,
                retention: Retention::Kept,
            },
        };
        Job {
            submission,
            seen: Seen::default(),
            deadline: Instant::now(),
            reply,
        }
    }

    #[test]
    fn a_batch_ends_where_its_bytes_would_be_too_many_but_never_before_the_first() {
        let mut waiting = vec![
            job(BATCH_BYTES_MAX),
            job(10),
            job(10),
            job(BATCH_BYTES_MAX - 600),
        ];
        let sizes: Vec<usize> =
            std::iter::from_fn(|| (!waiting.is_empty()).then(|| take_batch(&mut waiting).len()))
                .collect();
        assert_eq!(sizes, [1, 2, 1]);
    }
}
