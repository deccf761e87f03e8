//! The verbs of the command line that operate the read models, for where the API cannot be reached.

use std::{io::Write, sync::Arc};

use orderfold_events::StreamId;

use super::operations::{BuildChange, OperationError, Operations, Repair};
use crate::{
    config::Verb,
    consumer::{Replay, ReplayError},
    database::{
        Build, Database, DatabaseError,
        builds::Registration,
        parked::{ParkedStream, RepairAction},
    },
    keys::KeyRing,
    progress::Progress,
    projections::ReadModel,
    store::StoreClient,
};

/// Who acts, in audit records.
const BY: &str = "command_line";

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Documents differ from what the events say.
    Differences,
}

/// Why a verb was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum VerbError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Operation(#[from] OperationError),
    #[error("{projection} could not be verified")]
    Replay {
        projection: ReadModel,
        #[source]
        source: ReplayError,
    },
    #[error("nothing was folded into this database yet")]
    NothingFolded,
    #[error("the report could not be written")]
    Report(#[from] std::io::Error),
}

/// What the verbs work with.
#[derive(Debug)]
pub struct Verbs {
    database: Database,
    store: Arc<StoreClient>,
    keys: KeyRing,
}

impl Verbs {
    #[must_use]
    pub fn new(database: Database, store: Arc<StoreClient>, keys: KeyRing) -> Self {
        Self {
            database,
            store,
            keys,
        }
    }

    /// Carries a verb out and reports to `out`; serving is no verb of these, and does nothing.
    ///
    /// # Errors
    /// [`VerbError`].
    pub async fn run(&self, verb: Verb, out: &mut impl Write) -> Result<Outcome, VerbError> {
        match verb {
            Verb::Serve => {}
            Verb::Verify { projection, sample } => {
                return self.verify(projection, sample, out).await;
            }
            Verb::Parked { projection } => {
                let parked = self.database.parked_streams(projection, None).await?;
                report_parked(&parked, out)?;
            }
            Verb::Retry { stream, projection } => {
                let repair = Repair {
                    action: RepairAction::Retry,
                    reason: None,
                    projection,
                };
                self.repair(stream, &repair, out).await?;
            }
            Verb::Skip {
                stream,
                projection,
                reason,
            } => {
                let repair = Repair {
                    action: RepairAction::Skip,
                    reason: Some(reason),
                    projection,
                };
                self.repair(stream, &repair, out).await?;
            }
            Verb::Rebuild { projection } => {
                self.change(projection, BuildChange::Rebuild, out).await?;
            }
            Verb::Activate { projection, build } => {
                let change = BuildChange::Activate(Build(build));
                self.change(projection, change, out).await?;
            }
            Verb::Retire { projection, build } => {
                let change = BuildChange::Retire(Build(build));
                self.change(projection, change, out).await?;
            }
        }
        Ok(Outcome::Done)
    }

    /// Recomputes the documents of the builds that answer, and reports every one that differs.
    async fn verify(
        &self,
        projection: Option<ReadModel>,
        sample: u64,
        out: &mut impl Write,
    ) -> Result<Outcome, VerbError> {
        let identity = self.database.store_identity().await?;
        let identity = identity.ok_or(VerbError::NothingFolded)?;
        let replay = Replay::new(
            self.database.clone(),
            (Arc::clone(&self.store), self.keys.clone()),
            identity,
        );
        let mut outcome = Outcome::Done;
        for Registration {
            projection: read_model,
            active,
            ..
        } in self.database.registrations().await?
        {
            if projection.is_some_and(|only| only != read_model) {
                continue;
            }
            let found = replay.verify(read_model, active, sample).await;
            let found = found.map_err(|source| VerbError::Replay {
                projection: read_model,
                source,
            })?;
            for difference in &found.differences {
                writeln!(out, "{difference}")?;
            }
            writeln!(
                out,
                "{read_model} build {active}: {} documents compared, {} differ",
                found.documents, found.count
            )?;
            if found.count > 0 {
                outcome = Outcome::Differences;
            }
        }
        Ok(outcome)
    }

    async fn repair(
        &self,
        stream: StreamId,
        repair: &Repair,
        out: &mut impl Write,
    ) -> Result<(), VerbError> {
        let asked = self.operations().repair(stream, repair, BY).await?;
        Ok(report_parked(&asked, out)?)
    }

    async fn change(
        &self,
        read_model: ReadModel,
        change: BuildChange,
        out: &mut impl Write,
    ) -> Result<(), VerbError> {
        let after = self.operations().change(read_model, change, BY).await?;
        for entry in &after.builds {
            let answers = if entry.number == after.active {
                ", answers"
            } else {
                ""
            };
            writeln!(
                out,
                "{read_model} build {}: {}{answers}",
                entry.number, entry.state
            )?;
        }
        Ok(())
    }

    fn operations(&self) -> Operations {
        let progress = Progress::new(self.database.clone(), Arc::clone(&self.store));
        Operations::new(self.database.clone(), Arc::new(progress))
    }
}

fn report_parked(parked: &[ParkedStream], out: &mut impl Write) -> std::io::Result<()> {
    for stream in parked {
        let requested = match &stream.request {
            Some(request) => format!(", {} requested", request.action),
            None => String::new(),
        };
        writeln!(
            out,
            "{} build {}: {} waits with {} events at {} ({}): {}{requested}",
            stream.projection,
            stream.build,
            stream.stream,
            stream.waiting,
            stream.first.event_id,
            stream.first.event_type,
            stream.cause
        )?;
    }
    Ok(())
}
