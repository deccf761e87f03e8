//! The use cases of orders: gathers what a decision needs, picks ids, asks the aggregate.

use orderfold_events::{
    CustomerId, DecodeError, OrderId, OrderNumber, StreamId, Timestamp, Version,
    order::{OrderEvent, OrderPersonal, OrderSummary},
    personal::Address,
};
use orderfold_http::{Principal, clock};

use super::domain::{Order, OrderCommand, OrderError, Place};
use crate::{
    customers::domain::{AddressBook, Customer},
    event_sourcing::{Aggregate, ClaimChange, ClaimKind, EventStore, Loaded, StoreError},
    execution::{Call, Decision, Recorded, Secrets, Undecided},
};

impl Aggregate for Order {
    type Event = OrderEvent;
    const SNAPSHOT_SCHEMA: Option<i32> = Some(1);

    fn initial() -> Self {
        Self::initial()
    }

    fn evolve(self, event: &OrderEvent) -> Self {
        Self::evolve(self, event)
    }

    fn decode(event_type: &str, data: &[u8]) -> Result<OrderEvent, DecodeError> {
        OrderEvent::decode(event_type, data)
    }

    fn to_snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    fn from_snapshot(snapshot: &[u8]) -> Option<Self> {
        serde_json::from_slice(snapshot).ok()
    }
}

/// An order as a command leaves it, and the events that it recorded.
#[derive(Debug, Clone)]
pub struct Standing {
    pub summary: OrderSummary,
    pub version: Version,
    pub recorded: Vec<(&'static str, Version)>,
}

/// Why an order command is refused.
#[derive(Debug, Clone)]
pub enum Refusal {
    Order(OrderError),
    /// `If-Match` names another version.
    VersionConflict {
        current: Version,
    },
    CustomerNotFound,
    AddressNotFound {
        label: String,
    },
}

type Outcome = Result<Standing, Refusal>;

/// Where an order is to go or to be billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The customer's default, where there is one.
    Default,
    /// An address of the customer's book.
    Labelled(String),
    Address(Box<Address>),
}

/// An order to place, before the customer's addresses are known.
#[derive(Debug, Clone)]
pub struct PlaceRequest {
    pub place: Place,
    pub ship_to: Destination,
    pub bill_to: Destination,
}

/// What the use cases need.
#[derive(Clone, Copy)]
pub struct OrderCommands<'a> {
    pub store: &'a EventStore,
    pub secrets: &'a Secrets,
}

impl OrderCommands<'_> {
    /// `PlaceOrder`: a whole order at once.
    ///
    /// # Errors
    /// [`Refusal::CustomerNotFound`], and what only the content decides.
    pub async fn place(
        &self,
        call: &Call,
        request: &PlaceRequest,
    ) -> Result<Decision<Outcome>, Undecided<Refusal>> {
        let customer_id = request.place.customer_id;
        let customer_stream = StreamId::Customer(customer_id);
        let customer: Loaded<Customer> = self.store.load(customer_stream).await?;
        let Customer::Active(book) = &customer.state else {
            return Err(Undecided::Refused(Refusal::CustomerNotFound));
        };
        let order_id = OrderId(clock::new_id());
        let stream = StreamId::Order(order_id);
        let read_set = vec![(customer_stream, customer.version), (stream, Version::NONE)];
        let refuse = |refusal| refused(customer_id, read_set.clone(), refusal);
        if !call.precondition.holds(Version::NONE) {
            return Ok(refuse(Refusal::VersionConflict {
                current: Version::NONE,
            }));
        }
        let mut place = request.place.clone();
        match snapshots(book, request) {
            Ok((ship_to, bill_to)) => {
                place.personal = OrderPersonal {
                    ship_to,
                    bill_to,
                    ..place.personal
                };
            }
            Err(refusal) => return Ok(refuse(refusal)),
        }
        place.order_id = order_id;
        let placed_at = place.occurred_at.unwrap_or(call.now);
        // A rehearsal draws no number.
        if !call.dry_run {
            place.number = self.store.next_order_number(placed_at).await?;
        }
        let claims = self.claims(&place, stream);
        let command = OrderCommand::Place(Box::new(place));
        match Order::initial().decide(&command, call.now) {
            Ok(events) => {
                let decision = accepted(
                    Loaded {
                        state: Order::initial(),
                        version: Version::NONE,
                    },
                    stream,
                    &events,
                    placed_at,
                )?;
                Ok(Decision {
                    read_set,
                    claims,
                    ..decision
                })
            }
            // What the body alone decides; it could not be valid at another time.
            Err(
                refusal @ (OrderError::InvalidLine { .. }
                | OrderError::NoLines
                | OrderError::TotalNegative { .. }
                | OrderError::TotalTooLarge { .. }),
            ) => Err(Undecided::Refused(Refusal::Order(refusal))),
            Err(refusal) => Ok(refuse(Refusal::Order(refusal))),
        }
    }

    /// Every command to an order that exists: cancelling, and recording what happened to it.
    ///
    /// # Errors
    /// [`OrderError::NotFound`], also for a customer whose order it is not.
    pub async fn change(
        &self,
        call: &Call,
        order_id: OrderId,
        command: &OrderCommand,
    ) -> Result<Decision<Outcome>, Undecided<Refusal>> {
        let stream = StreamId::Order(order_id);
        let order: Loaded<Order> = self.store.load(stream).await?;
        let customer_id = order
            .state
            .summary()
            .map(|summary| summary.customer_id)
            .filter(|owner| may_touch(&call.principal, *owner))
            .ok_or(Undecided::Refused(Refusal::Order(OrderError::NotFound)))?;
        let version = order.version;
        let read_set = vec![(stream, version)];
        let decided = order.state.decide(command, call.now);
        let outranks = match &decided {
            Ok(events) => events.is_empty(),
            Err(refusal) => refusal.outranks_if_match(),
        };
        if !outranks && !call.precondition.holds(version) {
            return Ok(refused(
                customer_id,
                read_set,
                Refusal::VersionConflict { current: version },
            ));
        }
        match decided {
            Ok(events) => {
                let occurred_at = order.state.occurred_at(command, call.now);
                let decision = accepted(order, stream, &events, occurred_at)?;
                Ok(Decision {
                    read_set,
                    ..decision
                })
            }
            Err(refusal) => Ok(refused(customer_id, read_set, Refusal::Order(refusal))),
        }
    }

    fn claims(&self, place: &Place, owner: StreamId) -> Vec<ClaimChange> {
        let take = |reference: &String| ClaimChange::Take {
            kind: ClaimKind::OrderReference,
            key: self.secrets.reference(&place.channel, reference),
            owner,
        };
        place.reference.iter().map(take).collect()
    }
}

/// A customer touches what is theirs; whoever works for the business touches everything.
#[must_use]
pub fn may_touch(principal: &Principal, owner: CustomerId) -> bool {
    principal
        .customer
        .is_none_or(|customer| customer == owner.0)
}

fn refused(
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

/// The order after its events; the read set is the caller's.
fn accepted(
    order: Loaded<Order>,
    stream: StreamId,
    events: &[OrderEvent],
    occurred_at: Timestamp,
) -> Result<Decision<Outcome>, StoreError> {
    let mut recorded = Vec::with_capacity(events.len());
    for event in events {
        let (event_type, data) = (event.event_type(), event.encode()?);
        recorded.push(Recorded {
            stream,
            event_type,
            occurred_at,
            data,
        });
    }
    let versions = (1..).map(|events| order.version.plus(events));
    let told = events
        .iter()
        .map(OrderEvent::event_type)
        .zip(versions)
        .collect();
    let version = order.version.plus(events.len());
    let summary = events.iter().fold(order.state, Order::evolve).summary();
    let summary =
        summary.ok_or_else(|| StoreError::Corrupt("an order without a summary".into()))?;
    Ok(Decision {
        customer: summary.customer_id,
        read_set: Vec::new(),
        recorded,
        claims: Vec::new(),
        answer: Ok(Standing {
            summary,
            version,
            recorded: told,
        }),
    })
}

/// The addresses as they are at placing.
fn snapshots(
    book: &AddressBook,
    request: &PlaceRequest,
) -> Result<(Option<Address>, Option<Address>), Refusal> {
    let find = |destination: &Destination, default: Option<&Address>| match destination {
        Destination::Default => Ok(default.cloned()),
        Destination::Labelled(label) => {
            book.labelled(label)
                .cloned()
                .map(Some)
                .ok_or_else(|| Refusal::AddressNotFound {
                    label: label.clone(),
                })
        }
        Destination::Address(address) => Ok(Some((**address).clone())),
    };
    let ship_to = find(&request.ship_to, book.default_shipping())?;
    let bill_to = find(&request.bill_to, book.default_billing())?;
    Ok((ship_to, bill_to))
}

/// Stands where a rehearsal has no number; it is never shown.
#[must_use]
pub fn unnumbered(placed_at: Timestamp) -> OrderNumber {
    OrderNumber::new(placed_at, 0)
}
