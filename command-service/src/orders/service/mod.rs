//! The rule that spans an order and its customer's credit account: whatever changes what an order on account binds is
//! recorded in both at once, each under the version it was decided on, and what binds more has to fit the limit.

#[cfg(test)]
mod tests;

use chrono::{NaiveDate, TimeZone};
use chrono_tz::Tz;
use orderfold_events::{
    CustomerId, StreamId, Timestamp, Version,
    credit::CreditEvent,
    order::{OrderEvent, OrderFact, OrderSummary},
};

use super::domain::figures;
use crate::{
    credit::domain::{CreditAccount, CreditCommand, CreditError, Follow},
    event_sourcing::{EventStore, Loaded, StoreError},
    execution::{Decision, Recorded},
};

/// What a command did to an order.
#[derive(Clone, Copy)]
pub struct OrderChange<'a> {
    /// The order before it; none where the command makes it.
    pub before: Option<&'a OrderSummary>,
    pub events: &'a [OrderEvent],
    /// The time that the command itself gives: then it brings history, and the limit is not asked.
    pub told_at: Option<Timestamp>,
    pub occurred_at: Timestamp,
}

/// What an order binds of its customer's credit.
fn exposure(summary: &OrderSummary) -> i64 {
    figures::exposure(summary.terms, &summary.totals)
}

impl OrderChange<'_> {
    fn exposure_before(&self) -> i64 {
        self.before.map_or(0, exposure)
    }

    /// The first event after which the order binds something else.
    fn cause(&self) -> Option<&OrderEvent> {
        let before = self.exposure_before();
        let mut events = self.events.iter();
        events.find(|event| exposure(&event.summary) != before)
    }

    /// Only what a caller agrees on anew has to fit the limit; facts are true whatever it says.
    fn is_limited(&self) -> bool {
        let agrees =
            |event: &OrderEvent| matches!(event.fact, OrderFact::Placed(_) | OrderFact::Amended(_));
        self.told_at.is_none() && self.events.iter().any(agrees)
    }
}

/// A customer's credit account while a command decides.
pub struct Credit {
    customer_id: CustomerId,
    loaded: Version,
    account: CreditAccount,
    events: Vec<(CreditEvent, Timestamp)>,
}

impl Credit {
    /// # Errors
    /// [`StoreError`] when the account cannot be read.
    pub async fn load(store: &EventStore, customer_id: CustomerId) -> Result<Self, StoreError> {
        let stream = StreamId::Credit(customer_id);
        let Loaded { state, version } = store.load(stream).await?;
        Ok(Self {
            customer_id,
            loaded: version,
            account: state,
            events: Vec::new(),
        })
    }

    #[must_use]
    pub fn customer_id(&self) -> CustomerId {
        self.customer_id
    }

    #[must_use]
    pub fn account(&self) -> &CreditAccount {
        &self.account
    }

    /// What a decision that looked at the account has to name.
    #[must_use]
    pub fn read(&self) -> (StreamId, Version) {
        (StreamId::Credit(self.customer_id), self.loaded)
    }

    /// When an order placed at this time is due; days are those of the store's reporting zone.
    #[must_use]
    pub fn due_on(&self, placed_at: Timestamp, zone: Tz) -> NaiveDate {
        let placed_at = placed_at.datetime().naive_utc();
        let placed_on = zone.from_utc_datetime(&placed_at).date_naive();
        self.account.due_on(placed_on)
    }

    /// Lets the account follow what happened to one of the customer's orders.
    ///
    /// # Errors
    /// [`CreditError`] where the order may not bind so much.
    pub fn follow(&mut self, change: &OrderChange<'_>) -> Result<(), CreditError> {
        let Some(last) = change.events.last() else {
            return Ok(());
        };
        let cause = change.cause().unwrap_or(last);
        let summary = &last.summary;
        let command = CreditCommand::Follow(Follow {
            order_id: summary.order_id,
            currency: summary.currency,
            exposure: exposure(summary),
            cause: cause.event_type(),
            limited: change.is_limited(),
        });
        for event in self.account.decide(self.customer_id, &command)? {
            self.account = std::mem::take(&mut self.account).evolve(&event);
            self.events.push((event, change.occurred_at));
        }
        Ok(())
    }

    /// Lets the account follow, and adds to the decision what it records, or makes it a refusal. That the account was
    /// looked at stands in the read set already.
    ///
    /// # Errors
    /// [`StoreError`] when an event has no JSON form.
    pub fn settle<A, E: From<CreditError>>(
        mut self,
        change: &OrderChange<'_>,
        decision: Decision<Result<A, E>>,
    ) -> Result<Decision<Result<A, E>>, StoreError> {
        match self.follow(change) {
            Ok(()) => self.record(decision),
            Err(refusal) => Ok(Decision {
                recorded: Vec::new(),
                claims: Vec::new(),
                answer: Err(refusal.into()),
                ..decision
            }),
        }
    }

    /// Adds to a decision what the account records.
    ///
    /// # Errors
    /// [`StoreError`] when an event has no JSON form.
    pub fn record<A>(self, mut decision: Decision<A>) -> Result<Decision<A>, StoreError> {
        for (event, occurred_at) in self.events {
            decision.recorded.push(Recorded {
                stream: StreamId::Credit(self.customer_id),
                event_type: event.event_type(),
                occurred_at,
                data: event.encode()?,
            });
        }
        Ok(decision)
    }
}

/// Lets the customer's credit account follow a decided change of an order that exists. An order that binds what it
/// bound before does not touch the account.
///
/// # Errors
/// [`StoreError`] when the account cannot be read.
pub async fn follow_credit<A, E: From<CreditError>>(
    store: &EventStore,
    change: &OrderChange<'_>,
    decision: Decision<Result<A, E>>,
) -> Result<Decision<Result<A, E>>, StoreError> {
    let after = change
        .events
        .last()
        .map_or(0, |event| exposure(&event.summary));
    if change.events.is_empty() || after == change.exposure_before() {
        return Ok(decision);
    }
    let credit = Credit::load(store, decision.customer).await?;
    let mut decision = decision;
    if !decision.read_set.contains(&credit.read()) {
        decision.read_set.push(credit.read());
    }
    credit.settle(change, decision)
}
