//! The use case of credit terms, and what every use case of a customer's credit asks first.

use orderfold_events::{CustomerId, DecodeError, StreamId, Version, credit::CreditEvent};

use super::domain::{CreditAccount, CreditCommand, CreditError, Terms};
use crate::{
    customers::domain::Customer,
    event_sourcing::{Aggregate, EventStore, Loaded, StoreError},
    execution::{Call, Decision, Recorded, Undecided},
};

impl Aggregate for CreditAccount {
    type Event = CreditEvent;
    const SNAPSHOT_SCHEMA: Option<i32> = Some(1);

    fn initial() -> Self {
        Self::default()
    }

    fn evolve(self, event: &CreditEvent) -> Self {
        Self::evolve(self, event)
    }

    fn decode(event_type: &str, data: &[u8]) -> Result<CreditEvent, DecodeError> {
        CreditEvent::decode(event_type, data)
    }

    fn to_snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    fn from_snapshot(snapshot: &[u8]) -> Option<Self> {
        serde_json::from_slice(snapshot).ok()
    }
}

/// A credit account as a command leaves it.
#[derive(Debug, Clone)]
pub struct Standing {
    pub customer_id: CustomerId,
    pub version: Version,
    pub terms: Terms,
    pub exposure: i64,
    pub available: i64,
}

/// Why credit terms are refused.
#[derive(Debug, Clone, Copy)]
pub enum Refusal {
    CustomerNotFound,
    /// `If-Match` names another version of the credit account.
    VersionConflict {
        current: Version,
    },
    Credit(CreditError),
}

/// `SetCreditTerms`.
///
/// # Errors
/// [`Refusal::CustomerNotFound`].
pub async fn set_terms(
    store: &EventStore,
    call: &Call,
    customer_id: CustomerId,
    terms: Terms,
) -> Result<Decision<Result<Standing, Refusal>>, Undecided<Refusal>> {
    let customer = find_customer(store, customer_id).await?;
    let customer = customer.ok_or(Undecided::Refused(Refusal::CustomerNotFound))?;
    let stream = StreamId::Credit(customer_id);
    let Loaded { state, version } = store.load::<CreditAccount>(stream).await?;
    let mut decision = Decision {
        customer: customer_id,
        read_set: vec![
            (StreamId::Customer(customer_id), customer.version),
            (stream, version),
        ],
        recorded: Vec::new(),
        claims: Vec::new(),
        answer: Err(Refusal::VersionConflict { current: version }),
    };
    let decided = state.decide(customer_id, &CreditCommand::SetTerms(terms));
    let repeats = matches!(&decided, Ok(events) if events.is_empty());
    if !repeats && !call.precondition.holds(version) {
        return Ok(decision);
    }
    let events = match decided {
        Ok(events) => events,
        Err(refusal) => {
            decision.answer = Err(Refusal::Credit(refusal));
            return Ok(decision);
        }
    };
    for event in &events {
        decision.recorded.push(Recorded {
            stream,
            event_type: event.event_type(),
            occurred_at: call.now,
            data: event.encode().map_err(StoreError::from)?,
        });
    }
    let account = events.iter().fold(state, CreditAccount::evolve);
    decision.answer = Ok(Standing {
        customer_id,
        version: version.plus(events.len()),
        terms,
        exposure: account.exposure(),
        available: account.available(),
    });
    Ok(decision)
}

/// A customer who exists, whatever became of it: open orders of an erased one go on.
pub(super) async fn find_customer(
    store: &EventStore,
    customer_id: CustomerId,
) -> Result<Option<Loaded<Customer>>, StoreError> {
    let customer: Loaded<Customer> = store.load(StreamId::Customer(customer_id)).await?;
    Ok(customer.state.status().is_some().then_some(customer))
}
