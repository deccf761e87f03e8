//! Notes beside an order, in whatever state it is.

use orderfold_events::{
    Personal,
    order::{Lifecycle, NoteAdded, OrderEvent, OrderFact},
    personal::Note,
};

use super::{
    AddNote, Circumstances, OrderError, limits::NOTES_MAX, recorder::Recorder, state::Ledger,
};

pub(super) fn add(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &AddNote,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    let fact = fact(ledger.notes, command, circumstances)?;
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(fact)?;
    recorder.finish()
}

/// One note more than there are; for an erased customer nothing is written down any more.
pub(super) fn fact(
    notes: usize,
    command: &AddNote,
    circumstances: &Circumstances,
) -> Result<OrderFact, OrderError> {
    circumstances.customer.check_not_erased()?;
    if notes >= NOTES_MAX {
        return Err(OrderError::TooManyNotes { limit: NOTES_MAX });
    }
    Ok(OrderFact::NoteAdded(NoteAdded {
        personal: Personal::plain(Note {
            note: Some(command.text.clone()),
        }),
    }))
}
