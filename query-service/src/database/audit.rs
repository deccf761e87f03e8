//! The audit records of operations: who had what done to the read models, and what came of it. They are only added.

use bson::doc;
use orderfold_events::{StreamId, Timestamp, closed_list};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Attempt, Build, Database, DatabaseError, Transaction, collections::AUDIT, stored};
use crate::projections::ReadModel;

closed_list! {
    /// What was asked for, or done.
    AuditAction {
        RetryRequested = "retry_requested", SkipRequested = "skip_requested",
        Healed = "healed", RetryFailed = "retry_failed", Skipped = "skipped",
        RebuildStarted = "rebuild_started", RebuildCompleted = "rebuild_completed",
        RebuildFailed = "rebuild_failed", Activated = "activated", Retired = "retired",
    }
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    #[serde(rename = "_id")]
    pub id: bson::Uuid,
    #[serde(with = "stored::time")]
    pub at: Timestamp,
    /// Opaque, or `system` for what follows from an earlier request.
    pub by: String,
    pub action: AuditAction,
    pub projection: ReadModel,
    pub build: Build,
    pub stream: Option<StreamId>,
    /// The reason that was given, or the cause that was found.
    pub detail: Option<String>,
}

/// Who acts when nobody asked just now.
pub const SYSTEM: &str = "system";

impl AuditRecord {
    /// A record about a build as a whole; `id` and `at` come from the clock.
    #[must_use]
    pub fn new(
        (id, at): (Uuid, Timestamp),
        by: &str,
        action: AuditAction,
        (projection, build): (ReadModel, Build),
    ) -> Self {
        Self {
            id: id.into(),
            at,
            by: by.to_owned(),
            action,
            projection,
            build,
            stream: None,
            detail: None,
        }
    }

    /// About one stream.
    #[must_use]
    pub fn of_stream(self, stream: StreamId) -> Self {
        Self {
            stream: Some(stream),
            ..self
        }
    }

    #[must_use]
    pub fn because(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }
}

impl Database {
    /// Adds a record.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn audit(&self, record: &AuditRecord) -> Result<(), DatabaseError> {
        self.collection::<AuditRecord>(AUDIT)
            .insert_one(record)
            .await
            .attempt("write an audit record")
            .map(drop)
    }

    /// The newest records.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn audit_records(&self, rows_max: i64) -> Result<Vec<AuditRecord>, DatabaseError> {
        use futures::TryStreamExt;

        let attempt = "read audit records";
        self.collection::<AuditRecord>(AUDIT)
            .find(doc! {})
            .sort(doc! { "at": -1, "_id": -1 })
            .limit(rows_max)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)
    }
}

impl Transaction {
    /// Adds a record, if what it tells of is committed.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn audit(&mut self, record: AuditRecord) -> Result<(), DatabaseError> {
        self.insert(AUDIT, &[record]).await
    }
}
