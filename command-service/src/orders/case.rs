//! One command to one order with all that its decision looks at, and the one place where decided events become a
//! decision to submit.

use orderfold_events::{
    CustomerId, StreamId, Timestamp, Version,
    order::{OrderEvent, OrderSummary, Totals},
};

use super::domain::{Circumstances, CustomerStanding, Order, OrderCommand, OrderError};
use crate::{
    credit::domain::CreditError,
    event_sourcing::{ClaimChange, ClaimKind, Loaded, StoreError},
    execution::{Decision, Recorded, Secrets},
};

/// An order as a command leaves it, and the events that it recorded.
#[derive(Debug, Clone)]
pub struct Standing {
    pub summary: OrderSummary,
    /// Of a draft alone.
    pub preview: Option<Totals>,
    /// The hold that was asked for.
    pub hold: Option<u32>,
    pub version: Version,
    pub recorded: Vec<(&'static str, Version)>,
}

/// Why an order command is refused.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// By the state of the order.
    Order(OrderError),
    /// By the content of the command alone.
    Invalid(OrderError),
    /// `If-Match` names another version.
    VersionConflict {
        current: Version,
    },
    CustomerNotFound,
    /// By the customer's credit account.
    Credit(CreditError),
    AddressNotFound {
        label: String,
    },
}

impl From<CreditError> for Refusal {
    fn from(error: CreditError) -> Self {
        Self::Credit(error)
    }
}

impl Refusal {
    /// Whether it is answered even where `If-Match` names another version.
    pub fn outranks_if_match(&self) -> bool {
        match self {
            Self::Order(refusal) => refusal.outranks_if_match(),
            Self::Invalid(_)
            | Self::VersionConflict { .. }
            | Self::CustomerNotFound
            | Self::Credit(_)
            | Self::AddressNotFound { .. } => false,
        }
    }
}

pub type Outcome = Result<Standing, Refusal>;

/// A command and everything that is looked at to decide it.
pub struct Case {
    pub stream: StreamId,
    pub order: Loaded<Order>,
    pub command: OrderCommand,
    pub circumstances: Circumstances,
    pub read_set: Vec<(StreamId, Version)>,
}

impl Case {
    pub fn decide(&self) -> Result<Vec<OrderEvent>, OrderError> {
        self.order.state.decide(&self.command, &self.circumstances)
    }

    /// When its events occurred.
    pub fn occurred_at(&self) -> Timestamp {
        self.order
            .state
            .occurred_at(&self.command, self.circumstances.now)
    }

    /// What the events lead to: records, claims and the answer.
    pub fn accepted<E>(
        self,
        secrets: &Secrets,
        events: &[OrderEvent],
    ) -> Result<Decision<Result<Standing, E>>, StoreError> {
        let occurred_at = self.occurred_at();
        let Self {
            stream,
            order,
            command,
            circumstances,
            read_set,
        } = self;
        let mut recorded = Vec::with_capacity(events.len());
        for event in events {
            recorded.push(Recorded {
                stream,
                event_type: event.event_type(),
                occurred_at,
                data: event.encode()?,
            });
        }
        let versions = (1..).map(|events| order.version.plus(events));
        let told = events
            .iter()
            .map(OrderEvent::event_type)
            .zip(versions)
            .collect();
        let version = order.version.plus(events.len());
        let after = events.iter().fold(order.state.clone(), Order::evolve);
        let claims = reference_claims(secrets, stream, &order.state, &after);
        let summary = after
            .summary()
            .ok_or_else(|| StoreError::Corrupt("an order without a summary".into()))?;
        Ok(Decision {
            customer: summary.customer_id,
            read_set,
            recorded,
            claims,
            answer: Ok(Standing {
                summary,
                preview: after.preview(),
                hold: hold_asked_for(&after, &command, circumstances.customer),
                version,
                recorded: told,
            }),
        })
    }
}

pub fn refused(
    customer: CustomerId,
    read_set: Vec<(StreamId, Version)>,
    refusal: Refusal,
) -> Decision<Outcome> {
    Decision {
        customer,
        read_set,
        recorded: Vec::new(),
        claims: Vec::new(),
        answer: Err(refusal),
    }
}

/// A reference is free at once when it is given up, and is taken with the event that names it.
fn reference_claims(
    secrets: &Secrets,
    owner: StreamId,
    before: &Order,
    after: &Order,
) -> Vec<ClaimChange> {
    let (old, new) = (before.claimed_reference(), after.claimed_reference());
    if old == new {
        return Vec::new();
    }
    let kind = ClaimKind::OrderReference;
    let release = old.map(|(channel, reference)| ClaimChange::Release {
        kind,
        key: secrets.reference(channel, reference),
        owner,
    });
    let take = new.map(|(channel, reference)| ClaimChange::Take {
        kind,
        key: secrets.reference(channel, reference),
        owner,
    });
    release.into_iter().chain(take).collect()
}

fn hold_asked_for(
    order: &Order,
    command: &OrderCommand,
    customer: CustomerStanding,
) -> Option<u32> {
    if let OrderCommand::Hold(hold) = command {
        order.open_hold(hold, customer)
    } else {
        None
    }
}
