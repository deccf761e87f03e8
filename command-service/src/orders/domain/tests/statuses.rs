//! The tables of payment and fulfilment status.

use orderfold_events::order::{FulfilmentStatus, PaymentStatus, Totals};

use crate::orders::domain::status::{Units, fulfilment_status, payment_status};

#[test]
fn the_payment_status_follows_total_payments_and_refunds() {
    for (total_sales, payments, refunds, expected) in [
        (100, 101, 0, PaymentStatus::Overpaid),
        (0, 1, 0, PaymentStatus::Overpaid),
        (0, 0, 0, PaymentStatus::NothingDue),
        (100, 100, 0, PaymentStatus::Paid),
        (0, 100, 100, PaymentStatus::Refunded),
        (60, 100, 40, PaymentStatus::PartiallyRefunded),
        (100, 0, 0, PaymentStatus::Unpaid),
        (100, 50, 50, PaymentStatus::Unpaid),
        (100, 99, 0, PaymentStatus::PartiallyPaid),
    ] {
        let totals = Totals {
            total_sales,
            payments,
            refunds,
            ..Totals::default()
        };
        assert_eq!(payment_status(&totals), expected, "{totals:?}");
    }
}

#[test]
fn the_fulfilment_status_is_the_first_that_matches() {
    // ordered, cancelled, shipped, delivered, returned
    for (numbers, expected) in [
        ([3, 0, 0, 0, 0], FulfilmentStatus::Unfulfilled),
        ([3, 3, 0, 0, 0], FulfilmentStatus::Unfulfilled),
        ([3, 0, 1, 0, 0], FulfilmentStatus::PartiallyShipped),
        ([3, 1, 2, 0, 0], FulfilmentStatus::Shipped),
        ([3, 0, 3, 1, 0], FulfilmentStatus::PartiallyDelivered),
        ([3, 1, 2, 2, 0], FulfilmentStatus::Delivered),
        ([3, 0, 3, 3, 1], FulfilmentStatus::PartiallyReturned),
        ([3, 1, 2, 0, 2], FulfilmentStatus::Returned),
    ] {
        let [ordered, cancelled, shipped, delivered, returned] = numbers;
        let units = Units {
            ordered,
            cancelled,
            shipped,
            delivered,
            returned,
            undelivered: 0,
        };
        assert_eq!(fulfilment_status(&units), expected, "{units:?}");
    }
}
