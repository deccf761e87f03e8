//! The bodies and answers of credit commands: what is read and written of them, and how they are documented.

use std::collections::HashSet;

use orderfold_events::{
    Currency, Timestamp,
    money::AMOUNT_MAX,
    order::{ContentHash, PaymentMethod},
};
use orderfold_http::{Node, Problem, fields};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    domain::{ALLOCATIONS_MAX, CreditError, Share, Terms},
    payments::{AccountPayment, Allocations},
};
use crate::{
    execution::{Call, Secrets},
    http::{codes, values},
    orders::{
        answer::{self, Form},
        documents::OrderAnswer,
    },
};

/// Days from placing to the due date.
const PAYMENT_DAYS_MAX: i64 = 730;
const OLDEST_FIRST: &str = "oldest_first";

#[derive(ToSchema)]
#[schema(as = SetCreditTerms)]
#[expect(dead_code, reason = "documents a body")]
pub struct TermsBody {
    /// Minor units.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    limit: i64,
    /// ISO 4217; the first order on account fixes it.
    #[schema(example = "USD")]
    currency: String,
    /// From placing to the due date.
    #[schema(minimum = 0, maximum = 730)]
    payment_days: u32,
}

/// A credit account as a command leaves it. Amounts are minor units of `currency`.
#[derive(Serialize, ToSchema)]
#[schema(as = CreditAnswer)]
pub struct StandingBody {
    pub customer_id: Uuid,
    /// The credit account's own, which guards its terms.
    pub version: u32,
    pub currency: &'static str,
    pub limit: i64,
    pub payment_days: u32,
    pub exposure: i64,
    /// Below zero where more is owed than the limit allows.
    pub available: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// One payment over several orders on account. Its reference is unique per customer.
#[derive(ToSchema)]
#[schema(as = RecordAccountPayment)]
#[expect(dead_code, reason = "documents a body")]
pub struct PaymentBody {
    #[schema(max_length = 64)]
    reference: String,
    #[schema(example = "USD")]
    currency: String,
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    amount: i64,
    /// `card`, `transfer`, `direct_debit`, `cash`, `cheque`, `wallet`, `voucher` or `other`.
    method: String,
    allocations: AllocationsBody,
    /// Only with the scope `orders:backdate`.
    occurred_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// `"oldest_first"` (what is left overpays the newest), or at most 100 orders that sum to the amount.
#[derive(ToSchema)]
#[schema(as = Allocations)]
#[expect(dead_code, reason = "documents a body")]
#[serde(untagged)]
pub enum AllocationsBody {
    Word(String),
    Given(Vec<AllocationBody>),
}

#[derive(ToSchema)]
#[schema(as = Allocation)]
#[expect(dead_code, reason = "documents a body")]
pub struct AllocationBody {
    order: Uuid,
    #[schema(minimum = 1)]
    amount: i64,
}

/// The orders that a payment was booked to, as it leaves them.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountPaymentAnswer)]
pub struct BookedBody<'a> {
    pub customer_id: Uuid,
    #[schema(value_type = Vec<OrderAnswer>)]
    pub orders: Vec<answer::Body<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// Form of the orders in the answer of a payment.
pub(super) fn form(call: &Call) -> Form {
    Form {
        creates: false,
        dry_run: call.dry_run,
    }
}

pub(super) fn terms(body: &Value) -> Result<Terms, Problem> {
    fields::read_object(body, |fields| {
        let limit = fields.required("limit", |node| node.integer(0..=AMOUNT_MAX));
        let currency = fields.required("currency", currency);
        let payment_days = fields.required("payment_days", |node| {
            let days = node.integer(0..=PAYMENT_DAYS_MAX)?;
            u32::try_from(days).ok()
        });
        Some(Terms {
            currency: currency?,
            limit: limit?,
            payment_days: payment_days?,
        })
    })
}

fn currency(node: &Node<'_, '_>) -> Option<Currency> {
    node.parsed("a currency of ISO 4217")
}

pub(super) fn payment(
    call: &Call,
    secrets: &Secrets,
    body: &Value,
) -> Result<AccountPayment, Problem> {
    fields::read_object(body, |fields| {
        let reference = fields.required("reference", values::code);
        let currency = fields.required("currency", currency);
        let amount = fields.required("amount", |node| node.integer(1..=AMOUNT_MAX));
        let method = fields.required("method", |node| node.word(PaymentMethod::ALL));
        let allocations = fields.required("allocations", |node| allocations(node, amount));
        let occurred_at = fields.optional("occurred_at", |node| values::past(node, call.now));
        let occurred_at: Option<Timestamp> = occurred_at?;
        Some(AccountPayment {
            reference: reference?,
            currency: currency?,
            amount: amount?,
            method: method?,
            allocations: allocations?,
            content: content(secrets, body),
            occurred_at,
        })
    })
}

/// The payment as it was sent, without when it happened: the same payment told twice may differ in that.
fn content(secrets: &Secrets, body: &Value) -> ContentHash {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("occurred_at");
    }
    secrets.content(body.to_string().as_bytes())
}

fn allocations(node: &Node<'_, '_>, amount: Option<i64>) -> Option<Allocations> {
    if let Value::String(word) = node.value() {
        return match word.as_str() {
            OLDEST_FIRST => Some(Allocations::OldestFirst),
            _ => node.fault("unknown_value", "must be oldest_first, or a list"),
        };
    }
    let shares = node.list(1..=ALLOCATIONS_MAX, share)?;
    let mut orders = HashSet::new();
    if let Some(index) = shares
        .iter()
        .position(|share| !orders.insert(share.order_id))
    {
        let detail = format!("the order of item {index} stands before");
        return node.fault("duplicate", detail);
    }
    let sum: i64 = shares.iter().map(|share| share.amount).sum();
    match amount {
        Some(amount) if amount != sum => node.fault("sum", "must sum to the amount"),
        Some(_) | None => Some(Allocations::Given(shares)),
    }
}

fn share(node: &Node<'_, '_>) -> Option<Share> {
    node.object(|fields| {
        let order_id = fields.required("order", |node| node.parsed("an order's id"));
        let amount = fields.required("amount", |node| node.integer(1..=AMOUNT_MAX));
        Some(Share {
            order_id: order_id?,
            amount: amount?,
        })
    })
}

/// What a refusal by a credit account is told as.
pub(crate) fn problem(error: CreditError) -> Problem {
    match error {
        CreditError::LimitExceeded {
            available,
            requested,
        } => Problem::from(codes::CREDIT_LIMIT_EXCEEDED)
            .fact("available", available)
            .fact("requested", requested),
        CreditError::OtherCurrency { currency } => {
            Problem::from(codes::CREDIT_CURRENCY_MISMATCH).fact("currency", currency.code())
        }
    }
}
