//! One batch of a projector, in one transaction of the database: checkpoints first, then the documents, and what waits.

use std::sync::Arc;

use orderfold_http::clock;

use super::{
    admission::Batch,
    parking::Parking,
    projector::Projector,
    record::Record,
    views::{View, ViewError},
};
use crate::{
    database::{
        DatabaseError, Transaction,
        transaction::{Fence, Move},
    },
    projections::FoldKeys,
};

impl<V: View> Projector<V> {
    /// Checkpoints first: they are the fence. Then the documents, and what waits. Most single events are of no concern
    /// to most read models: there only the checkpoint moves.
    pub(super) async fn write(
        &mut self,
        batch: &Batch,
        parking: &Parking,
        keys: &FoldKeys,
    ) -> Result<Fence, ViewError> {
        let database = &self.shared.database;
        if let (1, Some(step)) = (batch.moves.len(), batch.moves.values().next())
            && parking.is_none()
            && !self.touches_any(&parking.fold)
        {
            return Ok(database.pass_over(step).await?);
        }
        let mut transaction = database.transaction_in(self.target.build).await?;
        let outcome = self.write_in(&mut transaction, batch, parking, keys).await;
        if let Ok(Fence::Passed) = outcome {
            let moment = transaction.commit().await?;
            self.shards.saw(moment);
        } else {
            transaction.abort().await;
        }
        outcome
    }

    async fn read(&self, records: &[Arc<Record>]) -> Result<V::Documents, DatabaseError> {
        let database = &self.shared.database;
        let since = self.shards.moment();
        let mut reading = database.reading_in(self.target.build, since);
        self.view.read(&mut reading, records).await
    }

    fn touches_any(&self, records: &[Arc<Record>]) -> bool {
        let mut contents = records.iter().filter_map(|record| {
            let content = record.content.as_ref().ok()?;
            Some((&record.envelope, &content.event))
        });
        contents.any(|(envelope, event)| self.view.touches(envelope, event))
    }

    async fn write_in(
        &self,
        transaction: &mut Transaction,
        batch: &Batch,
        parking: &Parking,
        keys: &FoldKeys,
    ) -> Result<Fence, ViewError> {
        let moves: Vec<Move> = batch.moves.values().cloned().collect();
        // Beside the transaction, because the fence holds for it as well: since the moment at which the checkpoints
        // stood where they are moved from, nobody else wrote documents of these shards, or the move fails.
        let (fence, documents) =
            tokio::join!(transaction.advance(&moves), self.read(&parking.fold));
        if fence? == Fence::Lost {
            return Ok(Fence::Lost);
        }
        self.view
            .write(transaction, &parking.fold, keys, documents?)
            .await?;
        let parked = parking.documents(self.target, clock::now().into());
        transaction.park(&parked).await?;
        let behind = parking.behind(self.target);
        Ok(transaction.wait_behind(behind).await?)
    }
}
