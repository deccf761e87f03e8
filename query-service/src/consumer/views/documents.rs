//! Read models with one document per order or customer: read, folded, written whole.

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

use orderfold_events::{CustomerId, Envelope, Event, StreamId, Version};

use super::{View, ViewError, readable};
use crate::{
    consumer::record::Record,
    database::{
        DatabaseError, Statement, Transaction,
        collections::{CUSTOMER_KEY, documents_of},
        moment::Find,
        stored::id_value,
    },
    projections::{DocumentView, FoldKeys, ReadModel, VersionPlace},
};

/// Writes the documents of `V`.
#[derive(Debug)]
pub struct Documents<V>(PhantomData<V>);

impl<V> Documents<V> {
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V> Default for Documents<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: DocumentView> View for Documents<V> {
    const READ_MODEL: ReadModel = V::READ_MODEL;

    /// All that the batch concerns, also those that are not there yet.
    type Documents = BTreeMap<V::Id, Option<V::Document>>;

    fn key_for(event: &Event) -> Option<CustomerId> {
        V::select(event).and_then(|(_, fact)| V::key_for(fact))
    }

    fn touches(&self, _envelope: &Envelope, event: &Event) -> bool {
        V::select(event).is_some()
    }

    async fn read(
        &self,
        from: &mut impl Find,
        batch: &[Arc<Record>],
    ) -> Result<Self::Documents, DatabaseError> {
        let mut documents: Self::Documents = readable(batch)
            .filter_map(|(_, content)| V::select(&content.event))
            .map(|(id, _)| (id, None))
            .collect();
        if documents.is_empty() {
            return Ok(documents);
        }
        let ids = documents.keys().map(|&id| id_value(id)).collect();
        let collection = documents_of(V::READ_MODEL);
        for document in from.find::<V::Document>(collection, ids).await? {
            documents.insert(V::id(&document), Some(document));
        }
        Ok(documents)
    }

    async fn write(
        &self,
        transaction: &mut Transaction,
        batch: &[Arc<Record>],
        keys: &FoldKeys,
        mut documents: Self::Documents,
    ) -> Result<(), ViewError> {
        let collection = documents_of(V::READ_MODEL);
        for (record, content) in readable(batch) {
            let Some((id, fact)) = V::select(&content.event) else {
                continue;
            };
            let document = documents.entry(id).or_default();
            let folded = V::fold_with(document.take(), &record.envelope, fact, keys);
            let folded = folded.map_err(|cause| ViewError::Contradiction {
                record: Arc::clone(record),
                cause,
            })?;
            *document = Some(folded);
        }
        let statements = documents
            .iter()
            .filter_map(|(&id, document)| Some(Statement::replace(id, document.as_ref()?)))
            .collect::<Result<Vec<_>, _>>()?;
        transaction.update(collection, &statements).await?;
        let ended = readable(batch)
            .filter_map(|(_, content)| V::ends_key(V::select(&content.event)?.1))
            .map(|(customer, ended)| Statement::tombstone(customer, ended))
            .collect::<Result<Vec<_>, _>>()?;
        transaction.update(CUSTOMER_KEY, &ended).await?;
        Ok(())
    }

    async fn skip(
        &self,
        transaction: &mut Transaction,
        stream: StreamId,
        version: Version,
    ) -> Result<(), DatabaseError> {
        let collection = documents_of(V::READ_MODEL);
        match V::version_of(stream) {
            Some(VersionPlace::Member { document, path }) => {
                let at = (path, version);
                transaction.raise(collection, document, at).await
            }
            Some(VersionPlace::Entry { list, order }) => {
                let at = (list, version);
                transaction.raise_in_list(collection, order, at).await
            }
            None => Ok(()),
        }
    }
}
