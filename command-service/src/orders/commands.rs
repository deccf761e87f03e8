//! The use cases of orders: gathers what a decision needs, picks ids, asks the aggregate.

use chrono_tz::Tz;
use orderfold_events::{
    CustomerId, DecodeError, OrderId, OrderNumber, StreamId, Timestamp, Version,
    order::{OrderEvent, OrderSummary, Terms},
    personal::Address,
};
use orderfold_http::clock;

use super::{
    domain::{Order, OrderCommand, OrderError, Place},
    service::{Credit, OrderChange, follow_credit},
};
use crate::{
    credit::domain::CreditError,
    customers::{
        commands::may_touch,
        domain::{Customer, Profile},
    },
    event_sourcing::{Aggregate, ClaimChange, ClaimKind, EventStore, Loaded, StoreError},
    execution::{Call, Decision, Recorded, Secrets, Undecided},
};

impl Aggregate for Order {
    type Event = OrderEvent;

    fn initial() -> Self {
        Self::initial()
    }

    fn evolve(self, event: &OrderEvent) -> Self {
        Self::evolve(self, event)
    }

    fn decode(event_type: &str, data: &[u8]) -> Result<OrderEvent, DecodeError> {
        OrderEvent::decode(event_type, data)
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
    CustomerBlocked,
    CustomerErased,
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
    /// Whose days a due date counts in.
    pub reporting_zone: Tz,
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
        let order_id = OrderId(clock::new_id());
        let stream = StreamId::Order(order_id);
        let mut read_set = vec![(customer_stream, customer.version), (stream, Version::NONE)];
        let credit = match request.place.terms {
            Terms::OnAccount => Some(Credit::load(self.store, customer_id).await?),
            Terms::Prepaid => None,
        };
        read_set.extend(credit.as_ref().map(Credit::read));
        let refuse = |refusal| refused(customer_id, read_set.clone(), refusal);
        if customer.state.status().is_none() {
            return Err(Undecided::Refused(Refusal::CustomerNotFound));
        }
        if !call.precondition.holds(Version::NONE) {
            return Ok(refuse(Refusal::VersionConflict {
                current: Version::NONE,
            }));
        }
        let mut place = match addressed(&customer.state, request) {
            Ok(place) => place,
            Err(refusal) => return Ok(refuse(refusal)),
        };
        place.order_id = order_id;
        let placed_at = place.occurred_at.unwrap_or(call.now);
        // A rehearsal draws no number.
        if !call.dry_run {
            place.number = self.store.next_order_number(placed_at).await?;
        }
        if let (None, Some(credit)) = (place.due_on, &credit) {
            place.due_on = Some(credit.due_on(placed_at, self.reporting_zone));
        }
        let claims = self.claims(&place, stream);
        let command = OrderCommand::Place(Box::new(place));
        match Order::initial().decide(&command, call.now) {
            Ok(events) => {
                let unplaced = Loaded {
                    state: Order::initial(),
                    version: Version::NONE,
                };
                let decision = Decision {
                    read_set,
                    claims,
                    ..accepted(unplaced, stream, &events, placed_at)?
                };
                let change = OrderChange {
                    before: None,
                    events: &events,
                    told_at: request.place.occurred_at,
                    occurred_at: placed_at,
                };
                match credit {
                    Some(credit) => Ok(credit.settle(&change, decision)?),
                    None => Ok(decision),
                }
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
                let before = order.state.summary();
                let decision = accepted(order, stream, &events, occurred_at)?;
                let decision = Decision {
                    read_set,
                    ..decision
                };
                let change = OrderChange {
                    before: before.as_ref(),
                    events: &events,
                    told_at: command.occurred_at(),
                    occurred_at,
                };
                Ok(follow_credit(self.store, &change, decision).await?)
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
pub(crate) fn accepted<E>(
    order: Loaded<Order>,
    stream: StreamId,
    events: &[OrderEvent],
    occurred_at: Timestamp,
) -> Result<Decision<Result<Standing, E>>, StoreError> {
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

/// The order with the addresses as they are at placing, where its customer may place one.
fn addressed(customer: &Customer, request: &PlaceRequest) -> Result<Place, Refusal> {
    let book = match customer {
        Customer::Unregistered => return Err(Refusal::CustomerNotFound),
        Customer::Blocked(_) => return Err(Refusal::CustomerBlocked),
        Customer::Erased(_) => return Err(Refusal::CustomerErased),
        Customer::Active(book) => book,
    };
    let (ship_to, bill_to) = snapshots(book, request)?;
    let mut place = request.place.clone();
    place.personal.ship_to = ship_to;
    place.personal.bill_to = bill_to;
    Ok(place)
}

fn snapshots(
    book: &Profile,
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
