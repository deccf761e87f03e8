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
        #[schema(min_items = 1, max_items = 500)]
        lines: Vec<NewOrderLine>,
        #[schema(max_items = 200)]
        adjustments: Option<Vec<NewOrderAdjustment>>,
        /// On account only.
        due_on: Option<chrono::NaiveDate>,
        /// Only with the scope `orders:backdate`.
        occurred_at: Option<chrono::DateTime<chrono::Utc>>,
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
        /// Null in a dry run that would make it, as is `number`.
        order_id: Option<Uuid>,
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
