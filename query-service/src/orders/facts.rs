//! The lines and facts within an order as callers see them.

use std::collections::BTreeMap;

use orderfold_events::{
    TaxRate, Timestamp, Version,
    order::{
        AdjustmentKind, CancelReason, LineQuantity, LineTax, PaymentMethod, ReturnCondition,
        ReturnReason, ReturnedUnits,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::schemas,
    projections::order_detail::{
        FactTime, OrderAdjustment, OrderCancellation, OrderDelivery, OrderLine, OrderPayment,
        OrderReturn, OrderShipment,
    },
};

/// One line: as it was ordered, what became of its units, and what is still chargeable.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LineBody {
    pub line: u32,
    pub sku: String,
    pub name: String,
    pub category: Option<String>,
    pub reference: Option<String>,
    pub unit_price: i64,
    pub discount: i64,
    /// Null where the tax was given as an amount.
    #[schema(value_type = Option<String>, examples("0.08875"))]
    pub tax_rate: Option<TaxRate>,
    /// The tax of the whole line as it was given; null where it was given as a rate.
    pub given_tax: Option<i64>,
    /// Units; so are the next five.
    pub ordered: i64,
    pub cancelled: i64,
    pub shipped: i64,
    pub delivered: i64,
    pub returned: i64,
    /// How many of `returned` never arrived.
    pub returned_undelivered: i64,
    /// Value of the units neither cancelled nor returned, without tax.
    pub net: i64,
    /// Tax on them.
    pub tax: i64,
    pub metadata: BTreeMap<String, String>,
}

/// A shipping charge, fee, credit or the like.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AdjustmentBody {
    pub number: u32,
    #[schema(schema_with = schemas::adjustment_kind)]
    pub kind: AdjustmentKind,
    pub label: Option<String>,
    /// As given: with tax where the order's prices include it.
    pub amount: i64,
    #[schema(value_type = String)]
    pub tax_rate: TaxRate,
    /// Without tax.
    pub net: i64,
    pub tax: i64,
    /// Whether the cancellation of the whole order voided it.
    pub voided: bool,
}

/// Which event recorded a fact, and when.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Recorded {
    #[schema(schema_with = schemas::version)]
    pub version: Version,
    #[schema(schema_with = schemas::instant)]
    pub occurred_at: Timestamp,
    #[schema(schema_with = schemas::instant)]
    pub recorded_at: Timestamp,
}

/// A payment received.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentBody {
    pub reference: String,
    pub amount: i64,
    #[schema(schema_with = schemas::payment_method)]
    pub method: PaymentMethod,
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// Units of one line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnitsOfLine {
    pub line: u32,
    pub quantity: i64,
}

/// Units sent off.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShipmentBody {
    pub reference: String,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub lines: Vec<UnitsOfLine>,
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// Units that arrived.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryBody {
    pub reference: String,
    /// The reference of the shipment, where one was named.
    pub shipment: Option<String>,
    pub lines: Vec<UnitsOfLine>,
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// Units of one line that came back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReturnedUnitsOfLine {
    pub line: u32,
    pub quantity: i64,
    /// How many of `quantity` never arrived.
    pub undelivered: i64,
}

/// Units that came back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReturnBody {
    pub reference: String,
    /// The reference of the shipment, where one was named.
    pub shipment: Option<String>,
    #[schema(schema_with = schemas::return_reason)]
    pub reason: ReturnReason,
    #[schema(schema_with = schemas::optional_return_condition)]
    pub condition: Option<ReturnCondition>,
    pub undelivered: bool,
    pub lines: Vec<ReturnedUnitsOfLine>,
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// Units that will not be shipped.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CancellationBody {
    #[schema(schema_with = schemas::cancel_reason)]
    pub reason: CancelReason,
    /// Null without the scope `customers:personal`.
    pub note: Option<String>,
    pub lines: Vec<UnitsOfLine>,
    #[serde(flatten)]
    pub recorded: Recorded,
}

impl From<OrderLine> for LineBody {
    fn from(line: OrderLine) -> Self {
        let (tax_rate, given_tax) = match line.ordered.tax {
            LineTax::Rate(rate) => (Some(rate), None),
            LineTax::Amount(amount) => (None, Some(amount)),
        };
        Self {
            line: line.ordered.line,
            sku: line.ordered.sku,
            name: line.ordered.name,
            category: line.ordered.category,
            reference: line.ordered.reference,
            unit_price: line.ordered.unit_price,
            discount: line.ordered.discount,
            tax_rate,
            given_tax,
            ordered: line.ordered.quantity,
            cancelled: line.cancelled,
            shipped: line.shipped,
            delivered: line.delivered,
            returned: line.returned,
            returned_undelivered: line.returned_undelivered,
            net: line.net,
            tax: line.tax,
            metadata: line.ordered.metadata,
        }
    }
}

impl From<OrderAdjustment> for AdjustmentBody {
    fn from(OrderAdjustment { adjustment, voided }: OrderAdjustment) -> Self {
        Self {
            number: adjustment.number,
            kind: adjustment.kind,
            label: adjustment.label,
            amount: adjustment.amount,
            tax_rate: adjustment.tax_rate,
            net: adjustment.net,
            tax: adjustment.tax,
            voided,
        }
    }
}

impl From<FactTime> for Recorded {
    fn from(at: FactTime) -> Self {
        Self {
            version: at.version,
            occurred_at: at.occurred_at,
            recorded_at: at.recorded_at,
        }
    }
}

impl From<OrderPayment> for PaymentBody {
    fn from(payment: OrderPayment) -> Self {
        Self {
            reference: payment.reference,
            amount: payment.amount,
            method: payment.method,
            recorded: payment.at.into(),
        }
    }
}

/// Units by line.
pub(super) fn units(lines: Vec<LineQuantity>) -> Vec<UnitsOfLine> {
    lines
        .into_iter()
        .map(|LineQuantity { line, quantity }| UnitsOfLine { line, quantity })
        .collect()
}

impl From<OrderShipment> for ShipmentBody {
    fn from(shipment: OrderShipment) -> Self {
        Self {
            reference: shipment.reference,
            carrier: shipment.carrier,
            tracking_number: shipment.tracking_number,
            lines: units(shipment.lines),
            recorded: shipment.at.into(),
        }
    }
}

impl From<OrderDelivery> for DeliveryBody {
    fn from(delivery: OrderDelivery) -> Self {
        Self {
            reference: delivery.reference,
            shipment: delivery.shipment,
            lines: units(delivery.lines),
            recorded: delivery.at.into(),
        }
    }
}

impl From<ReturnedUnits> for ReturnedUnitsOfLine {
    fn from(units: ReturnedUnits) -> Self {
        Self {
            line: units.line,
            quantity: units.quantity,
            undelivered: units.undelivered,
        }
    }
}

impl From<OrderReturn> for ReturnBody {
    fn from(returned: OrderReturn) -> Self {
        Self {
            reference: returned.reference,
            shipment: returned.shipment,
            reason: returned.reason,
            condition: returned.condition,
            undelivered: returned.undelivered,
            lines: returned
                .lines
                .into_iter()
                .map(ReturnedUnitsOfLine::from)
                .collect(),
            recorded: returned.at.into(),
        }
    }
}

impl CancellationBody {
    /// The cancellation, with its note for those who may see it.
    #[must_use]
    pub fn new(cancellation: OrderCancellation, personal: bool) -> Self {
        Self {
            reason: cancellation.reason,
            note: cancellation.personal.plain.note.filter(|_| personal),
            lines: units(cancellation.lines),
            recorded: cancellation.at.into(),
        }
    }
}
