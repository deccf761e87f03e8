//! How many streams are missing in an answer: parked ones, and those of which an event was skipped.

use std::collections::BTreeSet;

use orderfold_events::{CustomerId, OrderId, StreamId};

use super::Progress;
use crate::{
    database::{DatabaseError, parked::Missing},
    projections::ReadModel,
};

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Many orders or customers, or sums of them.
    Many,
    Order(OrderId),
    /// A customer with everything that is the customer's.
    Customer(CustomerId),
}

impl Progress {
    /// How many streams are missing in an answer from these read models.
    #[must_use]
    pub fn missing(&self, read_models: &[ReadModel], subject: Subject) -> usize {
        let state = self.read();
        let streams: BTreeSet<StreamId> = read_models
            .iter()
            .filter_map(|read_model| state.missing.get(read_model))
            .flatten()
            .filter(|missing| subject.may_miss(missing))
            .map(|missing| missing.stream)
            .collect();
        streams.len()
    }

    /// Whether a stream that is or may be the customer's is parked now, in whichever build.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn is_parked(&self, customer: CustomerId) -> Result<bool, DatabaseError> {
        let subject = Subject::Customer(customer);
        let parked = self.database.parked_streams(None, None).await?;
        let mut missing = parked.iter().map(|parked| Missing {
            stream: parked.stream,
            customer_id: parked.customer_id,
        });
        Ok(missing.any(|missing| subject.may_miss(&missing)))
    }

    /// Takes note of streams that were parked in the build that answers.
    pub(crate) fn observe_missing(
        &self,
        read_model: ReadModel,
        streams: impl IntoIterator<Item = Missing>,
    ) {
        let mut state = self.write();
        state.missing.entry(read_model).or_default().extend(streams);
    }
}

impl Subject {
    /// An event that cannot be read may be about any customer.
    fn may_miss(self, missing: &Missing) -> bool {
        match self {
            Self::Many => true,
            Self::Order(order) => missing.stream == StreamId::Order(order),
            Self::Customer(customer) => match missing.stream {
                StreamId::Customer(id) | StreamId::Credit(id) => id == customer,
                StreamId::Order(_) => missing.customer_id.is_none_or(|id| id == customer),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_answer_misses_what_it_is_about() {
        let order = |n| OrderId(Uuid::from_u128(n));
        let customer = |n| CustomerId(Uuid::from_u128(n));
        let missing = |customer_id| Missing {
            stream: StreamId::Order(order(1)),
            customer_id,
        };
        let known = missing(Some(customer(1)));
        assert!(Subject::Many.may_miss(&known));
        assert!(Subject::Order(order(1)).may_miss(&known));
        assert!(!Subject::Order(order(2)).may_miss(&known));
        assert!(Subject::Customer(customer(1)).may_miss(&known));
        assert!(!Subject::Customer(customer(2)).may_miss(&known));
        assert!(
            Subject::Customer(customer(2)).may_miss(&missing(None)),
            "nobody knows whose it is"
        );
        let own = Missing {
            stream: StreamId::Customer(customer(1)),
            customer_id: None,
        };
        assert!(!Subject::Customer(customer(2)).may_miss(&own));
    }
}
