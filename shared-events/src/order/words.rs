//! The closed lists of the order domain.

use crate::closed_list;

closed_list! {
    /// Where an order stands; hold, payment and fulfilment are orthogonal to it.
    Lifecycle {
        Draft = "draft", Placed = "placed", Confirmed = "confirmed", Cancelled = "cancelled", Completed = "completed",
        Discarded = "discarded",
    }
}
closed_list! {
    /// Derived from total, payments and refunds.
    PaymentStatus {
        NothingDue = "nothing_due", Unpaid = "unpaid", PartiallyPaid = "partially_paid", Paid = "paid",
        Overpaid = "overpaid", PartiallyRefunded = "partially_refunded", Refunded = "refunded",
    }
}
closed_list! {
    /// Derived from the quantities of the whole order.
    FulfilmentStatus {
        Unfulfilled = "unfulfilled", PartiallyShipped = "partially_shipped", Shipped = "shipped",
        PartiallyDelivered = "partially_delivered", Delivered = "delivered",
        PartiallyReturned = "partially_returned", Returned = "returned",
    }
}
closed_list! {
    /// When payment is due: before shipping, or on account by a due date.
    Terms { Prepaid = "prepaid", OnAccount = "on_account" }
}
closed_list! {
    /// Why units were cancelled.
    CancelReason {
        Customer = "customer", Stock = "stock", Fraud = "fraud", Duplicate = "duplicate", Unpaid = "unpaid",
        Other = "other",
    }
}
closed_list! {
    /// Why an order is held.
    HoldReason {
        Fraud = "fraud", Address = "address", Stock = "stock", Payment = "payment", Customer = "customer",
        Other = "other",
    }
}
closed_list! {
    /// Why an order was amended.
    AmendReason {
        Customer = "customer", Pricing = "pricing", Stock = "stock", Correction = "correction", Other = "other",
    }
}
closed_list! {
    /// Why money was given back. A chargeback or a reversal is recorded whatever is due.
    RefundReason {
        Return = "return", Cancellation = "cancellation", Goodwill = "goodwill", Overpayment = "overpayment",
        Chargeback = "chargeback", Reversal = "reversal", Other = "other",
    }
}
closed_list! {
    /// Why units came back.
    ReturnReason {
        Unwanted = "unwanted", Damaged = "damaged", WrongItem = "wrong_item", Defective = "defective", Late = "late",
        Undeliverable = "undeliverable", Other = "other",
    }
}
closed_list! {
    /// The state in which units came back.
    ReturnCondition { New = "new", Opened = "opened", Damaged = "damaged", Other = "other" }
}
closed_list! {
    /// How a payment was made.
    PaymentMethod {
        Card = "card", Transfer = "transfer", DirectDebit = "direct_debit", Cash = "cash", Cheque = "cheque",
        Wallet = "wallet", Voucher = "voucher", Other = "other",
    }
}
closed_list! {
    /// What an adjustment stands for; a `reversal` is made by the system alone.
    AdjustmentKind {
        Shipping = "shipping", Fee = "fee", Credit = "credit", Rounding = "rounding", WriteOff = "write_off",
        Other = "other", Reversal = "reversal",
    }
}
