//! How the bodies and answers of order commands are documented; they are read member by member elsewhere.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! documented {
    ($($(#[$attribute:meta])* struct $name:ident { $($body:tt)* })+) => {
        $(
            $(#[$attribute])*
            #[derive(ToSchema)]
            #[expect(dead_code, reason = "documents JSON that is read or written elsewhere")]
            pub struct $name { $($body)* }
        )+
    };
}

documented! {
    /// A whole order. Amounts are integers in the minor unit of `currency`.
    struct PlaceOrder {
        /// The customer; not where the target of a bulk line names it.
        customer_id: Uuid,
        #[schema(min_length = 1, max_length = 64)]
        channel: String,
        /// ISO 4217.
        #[schema(example = "USD")]
        currency: String,
        /// `prepaid` or `on_account`.
        #[schema(default = "prepaid")]
        terms: Option<String>,
        #[schema(default = false)]
        prices_include_tax: Option<bool>,
        #[schema(default = false)]
        digital: Option<bool>,
        /// Unique in the channel.
        #[schema(max_length = 64)]
        reference: Option<String>,
        #[schema(max_length = 64)]
        customer_reference: Option<String>,
        #[schema(max_items = 20)]
        tags: Option<Vec<String>>,
        metadata: Option<BTreeMap<String, String>>,
        /// An address, or `{"label"}` of one of the customer's; the customer's default when it is missing.
        ship_to: Option<OrderAddress>,
        bill_to: Option<OrderAddress>,
        contact: Option<OrderContact>,
        /// At least one, unless it is a draft.
        #[schema(max_items = 500)]
        lines: Vec<NewOrderLine>,
        #[schema(max_items = 200)]
        adjustments: Option<Vec<NewOrderAdjustment>>,
        /// Start a draft: nothing is booked, no number is drawn.
        #[schema(default = false)]
        draft: Option<bool>,
        /// On account only.
        due_on: Option<chrono::NaiveDate>,
        /// Only with the scope `orders:backdate`.
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
    }
    /// A merge patch of a draft; of an order that is placed, only `reference`, `customer_reference`, `tags` and
    /// `metadata`.
    struct OrderPatch {
        #[schema(min_length = 1, max_length = 64)]
        channel: Option<String>,
        currency: Option<String>,
        terms: Option<String>,
        prices_include_tax: Option<bool>,
        digital: Option<bool>,
        #[schema(max_length = 64)]
        reference: Option<String>,
        #[schema(max_length = 64)]
        customer_reference: Option<String>,
        #[schema(max_items = 20)]
        tags: Option<Vec<String>>,
        /// Merged member by member; null removes one.
        metadata: Option<BTreeMap<String, Option<String>>>,
        ship_to: Option<OrderAddress>,
        bill_to: Option<OrderAddress>,
        contact: Option<OrderContact>,
        #[schema(max_items = 500)]
        lines: Option<Vec<NewOrderLine>>,
        #[schema(max_items = 200)]
        adjustments: Option<Vec<NewOrderAdjustment>>,
        due_on: Option<chrono::NaiveDate>,
    }
    struct HoldOrder {
        /// `fraud`, `address`, `stock`, `payment`, `customer` or `other`.
        reason: String,
        #[schema(max_length = 2000)]
        note: Option<String>,
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
    }
    struct ReleaseOrder {
        /// The number of a hold; all when it is missing.
        #[schema(minimum = 1)]
        hold: Option<u32>,
        #[schema(max_length = 2000)]
        note: Option<String>,
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
    }
    /// At least one of `lines`, `adjustments`, `ship_to` and `bill_to` is needed.
    struct AmendOrder {
        /// `customer`, `pricing`, `stock`, `correction` or `other`.
        reason: String,
        /// Entries with `line` speak of a line that exists; entries without it are new lines.
        #[schema(max_items = 500)]
        lines: Option<Vec<AmendedOrderLine>>,
        #[schema(max_items = 200)]
        adjustments: Option<Vec<NewOrderAdjustment>>,
        ship_to: Option<OrderAddress>,
        bill_to: Option<OrderAddress>,
    }
    struct AmendedOrderLine {
        /// Missing for a new line, which then has all members of one.
        #[schema(minimum = 1)]
        line: Option<u32>,
        /// Units wanted: ordered and not cancelled.
        #[schema(minimum = 0, maximum = 1_000_000)]
        quantity: Option<i64>,
        #[schema(minimum = 0)]
        unit_price: Option<i64>,
        #[schema(minimum = 0)]
        discount: Option<i64>,
        tax_rate: Option<String>,
        tax: Option<i64>,
        sku: Option<String>,
        name: Option<String>,
        category: Option<String>,
        reference: Option<String>,
        metadata: Option<BTreeMap<String, String>>,
    }
    struct AddOrderNote {
        #[schema(min_length = 1, max_length = 2000)]
        text: String,
    }
    struct OrderAddress {
        /// Instead of all else: an address of the customer's book.
        label: Option<String>,
        name: Option<String>,
        company: Option<String>,
        line1: Option<String>,
        line2: Option<String>,
        city: Option<String>,
        region: Option<String>,
        postal_code: Option<String>,
        /// ISO 3166-1 alpha-2; needed unless there is a label.
        country: Option<String>,
        phone: Option<String>,
        tax_id: Option<String>,
    }
    struct OrderContact {
        name: Option<String>,
        email: Option<String>,
        phone: Option<String>,
    }
    /// One of `tax_rate` and `tax` is needed.
    struct NewOrderLine {
        #[schema(min_length = 1, max_length = 64)]
        sku: String,
        #[schema(min_length = 1, max_length = 200)]
        name: String,
        #[schema(max_length = 200)]
        category: Option<String>,
        #[schema(max_length = 64)]
        reference: Option<String>,
        #[schema(minimum = 1, maximum = 1_000_000)]
        quantity: i64,
        #[schema(minimum = 0)]
        unit_price: i64,
        /// Off the whole line, at most unit price × quantity.
        #[schema(minimum = 0, default = 0)]
        discount: Option<i64>,
        /// A decimal string of at most six places.
        #[schema(example = "0.08875")]
        tax_rate: Option<String>,
        /// The tax on the whole line.
        tax: Option<i64>,
        metadata: Option<BTreeMap<String, String>>,
    }
    struct NewOrderAdjustment {
        /// `shipping`, `fee`, `credit`, `rounding`, `write_off` or `other`.
        kind: String,
        #[schema(max_length = 200)]
        label: Option<String>,
        /// Signed, not zero.
        amount: i64,
        #[schema(default = "0")]
        tax_rate: Option<String>,
    }
    struct LineUnits {
        #[schema(minimum = 1)]
        line: u32,
        #[schema(minimum = 1, maximum = 1_000_000)]
        quantity: i64,
    }
    struct CancelOrder {
        /// `customer`, `stock`, `fraud`, `duplicate`, `unpaid` or `other`.
        reason: String,
        #[schema(max_length = 2000)]
        note: Option<String>,
        /// Everything open when it is missing.
        lines: Option<Vec<LineUnits>>,
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
    }
    struct RecordPayment {
        #[schema(max_length = 64)]
        reference: String,
        #[schema(minimum = 1)]
        amount: i64,
        /// `card`, `transfer`, `direct_debit`, `cash`, `cheque`, `wallet`, `voucher` or `other`.
        method: String,
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
    }
    struct RecordRefund {
        #[schema(max_length = 64)]
        reference: String,
        #[schema(minimum = 1)]
        amount: i64,
        /// `return`, `cancellation`, `goodwill`, `overpayment`, `chargeback`, `reversal` or `other`.
        reason: String,
        /// The reference of the payment that it gives back.
        #[schema(max_length = 64)]
        payment: Option<String>,
        /// The reference of the return that it is for.
        #[schema(max_length = 64)]
        r#return: Option<String>,
        #[schema(max_items = 200)]
        adjustments: Option<Vec<NewOrderAdjustment>>,
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
    }
    struct RecordShipment {
        #[schema(max_length = 64)]
        reference: String,
        #[schema(max_length = 200)]
        carrier: Option<String>,
        #[schema(max_length = 64)]
        tracking_number: Option<String>,
        /// Everything open when it is missing.
        lines: Option<Vec<LineUnits>>,
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
    }
    struct RecordDelivery {
        #[schema(max_length = 64)]
        reference: String,
        /// The reference of a shipment; all, the oldest first, when it is missing.
        shipment: Option<String>,
        /// Everything under way when it is missing.
        lines: Option<Vec<LineUnits>>,
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
    }
    struct RecordReturn {
        #[schema(max_length = 64)]
        reference: String,
        shipment: Option<String>,
        /// `unwanted`, `damaged`, `wrong_item`, `defective`, `late`, `undeliverable` or `other`.
        reason: String,
        /// `new`, `opened`, `damaged` or `other`.
        condition: Option<String>,
        /// Refused or lost on the way: takes units under way before delivered ones.
        #[schema(default = false)]
        undelivered: Option<bool>,
        lines: Vec<LineUnits>,
        adjustments: Option<Vec<NewOrderAdjustment>>,
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
    }
    /// An order as a command leaves it.
    struct OrderAnswer {
        /// Null in a dry run that would make it.
        order_id: Option<Uuid>,
        /// Null in a draft, and in a dry run that would draw it.
        #[schema(example = "26-0048213-3")]
        number: Option<String>,
        customer_id: Uuid,
        version: u32,
        lifecycle: String,
        payment_status: String,
        fulfilment_status: String,
        on_hold: bool,
        currency: String,
        totals: OrderTotals,
        /// Only of a draft: what placing it as it is would book.
        preview: Option<OrderTotals>,
        /// Only in the answer to holding: the number of the hold.
        hold: Option<u32>,
        /// What the command recorded; empty where it repeated what was so already.
        events: Vec<RecordedEvent>,
        /// Only in a dry run.
        dry_run: Option<bool>,
    }
    /// Minor units of the order's currency; every figure excludes tax but `taxes`.
    struct OrderTotals {
        units: i64,
        gross_sales: i64,
        discounts: i64,
        cancellations: i64,
        returns: i64,
        net_sales: i64,
        adjustments: i64,
        taxes: i64,
        total_sales: i64,
        payments: i64,
        refunds: i64,
        balance: i64,
    }
    struct RecordedEvent {
        #[schema(example = "orderfold.order.placed.v1")]
        r#type: String,
        version: u32,
    }
}

/// None at all, or an empty object.
#[derive(ToSchema)]
pub struct NoBody {}
