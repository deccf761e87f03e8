//! Random walks over all commands: whatever is asked in whatever order, the invariants hold and the order can be
//! closed in the end.

use orderfold_events::order::{Change, OrderEvent, OrderFact, Totals};
use proptest::{collection::vec, prelude::*};

use super::{
    chance::{some_command, some_order},
    *,
};
use crate::{
    event_sourcing::Aggregate,
    orders::domain::state::{Ledger, Line},
};

/// An order, everything that happened to it, and what a reader makes of it by adding up.
struct Walk {
    order: Order,
    events: Vec<OrderEvent>,
    added: Totals,
    lines: (i64, i64, i64),
    adjustment_tax: i64,
}

impl Walk {
    fn start(command: &OrderCommand) -> Result<Self, OrderError> {
        let mut walk = Self {
            order: Order::initial(),
            events: vec![],
            added: Totals::default(),
            lines: (0, 0, 0),
            adjustment_tax: 0,
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
            check_units(self.order.ledger().unwrap(), event);
        }
        check_events(&events);
        self.check_lifecycle();
        self.check_repetition(command, &events);
        self.events.extend(events.iter().cloned());
        Ok(events.len())
    }

    fn check_snapshot(&self) {
        let snapshot = self.order.to_snapshot().unwrap();
        let restored = Order::from_snapshot(&snapshot);
        assert_eq!(restored.as_ref(), Some(&self.order));
        let text = String::from_utf8(snapshot).unwrap();
        assert!(!text.contains("Henderson"), "it holds nothing personal");
    }

    fn add(&mut self, event: &OrderEvent) {
        self.added = self.added.checked_add(&event.change.totals).unwrap();
        for line in &event.change.lines {
            self.lines.0 += line.units;
            self.lines.1 += line.net;
            self.lines.2 += line.tax;
        }
        self.adjustment_tax += adjustments_of(event).iter().map(|it| it.tax).sum::<i64>();
        if matches!(event.fact, OrderFact::Cancelled(_)) {
            self.adjustment_tax = 0;
        }
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
        assert_eq!(tax + self.adjustment_tax, totals.taxes);
        // The figures depend on what is left, not on the way there.
        let ledger = self.order.ledger().unwrap();
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
        let ledger = self.order.ledger().unwrap();
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
        }
    }

    /// What was done is a repetition when asked again, and a conflict with other content.
    fn check_repetition(&self, command: &OrderCommand, events: &[OrderEvent]) {
        let mut other = command.clone();
        let changed = match &mut other {
            OrderCommand::Place(_) | OrderCommand::Cancel(_) => None,
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

    /// Pays, ships and delivers all that is left.
    fn close(&mut self) {
        let balance = summary(&self.order).totals.balance;
        if balance > 0 {
            assert!(self.step(&pay("close-P", balance)).unwrap() > 0);
        }
        let ledger = self.order.ledger().unwrap();
        let (digital, open) = (ledger.digital, ledger.units().open());
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
    }

    fn return_everything(&mut self) {
        let left: Vec<_> = self
            .order
            .ledger()
            .unwrap()
            .numbered()
            .map(|(number, line)| (number, line.units().shipped - line.units().returned))
            .filter(|(_, units)| *units > 0)
            .collect();
        if !left.is_empty() {
            self.step(&give_back("close-B", &left)).unwrap();
        }
        assert_eq!(summary(&self.order).totals.net_sales, 0);
    }
}

fn check_units(ledger: &Ledger, event: &OrderEvent) {
    for line in &ledger.lines {
        let units = line.units();
        let at_most = |part: i64, whole: i64| assert!(0 <= part && part <= whole, "{event:?}");
        at_most(units.cancelled, units.ordered);
        at_most(units.shipped, units.wanted());
        at_most(units.delivered, units.shipped);
        at_most(units.returned, units.shipped);
        at_most(units.undelivered, units.returned);
        at_most(units.delivered + units.undelivered, units.shipped);
        for parcel in &line.parcels {
            at_most(parcel.in_transit(), parcel.shipped);
            at_most(parcel.with_customer(), parcel.delivered);
        }
    }
}

fn check_events(events: &[OrderEvent]) {
    for (index, event) in events.iter().enumerate() {
        let follows_of_itself = match event.fact {
            OrderFact::Confirmed(_) => index == 0 && events.len() > 1,
            OrderFact::Completed(_) => index > 0 && index + 1 == events.len(),
            OrderFact::Placed(_)
            | OrderFact::ItemsCancelled(_)
            | OrderFact::Cancelled(_)
            | OrderFact::PaymentRecorded(_)
            | OrderFact::ShipmentRecorded(_)
            | OrderFact::DeliveryRecorded(_)
            | OrderFact::ReturnRecorded(_) => continue,
        };
        assert!(follows_of_itself, "{:?}", names(events));
        assert_eq!(event.change, Change::default());
    }
    for event in events {
        let bytes = event.encode().unwrap();
        assert_eq!(
            &OrderEvent::decode(event.event_type(), &bytes).unwrap(),
            event
        );
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
        if walk.order.ledger().unwrap().units().open() > 0 {
            prop_assert!(walk.step(&cancel(&[])).unwrap() > 0);
        }
        walk.close();
    }
}
