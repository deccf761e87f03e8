//! Carrying out what operators asked for a parked stream: its waiting events are read from the feed in the background,
//! then folded in one transaction behind the same fence as everything else. What still cannot be folded goes on waiting.

use tracing::{info, warn};

use super::{
    backlog::{Backlog, Cut, read_backlog},
    parking::Contradictions,
    projector::Projector,
    views::{View, ViewError, keys_for},
};
use crate::{
    database::{
        Checkpoint, DatabaseError, Transaction,
        parked::ParkedStream,
        transaction::{Fence, Move},
    },
    projections::FoldKeys,
};

/// What a repair came to.
#[derive(Debug)]
enum Repaired {
    /// Every event is folded or skipped.
    Free,
    /// Some events still wait.
    Waiting,
    /// It is not as it was when it was read: the next look decides.
    Changed,
}

impl<V: View> Projector<V> {
    /// Has the waiting events read of streams that something was asked for.
    pub(super) async fn look_for_repairs(&mut self) {
        if self.shards.parked_streams() == 0 {
            return;
        }
        let build = (self.target.read_model, self.target.build);
        let shards = self.shards.followed().keys().copied();
        let database = &self.shared.database;
        let requested = match database.repairs_requested(build, shards).await {
            Ok(requested) => requested,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "the requests for repairs cannot be read");
                return;
            }
        };
        for parked in requested {
            let Some(request) = parked.request.clone() else {
                continue;
            };
            let Some(following) = self.shards.followed().get(&parked.shard) else {
                continue;
            };
            if self.repairing.insert(parked.stream) {
                let backlog = Backlog {
                    parked,
                    request,
                    assignment: following.assignment,
                    records: Vec::new(),
                };
                tokio::spawn(read_backlog(
                    self.shared.clone(),
                    self.count,
                    (backlog, following.checkpoint.position),
                    self.backlog_sender.clone(),
                ));
            }
        }
    }

    /// Folds a backlog as far as possible. What fails is tried again at the next look.
    pub(super) async fn carry_out(&mut self, backlog: Backlog) {
        self.repairing.remove(&backlog.parked.stream);
        if let Err(error) = self.repair(&backlog).await {
            let error = &error as &dyn std::error::Error;
            warn!(error, projection = %self.target, "a repair was not carried out");
            self.shards.doubt_shard(backlog.parked.shard);
        }
    }

    async fn repair(&mut self, backlog: &Backlog) -> Result<(), DatabaseError> {
        let shard = backlog.parked.shard;
        let known = self.shards.followed().get(&shard);
        let Some(before) = known
            .filter(|known| known.is_certain && known.assignment == backlog.assignment)
            .map(|known| known.checkpoint.clone())
        else {
            return Ok(());
        };
        let after = Checkpoint {
            repairs: before.repairs.saturating_add(1),
            ..before.clone()
        };
        let step = Move {
            from: before,
            to: after.clone(),
        };
        let keys = self.shared.keys.for_fold(keys_for::<V>(&backlog.records));
        let keys = match keys.await {
            Ok(keys) => keys,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, projection = %self.target, "a repair waits for keys");
                return Ok(());
            }
        };
        let mut contradictions = Contradictions::new();
        loop {
            let cut = Cut::of(backlog, &contradictions);
            let outcome = match self.try_repair((backlog, &keys), &step, &cut).await {
                Err(ViewError::Contradiction { record, cause }) => {
                    contradictions.insert(record.event_id(), cause.to_string());
                    continue;
                }
                Err(ViewError::Database(error)) => return Err(error),
                Ok(outcome) => outcome,
            };
            let is_free = match outcome {
                Repaired::Free => true,
                Repaired::Waiting => false,
                Repaired::Changed => {
                    self.shards.doubt_shard(shard);
                    return Ok(());
                }
            };
            let stream = backlog.parked.stream;
            info!(projection = %self.target, %stream, is_free, "a repair was carried out");
            self.shards.repaired(after, stream, is_free);
            return Ok(());
        }
    }

    async fn try_repair(
        &mut self,
        (backlog, keys): (&Backlog, &FoldKeys),
        step: &Move,
        cut: &Cut,
    ) -> Result<Repaired, ViewError> {
        let database = &self.shared.database;
        let mut transaction = database.transaction_in(self.target.build).await?;
        let outcome = self
            .repair_in(&mut transaction, (backlog, keys), step, cut)
            .await;
        if let Ok(Repaired::Free | Repaired::Waiting) = outcome {
            let moment = transaction.commit().await?;
            self.shards.saw(moment);
        } else {
            transaction.abort().await;
        }
        outcome
    }

    async fn repair_in(
        &self,
        transaction: &mut Transaction,
        (backlog, keys): (&Backlog, &FoldKeys),
        step: &Move,
        cut: &Cut,
    ) -> Result<Repaired, ViewError> {
        if transaction.advance(std::slice::from_ref(step)).await? == Fence::Lost {
            return Ok(Repaired::Changed);
        }
        let Some(parked) = transaction.parked(&backlog.parked.id).await? else {
            return Ok(Repaired::Changed);
        };
        if parked.first != backlog.parked.first || parked.request.as_ref() != Some(&backlog.request)
        {
            return Ok(Repaired::Changed);
        }
        let waiting = parked.waiting.saturating_sub(cut.done);
        if waiting > 0 && cut.next.is_none() {
            // More came since it was read.
            return Ok(Repaired::Changed);
        }
        if cut.skips {
            self.view
                .skip(transaction, parked.stream, parked.first.version)
                .await?;
            transaction
                .keep_skipped(parked.skipped(backlog.request.clone()))
                .await?;
        }
        let documents = self.view.read(transaction, &cut.fold).await?;
        self.view
            .write(transaction, &cut.fold, keys, documents)
            .await?;
        transaction
            .audit(cut.record(&parked, &backlog.request))
            .await?;
        match &cut.next {
            None => {
                transaction.unpark(&parked.id).await?;
                Ok(Repaired::Free)
            }
            Some(next) => {
                let left = next.park(ParkedStream { waiting, ..parked }, &backlog.request);
                transaction.keep_parked(&left).await?;
                Ok(Repaired::Waiting)
            }
        }
    }
}
