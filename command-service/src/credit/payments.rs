//! The use case of a payment over several orders of one customer: all of it is booked, in one commit, or nothing.

use futures::{StreamExt, TryStreamExt, stream};
use orderfold_events::{
    Currency, CustomerId, OrderId, StreamId, Timestamp, Version,
    order::{ContentHash, OrderSummary, PaymentMethod, Terms},
};

use super::{
    booking::Booking,
    commands::find_customer,
    domain::{ALLOCATIONS_MAX, CreditError, Due, Share, TooManyAllocations, oldest_first},
};
use crate::{
    event_sourcing::{ClaimKind, EventStore, Loaded, StoreError},
    execution::{Call, Decision, Secrets, Undecided},
    orders::{
        case::Standing,
        domain::{Order, OrderError},
        service::Credit,
    },
};

/// Orders that are read at once to tell which are the oldest.
const READS_AT_ONCE: usize = 8;

/// A payment of a customer, before it is known which orders it settles.
#[derive(Debug, Clone)]
pub struct AccountPayment {
    pub reference: String,
    pub currency: Currency,
    pub amount: i64,
    pub method: PaymentMethod,
    pub allocations: Allocations,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub enum Allocations {
    OldestFirst,
    /// At least one, no order twice; they sum to the amount.
    Given(Vec<Share>),
}

/// The orders that a payment was booked to, as it leaves them.
#[derive(Debug, Clone)]
pub struct Booked {
    pub customer_id: CustomerId,
    pub orders: Vec<Standing>,
}

/// Why a payment is refused.
#[derive(Debug, Clone)]
pub enum Refusal {
    CustomerNotFound,
    OrderNotFound,
    /// `If-Match` names another version of the customer.
    VersionConflict {
        current: Version,
    },
    /// Of one order, or where none is named of all.
    NothingDue {
        order: Option<OrderId>,
    },
    Prepaid {
        order: OrderId,
    },
    TooMany(TooManyAllocations),
    Credit(CreditError),
    Order(OrderError),
}

pub(super) type Refused<T> = Result<T, Refusal>;

/// What the use case needs.
#[derive(Clone, Copy)]
pub struct AccountPayments<'a> {
    pub store: &'a EventStore,
    pub secrets: &'a Secrets,
}

impl AccountPayments<'_> {
    /// `RecordAccountPayment`.
    ///
    /// # Errors
    /// [`Refusal::CustomerNotFound`] and [`Refusal::OrderNotFound`].
    pub async fn record(
        &self,
        call: &Call,
        customer_id: CustomerId,
        payment: &AccountPayment,
    ) -> Result<Decision<Refused<Booked>>, Undecided<Refusal>> {
        let customer = find_customer(self.store, customer_id).await?;
        let customer = customer.ok_or(Undecided::Refused(Refusal::CustomerNotFound))?;
        // Before the claims: whoever takes one moves the account on.
        let credit = Credit::load(self.store, customer_id).await?;
        let read_set = vec![
            (StreamId::Customer(customer_id), customer.version),
            credit.read(),
        ];
        let mut booking = Booking::new(call, payment, credit, read_set);
        let before = self.booked_before(customer_id, &payment.reference).await?;
        if !before.is_empty() {
            let shares = before.into_iter().map(|order_id| Share {
                order_id,
                amount: payment.amount,
            });
            let booked = self.book(&mut booking, shares.collect()).await?;
            return Ok(booking.finish(booked)?);
        }
        if !call.precondition.holds(customer.version) {
            let current = customer.version;
            return Ok(booking.refused(Refusal::VersionConflict { current }));
        }
        let booked = match self.shares(&booking).await? {
            Ok(shares) => {
                booking.claim(self.secrets, &shares);
                self.book(&mut booking, shares).await?
            }
            Err(refusal) => Err(refusal),
        };
        Ok(booking.finish(booked)?)
    }

    /// The orders that a payment of this reference was booked to.
    async fn booked_before(
        &self,
        customer_id: CustomerId,
        reference: &str,
    ) -> Result<Vec<OrderId>, StoreError> {
        let mut orders = Vec::new();
        for place in 0..ALLOCATIONS_MAX {
            let key = self.secrets.account_payment(customer_id, reference, place);
            let owner = self.store.find_claim(ClaimKind::AccountPayment, &key);
            match owner.await? {
                Some(StreamId::Order(order)) => orders.push(order),
                Some(StreamId::Customer(_) | StreamId::Credit(_)) | None => break,
            }
        }
        Ok(orders)
    }

    /// What each order gets.
    async fn shares(
        &self,
        booking: &Booking<'_>,
    ) -> Result<Refused<Vec<Share>>, Undecided<Refusal>> {
        let (payment, account) = (booking.payment(), booking.account());
        let shares = match &payment.allocations {
            Allocations::Given(shares) => return self.named(booking, shares).await,
            Allocations::OldestFirst => {
                let orders = stream::iter(account.open_orders())
                    .map(|(order_id, balance)| self.due(order_id, balance))
                    .buffered(READS_AT_ONCE);
                oldest_first(orders.try_collect().await?, payment.amount)
            }
        };
        let other = account.terms().map(|terms| terms.currency);
        Ok(match (other, shares) {
            (_, Ok(shares)) if shares.is_empty() => Err(Refusal::NothingDue { order: None }),
            (Some(currency), _) if currency != payment.currency => {
                Err(Refusal::Credit(CreditError::OtherCurrency { currency }))
            }
            (_, shares) => shares.map_err(Refusal::TooMany),
        })
    }

    /// When an order was placed never changes, and what it owes is what the account says it binds.
    async fn due(&self, order_id: OrderId, balance: i64) -> Result<Due, StoreError> {
        let order: Loaded<Order> = self.store.load(StreamId::Order(order_id)).await?;
        let summary = order.state.summary();
        Ok(Due {
            order_id,
            placed_at: summary.as_ref().and_then(|summary| summary.placed_at),
            number: summary.and_then(|summary| summary.number),
            balance,
        })
    }

    /// The orders that the caller named, where each of them is on account and owes something.
    async fn named(
        &self,
        booking: &Booking<'_>,
        shares: &[Share],
    ) -> Result<Refused<Vec<Share>>, Undecided<Refusal>> {
        let mut refusal = None;
        for share in shares {
            let summary = self.summary(booking.customer_id(), share.order_id).await?;
            refusal = refusal.or(not_due(&summary, booking.payment().currency));
        }
        Ok(match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(shares.to_vec()),
        })
    }

    async fn summary(
        &self,
        customer_id: CustomerId,
        order_id: OrderId,
    ) -> Result<OrderSummary, Undecided<Refusal>> {
        let order: Loaded<Order> = self.store.load(StreamId::Order(order_id)).await?;
        let summary = order.state.summary();
        summary
            .filter(|summary| summary.customer_id == customer_id)
            .ok_or(Undecided::Refused(Refusal::OrderNotFound))
    }

    /// Lets each order, and the account, take its share.
    async fn book(
        &self,
        booking: &mut Booking<'_>,
        shares: Vec<Share>,
    ) -> Result<Refused<()>, StoreError> {
        for share in shares {
            let stream = StreamId::Order(share.order_id);
            let order: Loaded<Order> = self.store.load(stream).await?;
            if let Err(refusal) = booking.take(self.secrets, stream, order, share)? {
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(()))
    }
}

fn not_due(summary: &OrderSummary, currency: Currency) -> Option<Refusal> {
    let order = summary.order_id;
    match summary.terms {
        Terms::Prepaid => Some(Refusal::Prepaid { order }),
        Terms::OnAccount if summary.totals.balance <= 0 => {
            Some(Refusal::NothingDue { order: Some(order) })
        }
        Terms::OnAccount if summary.currency != currency => {
            let currency = summary.currency;
            Some(Refusal::Credit(CreditError::OtherCurrency { currency }))
        }
        Terms::OnAccount => None,
    }
}
