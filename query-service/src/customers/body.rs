//! Customers as callers see them. What is personal is null for those who may not see it.

use std::collections::BTreeMap;

use orderfold_events::{
    Currency, CustomerId, OrderId, OrderNumber, Timestamp, Version,
    customer::{CustomerAddress, CustomerStatus, ExternalReference},
    money,
    order::{FulfilmentStatus, Lifecycle, PaymentStatus},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{figures::Figures, postal::PostalAddress, schemas},
    projections::{
        customer_360::{Credit, CustomerDocument, LastOrder, Lifetime, OrderCounts, Profile},
        customer_list::CustomerRow,
    },
};

/// A customer's key in another system.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerReference {
    pub channel: String,
    pub value: String,
}

/// One customer in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ListedCustomer {
    #[schema(value_type = Uuid)]
    pub customer_id: CustomerId,
    #[schema(schema_with = schemas::version)]
    pub version: Version,
    #[schema(schema_with = schemas::customer_status)]
    pub status: CustomerStatus,
    /// Null without the scope `customers:personal`; so are `email` and `phone`.
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub reference: Option<CustomerReference>,
    pub tags: Vec<String>,
    #[schema(schema_with = schemas::instant)]
    pub created_at: Timestamp,
    #[schema(schema_with = schemas::instant)]
    pub updated_at: Timestamp,
}

/// One customer, with everything that was bought.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerBody {
    #[schema(value_type = Uuid)]
    pub customer_id: CustomerId,
    #[schema(schema_with = schemas::version)]
    pub version: Version,
    #[schema(schema_with = schemas::customer_status)]
    pub status: CustomerStatus,
    /// Null without the scope `customers:personal`; so are `email`, `phone`, `phone_e164` and `addresses`.
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub phone_e164: Option<String>,
    pub addresses: Option<Vec<LabelledAddress>>,
    pub reference: Option<CustomerReference>,
    pub language: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    #[schema(schema_with = schemas::instant)]
    pub created_at: Timestamp,
    #[schema(schema_with = schemas::instant)]
    pub updated_at: Timestamp,
    /// Null without a credit account.
    pub credit: Option<CreditBody>,
    pub orders: OrderCountsBody,
    /// One entry per currency.
    pub lifetime: Vec<LifetimeBody>,
    #[schema(schema_with = schemas::optional_instant)]
    pub first_order_at: Option<Timestamp>,
    #[schema(schema_with = schemas::optional_instant)]
    pub last_order_at: Option<Timestamp>,
    /// The newest ten, newest first.
    pub last_orders: Vec<LastOrderBody>,
}

/// A credit account, minor units of its currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CreditBody {
    #[schema(schema_with = schemas::version)]
    pub version: Version,
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    pub limit: i64,
    /// Null before terms were set.
    pub payment_days: Option<u32>,
    /// What open orders on account bind.
    pub exposure: i64,
    /// `limit − exposure`; below zero where the limit was lowered, or facts exceeded it.
    pub available: i64,
    #[schema(schema_with = schemas::instant)]
    pub updated_at: Timestamp,
}

/// An address of the customer's book.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LabelledAddress {
    pub label: String,
    pub default_shipping: bool,
    pub default_billing: bool,
    #[serde(flatten)]
    pub address: PostalAddress,
}

/// How many orders there are.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct OrderCountsBody {
    pub placed: i64,
    /// Neither cancelled nor completed.
    pub open: i64,
    pub cancelled: i64,
    pub completed: i64,
}

/// Figures of all orders of one currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LifetimeBody {
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    pub orders: OrderCountsBody,
    pub totals: Figures,
    /// `(gross_sales − discounts) ÷ orders placed`, null without orders.
    pub average_order_value: Option<i64>,
}

/// One of the newest orders.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LastOrderBody {
    #[schema(value_type = Uuid)]
    pub order_id: OrderId,
    #[schema(schema_with = schemas::order_number)]
    pub number: OrderNumber,
    #[schema(schema_with = schemas::version)]
    pub version: Version,
    pub channel: String,
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    #[schema(schema_with = schemas::instant)]
    pub placed_at: Timestamp,
    #[schema(schema_with = schemas::lifecycle)]
    pub lifecycle: Lifecycle,
    #[schema(schema_with = schemas::payment_status)]
    pub payment_status: PaymentStatus,
    #[schema(schema_with = schemas::fulfilment_status)]
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
    pub totals: Figures,
}

impl From<ExternalReference> for CustomerReference {
    fn from(ExternalReference { channel, value }: ExternalReference) -> Self {
        Self { channel, value }
    }
}

impl ListedCustomer {
    /// The row for a caller who may, or may not, see what is personal.
    #[must_use]
    pub fn new(row: CustomerRow, personal: bool) -> Self {
        let plain = row.personal.map(|part| part.plain).filter(|_| personal);
        let (name, email, phone) = plain.map_or((None, None, None), |plain| {
            (Some(plain.name), plain.email, plain.phone)
        });
        Self {
            customer_id: row.customer_id,
            version: row.version,
            status: row.status,
            name,
            email,
            phone,
            reference: row.reference.map(CustomerReference::from),
            tags: row.tags,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl CustomerBody {
    /// The customer for a caller who may, or may not, see what is personal. `None` while the customer's own first
    /// event is not folded.
    #[must_use]
    pub fn new(customer: CustomerDocument, personal: bool) -> Option<Self> {
        let profile: Profile = customer.profile?;
        let mut body = Self {
            customer_id: customer.customer_id,
            version: profile.version,
            status: profile.status,
            name: None,
            email: None,
            phone: None,
            phone_e164: None,
            addresses: None,
            reference: profile.reference.map(CustomerReference::from),
            language: profile.language,
            tags: profile.tags,
            metadata: profile.metadata,
            created_at: profile.created_at,
            updated_at: profile.updated_at,
            credit: customer.credit.map(CreditBody::from),
            orders: customer.counts.into(),
            lifetime: customer
                .lifetime
                .into_iter()
                .map(LifetimeBody::from)
                .collect(),
            first_order_at: customer.first_order_at,
            last_order_at: customer.last_order_at,
            last_orders: customer
                .last_orders
                .into_iter()
                .map(LastOrderBody::from)
                .collect(),
        };
        if let Some(part) = profile.personal.filter(|_| personal) {
            let plain = part.plain;
            body.name = Some(plain.name);
            body.email = plain.email;
            body.phone = plain.phone;
            body.phone_e164 = plain.phone_e164;
            let addresses = plain.addresses.into_iter().map(LabelledAddress::from);
            body.addresses = Some(addresses.collect());
        }
        Some(body)
    }
}

impl From<Credit> for CreditBody {
    fn from(credit: Credit) -> Self {
        Self {
            version: credit.version,
            currency: credit.currency,
            limit: credit.limit,
            payment_days: credit.payment_days,
            exposure: credit.exposure,
            available: credit.limit.saturating_sub(credit.exposure),
            updated_at: credit.updated_at,
        }
    }
}

impl From<CustomerAddress> for LabelledAddress {
    fn from(address: CustomerAddress) -> Self {
        Self {
            label: address.label,
            default_shipping: address.default_shipping,
            default_billing: address.default_billing,
            address: address.address.into(),
        }
    }
}

impl From<OrderCounts> for OrderCountsBody {
    fn from(counts: OrderCounts) -> Self {
        Self {
            placed: counts.placed,
            open: counts.placed - counts.cancelled - counts.completed,
            cancelled: counts.cancelled,
            completed: counts.completed,
        }
    }
}

impl From<Lifetime> for LifetimeBody {
    fn from(lifetime: Lifetime) -> Self {
        let value = lifetime.totals.gross_sales - lifetime.totals.discounts;
        Self {
            currency: lifetime.currency,
            orders: lifetime.counts.into(),
            totals: lifetime.totals.into(),
            average_order_value: money::share(value, 1, lifetime.counts.placed).ok(),
        }
    }
}

impl From<LastOrder> for LastOrderBody {
    fn from(order: LastOrder) -> Self {
        Self {
            order_id: order.order_id,
            number: order.number,
            version: order.version,
            channel: order.channel,
            currency: order.currency,
            placed_at: order.placed_at,
            lifecycle: order.lifecycle,
            payment_status: order.payment_status,
            fulfilment_status: order.fulfilment_status,
            on_hold: order.on_hold,
            totals: order.totals.into(),
        }
    }
}
