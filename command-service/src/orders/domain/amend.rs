//! Amending a placed order: units wanted, prices, new lines, adjustments and addresses, as agreed after placing.

use orderfold_events::{
    Personal,
    order::{
        AmendReason, Amended, AmendedPersonal, CancelReason, Cancelled, Lifecycle, OrderEvent,
        OrderFact,
    },
    personal::Note,
};

use super::{
    Amend, Circumstances, OrderError, figures,
    limits::LINES_MAX,
    place::numbered_lines,
    recorder::{Recorder, totals_after},
    revision::{Revision, revise},
    state::Ledger,
};

pub(super) fn amend(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &Amend,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    if changes_nothing(ledger, command) {
        return Ok(Vec::new());
    }
    check_state(lifecycle, command)?;
    if !command.new_lines.is_empty() || command.ship_to.is_some() || command.bill_to.is_some() {
        circumstances.customer.check_not_erased()?;
    }
    let amended = amended(ledger, command, circumstances)?;
    let ends = ledger.ended_by(&amended);
    let fact = OrderFact::Amended(Box::new(amended));
    let totals = totals_after(ledger, &fact)?;
    figures::check_bounds(&totals)?;
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(fact)?;
    if ends {
        recorder.record(OrderFact::Cancelled(Cancelled {
            reason: cancel_reason(command.reason),
            lines: Vec::new(),
            personal: Personal::plain(Note::default()),
        }))?;
    }
    recorder.finish()
}

/// Whether the order is already as the amendment wants it. An adjustment is always one more.
fn changes_nothing(ledger: &Ledger, command: &Amend) -> bool {
    let Amend {
        reason: _,
        lines,
        new_lines,
        adjustments,
        ship_to,
        bill_to,
    } = command;
    let same_lines = lines.iter().all(|entry| {
        ledger
            .line(entry.line)
            .is_ok_and(|line| entry.is_met_by(line))
    });
    let same_addresses = (ship_to.is_none() && bill_to.is_none())
        || ledger.addresses.current().is_some_and(|here| {
            (ship_to.is_none() || *ship_to == here.ship_to)
                && (bill_to.is_none() || *bill_to == here.bill_to)
        });
    new_lines.is_empty() && adjustments.is_empty() && same_lines && same_addresses
}

/// An order that has come to an end takes adjustments alone.
fn check_state(lifecycle: Lifecycle, command: &Amend) -> Result<(), OrderError> {
    let adjustments_alone = command.lines.is_empty()
        && command.new_lines.is_empty()
        && command.ship_to.is_none()
        && command.bill_to.is_none();
    match lifecycle {
        Lifecycle::Placed | Lifecycle::Confirmed => Ok(()),
        Lifecycle::Cancelled | Lifecycle::Completed if adjustments_alone => Ok(()),
        Lifecycle::Draft | Lifecycle::Cancelled | Lifecycle::Completed | Lifecycle::Discarded => {
            Err(OrderError::WrongState { lifecycle })
        }
    }
}

fn amended(
    ledger: &Ledger,
    command: &Amend,
    circumstances: &Circumstances,
) -> Result<Amended, OrderError> {
    if ledger.lines.len() + command.new_lines.len() > LINES_MAX {
        return Err(OrderError::TooManyLines { limit: LINES_MAX });
    }
    ledger.adjustments.check_room(command.adjustments.len())?;
    let (mut lines, mut cancelled) = (Vec::new(), Vec::new());
    for entry in &command.lines {
        match revise(ledger, entry, circumstances.customer)? {
            Revision::None => {}
            Revision::Cancels(units) => cancelled.push(units),
            Revision::Reorders(line) => lines.push(*line),
        }
    }
    let next = ledger.next_line();
    for line in numbered_lines(next, &command.new_lines) {
        ledger.check_line(&line)?;
        lines.push(line);
    }
    Ok(Amended {
        reason: command.reason,
        lines,
        cancelled,
        adjustments: figures::price_adjustments(
            &command.adjustments,
            ledger.adjustments.last_number,
            ledger.prices_include_tax,
        )?,
        personal: Personal::plain(AmendedPersonal {
            ship_to: command.ship_to.clone(),
            bill_to: command.bill_to.clone(),
        }),
    })
}

impl Ledger {
    /// Whether an amendment cancels the last units of the order; all adjustments are void then.
    pub(super) fn ended_by(&self, amended: &Amended) -> bool {
        let wanted = self.units().wanted();
        let cancelling: i64 = amended.cancelled.iter().map(|entry| entry.quantity).sum();
        wanted > 0 && wanted == cancelling && amended.lines.is_empty()
    }
}

fn cancel_reason(reason: AmendReason) -> CancelReason {
    match reason {
        AmendReason::Customer => CancelReason::Customer,
        AmendReason::Stock => CancelReason::Stock,
        AmendReason::Pricing | AmendReason::Correction | AmendReason::Other => CancelReason::Other,
    }
}
