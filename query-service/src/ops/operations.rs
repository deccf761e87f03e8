//! What operators ask for, noted where the projectors find it, each with an audit record. It knows no HTTP.

use std::sync::Arc;

use orderfold_events::{StreamId, Timestamp};
use orderfold_http::clock;

use crate::{
    database::{
        Build, Database, DatabaseError,
        audit::{AuditAction, AuditRecord},
        builds::{BuildRefusal, Registration},
        parked::{ParkedStream, RepairAction, RepairRequest, SkippedEvent},
    },
    progress::Progress,
    projections::ReadModel,
};

/// How often a change of the registry is tried again after somebody else's.
const ATTEMPTS_MAX: usize = 5;

/// Operates the read models.
#[derive(Debug, Clone)]
pub struct Operations {
    database: Database,
    progress: Arc<Progress>,
}

/// A change of the builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildChange {
    /// Fill another one.
    Rebuild,
    /// Let another one answer.
    Activate(Build),
    /// Drop one.
    Retire(Build),
}

/// What is to be done with a parked stream, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    pub action: RepairAction,
    pub reason: Option<String>,
    /// Everywhere unless said.
    pub projection: Option<ReadModel>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Refused(#[from] BuildRefusal),
    #[error("the read models are not set up yet")]
    NotSetUp,
    #[error("the stream is not parked")]
    NotParked,
    #[error("somebody else was changing the same")]
    Contended,
}

impl Operations {
    #[must_use]
    pub fn new(database: Database, progress: Arc<Progress>) -> Self {
        Self { database, progress }
    }

    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The builds of every read model, as the registry has them now.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn registrations(&self) -> Result<Vec<Registration>, DatabaseError> {
        self.database.registrations().await
    }

    /// Every parked stream, of one read model where given.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn parked(
        &self,
        projection: Option<ReadModel>,
    ) -> Result<Vec<ParkedStream>, DatabaseError> {
        self.database.parked_streams(projection, None).await
    }

    /// What was skipped.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn skipped(&self) -> Result<Vec<SkippedEvent>, DatabaseError> {
        self.database.skipped_events().await
    }

    /// Asks for a repair of a stream in every build where it is parked; answers what is to be repaired.
    ///
    /// # Errors
    /// [`OperationError::NotParked`], or when MongoDB is away.
    pub async fn repair(
        &self,
        stream: StreamId,
        repair: &Repair,
        by: &str,
    ) -> Result<Vec<ParkedStream>, OperationError> {
        let found = self
            .database
            .parked_streams(repair.projection, Some(stream))
            .await?;
        let mut asked = Vec::new();
        for parked in found {
            let request = RepairRequest {
                action: repair.action,
                event_id: parked.first.event_id,
                reason: repair.reason.clone(),
                by: by.to_owned(),
                at: now(),
            };
            if !self.database.request_repair(&parked, &request).await? {
                continue;
            }
            let action = match repair.action {
                RepairAction::Retry => AuditAction::RetryRequested,
                RepairAction::Skip => AuditAction::SkipRequested,
            };
            let about = (parked.projection, parked.build);
            let record = AuditRecord::new((clock::new_id(), now()), by, action, about);
            let record = record.of_stream(stream);
            let record = match &repair.reason {
                Some(reason) => record.because(reason),
                None => record,
            };
            self.database.audit(&record).await?;
            asked.push(ParkedStream {
                request: Some(request),
                ..parked
            });
        }
        if asked.is_empty() {
            return Err(OperationError::NotParked);
        }
        Ok(asked)
    }

    /// Changes the builds of a read model by one compare-and-set; answers them as they are then.
    ///
    /// # Errors
    /// [`OperationError`] when it is refused, or MongoDB is away.
    pub async fn change(
        &self,
        read_model: ReadModel,
        change: BuildChange,
        by: &str,
    ) -> Result<Registration, OperationError> {
        for _ in 0..ATTEMPTS_MAX {
            let registrations = self.database.registrations().await?;
            let mut registrations = registrations.into_iter();
            let before = registrations
                .find(|registration| registration.projection == read_model)
                .ok_or(OperationError::NotSetUp)?;
            let (after, action, build) = match change {
                BuildChange::Rebuild => {
                    let after = before.rebuild(now())?;
                    let build = after.last;
                    (after, AuditAction::RebuildStarted, build)
                }
                BuildChange::Activate(build) if build == before.active => return Ok(before),
                BuildChange::Activate(build) => {
                    (before.activated(build)?, AuditAction::Activated, build)
                }
                BuildChange::Retire(build) => (before.retired(build)?, AuditAction::Retired, build),
            };
            if self.database.replace_registration(&before, &after).await? {
                let about = (read_model, build);
                let record = AuditRecord::new((clock::new_id(), now()), by, action, about);
                self.database.audit(&record).await?;
                return Ok(after);
            }
        }
        Err(OperationError::Contended)
    }
}

fn now() -> Timestamp {
    clock::now().into()
}
