//! Random walks over all commands: whatever is asked in whatever order, the invariants hold and the order can be
//! closed in the end.

use orderfold_events::{
    CustomerId, EventId, Keys, SealingKey,
    order::{OrderEvent, OrderFact, Totals},
    personal::PlainData,
};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::{
    chance::{some_command, some_order},
    invariants::{check_events, check_units},
    *,
};
use crate::{event_sourcing::Aggregate, orders::domain::line::Line};

/// An order, everything that happened to it, and what a reader makes of it by adding up.
struct Walk {
    order: Order,
    events: Vec<OrderEvent>,
    added: Totals,
    lines: (i64, i64, i64),
    /// Adjustments that are not void, and the tax on them.
    adjusted: (i64, i64),
    /// Payments and refunds.
    money: (i64, i64),
    wanted_before: i64,
}

impl Walk {
    fn start(command: &OrderCommand) -> Result<Self, OrderError> {
        let mut walk = Self {
            order: Order::initial(),
            events: vec![],
            added: Totals::default(),
            lines: (0, 0, 0),
            adjusted: (0, 0),
            money: (0, 0),
            wanted_before: 0,
        };
        walk.step(command)?;
        Ok(walk)
    }

    fn step(&mut self, command: &OrderCommand) -> Result<usize, OrderError> {
        let events = when(&self.order, command)?;
        for event in &events {
            self.order = std::mem::take(&mut self.order).evolve(event);
            self.add(event);
            assert_eq!(
                summary(&self.order),
                event.summary,
                "what was decided is what is folded"
            );
            self.check_money(event);
            if let Some(ledger) = self.order.ledger() {
                check_units(ledger, event);
            }
        }
        check_events(&events);
        self.check_lifecycle();
        self.check_repetition(command, &events);
        self.events.extend(events.iter().cloned());
        Ok(events.len())
    }

    /// What is recorded is sealed, and so is what a snapshot keeps; opened again, it is the order that decided.
    fn check_snapshot(&self) {
        let customer = CustomerId(Uuid::from_u128(2));
        let key = || SealingKey::new([7; 32]);
        let sealed = (1..).zip(&self.events).map(|(id, event)| {
            let data = event.encode().unwrap();
            let id = EventId(Uuid::from_u128(id));
            let data = match PlainData::read(&data).unwrap() {
                Some(plain) => plain.seal(id, customer, &key()).unwrap(),
                None => data,
            };
            OrderEvent::decode(event.event_type(), &data).unwrap()
        });
        let order = sealed.fold(Order::initial(), |order, event| order.evolve(&event));
        let snapshot = order.to_snapshot().unwrap();
        assert!(!String::from_utf8_lossy(&snapshot).contains("Henderson"));
        let restored = Order::from_snapshot(&snapshot).unwrap();
        assert_eq!(restored, order);
        let keys: Keys = [(customer, key())].into_iter().collect();
        let opened = restored.opened(&keys).unwrap();
        assert_eq!(opened.summary(), self.order.summary());
    }

    fn add(&mut self, event: &OrderEvent) {
        self.added = self.added.checked_add(&event.change.totals).unwrap();
        for line in &event.change.lines {
            self.lines.0 += line.units;
            self.lines.1 += line.net;
            self.lines.2 += line.tax;
        }
        let adjustments = adjustments_of(event);
        self.adjusted.0 += adjustments.iter().map(|it| it.net).sum::<i64>();
        self.adjusted.1 += adjustments.iter().map(|it| it.tax).sum::<i64>();
        if let OrderFact::PaymentRecorded(payment) = &event.fact {
            self.money.0 += payment.amount;
        }
        if let OrderFact::RefundRecorded(refund) = &event.fact {
            self.money.1 += refund.amount;
        }
        // The event that cancels the last units voids all adjustments, whatever it is.
        if self.wanted_before > 0 && self.wanted() == 0 {
            self.adjusted = (0, 0);
        }
        self.wanted_before = self.wanted();
    }

    fn wanted(&self) -> i64 {
        self.order
            .ledger()
            .map_or(0, |ledger| ledger.units().wanted())
    }

    fn check_money(&self, event: &OrderEvent) {
        let totals = event.summary.totals;
        assert_eq!(self.added, totals, "changes add up to the totals");
        let lost = totals.discounts + totals.cancellations + totals.returns;
        assert_eq!(totals.net_sales, totals.gross_sales - lost);
        assert_eq!(
            totals.total_sales,
            totals.net_sales + totals.adjustments + totals.taxes
        );
        assert_eq!(
            totals.balance,
            totals.total_sales - totals.payments + totals.refunds
        );
        assert!(
            totals.total_sales >= 0,
            "the total is below zero: {totals:?}"
        );
        let (units, net, tax) = self.lines;
        assert_eq!((units, net), (totals.units, totals.net_sales));
        assert_eq!(tax + self.adjusted.1, totals.taxes);
        assert_eq!(self.adjusted.0, totals.adjustments);
        assert_eq!(self.money, (totals.payments, totals.refunds));
        assert!(totals.refunds <= totals.payments);
        // The figures depend on what is left, not on the way there.
        let Some(ledger) = self.order.ledger() else {
            assert_eq!(totals, Totals::default(), "a draft books nothing");
            return;
        };
        let sum = |of: fn(&Line) -> i64| ledger.lines.iter().map(of).sum::<i64>();
        assert_eq!(totals.units, sum(|line| line.terms.quantity));
        let gross = sum(|line| line.terms.gross_net().unwrap());
        let whole = sum(|line| line.terms.worth(line.terms.quantity).unwrap().net);
        assert_eq!(totals.gross_sales, gross);
        assert_eq!(totals.discounts, gross - whole);
        let worth = |line: &Line| line.terms.worth(line.units().chargeable()).unwrap();
        assert_eq!(
            net,
            ledger.lines.iter().map(|line| worth(line).net).sum::<i64>()
        );
        assert_eq!(
            tax,
            ledger.lines.iter().map(|line| worth(line).tax).sum::<i64>()
        );
        if ledger.units().chargeable() == 0 {
            assert_eq!(totals.net_sales, 0, "nothing is charged for nothing");
        }
    }

    fn check_lifecycle(&self) {
        let Some(ledger) = self.order.ledger() else {
            assert!(matches!(
                lifecycle(&self.order),
                Lifecycle::Draft | Lifecycle::Discarded
            ));
            return;
        };
        let units = ledger.units();
        let lifecycle = lifecycle(&self.order);
        assert_eq!(lifecycle == Lifecycle::Cancelled, units.wanted() == 0);
        let each_line_settled = ledger.lines.iter().all(|line| line.units().all_settled());
        assert_eq!(each_line_settled, units.all_settled());
        match lifecycle {
            Lifecycle::Confirmed => {
                assert!(
                    !each_line_settled || ledger.totals.balance > 0,
                    "should be complete"
                );
            }
            Lifecycle::Completed => assert!(each_line_settled),
            Lifecycle::Placed | Lifecycle::Cancelled => assert_eq!(units.shipped, 0),
            Lifecycle::Draft | Lifecycle::Discarded => panic!("it has a ledger"),
        }
        let on_hold = ledger.holds.any_open();
        assert_eq!(summary(&self.order).on_hold, on_hold);
        let open = matches!(lifecycle, Lifecycle::Placed | Lifecycle::Confirmed);
        assert!(open || !on_hold, "the end of an order closes its holds");
    }

    /// What was done is a repetition when asked again, and a conflict with other content.
    fn check_repetition(&self, command: &OrderCommand, events: &[OrderEvent]) {
        let mut other = command.clone();
        let changed = match &mut other {
            OrderCommand::AddNote(_) | OrderCommand::Cancel(_) => None,
            OrderCommand::Draft(_)
            | OrderCommand::ChangeDraft(_)
            | OrderCommand::DiscardDraft
            | OrderCommand::Place(_)
            | OrderCommand::PlaceDraft(_)
            | OrderCommand::Confirm(_)
            | OrderCommand::Hold(_)
            | OrderCommand::Release(_)
            | OrderCommand::UpdateDetails(_) => {
                assert_eq!(when(&self.order, command), Ok(vec![]), "after {events:?}");
                None
            }
            // What an adjustment adds, it adds each time; without one the order is as it is wanted.
            OrderCommand::Amend(amend) => {
                if amend.adjustments.is_empty() && amend.new_lines.is_empty() {
                    assert_eq!(when(&self.order, command), Ok(vec![]), "after {events:?}");
                }
                None
            }
            OrderCommand::RecordRefund(it) => Some((&mut it.content, &it.reference)),
            OrderCommand::RecordPayment(it) => Some((&mut it.content, &it.reference)),
            OrderCommand::RecordShipment(it) => Some((&mut it.content, &it.reference)),
            OrderCommand::RecordDelivery(it) => Some((&mut it.content, &it.reference)),
            OrderCommand::RecordReturn(it) => Some((&mut it.content, &it.reference)),
        };
        let Some((content, reference)) = changed else {
            return;
        };
        let reference = reference.clone();
        content.0.push('!');
        assert_eq!(when(&self.order, command), Ok(vec![]), "after {events:?}");
        assert_eq!(
            refusal(&self.order, &other),
            OrderError::ReferenceReused { reference }
        );
    }

    /// Places, releases, pays, ships and delivers all that is left, or discards a draft that cannot be placed.
    fn close(&mut self) {
        if lifecycle(&self.order) == Lifecycle::Draft && self.step(&place_draft()).is_err() {
            assert!(self.step(&OrderCommand::DiscardDraft).unwrap() > 0);
        }
        let Some(ledger) = self.order.ledger() else {
            assert_eq!(lifecycle(&self.order), Lifecycle::Discarded);
            return;
        };
        let (digital, open) = (ledger.digital, ledger.units().open());
        self.step(&release(None)).unwrap();
        let balance = summary(&self.order).totals.balance;
        if balance > 0 {
            assert!(self.step(&pay("close-P", balance)).unwrap() > 0);
        }
        if open > 0 && !digital {
            assert!(self.step(&ship("close-S", &[])).unwrap() > 0);
        }
        let units = self.order.ledger().unwrap().units();
        if units.in_transit() > 0 || units.open() > 0 {
            assert!(self.step(&deliver("close-D", &[])).unwrap() > 0);
        }
        assert!(matches!(
            lifecycle(&self.order),
            Lifecycle::Completed | Lifecycle::Cancelled
        ));
        self.refund_what_is_owed();
    }

    fn refund_what_is_owed(&mut self) {
        let owed = -summary(&self.order).totals.balance;
        if owed > 0 {
            let reference = format!("close-R{}", self.events.len());
            assert!(self.step(&refund(&reference, owed)).unwrap() > 0);
        }
        assert_eq!(summary(&self.order).totals.balance, 0);
        assert_eq!(self.order.exposure(), 0, "a settled order binds no credit");
    }

    fn return_everything(&mut self) {
        let Some(ledger) = self.order.ledger() else {
            return;
        };
        let left: Vec<_> = ledger
            .numbered()
            .map(|(number, line)| (number, line.units().shipped - line.units().returned))
            .filter(|(_, units)| *units > 0)
            .collect();
        if !left.is_empty() {
            self.step(&give_back("close-B", &left)).unwrap();
        }
        assert_eq!(summary(&self.order).totals.net_sales, 0);
        self.refund_what_is_owed();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_walk_breaks_an_invariant_or_ends_where_nothing_settles(
        placing in some_order(),
        commands in vec(some_command(), 0..40),
    ) {
        let Ok(mut walk) = Walk::start(&placing) else {
            // The one refusal that these orders can meet.
            let negative = matches!(
                refusal(&Order::initial(), &placing),
                OrderError::TotalNegative { .. }
            );
            prop_assert!(negative);
            return Ok(());
        };
        for command in &commands {
            let before = walk.order.clone();
            if walk.step(command).is_err() {
                prop_assert_eq!(&walk.order, &before);
            }
        }
        walk.check_snapshot();
        walk.close();
        walk.return_everything();
        walk.check_snapshot();
        prop_assert_eq!(after(Order::initial(), &walk.events), walk.order);
    }

    #[test]
    fn what_is_open_can_always_be_cancelled(
        placing in some_order(),
        commands in vec(some_command(), 0..40),
    ) {
        let Ok(mut walk) = Walk::start(&placing) else { return Ok(()) };
        for command in &commands {
            let _refused_or_not = walk.step(command);
        }
        let open = walk.order.ledger().map_or(0, |ledger| ledger.units().open());
        if open > 0 {
            prop_assert!(walk.step(&cancel(&[])).unwrap() > 0);
        }
        walk.close();
    }
}
