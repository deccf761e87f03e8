//! The use cases of customers: gathers what a decision needs, picks ids, asks the aggregate.

use orderfold_events::{
    CustomerId, DecodeError, StreamId, Version,
    customer::{CustomerEvent, CustomerStatus},
};
use orderfold_http::Principal;

use super::domain::{Customer, CustomerCommand, CustomerError, Register};
use crate::{
    event_sourcing::{Aggregate, ClaimChange, ClaimKind, EventStore, Loaded, StoreError},
    execution::{Call, Decision, Recorded, Secrets, Undecided},
    sealing::Vault,
};

impl Aggregate for Customer {
    type Event = CustomerEvent;
    const SNAPSHOT_SCHEMA: Option<i32> = Some(1);

    fn initial() -> Self {
        Self::default()
    }

    fn evolve(self, event: &CustomerEvent) -> Self {
        Self::evolve(self, event)
    }

    fn decode(event_type: &str, data: &[u8]) -> Result<CustomerEvent, DecodeError> {
        CustomerEvent::decode(event_type, data)
    }

    /// None of one that was recorded before personal data was sealed.
    fn to_snapshot(&self) -> Option<Vec<u8>> {
        if !self.is_sealed() {
            return None;
        }
        serde_json::to_vec(self).ok()
    }

    fn from_snapshot(snapshot: &[u8]) -> Option<Self> {
        serde_json::from_slice(snapshot).ok()
    }
}

/// A customer as a command leaves it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub customer_id: CustomerId,
    pub version: Version,
    pub status: CustomerStatus,
}

/// Why a customer command is refused.
#[derive(Debug, Clone, Copy)]
pub enum Refusal {
    Customer(CustomerError),
    /// `If-Match` names another version.
    VersionConflict {
        current: Version,
    },
}

type Outcome = Result<Standing, Refusal>;

/// What the use cases need.
#[derive(Clone, Copy)]
pub struct CustomerCommands<'a> {
    pub store: &'a EventStore,
    pub secrets: &'a Secrets,
    pub vault: &'a Vault,
}

impl CustomerCommands<'_> {
    /// `RegisterCustomer`.
    ///
    /// # Errors
    /// [`StoreError`] when the event cannot be written.
    pub fn register(
        &self,
        call: &Call,
        register: Register,
    ) -> Result<Decision<Outcome>, StoreError> {
        let customer_id = register.customer_id;
        let reference = register
            .reference
            .as_ref()
            .map(|reference| ClaimChange::Take {
                kind: ClaimKind::CustomerReference,
                key: self.secrets.reference(&reference.channel, &reference.value),
                owner: StreamId::Customer(customer_id),
            });
        let unregistered = Loaded {
            state: Customer::default(),
            version: Version::NONE,
        };
        let command = CustomerCommand::Register(Box::new(register));
        let mut decision = self.decide(call, customer_id, unregistered, &command)?;
        if decision.answer.is_ok() {
            decision.claims.extend(reference);
        }
        Ok(decision)
    }

    /// Every command to a customer who exists.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], also for a customer who asks for another one.
    pub async fn change(
        &self,
        call: &Call,
        customer_id: CustomerId,
        command: &CustomerCommand,
    ) -> Result<Decision<Outcome>, Undecided<Refusal>> {
        let customer = load_opened(self.store, self.vault, customer_id).await?;
        if customer.state.status().is_none() || !may_touch(&call.principal, customer_id) {
            return Err(Undecided::Refused(Refusal::Customer(
                CustomerError::NotFound,
            )));
        }
        Ok(self.decide(call, customer_id, customer, command)?)
    }

    fn decide(
        &self,
        call: &Call,
        customer_id: CustomerId,
        customer: Loaded<Customer>,
        command: &CustomerCommand,
    ) -> Result<Decision<Outcome>, StoreError> {
        let Loaded {
            state: before,
            version,
        } = customer;
        let stream = StreamId::Customer(customer_id);
        let refused = |refusal| Decision {
            customer: customer_id,
            read_set: vec![(stream, version)],
            recorded: Vec::new(),
            claims: Vec::new(),
            answer: Err(refusal),
        };
        let decided = before.decide(command);
        // A repetition is told so whatever version the caller saw.
        let repeats = matches!(&decided, Ok(events) if events.is_empty());
        if !repeats && !call.precondition.holds(version) {
            return Ok(refused(Refusal::VersionConflict { current: version }));
        }
        let events = match decided {
            Ok(events) => events,
            Err(refusal) => return Ok(refused(Refusal::Customer(refusal))),
        };
        let after = events.iter().fold(before.clone(), Customer::evolve);
        let status = after.status();
        let status =
            status.ok_or_else(|| StoreError::Corrupt("a customer without status".into()))?;
        Ok(Decision {
            customer: customer_id,
            read_set: vec![(stream, version)],
            recorded: recorded(call, stream, &events)?,
            claims: self.email_claims(stream, &before, &after),
            answer: Ok(Standing {
                customer_id,
                version: version.plus(events.len()),
                status,
            }),
        })
    }

    /// The address that the customer gives up is free for others in the same commit that takes the new one.
    fn email_claims(
        &self,
        owner: StreamId,
        before: &Customer,
        after: &Customer,
    ) -> Vec<ClaimChange> {
        let key_of = |customer: &Customer| {
            let email = customer.personal()?.as_plain()?.email.as_deref()?;
            Some(self.secrets.email(email))
        };
        let (before, after) = (key_of(before), key_of(after));
        if before == after {
            return Vec::new();
        }
        let kind = ClaimKind::CustomerEmail;
        let release = before.map(|key| ClaimChange::Release { kind, key, owner });
        let take = after.map(|key| ClaimChange::Take { kind, key, owner });
        release.into_iter().chain(take).collect()
    }
}

/// A customer with what is personal opened. One whose key was destroyed since is found again as erased.
///
/// # Errors
/// [`StoreError`] when the store or the keys cannot be had.
pub async fn load_opened(
    store: &EventStore,
    vault: &Vault,
    customer_id: CustomerId,
) -> Result<Loaded<Customer>, StoreError> {
    let customer: Loaded<Customer> = store.load(StreamId::Customer(customer_id)).await?;
    let Loaded { state, version } = customer;
    let state = match state.personal() {
        None => state,
        Some(personal) => match vault.open(personal).await? {
            Some(plain) => state.opened(plain),
            None => return Err(StoreError::Unavailable(None)),
        },
    };
    Ok(Loaded { state, version })
}

/// A customer touches what is theirs; whoever works for the business touches everything.
#[must_use]
pub fn may_touch(principal: &Principal, owner: CustomerId) -> bool {
    principal
        .customer
        .is_none_or(|customer| customer == owner.0)
}

fn recorded(
    call: &Call,
    stream: StreamId,
    events: &[CustomerEvent],
) -> Result<Vec<Recorded>, StoreError> {
    let record = |event: &CustomerEvent| {
        Ok(Recorded {
            stream,
            event_type: event.event_type(),
            occurred_at: call.now,
            data: event.encode()?,
        })
    };
    events.iter().map(record).collect()
}
