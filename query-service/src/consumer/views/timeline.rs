//! The audit trail: every event becomes a document of its own, so nothing is read first.

use std::sync::Arc;

use orderfold_events::{Envelope, Event};

use super::{View, ViewError, readable};
use crate::{
    consumer::record::Record,
    database::{Transaction, collections::documents_of},
    projections::{FoldKeys, ReadModel, order_timeline},
};

/// Writes `order_timeline`.
#[derive(Debug, Clone, Copy)]
pub struct Timeline;

impl View for Timeline {
    const READ_MODEL: ReadModel = ReadModel::OrderTimeline;

    type Documents = ();

    fn touches(&self, _envelope: &Envelope, event: &Event) -> bool {
        matches!(event, Event::Order(_))
    }

    async fn write(
        &self,
        transaction: &mut Transaction,
        batch: &[Arc<Record>],
        _keys: &FoldKeys,
        (): (),
    ) -> Result<(), ViewError> {
        let entries: Vec<_> = readable(batch)
            .filter_map(|(record, content)| {
                order_timeline::entry(&record.envelope, &content.event, &content.data)
            })
            .collect();
        transaction
            .insert(documents_of(Self::READ_MODEL), &entries)
            .await?;
        Ok(())
    }
}
