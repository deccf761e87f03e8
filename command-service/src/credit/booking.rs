//! A payment over several orders while it is decided: what each of them, and the account, records of it.

use orderfold_events::{CustomerId, StreamId, Version};

use super::{
    domain::{CreditAccount, Share},
    payments::{AccountPayment, Booked, Refusal, Refused},
};
use crate::{
    event_sourcing::{ClaimChange, ClaimKind, Loaded, StoreError},
    execution::{Call, Decision, Secrets},
    orders::{
        case::{Case, Standing},
        domain::{Circumstances, CustomerStanding, Order, OrderCommand, RecordPayment},
        service::{Credit, OrderChange},
    },
};

/// A payment on its way into its orders.
pub(super) struct Booking<'a> {
    call: &'a Call,
    payment: &'a AccountPayment,
    decision: Decision<Vec<Standing>>,
    credit: Credit,
}

impl<'a> Booking<'a> {
    pub fn new(
        call: &'a Call,
        payment: &'a AccountPayment,
        credit: Credit,
        read_set: Vec<(StreamId, Version)>,
    ) -> Self {
        let decision = Decision {
            customer: credit.customer_id(),
            read_set,
            recorded: Vec::new(),
            claims: Vec::new(),
            answer: Vec::new(),
        };
        Self {
            call,
            payment,
            decision,
            credit,
        }
    }

    pub fn customer_id(&self) -> CustomerId {
        self.decision.customer
    }

    pub fn payment(&self) -> &'a AccountPayment {
        self.payment
    }

    pub fn account(&self) -> &CreditAccount {
        self.credit.account()
    }

    /// Claims the reference: a retry finds by it where the payment went.
    pub fn claim(&mut self, secrets: &Secrets, shares: &[Share]) {
        let customer_id = self.decision.customer;
        let reference = &self.payment.reference;
        let claims = shares.iter().enumerate();
        let claims = claims.map(|(place, share)| ClaimChange::Take {
            kind: ClaimKind::AccountPayment,
            key: secrets.account_payment(customer_id, reference, place),
            owner: StreamId::Order(share.order_id),
        });
        self.decision.claims.extend(claims);
    }

    /// Lets an order take its share, and the account follow.
    pub fn take(
        &mut self,
        secrets: &Secrets,
        stream: StreamId,
        order: Loaded<Order>,
        share: Share,
    ) -> Result<Refused<()>, StoreError> {
        self.decision.read_set.push((stream, order.version));
        let payment = self.payment;
        let command = OrderCommand::RecordPayment(RecordPayment {
            reference: payment.reference.clone(),
            amount: share.amount,
            method: payment.method,
            content: payment.content.clone(),
            occurred_at: payment.occurred_at,
        });
        let case = Case {
            stream,
            read_set: Vec::new(),
            order,
            command,
            // Facts are recorded whatever the customer's standing.
            circumstances: Circumstances {
                now: self.call.now,
                customer: CustomerStanding::Active,
            },
        };
        let events = match case.decide() {
            Ok(events) => events,
            Err(refusal) => return Ok(Err(Refusal::Order(refusal))),
        };
        let occurred_at = case.occurred_at();
        let before = case.order.state.summary();
        let change = OrderChange {
            before: before.as_ref(),
            events: &events,
            told_at: payment.occurred_at,
            occurred_at,
        };
        if let Err(refusal) = self.credit.follow(&change) {
            return Ok(Err(Refusal::Credit(refusal)));
        }
        let taken: Decision<Refused<Standing>> = case.accepted(secrets, &events)?;
        self.decision.recorded.extend(taken.recorded);
        self.decision.answer.extend(taken.answer.ok());
        Ok(Ok(()))
    }

    pub fn finish(self, booked: Refused<()>) -> Result<Decision<Refused<Booked>>, StoreError> {
        if let Err(refusal) = booked {
            return Ok(self.refused(refusal));
        }
        let customer_id = self.decision.customer;
        let decision = self.credit.record(self.decision)?;
        Ok(decision.map(|orders| {
            Ok(Booked {
                customer_id,
                orders,
            })
        }))
    }

    pub fn refused(self, refusal: Refusal) -> Decision<Refused<Booked>> {
        Decision {
            recorded: Vec::new(),
            claims: Vec::new(),
            ..self.decision.map(|_orders| Err(refusal))
        }
    }
}
