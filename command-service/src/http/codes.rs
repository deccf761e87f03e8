//! The problem codes of this service, beside those that both share.

use axum::http::StatusCode;
use orderfold_http::{Catalogue, ProblemCode};

macro_rules! problem_codes {
    ($($name:ident, $code:literal, $status:ident, $title:literal, $remedy:literal;)+) => {
        $(pub const $name: ProblemCode = ProblemCode::new($code, StatusCode::$status, $title, $remedy);)+

        /// Every code this service answers.
        pub const CATALOGUE: Catalogue = Catalogue { own: &[$($name),+] };
    };
}

problem_codes! {
    CUSTOMER_NOT_FOUND, "customer_not_found", NOT_FOUND, "There is no such customer",
        "Check the id or the reference; a customer sees only its own data.";
    CUSTOMER_BLOCKED, "customer_blocked", CONFLICT, "The customer is blocked",
        "Unblock the customer first; what was placed before goes on, and drafts can be written.";
    CUSTOMER_ERASED, "customer_erased", CONFLICT, "The customer's data is erased",
        "What is erased does not come back: register a new customer. Open orders go on, with adjustments alone added to them.";
    TOO_MANY_ADDRESSES, "too_many_addresses", CONFLICT, "The customer has too many addresses",
        "A customer has at most 200: remove one, or save over one by its label.";
    TOO_MANY_METADATA, "too_many_metadata", CONFLICT, "There would be too much metadata",
        "At most 50 members; null removes one.";
    ORDER_NOT_FOUND, "order_not_found", NOT_FOUND, "There is no such order",
        "Check the id or the reference; a customer sees only its own orders.";
    ADDRESS_NOT_FOUND, "address_not_found", CONFLICT, "The customer has no address of this label",
        "Send the address itself, or use a label of the customer's address book.";
    SHIPPING_ADDRESS_REQUIRED, "shipping_address_required", CONFLICT, "The order has nowhere to go",
        "Send ship_to, or give the customer a default shipping address; only a digital order needs none.";
    EMAIL_TAKEN, "email_taken", CONFLICT, "Another customer has this e-mail address",
        "Use the customer that has it, or another address.";
    CUSTOMER_REFERENCE_TAKEN, "customer_reference_taken", CONFLICT, "Another customer has this reference",
        "References of customers are unique in their channel: use the customer that has it.";
    ORDER_REFERENCE_TAKEN, "order_reference_taken", CONFLICT, "Another order has this reference",
        "References of orders are unique in their channel: use the order that has it, or retry with its key.";
    WRONG_STATE, "wrong_state", CONFLICT, "The order's state does not allow this",
        "Read the order: `lifecycle` says where it stands.";
    VERSION_CONFLICT, "version_conflict", PRECONDITION_FAILED, "It has changed since you read it",
        "Read it again, decide again, and send the version that `current_version` names.";
    STREAM_BUSY, "stream_busy", SERVICE_UNAVAILABLE, "Too many commands change this at once",
        "Try again after as many seconds as `Retry-After` says, with the same idempotency key.";
    IDEMPOTENCY_KEY_REUSED, "idempotency_key_reused", UNPROCESSABLE_ENTITY, "This key belongs to another request",
        "A key stands for one request with one target and one body: use a new key for a new request.";
    IDEMPOTENCY_IN_PROGRESS, "idempotency_in_progress", CONFLICT, "The first request under this key still runs",
        "Try again after as many seconds as `Retry-After` says; the answer will be the first one's.";
    REFERENCE_REUSED, "reference_reused", CONFLICT, "This reference stands for another fact",
        "A reference is used once per order and kind. Repeat exactly what was sent with it, or use a new one.";
    OCCURRED_BEFORE_PLACING, "occurred_before_placing", CONFLICT, "It would have happened before the order was placed",
        "Send an `occurred_at` from `placed_at` to now.";
    CREDIT_LIMIT_EXCEEDED, "credit_limit_exceeded", CONFLICT, "The customer's credit does not allow this",
        "`available` and `requested` are minor units of the order's currency. Without credit terms the limit is zero.";
    CREDIT_CURRENCY_MISMATCH, "credit_currency_mismatch", CONFLICT, "The credit account is kept in another currency",
        "`currency` names it; the first order on account has fixed it.";
    NOTHING_DUE, "nothing_due", CONFLICT, "Nothing is due",
        "Name orders on account with a balance above zero; `order_id` says which has none.";
    ORDER_IS_PREPAID, "order_is_prepaid", CONFLICT, "The order is not on account",
        "Record the payment of a prepaid order with the order itself.";
    TOO_MANY_ALLOCATIONS, "too_many_allocations", CONFLICT, "The payment would settle too many orders",
        "One payment settles at most `limit` orders: name them, or record it in parts.";
    LINE_NOT_FOUND, "line_not_found", CONFLICT, "The order has no such line",
        "Lines are addressed by the number they got at placing, from 1.";
    SHIPMENT_NOT_FOUND, "shipment_not_found", CONFLICT, "The order has no such shipment",
        "Use the reference that the shipment was recorded with.";
    TOO_MANY_UNITS, "too_many_units", CONFLICT, "There are not so many units",
        "`available` says how many units of `line` this can be done with.";
    ORDER_ALREADY_SHIPPED, "order_already_shipped", CONFLICT, "Nothing is left to ship or to cancel",
        "What is shipped can come back as a return.";
    NOTHING_TO_DELIVER, "nothing_to_deliver", CONFLICT, "Nothing is under way",
        "Record the shipment first.";
    ORDER_UNPAID, "order_unpaid", CONFLICT, "The order is not paid",
        "A prepaid order is shipped once its balance is zero or below; record the payment first.";
    ORDER_IS_DIGITAL, "order_is_digital", CONFLICT, "A digital order takes no shipment",
        "Record its delivery; that ships it too.";
    TOTAL_NEGATIVE, "total_negative", CONFLICT, "The order's total would be below zero",
        "Lower the credit or the discount.";
    TOTAL_TOO_LARGE, "total_too_large", CONFLICT, "A figure of the order would be too large",
        "No figure of an order may be beyond 1000000000000 minor units.";
    TIMER_NOT_DUE, "timer_not_due", CONFLICT, "The reason of this timer no longer holds",
        "Nothing needs to be done: the order went on before its timer came.";
    ORDER_ON_HOLD, "order_on_hold", CONFLICT, "The order is on hold",
        "Nothing is shipped while a hold is open; release it first.";
    HOLD_NOT_FOUND, "hold_not_found", CONFLICT, "The order has no such hold",
        "Use the number that holding the order answered.";
    DUE_DATE_OF_PREPAID, "due_date_of_prepaid", CONFLICT, "A prepaid order has no due date",
        "Remove `due_on` in the same patch, or put the order on account.";
    ORDER_WITHOUT_LINES, "order_without_lines", CONFLICT, "The order has no lines",
        "Give the draft at least one line, then place it.";
    INVALID_LINE, "invalid_line", CONFLICT, "A line of the order would not be valid",
        "`line` and `member` say what would be wrong with the order as it would be.";
    PAYMENT_NOT_FOUND, "payment_not_found", CONFLICT, "The order has no such payment",
        "Use the reference that the payment was recorded with.";
    RETURN_NOT_FOUND, "return_not_found", CONFLICT, "The order has no such return",
        "Use the reference that the return was recorded with.";
    REFUND_EXCEEDS_PAYMENTS, "refund_exceeds_payments", CONFLICT, "More would go back than came in",
        "`available` is what was paid and not refunded yet.";
    REFUND_EXCEEDS_DUE, "refund_exceeds_due", CONFLICT, "More would go back than is owed",
        "`available` is what is owed back. Add an adjustment, or say that it is a chargeback or a reversal.";
    LINE_UNDER_WAY, "line_under_way", CONFLICT, "The line can no longer be raised or priced anew",
        "Units of it were cancelled, shipped or returned: add a line instead.";
    TAX_REQUIRED, "tax_required", CONFLICT, "The line needs its new tax",
        "It is taxed by amount: send `tax` or `tax_rate` with the new quantity, price or discount.";
    LINE_LOWERED_AND_REPRICED, "line_lowered_and_repriced", CONFLICT, "A line cannot be lowered and priced anew at once",
        "Send two amendments: the new price first, then the lower quantity.";
    TOO_MANY_LINES, "too_many_lines", CONFLICT, "The order would have too many lines",
        "An order holds at most 500.";
    TOO_MANY_NOTES, "too_many_notes", CONFLICT, "The order has too many notes",
        "An order holds at most 1000.";
    TOO_MANY_HOLDS, "too_many_holds", CONFLICT, "The order was held too often",
        "An order is held at most 200 times.";
    TOO_MANY_REFUNDS, "too_many_refunds", CONFLICT, "The order has too many refunds",
        "An order holds at most 200; one that settles the balance or gives back all payments is always taken.";
    TOO_MANY_ADJUSTMENTS, "too_many_adjustments", CONFLICT, "The order has too many adjustments",
        "An order holds at most 200.";
    TOO_MANY_PAYMENTS, "too_many_payments", CONFLICT, "The order has too many payments",
        "An order holds at most 200; one that settles the balance is always taken.";
    TOO_MANY_SHIPMENTS, "too_many_shipments", CONFLICT, "The order has too many shipments",
        "An order holds at most 200; one of everything open is always taken.";
    TOO_MANY_DELIVERIES, "too_many_deliveries", CONFLICT, "The order has too many deliveries",
        "An order holds at most 200; one of everything under way is always taken.";
    TOO_MANY_RETURNS, "too_many_returns", CONFLICT, "The order has too many returns",
        "An order holds at most 200; one of everything shipped is always taken.";
    EVENT_TOO_LARGE, "event_too_large", PAYLOAD_TOO_LARGE, "The order is too large to be recorded",
        "Split it: what one command records may be at most `bytes_max` bytes long.";
    TOO_MANY_COMMANDS, "too_many_commands", PAYLOAD_TOO_LARGE, "The request holds too many commands",
        "Send at most 5000 lines and 16 MiB in one request; whatever follows this line was not read.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_code_stands_for_two_problems() {
        let codes: Vec<_> = CATALOGUE.codes().map(|problem| problem.code).collect();
        let distinct: BTreeSet<_> = codes.iter().collect();
        assert_eq!(codes.len(), distinct.len());
    }
}
