//! The read model `customer_360`: a customer with everything that was bought. It gathers the customer's stream and the
//! streams of its credit account and orders, so its fold commutes across streams and tolerates a customer that is not there yet.

mod fold;

use std::collections::BTreeMap;

use orderfold_events::{
    Coordinate, Currency, CustomerId, OrderId, OrderNumber, Personal, Timestamp, Version,
    customer::{CustomerPersonal, CustomerStatus, ExternalReference},
    order::{FulfilmentStatus, Lifecycle, PaymentStatus, Totals},
};
use serde::{Deserialize, Serialize};

use crate::database::stored;

/// How many of the last orders a customer's document lists.
pub const LAST_ORDERS_MAX: usize = 10;

/// Marker of the projection; see [`crate::projections::DocumentView`].
#[derive(Debug, Clone, Copy)]
pub struct Customer360;

/// One customer, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerDocument {
    #[serde(rename = "_id", with = "stored::id")]
    pub customer_id: CustomerId,
    /// Where the last event that touched this document stands in the log.
    pub coordinate: Coordinate,
    /// None until the customer's own first event is folded in.
    pub profile: Option<Profile>,
    /// None until the credit account's own first event is folded in.
    pub credit: Option<Credit>,
    pub counts: OrderCounts,
    /// One entry per currency, sorted by its code.
    pub lifetime: Vec<Lifetime>,
    #[serde(with = "stored::optional_time")]
    pub first_order_at: Option<Timestamp>,
    #[serde(with = "stored::optional_time")]
    pub last_order_at: Option<Timestamp>,
    /// The newest by `placed_at`, then id, newest first; at most [`LAST_ORDERS_MAX`].
    pub last_orders: Vec<LastOrder>,
}

/// What the customer's own stream says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Version of the customer's stream.
    pub version: Version,
    pub status: CustomerStatus,
    pub reference: Option<ExternalReference>,
    pub language: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    #[serde(with = "stored::time")]
    pub created_at: Timestamp,
    #[serde(with = "stored::time")]
    pub updated_at: Timestamp,
    /// None once the customer is erased.
    pub personal: Option<Personal<CustomerPersonal>>,
}

/// What the credit account's stream says; what is available is `limit − exposure`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Version of the credit account's stream.
    pub version: Version,
    pub currency: Currency,
    /// Minor units; so is `exposure`.
    pub limit: i64,
    /// None before terms were set.
    pub payment_days: Option<u32>,
    /// What open orders on account bind.
    pub exposure: i64,
    #[serde(with = "stored::time")]
    pub updated_at: Timestamp,
}

/// How many orders there are; open ones are `placed − cancelled − completed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OrderCounts {
    pub placed: i64,
    pub cancelled: i64,
    pub completed: i64,
}

/// Figures of all orders of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetime {
    pub currency: Currency,
    pub counts: OrderCounts,
    pub totals: Totals,
}

/// One of the newest orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastOrder {
    #[serde(with = "stored::id")]
    pub order_id: OrderId,
    pub version: Version,
    pub number: OrderNumber,
    pub channel: String,
    pub currency: Currency,
    #[serde(with = "stored::time")]
    pub placed_at: Timestamp,
    pub lifecycle: Lifecycle,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
    pub totals: Totals,
}
