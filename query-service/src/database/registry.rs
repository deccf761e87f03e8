//! The registry of builds: one document per read model. Every change of it is one compare-and-set on its revision.

use bson::doc;
use futures::TryStreamExt;

use super::{Attempt, Database, DatabaseError, builds::Registration, collections::PROJECTIONS};
use crate::projections::ReadModel;

impl Database {
    /// Makes the missing registry documents.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub(super) async fn ensure_registrations(&self) -> Result<(), DatabaseError> {
        let attempt = "register the read models";
        for &read_model in ReadModel::ALL {
            let first = Registration::first(read_model);
            let document = bson::serialize_to_document(&first).attempt(attempt)?;
            self.collection::<Registration>(PROJECTIONS)
                .update_one(doc! { "_id": &first.id }, doc! { "$setOnInsert": document })
                .upsert(true)
                .await
                .attempt(attempt)?;
        }
        Ok(())
    }

    /// The registry, in the present versions of the read models.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn registrations(&self) -> Result<Vec<Registration>, DatabaseError> {
        let attempt = "read the registry of builds";
        let ids: Vec<String> = ReadModel::ALL
            .iter()
            .map(|&read_model| Registration::first(read_model).id)
            .collect();
        self.collection::<Registration>(PROJECTIONS)
            .find(doc! { "_id": { "$in": ids } })
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)
    }

    /// Replaces a registry document, unless somebody else changed it meanwhile; answers whether it was replaced.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn replace_registration(
        &self,
        before: &Registration,
        after: &Registration,
    ) -> Result<bool, DatabaseError> {
        let after = Registration {
            revision: before.revision.saturating_add(1),
            ..after.clone()
        };
        let outcome = self
            .collection::<Registration>(PROJECTIONS)
            .replace_one(
                doc! { "_id": &before.id, "revision": before.revision },
                &after,
            )
            .await
            .attempt("change the registry of builds")?;
        Ok(outcome.matched_count == 1)
    }
}
