//! One order as callers see it, whole. What is personal is null for those who may not see it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use orderfold_events::{
    Currency, CustomerId, OrderId, OrderNumber, Timestamp, Version,
    order::{FulfilmentStatus, Lifecycle, OrderPersonal, PaymentStatus, Terms},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    actions::{Action, allowed_actions},
    facts::{
        AdjustmentBody, CancellationBody, DeliveryBody, LineBody, PaymentBody, ReturnBody,
        ShipmentBody,
    },
};
use crate::{
    http::{
        figures::Figures,
        postal::{OrderContact, PostalAddress},
        schemas,
    },
    keys::Opener,
    projections::order_detail::OrderDocument,
};

/// One order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderBody {
    #[schema(value_type = Uuid)]
    pub order_id: OrderId,
    #[schema(schema_with = schemas::order_number)]
    pub number: OrderNumber,
    #[schema(schema_with = schemas::version)]
    pub version: Version,
    #[schema(value_type = Uuid)]
    pub customer_id: CustomerId,
    pub channel: String,
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    #[schema(schema_with = schemas::terms)]
    pub terms: Terms,
    pub prices_include_tax: bool,
    pub digital: bool,
    /// On account only.
    pub due_on: Option<NaiveDate>,
    pub reference: Option<String>,
    pub customer_reference: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    #[schema(schema_with = schemas::instant)]
    pub placed_at: Timestamp,
    /// When the newest event of the order was recorded.
    #[schema(schema_with = schemas::instant)]
    pub updated_at: Timestamp,
    #[schema(schema_with = schemas::lifecycle)]
    pub lifecycle: Lifecycle,
    #[schema(schema_with = schemas::payment_status)]
    pub payment_status: PaymentStatus,
    #[schema(schema_with = schemas::fulfilment_status)]
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
    pub totals: Figures,
    pub lines: Vec<LineBody>,
    pub adjustments: Vec<AdjustmentBody>,
    pub payments: Vec<PaymentBody>,
    pub shipments: Vec<ShipmentBody>,
    pub deliveries: Vec<DeliveryBody>,
    pub returns: Vec<ReturnBody>,
    pub cancellations: Vec<CancellationBody>,
    /// Null without the scope `customers:personal`.
    pub ship_to: Option<PostalAddress>,
    /// Null without the scope `customers:personal`.
    pub bill_to: Option<PostalAddress>,
    /// Null without the scope `customers:personal`.
    pub contact: Option<OrderContact>,
    /// What the state of the order allows; the caller's scopes may allow less.
    pub allowed_actions: Vec<Action>,
}

impl OrderBody {
    /// The order for a caller who may, or may not, see what is personal.
    #[must_use]
    pub fn new(order: OrderDocument, opener: &Opener) -> Self {
        let allowed_actions = allowed_actions(&order);
        let OrderPersonal {
            ship_to,
            bill_to,
            contact,
        } = opener.open(&order.personal).unwrap_or_default();
        Self {
            order_id: order.order_id,
            number: order.number,
            version: order.version,
            customer_id: order.customer_id,
            channel: order.channel,
            currency: order.currency,
            terms: order.terms,
            prices_include_tax: order.prices_include_tax,
            digital: order.digital,
            due_on: order.due_on,
            reference: order.reference,
            customer_reference: order.customer_reference,
            tags: order.tags,
            metadata: order.metadata,
            placed_at: order.placed_at,
            updated_at: order.updated_at,
            lifecycle: order.lifecycle,
            payment_status: order.payment_status,
            fulfilment_status: order.fulfilment_status,
            on_hold: order.on_hold,
            totals: order.totals.into(),
            lines: order.lines.into_iter().map(LineBody::from).collect(),
            adjustments: order
                .adjustments
                .into_iter()
                .map(AdjustmentBody::from)
                .collect(),
            payments: order.payments.into_iter().map(PaymentBody::from).collect(),
            shipments: order
                .shipments
                .into_iter()
                .map(ShipmentBody::from)
                .collect(),
            deliveries: order
                .deliveries
                .into_iter()
                .map(DeliveryBody::from)
                .collect(),
            returns: order.returns.into_iter().map(ReturnBody::from).collect(),
            cancellations: order
                .cancellations
                .into_iter()
                .map(|cancellation| CancellationBody::new(cancellation, opener))
                .collect(),
            ship_to: ship_to.map(PostalAddress::from),
            bill_to: bill_to.map(PostalAddress::from),
            contact: contact.map(OrderContact::from),
            allowed_actions,
        }
    }
}
