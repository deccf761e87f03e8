//! Writes recorded events to every read model, as the projectors do but without a broker.

use std::{collections::BTreeMap, sync::Arc};

use orderfold_events::{Shard, ShardCount};
use query_service::{
    consumer::{
        Record, Source,
        views::{Documents, Items, Sales, Timeline, View, keys_for},
    },
    database::{
        Checkpoint, Database,
        transaction::{Fence, Move},
    },
    keys::KeyRing,
    projections::{
        ReadModel, customer_360::Customer360, customer_list::CustomerList,
        customer_sales::CustomerSales, order_detail::OrderDetail, order_list::OrderList,
        product_sales::ProductSales, receivables::Receivables, work_queue::WorkQueue,
    },
};

use crate::history::Recorded;

/// The zone whose days the reports sum.
pub const REPORTING_ZONE: chrono_tz::Tz = chrono_tz::Europe::Berlin;

/// How far the read models are written.
pub struct Views {
    database: Database,
    shards: ShardCount,
    keys: KeyRing,
    checkpoints: BTreeMap<(ReadModel, Shard), Checkpoint>,
}

impl Views {
    pub async fn new(database: Database, shards: ShardCount, keys: KeyRing) -> Self {
        database.bootstrap().await.unwrap();
        database.ensure_checkpoints(shards).await.unwrap();
        Self {
            database,
            shards,
            keys,
            checkpoints: BTreeMap::new(),
        }
    }

    /// Folds the next events into all read models but one, perhaps.
    pub async fn write(&mut self, events: &[Recorded], but: Option<ReadModel>) {
        let batch: Vec<_> = events
            .iter()
            .map(|event| {
                let envelope = event.envelope.clone();
                Arc::new(Record::read(
                    envelope,
                    &event.data,
                    self.shards,
                    Source::Feed,
                ))
            })
            .collect();
        let (shards, zone) = (self.shards, REPORTING_ZONE);
        let sales = Sales { shards, zone };
        for read_model in ReadModel::ALL.iter().filter(|known| Some(**known) != but) {
            match read_model {
                ReadModel::OrderList => self.fold(&batch, Documents::<OrderList>::new()).await,
                ReadModel::OrderDetail => self.fold(&batch, Documents::<OrderDetail>::new()).await,
                ReadModel::CustomerList => {
                    self.fold(&batch, Documents::<CustomerList>::new()).await;
                }
                ReadModel::Customer360 => self.fold(&batch, Documents::<Customer360>::new()).await,
                ReadModel::OrderTimeline => self.fold(&batch, Timeline).await,
                ReadModel::SalesSeries => self.fold(&batch, sales).await,
                ReadModel::ProductSales => {
                    self.fold(&batch, Items::<ProductSales>::new(shards, zone))
                        .await;
                }
                ReadModel::CustomerSales => {
                    self.fold(&batch, Items::<CustomerSales>::new(shards, zone))
                        .await;
                }
                ReadModel::WorkQueue => self.fold(&batch, Documents::<WorkQueue>::new()).await,
                ReadModel::Receivables => {
                    self.fold(&batch, Documents::<Receivables>::new()).await;
                }
            }
        }
    }

    async fn fold<V: View>(&mut self, batch: &[Arc<Record>], view: V) {
        let mut moves: BTreeMap<Shard, Move> = BTreeMap::new();
        for record in batch {
            let envelope = &record.envelope;
            let shard = envelope.coordinate.shard;
            let known = self.checkpoints.get(&(V::READ_MODEL, shard)).cloned();
            let from = known.unwrap_or_else(|| Checkpoint::start(V::READ_MODEL, shard));
            let to = Checkpoint {
                position: envelope.coordinate.position,
                event_id: envelope.event_id,
                as_of: Some(envelope.recorded_at),
                ..from.clone()
            };
            let step = Move {
                from,
                to: to.clone(),
            };
            moves.entry(shard).or_insert(step).to = to;
        }
        let moves: Vec<_> = moves.into_values().collect();
        let keys = self.keys.for_fold(keys_for::<V>(batch)).await.unwrap();
        let mut transaction = self.database.transaction().await.unwrap();
        assert_eq!(transaction.advance(&moves).await.unwrap(), Fence::Passed);
        let documents = view.read(&mut transaction, batch).await.unwrap();
        view.write(&mut transaction, batch, &keys, documents)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        for step in moves {
            let key = (step.to.projection, step.to.shard);
            self.checkpoints.insert(key, step.to);
        }
    }
}
