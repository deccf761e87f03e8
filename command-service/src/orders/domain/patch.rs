//! What a merge patch says of members, and what becomes of them.

use std::collections::BTreeMap;

use orderfold_events::order::DetailsUpdated;

use super::{OrderError, limits::METADATA_MAX};

/// What a merge patch says of one member that may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T: Clone> Patch<T> {
    pub(super) fn apply(&self, member: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *member = None,
            Self::Set(value) => *member = Some(value.clone()),
        }
    }
}

/// What a merge patch says of the details of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetailsPatch {
    pub reference: Patch<String>,
    pub customer_reference: Patch<String>,
    pub tags: Option<Vec<String>>,
    /// Merged member by member; `None` removes one.
    pub metadata: Patch<BTreeMap<String, Option<String>>>,
}

impl DetailsPatch {
    /// The details after the patch.
    pub(super) fn applied_to(
        &self,
        details: &DetailsUpdated,
    ) -> Result<DetailsUpdated, OrderError> {
        let mut patched = details.clone();
        self.reference.apply(&mut patched.reference);
        self.customer_reference
            .apply(&mut patched.customer_reference);
        if let Some(tags) = &self.tags {
            patched.tags.clone_from(tags);
        }
        match &self.metadata {
            Patch::Keep => {}
            Patch::Clear => patched.metadata.clear(),
            Patch::Set(members) => merge(&mut patched.metadata, members)?,
        }
        Ok(patched)
    }
}

fn merge(
    metadata: &mut BTreeMap<String, String>,
    members: &BTreeMap<String, Option<String>>,
) -> Result<(), OrderError> {
    for (name, value) in members {
        match value {
            Some(value) => metadata.insert(name.clone(), value.clone()),
            None => metadata.remove(name),
        };
    }
    if metadata.len() > METADATA_MAX {
        return Err(OrderError::TooManyMetadata {
            limit: METADATA_MAX,
        });
    }
    Ok(())
}
