//! Read models with one document per order or customer: read, folded, written whole.

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

use orderfold_events::{StreamId, Version};

use super::{View, ViewError, readable};
use crate::{
    consumer::record::Record,
    database::{
        DatabaseError, Statement, Transaction, collections::documents_of, stored::id_value,
    },
    projections::{DocumentView, ReadModel, VersionPlace},
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

    async fn write(
        &self,
        transaction: &mut Transaction,
        batch: &[Arc<Record>],
    ) -> Result<(), ViewError> {
        let mut documents: BTreeMap<V::Id, Option<V::Document>> = readable(batch)
            .filter_map(|(_, content)| V::select(&content.event))
            .map(|(id, _)| (id, None))
            .collect();
        if documents.is_empty() {
            return Ok(());
        }
        let collection = documents_of(V::READ_MODEL);
        let ids = documents.keys().map(|&id| id_value(id)).collect();
        for document in transaction.find::<V::Document>(collection, ids).await? {
            documents.insert(V::id(&document), Some(document));
        }
        for (record, content) in readable(batch) {
            let Some((id, fact)) = V::select(&content.event) else {
                continue;
            };
            let document = documents.entry(id).or_default();
            let folded = V::fold(document.take(), &record.envelope, fact).map_err(|cause| {
                ViewError::Contradiction {
                    record: Arc::clone(record),
                    cause,
                }
            })?;
            *document = Some(folded);
        }
        let statements = documents
            .iter()
            .filter_map(|(&id, document)| Some(Statement::replace(id, document.as_ref()?)))
            .collect::<Result<Vec<_>, _>>()?;
        transaction.update(collection, &statements).await?;
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
