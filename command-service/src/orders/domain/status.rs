//! The statuses of an order, derived from its money and its units in this one place.

use std::ops::Add;

use orderfold_events::order::{FulfilmentStatus, PaymentStatus, Totals};

/// Units of a line, or of a whole order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    pub ordered: i64,
    pub cancelled: i64,
    pub shipped: i64,
    /// Everything that ever arrived, also if it came back later.
    pub delivered: i64,
    /// All that came back, `undelivered` included.
    pub returned: i64,
    /// What came back without ever arriving.
    pub undelivered: i64,
}

impl Units {
    /// What the customer still gets or got: ordered and not cancelled.
    #[must_use]
    pub fn wanted(&self) -> i64 {
        self.ordered - self.cancelled
    }

    /// What may still be shipped or cancelled.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.wanted() - self.shipped
    }

    #[must_use]
    pub fn in_transit(&self) -> i64 {
        self.shipped - self.delivered - self.undelivered
    }

    /// What is paid for: neither cancelled nor returned.
    #[must_use]
    pub fn chargeable(&self) -> i64 {
        self.wanted() - self.returned
    }

    /// Whether every unit has arrived or come back. As no line can have more of these than are wanted of it, the sums
    /// over an order say the same as a look at each line.
    #[must_use]
    pub fn all_settled(&self) -> bool {
        self.delivered + self.undelivered == self.wanted()
    }
}

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            ordered: self.ordered + other.ordered,
            cancelled: self.cancelled + other.cancelled,
            shipped: self.shipped + other.shipped,
            delivered: self.delivered + other.delivered,
            returned: self.returned + other.returned,
            undelivered: self.undelivered + other.undelivered,
        }
    }
}

/// What is owed and what was paid, in one word.
#[must_use]
pub fn payment_status(totals: &Totals) -> PaymentStatus {
    let due = totals.total_sales;
    let kept = totals.payments - totals.refunds;
    if kept > due {
        PaymentStatus::Overpaid
    } else if kept < due {
        if kept > 0 {
            PaymentStatus::PartiallyPaid
        } else {
            PaymentStatus::Unpaid
        }
    } else if totals.payments == 0 {
        PaymentStatus::NothingDue
    } else if totals.refunds == 0 {
        PaymentStatus::Paid
    } else if due > 0 {
        PaymentStatus::PartiallyRefunded
    } else {
        PaymentStatus::Refunded
    }
}

/// How far the goods are, in one word: the first that matches.
#[must_use]
pub fn fulfilment_status(units: &Units) -> FulfilmentStatus {
    let all = units.wanted();
    let all_of = |some: i64| some == all && all > 0;
    if all_of(units.returned) {
        FulfilmentStatus::Returned
    } else if units.returned > 0 {
        FulfilmentStatus::PartiallyReturned
    } else if all_of(units.delivered) {
        FulfilmentStatus::Delivered
    } else if units.delivered > 0 {
        FulfilmentStatus::PartiallyDelivered
    } else if all_of(units.shipped) {
        FulfilmentStatus::Shipped
    } else if units.shipped > 0 {
        FulfilmentStatus::PartiallyShipped
    } else {
        FulfilmentStatus::Unfulfilled
    }
}
