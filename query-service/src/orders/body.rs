//! One order as callers see it, whole. What is personal is null for those who may not see it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use orderfold_events::{
    Currency, CustomerId, OrderId, OrderNumber, Timestamp, Version,
    order::{FulfilmentStatus, Lifecycle, PaymentStatus, Terms},
    personal::{Address, Contact},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    actions::{Action, allowed_actions},
    facts::{
        AdjustmentBody, CancellationBody, DeliveryBody, LineBody, PaymentBody, ReturnBody,
        ShipmentBody,
    },
    later_facts::{AmendmentBody, HoldBody, NoteBody, RefundBody},
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
    /// Null for a draft.
    #[schema(schema_with = schemas::optional_order_number)]
    pub number: Option<OrderNumber>,
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
    /// Null for a draft.
    #[schema(schema_with = schemas::optional_instant)]
    pub placed_at: Option<Timestamp>,
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
    /// A draft's own: the totals that placing it would book.
    pub preview: Option<Figures>,
    pub lines: Vec<LineBody>,
    pub adjustments: Vec<AdjustmentBody>,
    /// Of every kind of fact the newest 200; the timeline has all.
    pub payments: Vec<PaymentBody>,
    pub refunds: Vec<RefundBody>,
    pub shipments: Vec<ShipmentBody>,
    pub deliveries: Vec<DeliveryBody>,
    pub returns: Vec<ReturnBody>,
    pub cancellations: Vec<CancellationBody>,
    pub amendments: Vec<AmendmentBody>,
    pub holds: Vec<HoldBody>,
    /// The newest 20, oldest first; the timeline has all.
    pub notes: Vec<NoteBody>,
    pub note_count: u32,
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
        let (ship_to, bill_to, contact) = addresses(&order, opener);
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
            preview: order.preview.map(Figures::from),
            lines: all(order.lines, LineBody::from),
            adjustments: all(order.adjustments, AdjustmentBody::from),
            payments: all(order.payments, PaymentBody::from),
            refunds: all(order.refunds, RefundBody::from),
            shipments: all(order.shipments, ShipmentBody::from),
            deliveries: all(order.deliveries, DeliveryBody::from),
            returns: all(order.returns, ReturnBody::from),
            cancellations: all(order.cancellations, |it| CancellationBody::new(it, opener)),
            amendments: all(order.amendments, AmendmentBody::from),
            holds: all(order.holds, |it| HoldBody::new(it, opener)),
            notes: all(order.notes, |it| NoteBody::new(&it, opener)),
            note_count: order.note_count,
            ship_to: ship_to.map(PostalAddress::from),
            bill_to: bill_to.map(PostalAddress::from),
            contact: contact.map(OrderContact::from),
            allowed_actions,
        }
    }
}

fn all<T, U>(facts: Vec<T>, to: impl FnMut(T) -> U) -> Vec<U> {
    facts.into_iter().map(to).collect()
}

/// The addresses that hold, the newest amendment first, and the contact; nothing for those who may not see them.
fn addresses(
    order: &OrderDocument,
    opener: &Opener,
) -> (Option<Address>, Option<Address>, Option<Contact>) {
    let placed = opener.open(&order.personal).unwrap_or_default();
    let amended = order.amendments.iter().rev();
    let amended: Vec<_> = amended.filter_map(|it| opener.open(&it.personal)).collect();
    let ship_to = amended.iter().find_map(|it| it.ship_to.clone());
    let bill_to = amended.iter().find_map(|it| it.bill_to.clone());
    (
        ship_to.or(placed.ship_to),
        bill_to.or(placed.bill_to),
        placed.contact,
    )
}
