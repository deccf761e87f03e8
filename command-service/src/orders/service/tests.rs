//! Orders on account and the account that follows them, by chance: what the account says is bound is what the orders
//! owe, and nothing is bound in the end.

use std::collections::BTreeMap;

use orderfold_events::{
    OrderId, OrderNumber, TaxRate,
    credit::ExposureChanged,
    order::{
        CancelReason, ContentHash, LineQuantity, LineTax, OrderPersonal, PaymentMethod,
        ReturnReason, Terms,
    },
};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::*;
use crate::{
    credit::domain::Terms as CreditTerms,
    orders::domain::{
        Cancel, Circumstances, CustomerStanding, DistinctLines, NewLine, Order, OrderCommand,
        Place, RecordDelivery, RecordPayment, RecordReturn, RecordShipment, Requester,
    },
};

const ORDERS: usize = 4;
const PLACED_AT: &str = "2017-11-08T23:30:00.000Z";

fn customer() -> CustomerId {
    CustomerId(Uuid::from_u128(1))
}

fn order_id(order: usize) -> OrderId {
    OrderId(Uuid::from_u128(100 + order as u128))
}

fn circumstances() -> Circumstances {
    Circumstances {
        now: now(),
        customer: CustomerStanding::Active,
    }
}

fn now() -> Timestamp {
    PLACED_AT.parse().unwrap()
}

fn place(order: usize, terms: Terms, unit_price: i64, told_at: Option<Timestamp>) -> OrderCommand {
    OrderCommand::Place(Box::new(Place {
        order_id: order_id(order),
        customer_id: customer(),
        number: Some(OrderNumber::new(now(), 1)),
        channel: "web".to_owned(),
        currency: "EUR".parse().unwrap(),
        terms,
        prices_include_tax: false,
        digital: true,
        due_on: None,
        reference: None,
        customer_reference: None,
        tags: Vec::new(),
        metadata: BTreeMap::new(),
        lines: vec![NewLine {
            sku: "SKU".to_owned(),
            name: "A thing".to_owned(),
            category: None,
            reference: None,
            quantity: 3,
            unit_price,
            discount: 0,
            tax: LineTax::Rate("0.19".parse::<TaxRate>().unwrap()),
            metadata: BTreeMap::new(),
        }],
        adjustments: Vec::new(),
        personal: OrderPersonal::default(),
        occurred_at: told_at,
    }))
}

fn units(quantity: i64) -> DistinctLines {
    DistinctLines::new(vec![LineQuantity { line: 1, quantity }]).unwrap()
}

fn content(of: impl std::fmt::Debug) -> ContentHash {
    ContentHash(format!("{of:?}"))
}

fn pay(reference: &str, amount: i64) -> OrderCommand {
    OrderCommand::RecordPayment(RecordPayment {
        reference: reference.to_owned(),
        amount,
        method: PaymentMethod::Transfer,
        content: content(amount),
        occurred_at: None,
    })
}

fn some_place() -> impl Strategy<Value = (usize, OrderCommand)> {
    (
        0..ORDERS,
        any::<bool>(),
        0..500_i64,
        prop::bool::weighted(0.2),
    )
        .prop_map(|(order, prepaid, unit_price, imported)| {
            let terms = if prepaid {
                Terms::Prepaid
            } else {
                Terms::OnAccount
            };
            let told_at = imported.then(now);
            (order, place(order, terms, unit_price, told_at))
        })
}

fn some_command() -> impl Strategy<Value = OrderCommand> {
    prop_oneof![
        (0..4_u32, 1..900_i64).prop_map(|(n, amount)| pay(&format!("P{n}"), amount)),
        prop::option::of(1..4_i64).prop_map(|quantity| OrderCommand::Cancel(Cancel {
            reason: CancelReason::Customer,
            note: None,
            lines: quantity.map(units),
            requester: Requester::Trader,
            occurred_at: None,
        })),
        (0..4_u32, 1..4_i64).prop_map(|(n, quantity)| OrderCommand::RecordShipment(
            RecordShipment {
                reference: format!("S{n}"),
                carrier: None,
                tracking_number: None,
                lines: Some(units(quantity)),
                content: content(quantity),
                occurred_at: None,
            }
        )),
        (0..4_u32, 1..4_i64).prop_map(|(n, quantity)| OrderCommand::RecordDelivery(
            RecordDelivery {
                reference: format!("D{n}"),
                shipment: None,
                lines: Some(units(quantity)),
                content: content(quantity),
                occurred_at: None,
            }
        )),
        (0..4_u32, 1..4_i64).prop_map(|(n, quantity)| OrderCommand::RecordReturn(RecordReturn {
            reference: format!("B{n}"),
            shipment: None,
            reason: ReturnReason::Unwanted,
            condition: None,
            undelivered: false,
            lines: units(quantity),
            adjustments: Vec::new(),
            content: content(quantity),
            occurred_at: None,
        })),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Order(usize, OrderCommand),
    Limit(i64),
}

fn some_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => some_place().prop_map(|(order, command)| Step::Order(order, command)),
        8 => (0..ORDERS, some_command()).prop_map(|(order, command)| Step::Order(order, command)),
        1 => (0..3_000_i64).prop_map(Step::Limit),
    ]
}

struct Walk {
    credit: Credit,
    orders: [Order; ORDERS],
}

impl Walk {
    fn new() -> Self {
        Self {
            credit: Credit {
                customer_id: customer(),
                loaded: Version::NONE,
                account: CreditAccount::default(),
                events: Vec::new(),
            },
            orders: std::array::from_fn(|_| Order::initial()),
        }
    }

    fn limit(&mut self, limit: i64) {
        let command = CreditCommand::SetTerms(CreditTerms {
            currency: "EUR".parse().unwrap(),
            limit,
            payment_days: 30,
        });
        let events = self.credit.account.decide(customer(), &command);
        for event in events.expect("a limit may always be another") {
            self.credit.account = self.credit.account.clone().evolve(&event);
            self.credit.events.push((event, now()));
        }
    }

    /// What the handlers do with a command: the order decides, the account follows, or neither changes.
    fn command(&mut self, order: usize, command: &OrderCommand) {
        let before = self.orders[order].clone();
        let Ok(events) = before.decide(command, &circumstances()) else {
            return;
        };
        let available = self.credit.account.available();
        let summary = before.summary();
        let bound = summary.as_ref().map_or(0, exposure);
        let change = OrderChange {
            before: summary.as_ref(),
            events: &events,
            told_at: command.occurred_at(),
            occurred_at: now(),
        };
        let unchanged = self.credit.account.clone();
        match self.credit.follow(&change) {
            Ok(()) => {
                self.orders[order] = events.iter().fold(before, Order::evolve);
                let asked = change.is_limited() && self.owed(order) > bound;
                assert!(
                    !asked || self.owed(order) - bound <= available,
                    "more is bound than was available"
                );
            }
            Err(refusal) => {
                let CreditError::LimitExceeded {
                    available: told,
                    requested,
                } = refusal
                else {
                    panic!("{refusal}");
                };
                assert!(change.is_limited(), "a fact was refused");
                assert_eq!(told, available);
                assert!(requested > available);
                assert_eq!(self.credit.account, unchanged);
            }
        }
    }

    fn owed(&self, order: usize) -> i64 {
        self.orders[order].summary().as_ref().map_or(0, exposure)
    }

    /// C3: what the account says is what the orders say, also when it is folded anew.
    fn check(&self) {
        let account = &self.credit.account;
        for order in 0..ORDERS {
            assert_eq!(account.exposure_of(order_id(order)), self.owed(order));
        }
        let owed: i64 = (0..ORDERS).map(|order| self.owed(order)).sum();
        assert_eq!(account.exposure(), owed);
        let mut folded = CreditAccount::default();
        for (event, _) in &self.credit.events {
            let before = folded.exposure();
            folded = folded.evolve(event);
            if let CreditEvent::ExposureChanged(ExposureChanged {
                from, to, total, ..
            }) = event
            {
                assert_ne!(from, to);
                assert_eq!(*total, folded.exposure());
                assert_eq!(total - before, to - from);
            }
        }
        assert_eq!(&folded, account);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_account_binds_what_the_orders_owe_and_nothing_once_all_is_settled(steps in vec(some_step(), 0..40)) {
        let mut walk = Walk::new();
        for step in &steps {
            match step {
                Step::Order(order, command) => walk.command(*order, command),
                Step::Limit(limit) => walk.limit(*limit),
            }
            walk.check();
        }
        for order in 0..ORDERS {
            let owed = walk.owed(order);
            if owed > 0 {
                walk.command(order, &pay("settles", owed));
            }
        }
        walk.check();
        prop_assert_eq!(walk.credit.account.exposure(), 0);
        prop_assert_eq!(walk.credit.account.open_orders().count(), 0);
    }
}

#[test]
fn the_cause_of_an_exposure_is_the_event_that_moved_money() {
    let mut walk = Walk::new();
    walk.limit(1_000);
    walk.command(0, &place(0, Terms::OnAccount, 100, None));
    let delivery = OrderCommand::RecordDelivery(RecordDelivery {
        reference: "D".to_owned(),
        shipment: None,
        lines: None,
        content: content("D"),
        occurred_at: None,
    });
    walk.command(0, &delivery);
    walk.command(0, &pay("P", 357));
    let causes: Vec<&str> = walk
        .credit
        .events
        .iter()
        .filter_map(|(event, _)| match event {
            CreditEvent::ExposureChanged(changed) => Some(changed.cause.as_str()),
            CreditEvent::TermsSet(_) => None,
        })
        .collect();
    // The payment completes the order, and that is not the cause.
    assert_eq!(
        causes,
        [
            "orderfold.order.placed.v1",
            "orderfold.order.payment_recorded.v1"
        ]
    );
}

#[test]
fn an_order_is_due_on_a_day_of_the_reporting_zone() {
    let mut walk = Walk::new();
    let due = |walk: &Walk, zone: Tz| walk.credit.due_on(now(), zone).to_string();
    // Without terms there are no days to wait.
    assert_eq!(due(&walk, Tz::UTC), "2017-11-08");
    walk.limit(1_000);
    assert_eq!(due(&walk, Tz::UTC), "2017-12-08");
    // Half past eleven in the evening is the next day in Berlin.
    assert_eq!(due(&walk, Tz::Europe__Berlin), "2017-12-09");
    assert_eq!(due(&walk, Tz::America__New_York), "2017-12-08");
}
