//! How the types of the shared contract look in the OpenAPI document; the contract itself knows no OpenAPI.

use orderfold_events::{
    customer::CustomerStatus,
    order::{
        AdjustmentKind, AmendReason, CancelReason, FulfilmentStatus, HoldReason, Lifecycle,
        PaymentMethod, PaymentStatus, RefundReason, ReturnCondition, ReturnReason, Terms,
    },
};
use utoipa::openapi::{
    KnownFormat, Object, ObjectBuilder, SchemaFormat,
    schema::{SchemaType, Type},
};

use crate::{
    calendar::Interval,
    database::{builds::BuildState, parked::RepairAction},
    projections::{ReadModel, work_queue::Stage},
};

/// A word of a list.
#[must_use]
pub fn words(all: impl Iterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(all))
        .build()
}

macro_rules! closed_lists {
    ($($name:ident: $list:ty),+ $(,)?) => {
        $(#[must_use]
        pub fn $name() -> Object {
            words(<$list>::ALL.iter().map(|word| word.as_str()))
        })+
    };
}

closed_lists! {
    lifecycle: Lifecycle,
    payment_status: PaymentStatus,
    fulfilment_status: FulfilmentStatus,
    terms: Terms,
    adjustment_kind: AdjustmentKind,
    payment_method: PaymentMethod,
    cancel_reason: CancelReason,
    return_reason: ReturnReason,
    refund_reason: RefundReason,
    amend_reason: AmendReason,
    hold_reason: HoldReason,
    stage: Stage,
    customer_status: CustomerStatus,
    interval: Interval,
}

/// The name of a read model.
#[must_use]
pub fn read_model() -> Object {
    words(ReadModel::ALL.iter().map(|word| word.as_str()))
}

/// How far a build is.
#[must_use]
pub fn build_state() -> Object {
    words(BuildState::ALL.iter().map(|word| word.as_str()))
}

/// What is asked for of a parked stream, or nothing.
#[must_use]
pub fn optional_repair_action() -> Object {
    let words = RepairAction::ALL.iter().map(|word| word.as_str());
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.map(Some).chain([None])))
        .build()
}

/// The condition of returned goods, where it was said.
#[must_use]
pub fn optional_return_condition() -> Object {
    let words = ReturnCondition::ALL.iter().map(|word| word.as_str());
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.map(Some).chain([None])))
        .build()
}

/// An instant: RFC 3339, UTC, milliseconds.
#[must_use]
pub fn instant() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .examples(["2017-11-08T00:00:00.000Z"])
        .build()
}

/// An instant, or null.
#[must_use]
pub fn optional_instant() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build()
}

/// An id.
#[must_use]
pub fn uuid() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .build()
}

/// An order number.
#[must_use]
pub fn order_number() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[0-9]{2}-[0-9]{7,}-[0-9]$"))
        .examples(["26-0048213-3"])
        .build()
}

/// An order number, or null.
#[must_use]
pub fn optional_order_number() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .pattern(Some("^[0-9]{2}-[0-9]{7,}-[0-9]$"))
        .build()
}

/// A currency of ISO 4217.
#[must_use]
pub fn currency() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[A-Z]{3}$"))
        .examples(["USD"])
        .build()
}

/// A number of a stream's events.
#[must_use]
pub fn version() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .build()
}
