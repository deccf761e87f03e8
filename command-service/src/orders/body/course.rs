//! Bodies of the commands that move an order on its way without a fact from outside: none at all, or a few words.

use orderfold_events::order::{CancelReason, HoldReason};
use orderfold_http::fields;
use serde_json::Value;

use super::{Read, distinct_lines, occurred_at};
use crate::{
    execution::{Call, Secrets},
    http::values,
    orders::domain::{AddNote, Cancel, Confirm, Hold, OrderCommand, Release, Requester},
};

pub(in crate::orders) fn place_draft(_call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    nothing_but(body, OrderCommand::PlaceDraft(Box::default()))
}

pub(in crate::orders) fn discard(_call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    nothing_but(body, OrderCommand::DiscardDraft)
}

pub(in crate::orders) fn confirm(_call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    let requester = Requester::Trader;
    nothing_but(body, OrderCommand::Confirm(Confirm { requester }))
}

fn nothing_but(body: &Value, command: OrderCommand) -> Read {
    fields::read_object(body, |_fields| Some(command.into()))
}

pub(in crate::orders) fn hold(call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reason = fields.required("reason", |node| node.word(HoldReason::ALL));
        let note = fields.optional("note", values::note);
        let occurred_at = occurred_at(fields, call.now);
        let hold = Hold {
            reason: reason?,
            note: note?,
            occurred_at: occurred_at?,
        };
        Some(OrderCommand::Hold(hold).into())
    })
}

pub(in crate::orders) fn release(call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let hold = fields.optional("hold", |node| node.integer(1..=i64::from(u32::MAX)));
        let note = fields.optional("note", values::note);
        let occurred_at = occurred_at(fields, call.now);
        let release = Release {
            hold: hold?.and_then(|hold| u32::try_from(hold).ok()),
            note: note?,
            occurred_at: occurred_at?,
        };
        Some(OrderCommand::Release(release).into())
    })
}

pub(in crate::orders) fn cancel(call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let reason = fields.required("reason", |node| node.word(CancelReason::ALL));
        let note = fields.optional("note", values::note);
        let lines = fields.optional("lines", distinct_lines);
        let occurred_at = occurred_at(fields, call.now);
        let requester = if call.principal.customer.is_some() {
            Requester::Customer
        } else {
            Requester::Trader
        };
        let cancel = Cancel {
            reason: reason?,
            note: note?,
            lines: lines?,
            requester,
            occurred_at: occurred_at?,
        };
        Some(OrderCommand::Cancel(cancel).into())
    })
}

pub(in crate::orders) fn note(_call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    fields::read_object(body, |fields| {
        let text = fields.required("text", values::note)?;
        Some(OrderCommand::AddNote(AddNote { text }).into())
    })
}
