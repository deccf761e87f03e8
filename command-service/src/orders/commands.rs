//! The use cases of orders: gathers what a decision needs, picks ids, asks the aggregate.

use chrono_tz::Tz;
use orderfold_events::{
    CustomerId, DecodeError, OrderId, StreamId, Version,
    order::{OrderEvent, Terms},
};
use orderfold_http::clock;

use super::{
    addresses::{Destination, name_addresses, snapshots},
    case::{Case, Outcome, Refusal, refused},
    domain::{Circumstances, CustomerStanding, Order, OrderCommand, OrderError, Place},
    service::{Credit, OrderChange, follow_credit},
};
use crate::{
    customers::{
        commands::{load_opened, may_touch},
        domain::{Customer, Profile},
    },
    event_sourcing::{Aggregate, EventStore, Loaded, StoreError},
    execution::{Call, Decision, Secrets, Undecided},
    sealing::Vault,
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

/// An order to make: for whom, where the target names the customer, and whether it is only drafted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Creation {
    pub customer: Option<CustomerId>,
    pub drafts: bool,
}

/// An order to place or to draft, before the customer's addresses are known.
#[derive(Debug, Clone)]
pub struct PlaceRequest {
    pub place: Place,
    pub draft: bool,
    pub ship_to: Destination,
    pub bill_to: Destination,
}

/// A command to an order that exists, before the customer's addresses are known.
#[derive(Debug, Clone)]
pub struct OrderRequest {
    pub command: OrderCommand,
    pub ship_to: Destination,
    pub bill_to: Destination,
}

impl From<OrderCommand> for OrderRequest {
    fn from(command: OrderCommand) -> Self {
        Self {
            command,
            ship_to: Destination::Unsaid,
            bill_to: Destination::Unsaid,
        }
    }
}

/// What the use cases need.
#[derive(Clone, Copy)]
pub struct OrderCommands<'a> {
    pub store: &'a EventStore,
    pub secrets: &'a Secrets,
    pub vault: &'a Vault,
    /// Whose days a due date counts in.
    pub reporting_zone: Tz,
}

impl OrderCommands<'_> {
    /// `PlaceOrder`, a whole order at once, and `DraftOrder`.
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
        let customer = load_opened(self.store, self.vault, customer_id).await?;
        let Some((standing, book)) = acquainted(&customer.state) else {
            return Err(Undecided::Refused(Refusal::CustomerNotFound));
        };
        let order_id = OrderId(clock::new_id());
        let stream = StreamId::Order(order_id);
        let mut read_set = vec![(customer_stream, customer.version), (stream, Version::NONE)];
        if !call.precondition.holds(Version::NONE) {
            let current = Version::NONE;
            let conflict = Refusal::VersionConflict { current };
            return Ok(refused(customer_id, read_set, conflict));
        }
        let mut place = request.place.clone();
        place.order_id = order_id;
        let placed_at = place.occurred_at.unwrap_or(call.now);
        if place.terms == Terms::OnAccount && !request.draft {
            let credit = Credit::load(self.store, customer_id).await?;
            read_set.push(credit.read());
            let due_on = || credit.due_on(placed_at, self.reporting_zone);
            place.due_on = Some(place.due_on.unwrap_or_else(due_on));
        }
        match snapshots(book, &request.ship_to, &request.bill_to) {
            Ok((ship_to, bill_to)) => {
                place.personal.ship_to = ship_to;
                place.personal.bill_to = bill_to;
            }
            Err(refusal) => return Ok(refused(customer_id, read_set, refusal)),
        }
        // Neither a draft nor a rehearsal draws a number.
        if !request.draft && !call.dry_run {
            place.number = Some(self.store.next_order_number(placed_at).await?);
        }
        let place = Box::new(place);
        let case = Case {
            stream,
            order: Loaded {
                state: Order::initial(),
                version: Version::NONE,
            },
            command: if request.draft {
                OrderCommand::Draft(place)
            } else {
                OrderCommand::Place(place)
            },
            circumstances: circumstances(call, standing),
            read_set,
        };
        match case.decide() {
            Ok(events) => Ok(self.accepted(case, &events).await?),
            Err(refusal) if body_alone_decides(&refusal) => {
                Err(Undecided::Refused(Refusal::Invalid(refusal)))
            }
            Err(refusal) => Ok(refused(customer_id, case.read_set, Refusal::Order(refusal))),
        }
    }

    /// Every command to an order that exists.
    ///
    /// # Errors
    /// [`OrderError::NotFound`], also for a customer whose order it is not.
    pub async fn change(
        &self,
        call: &Call,
        order_id: OrderId,
        request: &OrderRequest,
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
        let mut case = Case {
            stream,
            read_set: vec![(stream, version)],
            order,
            command: request.command.clone(),
            circumstances: circumstances(call, CustomerStanding::Active),
        };
        let gathered = self.gather(&mut case, call, customer_id, request).await?;
        let decided = gathered.and_then(|()| case.decide().map_err(Refusal::Order));
        let outranks = match &decided {
            Ok(events) => events.is_empty(),
            Err(refusal) => refusal.outranks_if_match(),
        };
        if !outranks && !call.precondition.holds(version) {
            let conflict = Refusal::VersionConflict { current: version };
            return Ok(refused(customer_id, case.read_set, conflict));
        }
        match decided {
            Ok(events) => Ok(self.accepted(case, &events).await?),
            Err(refusal) => Ok(refused(customer_id, case.read_set, refusal)),
        }
    }

    /// The order with what is personal opened, as decisions take it.
    async fn opened(&self, customer: CustomerId, order: Order) -> Result<Order, StoreError> {
        let keys = self.vault.keys(customer).await?;
        order
            .opened(&keys)
            .map_err(|error| StoreError::Corrupt(Box::new(error)))
    }

    /// What the events lead to, also in the customer's credit account.
    async fn accepted(
        &self,
        case: Case,
        events: &[OrderEvent],
    ) -> Result<Decision<Outcome>, StoreError> {
        let before = case.order.state.summary();
        let change = OrderChange {
            before: before.as_ref(),
            events,
            told_at: case.command.occurred_at(),
            occurred_at: case.occurred_at(),
        };
        let decision = case.accepted(self.secrets, events)?;
        follow_credit(self.store, &change, decision).await
    }

    /// Adds what the command needs beside the order: the customer, addresses of its book, a number.
    async fn gather(
        &self,
        case: &mut Case,
        call: &Call,
        customer_id: CustomerId,
        request: &OrderRequest,
    ) -> Result<Result<(), Refusal>, StoreError> {
        if !case.command.asks_for_the_customer() {
            return Ok(Ok(()));
        }
        let stream = StreamId::Customer(customer_id);
        let customer = load_opened(self.store, self.vault, customer_id).await?;
        let (standing, book) = acquainted(&customer.state)
            .ok_or_else(|| StoreError::Corrupt("an order without a customer".into()))?;
        case.read_set.push((stream, customer.version));
        case.circumstances.customer = standing;
        // Only these commands look at what is personal about the order.
        let order = std::mem::take(&mut case.order.state);
        case.order.state = self.opened(customer_id, order).await?;
        let draws = matches!(case.order.state, Order::Draft(_)) && !call.dry_run;
        if let OrderCommand::PlaceDraft(place) = &mut case.command {
            place.ship_to = book.and_then(Profile::default_shipping).cloned();
            place.bill_to = book.and_then(Profile::default_billing).cloned();
            if case.order.state.summary().map(|summary| summary.terms) == Some(Terms::OnAccount) {
                let credit = Credit::load(self.store, customer_id).await?;
                case.read_set.push(credit.read());
                place.due_on = Some(credit.due_on(call.now, self.reporting_zone));
            }
            if draws {
                place.number = Some(self.store.next_order_number(call.now).await?);
            }
        }
        Ok(name_addresses(&mut case.command, book, request))
    }
}

fn circumstances(call: &Call, customer: CustomerStanding) -> Circumstances {
    Circumstances {
        now: call.now,
        customer,
    }
}

/// A customer as orders see it, with its addresses; `None` where there is none.
fn acquainted(customer: &Customer) -> Option<(CustomerStanding, Option<&Profile>)> {
    match customer {
        Customer::Unregistered => None,
        Customer::Active(profile) => Some((CustomerStanding::Active, Some(profile))),
        Customer::Blocked(profile) => Some((CustomerStanding::Blocked, Some(profile))),
        Customer::Erased(_) => Some((CustomerStanding::Erased, None)),
    }
}

/// What could not be valid at another time.
fn body_alone_decides(refusal: &OrderError) -> bool {
    matches!(
        refusal,
        OrderError::InvalidLine { .. }
            | OrderError::NoLines
            | OrderError::TotalNegative { .. }
            | OrderError::TotalTooLarge { .. }
    )
}
