//! What became of an order after its placing beside shipments and payments, as callers see it: refunds, amendments,
//! holds and notes.

use orderfold_events::order::{AmendReason, HoldReason, RefundReason};
use serde::Serialize;
use utoipa::ToSchema;

use super::facts::{Recorded, UnitsOfLine, units};
use crate::{
    http::schemas,
    keys::Opener,
    projections::order_detail::{OrderAmendment, OrderHold, OrderNote, OrderRefund},
};

/// Money given back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefundBody {
    pub reference: String,
    pub amount: i64,
    #[schema(schema_with = schemas::refund_reason)]
    pub reason: RefundReason,
    /// The reference of the payment, where one was named.
    pub payment: Option<String>,
    /// The reference of the return, where one was named.
    pub r#return: Option<String>,
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// What was agreed after placing; the lines already are as it says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AmendmentBody {
    #[schema(schema_with = schemas::amend_reason)]
    pub reason: AmendReason,
    /// The numbers of the lines that it added or changed.
    pub lines: Vec<u32>,
    /// Units that it cancelled.
    pub cancelled: Vec<UnitsOfLine>,
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// A hold.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HoldBody {
    pub hold: u32,
    #[schema(schema_with = schemas::hold_reason)]
    pub reason: HoldReason,
    /// Null without the scope `customers:personal`; so is `release_note`.
    pub note: Option<String>,
    /// Whether it still keeps the order from being shipped.
    pub open: bool,
    /// The event that closed it: its release, or the end of the order.
    pub closed: Option<Recorded>,
    pub release_note: Option<String>,
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// A note.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoteBody {
    /// Null without the scope `customers:personal`.
    pub text: Option<String>,
    #[serde(flatten)]
    pub recorded: Recorded,
}

impl From<OrderRefund> for RefundBody {
    fn from(refund: OrderRefund) -> Self {
        Self {
            reference: refund.reference,
            amount: refund.amount,
            reason: refund.reason,
            payment: refund.payment,
            r#return: refund.return_reference,
            recorded: refund.at.into(),
        }
    }
}

impl From<OrderAmendment> for AmendmentBody {
    fn from(amendment: OrderAmendment) -> Self {
        Self {
            reason: amendment.reason,
            lines: amendment.lines,
            cancelled: units(amendment.cancelled),
            recorded: amendment.at.into(),
        }
    }
}

impl HoldBody {
    /// The hold, with its notes for those who may see them.
    #[must_use]
    pub fn new(hold: OrderHold, opener: &Opener) -> Self {
        let release = hold.release.and_then(|note| opener.open(&note));
        Self {
            hold: hold.hold,
            reason: hold.reason,
            note: opener.open(&hold.personal).and_then(|it| it.note),
            open: hold.closed.is_none(),
            closed: hold.closed.map(Recorded::from),
            release_note: release.and_then(|it| it.note),
            recorded: hold.at.into(),
        }
    }
}

impl NoteBody {
    /// The note, with its text for those who may see it.
    #[must_use]
    pub fn new(note: &OrderNote, opener: &Opener) -> Self {
        Self {
            text: opener.open(&note.personal).and_then(|it| it.note),
            recorded: note.at.into(),
        }
    }
}
