//! An order in the making: it changes freely, books nothing, and previews what placing it would book.

use orderfold_events::{
    Keys, Personal, Unopened,
    order::{
        Change, Discarded, DraftContent, FulfilmentStatus, Lifecycle, OrderEvent, OrderFact,
        OrderPersonal, OrderSummary, PaymentStatus, Placed, Terms, Totals,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    AddNote, ChangeDraft, Circumstances, NewAdjustment, OrderError, Place, PlaceDraft, change,
    details::details_of,
    figures::price_adjustments,
    notes,
    patch::DetailsPatch,
    place,
    state::{Identity, Ledger},
};

/// A draft, and how many notes it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    pub(super) identity: Identity,
    pub(super) content: DraftContent,
    pub(super) notes: usize,
}

impl Draft {
    pub(super) fn is_sealed(&self) -> bool {
        self.content.order.personal.as_plain().is_none()
    }

    pub(super) fn opened(self, keys: &Keys) -> Result<Self, Unopened> {
        let mut draft = self;
        draft.content.order.personal = draft.content.order.personal.opened(keys)?;
        Ok(draft)
    }

    fn new(identity: Identity, order: Placed, notes: usize) -> Result<Self, OrderError> {
        let ledger = place::open(identity.clone(), &order)?;
        let fact = OrderFact::Placed(Box::new(order.clone()));
        let preview = change::of(&ledger, &fact)?.totals;
        Ok(Self {
            identity,
            content: DraftContent { order, preview },
            notes,
        })
    }

    /// A draft has figures to come, but none yet.
    pub(super) fn summary(&self, lifecycle: Lifecycle) -> OrderSummary {
        let identity = self.identity.clone();
        OrderSummary {
            order_id: identity.order_id,
            customer_id: identity.customer_id,
            channel: identity.channel,
            currency: identity.currency,
            terms: identity.terms,
            number: None,
            placed_at: None,
            lifecycle,
            payment_status: PaymentStatus::NothingDue,
            fulfilment_status: FulfilmentStatus::Unfulfilled,
            on_hold: false,
            totals: Totals::default(),
        }
    }

    fn event(&self, lifecycle: Lifecycle, fact: OrderFact) -> Vec<OrderEvent> {
        vec![OrderEvent {
            summary: self.summary(lifecycle),
            change: Change::default(),
            fact,
        }]
    }
}

pub(super) fn start(
    command: &Place,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    let draft = Draft::new(place::identity(command, None), place::content(command)?, 0)?;
    circumstances.customer.check_not_erased()?;
    let fact = OrderFact::Drafted(Box::new(draft.content.clone()));
    Ok(draft.event(Lifecycle::Draft, fact))
}

/// Applies a patch; one that changes nothing is no event.
pub(super) fn change(
    draft: &Draft,
    patch: &ChangeDraft,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    circumstances.customer.check_not_erased()?;
    let mut identity = draft.identity.clone();
    if let Some(channel) = &patch.channel {
        identity.channel.clone_from(channel);
    }
    identity.currency = patch.currency.unwrap_or(identity.currency);
    identity.terms = patch.terms.unwrap_or(identity.terms);
    let order = patched(&draft.content.order, patch)?;
    if identity.terms == Terms::Prepaid && order.due_on.is_some() {
        return Err(OrderError::DueDateOfPrepaid);
    }
    let changed = Draft::new(identity, order, draft.notes)?;
    if changed == *draft {
        return Ok(Vec::new());
    }
    let fact = OrderFact::DraftChanged(Box::new(changed.content.clone()));
    Ok(changed.event(Lifecycle::Draft, fact))
}

/// The details of a draft are part of it.
pub(super) fn update_details(
    draft: &Draft,
    details: &DetailsPatch,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    let patch = ChangeDraft {
        details: details.clone(),
        ..ChangeDraft::default()
    };
    change(draft, &patch, circumstances)
}

fn patched(order: &Placed, patch: &ChangeDraft) -> Result<Placed, OrderError> {
    let mut order = order.clone();
    order.prices_include_tax = patch.prices_include_tax.unwrap_or(order.prices_include_tax);
    order.digital = patch.digital.unwrap_or(order.digital);
    patch.due_on.apply(&mut order.due_on);
    let details = patch.details.applied_to(&details_of(&order))?;
    order.reference = details.reference;
    order.customer_reference = details.customer_reference;
    order.tags = details.tags;
    order.metadata = details.metadata;
    if let Some(lines) = &patch.lines {
        order.lines = place::numbered_lines(1, lines);
    }
    // Worth something else where prices now include tax, or no longer do.
    let adjustments = patch
        .adjustments
        .clone()
        .unwrap_or_else(|| order.adjustments.iter().map(NewAdjustment::from).collect());
    order.adjustments = price_adjustments(&adjustments, 0, order.prices_include_tax)?;
    let mut personal = plain_of(&order)?;
    patch.ship_to.apply(&mut personal.ship_to);
    patch.bill_to.apply(&mut personal.bill_to);
    patch.contact.apply(&mut personal.contact);
    order.personal = Personal::plain(personal);
    Ok(order)
}

fn plain_of(order: &Placed) -> Result<OrderPersonal, OrderError> {
    let personal = order.personal.as_plain().cloned();
    personal.ok_or(OrderError::Sealed)
}

pub(super) fn discard(draft: &Draft) -> Vec<OrderEvent> {
    draft.event(Lifecycle::Discarded, OrderFact::Discarded(Discarded {}))
}

/// Places a draft as it is; what it leaves open comes from the customer as it is now.
pub(super) fn place(
    draft: &Draft,
    command: &PlaceDraft,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    let mut order = draft.content.order.clone();
    match draft.identity.terms {
        Terms::OnAccount => order.due_on = order.due_on.or(command.due_on),
        Terms::Prepaid => {}
    }
    let mut personal = plain_of(&order)?;
    personal.ship_to = personal.ship_to.or_else(|| command.ship_to.clone());
    personal.bill_to = personal.bill_to.or_else(|| command.bill_to.clone());
    order.personal = Personal::plain(personal);
    let identity = Identity {
        number: command.number,
        placed_at: Some(circumstances.now),
        ..draft.identity.clone()
    };
    let ledger = Ledger {
        notes: draft.notes,
        ..place::open(identity, &order)?
    };
    place::book(ledger, order, circumstances)
}

pub(super) fn add_note(
    draft: &Draft,
    lifecycle: Lifecycle,
    command: &AddNote,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    let fact = notes::fact(draft.notes, command, circumstances)?;
    Ok(draft.event(lifecycle, fact))
}
