//! A row of the order list as callers see it.

use chrono::NaiveDate;
use orderfold_events::{
    Currency, CustomerId, OrderId, OrderNumber, Timestamp, Version,
    order::{FulfilmentStatus, Lifecycle, PaymentStatus, Terms},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{figures::Figures, schemas},
    projections::order_list::OrderRow,
};

/// One order in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ListedOrder {
    #[schema(value_type = Uuid)]
    pub order_id: OrderId,
    /// Null for a draft.
    #[schema(schema_with = schemas::optional_order_number)]
    pub number: Option<OrderNumber>,
    #[schema(schema_with = schemas::version)]
    pub version: Version,
    #[schema(value_type = Uuid)]
    pub customer_id: CustomerId,
    pub customer: NamedCustomer,
    pub channel: String,
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    #[schema(schema_with = schemas::terms)]
    pub terms: Terms,
    pub reference: Option<String>,
    pub customer_reference: Option<String>,
    pub tags: Vec<String>,
    /// On account only.
    pub due_on: Option<NaiveDate>,
    /// Null for a draft.
    #[schema(schema_with = schemas::optional_instant)]
    pub placed_at: Option<Timestamp>,
    #[schema(schema_with = schemas::instant)]
    pub updated_at: Timestamp,
    #[schema(schema_with = schemas::lifecycle)]
    pub lifecycle: Lifecycle,
    #[schema(schema_with = schemas::payment_status)]
    pub payment_status: PaymentStatus,
    #[schema(schema_with = schemas::fulfilment_status)]
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
    /// Whether units are open and nothing stands in their way.
    pub to_ship: bool,
    /// Whether more was paid than is owed.
    pub refund_due: bool,
    pub line_count: u32,
    /// Units ordered.
    pub units: i64,
    pub totals: Figures,
}

/// Whose order it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NamedCustomer {
    #[schema(value_type = Uuid)]
    pub customer_id: CustomerId,
    /// Null without the scope `customers:personal`.
    pub name: Option<String>,
}

impl ListedOrder {
    /// The row with the name of its customer, where the caller may see it.
    #[must_use]
    pub fn new(row: OrderRow, name: Option<String>) -> Self {
        Self {
            order_id: row.order_id,
            number: row.number,
            version: row.version,
            customer_id: row.customer_id,
            customer: NamedCustomer {
                customer_id: row.customer_id,
                name,
            },
            channel: row.channel,
            currency: row.currency,
            terms: row.terms,
            reference: row.reference,
            customer_reference: row.customer_reference,
            tags: row.tags,
            due_on: row.due_on,
            placed_at: row.placed_at,
            updated_at: row.updated_at,
            lifecycle: row.lifecycle,
            payment_status: row.payment_status,
            fulfilment_status: row.fulfilment_status,
            on_hold: row.on_hold,
            to_ship: row.to_ship,
            refund_due: row.refund_due,
            line_count: row.line_count,
            units: row.totals.units,
            totals: row.totals.into(),
        }
    }
}
