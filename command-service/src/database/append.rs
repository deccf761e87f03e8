//! The one call that appends a batch, and what its answer means.

use orderfold_events::{Shard, Timestamp};
use sqlx::{Connection, PgConnection, Row, postgres::PgRow};

use super::{DatabaseConfig, batch::Batch, seen::Seen, streams};
use crate::event_sourcing::{ClaimKind, Job, Outcome, StoreError};

/// A writer's own connection.
pub(crate) struct Appender {
    config: DatabaseConfig,
    seen: Seen,
    connection: Option<PgConnection>,
}

/// Why a batch has no outcomes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    /// No answer, or one that says "not now": the same batch may be sent again.
    #[error("the append was not answered")]
    Unknown(#[source] sqlx::Error),
    /// The database would refuse the same batch again.
    #[error("the append was refused")]
    Refused(#[source] sqlx::Error),
    /// The store has lost events: nothing was sent, and nothing must be.
    #[error("shard {0} lacks events that were acknowledged")]
    Forked(Shard),
}

/// Classes and codes of SQLSTATE that pass by themselves: lost connections, resources, operator intervention,
/// deadlocks and serialization, locks not had in time, a server that starts or stops, a read-only one.
const PASSING: &[&str] = &["08", "53", "57", "40", "55P03", "25006", "58"];

const APPEND: &str = "select * from append_batch(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)";

impl Appender {
    pub fn new(config: DatabaseConfig, seen: Seen) -> Self {
        Self {
            config,
            seen,
            connection: None,
        }
    }

    /// Connects before there is work. Where it fails, the first append tries again and says why.
    pub async fn warm_up(&mut self) {
        self.connection = self.connect().await.ok();
    }

    /// Forgets a connection whose state is not known.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Appends a batch in one call: one outcome per job, in their order. The connection is given up on any
    /// error, so that the next call starts on a sound one.
    pub async fn append(
        &mut self,
        jobs: &[Job],
    ) -> Result<Vec<Result<Outcome, StoreError>>, AppendError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let batch = Batch::of(jobs);
        let rows = call(&mut connection, batch).await.map_err(classify)?;
        self.connection = Some(connection);
        let outcomes: Vec<_> = rows.iter().map(outcome).collect();
        self.observe(jobs, &outcomes);
        Ok(outcomes)
    }

    /// A store that was restored meanwhile shows here, before anything is written: its server was stopped for it.
    async fn connect(&self) -> Result<PgConnection, AppendError> {
        let connecting = async {
            let mut connection = PgConnection::connect_with(&self.config.writer()?).await?;
            let contradiction = self.seen.contradiction(&mut connection).await?;
            Ok((connection, contradiction))
        };
        match connecting.await.map_err(AppendError::Unknown)? {
            (_, Some(shard)) => Err(AppendError::Forked(shard)),
            (connection, None) => Ok(connection),
        }
    }

    fn observe(&self, jobs: &[Job], outcomes: &[Result<Outcome, StoreError>]) {
        for (job, outcome) in jobs.iter().zip(outcomes) {
            if let (Some(event), Ok(Outcome::Accepted { coordinate, .. })) =
                (job.submission.events.last(), outcome)
            {
                self.seen.observe(*coordinate, event.event_id);
            }
        }
    }
}

async fn call(connection: &mut PgConnection, batch: Batch<'_>) -> Result<Vec<PgRow>, sqlx::Error> {
    let Batch {
        shards,
        streams,
        stream_shard_of,
        claim_kinds,
        claim_keys,
        commands,
        reads,
        events,
        changes,
        timers,
    } = batch;
    let rows = sqlx::query(APPEND)
        .bind(shards)
        .bind(streams)
        .bind(stream_shard_of)
        .bind(commands.shard_of)
        .bind(commands.key)
        .bind(commands.fingerprint)
        .bind(commands.internal)
        .bind(commands.keep)
        .bind(commands.status)
        .bind(commands.body)
        .bind(commands.answer_stream)
        .bind(commands.answer_version)
        .bind(reads.command_of)
        .bind(reads.stream_of)
        .bind(reads.version)
        .bind(reads.event_id)
        .bind(events.command_of)
        .bind(events.stream_of)
        .bind(events.id)
        .bind(events.customer_id)
        .bind(events.event_type)
        .bind(events.occurred_at)
        .bind(events.correlation_id)
        .bind(events.causation_id)
        .bind(events.actor)
        .bind(events.traceparent)
        .bind(events.data)
        .bind(claim_kinds)
        .bind(claim_keys)
        .bind(changes.command_of)
        .bind(changes.claim_of)
        .bind(changes.owner_of)
        .bind(changes.take)
        .bind(timers.command_of)
        .bind(timers.stream_of)
        .bind(timers.id)
        .bind(timers.kind)
        .bind(timers.delay_ms)
        .bind(timers.begins)
        .bind(timers.ends)
        .fetch_all(connection)
        .await?;
    Ok(rows)
}

fn classify(error: sqlx::Error) -> AppendError {
    let refused = match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            !PASSING.iter().any(|passing| code.starts_with(passing))
        }
        // What cannot be written in the first place never will be.
        sqlx::Error::Encode(_) | sqlx::Error::InvalidArgument(_) => true,
        _ => false,
    };
    if refused {
        AppendError::Refused(error)
    } else {
        AppendError::Unknown(error)
    }
}

fn outcome(row: &PgRow) -> Result<Outcome, StoreError> {
    let coordinate = streams::coordinate(row)?;
    match row.try_get::<i32, _>("verdict")? {
        0 => {
            let recorded_at: chrono::DateTime<chrono::Utc> = row.try_get("recorded_at")?;
            Ok(Outcome::Accepted {
                coordinate,
                recorded_at: Timestamp::from(recorded_at),
            })
        }
        1 => streams::answer_columns(row).map(Outcome::Replayed),
        2 => Ok(Outcome::KeyReused),
        3 => Ok(Outcome::Stale),
        4 => {
            let kind: String = row.try_get("claim_kind")?;
            let kind = ClaimKind::from_stored(&kind)
                .ok_or_else(|| StoreError::Corrupt(format!("claim of the kind {kind}").into()))?;
            Ok(Outcome::Taken { kind, coordinate })
        }
        other => Err(StoreError::Corrupt(format!("verdict {other}").into())),
    }
}
