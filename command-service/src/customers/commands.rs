//! The use cases of customers: gathers what a decision needs, picks ids, asks the aggregate.

use orderfold_events::{CustomerId, DecodeError, StreamId, Version, customer::CustomerEvent};

use super::domain::{Customer, CustomerCommand, CustomerError, Register};
use crate::{
    event_sourcing::{Aggregate, ClaimChange, ClaimKind, StoreError},
    execution::{Call, Decision, Recorded, Secrets},
};

impl Aggregate for Customer {
    type Event = CustomerEvent;

    fn initial() -> Self {
        Self::default()
    }

    fn evolve(self, event: &CustomerEvent) -> Self {
        Self::evolve(self, event)
    }

    fn decode(event_type: &str, data: &[u8]) -> Result<CustomerEvent, DecodeError> {
        CustomerEvent::decode(event_type, data)
    }
}

/// A customer as a command leaves it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub customer_id: CustomerId,
    pub version: Version,
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

/// `RegisterCustomer`.
///
/// # Errors
/// [`StoreError`] when the event cannot be written.
pub fn register(
    secrets: &Secrets,
    call: &Call,
    register: &Register,
) -> Result<Decision<Result<Standing, Refusal>>, StoreError> {
    let customer_id = register.customer_id;
    let stream = StreamId::Customer(customer_id);
    let mut decision = Decision {
        customer: customer_id,
        read_set: vec![(stream, Version::NONE)],
        recorded: Vec::new(),
        claims: Vec::new(),
        answer: Err(Refusal::VersionConflict {
            current: Version::NONE,
        }),
    };
    if !call.precondition.holds(Version::NONE) {
        return Ok(decision);
    }
    let command = CustomerCommand::Register(Box::new(register.clone()));
    let events = match Customer::default().decide(&command) {
        Ok(events) => events,
        Err(refusal) => {
            decision.answer = Err(Refusal::Customer(refusal));
            return Ok(decision);
        }
    };
    for event in &events {
        let data = event.encode()?;
        let event_type = event.event_type();
        decision.recorded.push(Recorded {
            stream,
            event_type,
            occurred_at: call.now,
            data,
        });
    }
    decision.claims = claims(secrets, register, stream);
    decision.answer = Ok(Standing {
        customer_id,
        version: Version::NONE.plus(events.len()),
    });
    Ok(decision)
}

fn claims(secrets: &Secrets, register: &Register, owner: StreamId) -> Vec<ClaimChange> {
    let email = register
        .personal
        .email
        .as_deref()
        .map(|email| ClaimChange::Take {
            kind: ClaimKind::CustomerEmail,
            key: secrets.email(email),
            owner,
        });
    let reference = register
        .reference
        .as_ref()
        .map(|reference| ClaimChange::Take {
            kind: ClaimKind::CustomerReference,
            key: secrets.reference(&reference.channel, &reference.value),
            owner,
        });
    email.into_iter().chain(reference).collect()
}
