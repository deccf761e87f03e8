//! Which state takes which command; the rules of each command stand in a file of its own.

use orderfold_events::{
    Timestamp,
    order::{Lifecycle, OrderEvent},
};

use super::{
    Circumstances, OrderCommand, OrderError, Release, amend, cancel, confirm, delivery, details,
    draft::{self, Draft},
    holds, notes, payment, place, refund, returns, shipment,
    state::{Ledger, Order},
};

type Decided = Result<Vec<OrderEvent>, OrderError>;

impl Order {
    /// Decides a command: the events that it causes, none where it repeats what is so already, or a refusal.
    ///
    /// # Errors
    /// [`OrderError`] says why the order refuses.
    pub fn decide(&self, command: &OrderCommand, circumstances: &Circumstances) -> Decided {
        let placed = |lifecycle, ledger| decide_placed(lifecycle, ledger, command, circumstances);
        match self {
            Self::Absent => {
                let occurred_at = self.occurred_at(command, circumstances.now);
                decide_absent(command, occurred_at, circumstances)
            }
            Self::Draft(draft) => decide_draft(draft, command, circumstances),
            Self::Discarded(draft) => decide_discarded(draft, command, circumstances),
            Self::Placed(ledger) => placed(Lifecycle::Placed, ledger),
            Self::Confirmed(ledger) => placed(Lifecycle::Confirmed, ledger),
            Self::Cancelled(ledger) => placed(Lifecycle::Cancelled, ledger),
            Self::Completed(ledger) => placed(Lifecycle::Completed, ledger),
        }
    }

    /// When the events of a command occurred: as it says itself, else now. Clocks of two servers differ a little, so
    /// that now may seem to be before placing; it never is.
    #[must_use]
    pub fn occurred_at(&self, command: &OrderCommand, now: Timestamp) -> Timestamp {
        let earliest = self
            .ledger()
            .and_then(|ledger| ledger.identity.placed_at)
            .map_or(now, |placed_at| placed_at.max(now));
        command.occurred_at().unwrap_or(earliest)
    }
}

fn decide_absent(
    command: &OrderCommand,
    occurred_at: Timestamp,
    circumstances: &Circumstances,
) -> Decided {
    match command {
        OrderCommand::Draft(place) => draft::start(place, circumstances),
        OrderCommand::Place(place) => place::place(place, occurred_at, circumstances),
        OrderCommand::ChangeDraft(_)
        | OrderCommand::DiscardDraft
        | OrderCommand::PlaceDraft(_)
        | OrderCommand::Confirm(_)
        | OrderCommand::Hold(_)
        | OrderCommand::Release(_)
        | OrderCommand::Amend(_)
        | OrderCommand::UpdateDetails(_)
        | OrderCommand::Cancel(_)
        | OrderCommand::RecordPayment(_)
        | OrderCommand::RecordRefund(_)
        | OrderCommand::RecordShipment(_)
        | OrderCommand::RecordDelivery(_)
        | OrderCommand::RecordReturn(_)
        | OrderCommand::AddNote(_) => Err(OrderError::NotFound),
    }
}

fn decide_draft(draft: &Draft, command: &OrderCommand, circumstances: &Circumstances) -> Decided {
    match command {
        // Drafting what is drafted is a repetition.
        OrderCommand::Draft(_) => Ok(Vec::new()),
        OrderCommand::ChangeDraft(patch) => draft::change(draft, patch, circumstances),
        OrderCommand::UpdateDetails(details) => {
            draft::update_details(draft, details, circumstances)
        }
        OrderCommand::DiscardDraft => Ok(draft::discard(draft)),
        OrderCommand::PlaceDraft(place) => draft::place(draft, place, circumstances),
        OrderCommand::AddNote(note) => {
            draft::add_note(draft, Lifecycle::Draft, note, circumstances)
        }
        OrderCommand::Release(release) => nothing_held(release),
        OrderCommand::Place(_)
        | OrderCommand::Confirm(_)
        | OrderCommand::Hold(_)
        | OrderCommand::Amend(_)
        | OrderCommand::Cancel(_)
        | OrderCommand::RecordPayment(_)
        | OrderCommand::RecordRefund(_)
        | OrderCommand::RecordShipment(_)
        | OrderCommand::RecordDelivery(_)
        | OrderCommand::RecordReturn(_) => Err(OrderError::WrongState {
            lifecycle: Lifecycle::Draft,
        }),
    }
}

fn decide_discarded(
    draft: &Draft,
    command: &OrderCommand,
    circumstances: &Circumstances,
) -> Decided {
    match command {
        // Discarding what is discarded is a repetition.
        OrderCommand::DiscardDraft => Ok(Vec::new()),
        OrderCommand::AddNote(note) => {
            draft::add_note(draft, Lifecycle::Discarded, note, circumstances)
        }
        OrderCommand::Release(release) => nothing_held(release),
        OrderCommand::Draft(_)
        | OrderCommand::ChangeDraft(_)
        | OrderCommand::Place(_)
        | OrderCommand::PlaceDraft(_)
        | OrderCommand::Confirm(_)
        | OrderCommand::Hold(_)
        | OrderCommand::Amend(_)
        | OrderCommand::UpdateDetails(_)
        | OrderCommand::Cancel(_)
        | OrderCommand::RecordPayment(_)
        | OrderCommand::RecordRefund(_)
        | OrderCommand::RecordShipment(_)
        | OrderCommand::RecordDelivery(_)
        | OrderCommand::RecordReturn(_) => Err(OrderError::WrongState {
            lifecycle: Lifecycle::Discarded,
        }),
    }
}

/// What was never placed was never held: to release all of nothing is done already.
fn nothing_held(release: &Release) -> Decided {
    match release.hold {
        None => Ok(Vec::new()),
        Some(hold) => Err(OrderError::HoldNotFound { hold }),
    }
}

fn decide_placed(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &OrderCommand,
    circumstances: &Circumstances,
) -> Decided {
    match command {
        // Placing what was placed is a repetition, whatever became of the order.
        OrderCommand::Place(_) | OrderCommand::PlaceDraft(_) => Ok(Vec::new()),
        OrderCommand::Draft(_) | OrderCommand::ChangeDraft(_) | OrderCommand::DiscardDraft => {
            Err(OrderError::WrongState { lifecycle })
        }
        OrderCommand::Confirm(confirm) => confirm::confirm(lifecycle, ledger, *confirm),
        OrderCommand::Hold(hold) => holds::hold(lifecycle, ledger, hold, circumstances),
        OrderCommand::Release(release) => holds::release(lifecycle, ledger, release, circumstances),
        OrderCommand::Amend(amend) => amend::amend(lifecycle, ledger, amend, circumstances),
        OrderCommand::UpdateDetails(patch) => details::update(lifecycle, ledger, patch),
        OrderCommand::Cancel(cancel) => cancel::cancel(lifecycle, ledger, cancel, circumstances),
        OrderCommand::RecordPayment(payment) => payment::record(lifecycle, ledger, payment),
        OrderCommand::RecordRefund(refund) => refund::record(lifecycle, ledger, refund),
        OrderCommand::RecordShipment(shipment) => shipment::record(lifecycle, ledger, shipment),
        OrderCommand::RecordDelivery(delivery) => delivery::record(lifecycle, ledger, delivery),
        OrderCommand::RecordReturn(returned) => returns::record(lifecycle, ledger, returned),
        OrderCommand::AddNote(note) => notes::add(lifecycle, ledger, note, circumstances),
    }
}

impl Ledger {
    /// Facts may come late, but nothing happens to an order before it is placed.
    pub(super) fn check_time(&self, occurred_at: Option<Timestamp>) -> Result<(), OrderError> {
        match (occurred_at, self.identity.placed_at) {
            (Some(occurred_at), Some(placed_at)) if occurred_at < placed_at => {
                Err(OrderError::OccurredBeforePlacing {
                    placed_at,
                    occurred_at,
                })
            }
            (Some(_) | None, _) => Ok(()),
        }
    }
}
