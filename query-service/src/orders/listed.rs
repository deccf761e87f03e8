//! A row of the order list as callers see it.

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
    #[schema(schema_with = schemas::order_number)]
    pub number: OrderNumber,
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
    #[schema(schema_with = schemas::instant)]
    pub placed_at: Timestamp,
    #[schema(schema_with = schemas::instant)]
    pub updated_at: Timestamp,
    #[schema(schema_with = schemas::lifecycle)]
    pub lifecycle: Lifecycle,
    #[schema(schema_with = schemas::payment_status)]
    pub payment_status: PaymentStatus,
    #[schema(schema_with = schemas::fulfilment_status)]
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
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
            placed_at: row.placed_at,
            updated_at: row.updated_at,
            lifecycle: row.lifecycle,
            payment_status: row.payment_status,
            fulfilment_status: row.fulfilment_status,
            on_hold: row.on_hold,
            line_count: row.line_count,
            units: row.totals.units,
            totals: row.totals.into(),
        }
    }
}
