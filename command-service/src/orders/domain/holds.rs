//! Holding an order and releasing it: while a hold is open nothing is shipped, and nothing else is stopped.

use orderfold_events::{
    Keys, Personal, Unopened,
    order::{Held, HoldReason, Lifecycle, OrderEvent, OrderFact, Released},
    personal::Note,
};
use serde::{Deserialize, Serialize};

use super::{
    Circumstances, CustomerStanding, Hold, OrderError, Release, limits::HOLDS_MAX,
    recorder::Recorder, state::Ledger,
};

/// The holds of an order: how many there ever were, and those that are open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Holds {
    last_number: u32,
    open: Vec<OpenHold>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenHold {
    number: u32,
    reason: HoldReason,
    personal: Personal<Note>,
}

impl OpenHold {
    fn note(&self) -> Option<&String> {
        self.personal.as_plain()?.note.as_ref()
    }
}

impl Holds {
    pub fn opened(&self, keys: &Keys) -> Result<Self, Unopened> {
        let opened = self.open.iter().map(|hold| {
            Ok(OpenHold {
                personal: hold.personal.opened(keys)?,
                ..hold.clone()
            })
        });
        Ok(Self {
            open: opened.collect::<Result<_, _>>()?,
            ..self.clone()
        })
    }

    pub fn is_sealed(&self) -> bool {
        let mut open = self.open.iter();
        open.all(|hold| hold.personal.as_plain().is_none())
    }

    pub fn any_open(&self) -> bool {
        !self.open.is_empty()
    }

    pub fn add(&mut self, held: &Held) {
        self.last_number = self.last_number.max(held.hold);
        self.open.push(OpenHold {
            number: held.hold,
            reason: held.reason,
            personal: held.personal.clone(),
        });
    }

    pub fn close(&mut self, numbers: &[u32]) {
        self.open.retain(|hold| !numbers.contains(&hold.number));
    }

    pub fn close_all(&mut self) {
        self.open.clear();
    }

    /// The open hold that a command means. Notes of an erased customer count as absent.
    pub fn find(&self, command: &Hold, customer: CustomerStanding) -> Option<u32> {
        let note = customer.kept(command.note.as_ref());
        self.open
            .iter()
            .find(|hold| hold.reason == command.reason && customer.kept(hold.note()) == note)
            .map(|hold| hold.number)
    }
}

pub(super) fn hold(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &Hold,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    let customer = circumstances.customer;
    if ledger.holds.find(command, customer).is_some() {
        return Ok(Vec::new());
    }
    match lifecycle {
        Lifecycle::Placed | Lifecycle::Confirmed => {}
        Lifecycle::Draft | Lifecycle::Cancelled | Lifecycle::Completed | Lifecycle::Discarded => {
            return Err(OrderError::WrongState { lifecycle });
        }
    }
    ledger.check_time(command.occurred_at)?;
    if ledger.holds.last_number >= HOLDS_MAX {
        return Err(OrderError::TooManyHolds { limit: HOLDS_MAX });
    }
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(OrderFact::Held(Held {
        hold: ledger.holds.last_number.saturating_add(1),
        reason: command.reason,
        personal: Personal::plain(Note {
            note: customer.kept(command.note.as_ref()),
        }),
    }))?;
    recorder.finish()
}

/// Releases one hold, or all in one event; what is not held is released already.
pub(super) fn release(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &Release,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    if let Some(hold) = command.hold
        && hold > ledger.holds.last_number
    {
        return Err(OrderError::HoldNotFound { hold });
    }
    let holds: Vec<u32> = ledger
        .holds
        .open
        .iter()
        .map(|hold| hold.number)
        .filter(|number| command.hold.is_none_or(|hold| hold == *number))
        .collect();
    if holds.is_empty() {
        return Ok(Vec::new());
    }
    ledger.check_time(command.occurred_at)?;
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(OrderFact::Released(Released {
        holds,
        personal: Personal::plain(Note {
            note: circumstances.customer.kept(command.note.as_ref()),
        }),
    }))?;
    recorder.finish()
}
