//! What becomes of the units of an order's lines, and of their value.

use orderfold_events::order::{Line, LineChange, LineQuantity, ReturnedUnits};

use super::OrderLine;
use crate::projections::Contradiction;

/// A line as it was ordered, with nothing booked on it yet.
pub(super) fn ordered(line: Line) -> OrderLine {
    OrderLine {
        ordered: line,
        cancelled: 0,
        shipped: 0,
        delivered: 0,
        returned: 0,
        returned_undelivered: 0,
        net: 0,
        tax: 0,
    }
}

/// Puts lines as they are ordered from now on in the place of what they were, or behind the others.
pub(super) fn amend(lines: &mut Vec<OrderLine>, amended: &[Line]) -> Result<(), Contradiction> {
    for line in amended {
        match lines
            .iter_mut()
            .find(|known| known.ordered.line == line.line)
        {
            Some(known) if known.cancelled <= line.quantity && known.shipped <= line.quantity => {
                known.ordered = line.clone();
            }
            Some(_) => return Err(Contradiction::Units(line.line)),
            None => lines.push(ordered(line.clone())),
        }
    }
    Ok(())
}

/// Adds the changes of value.
pub(super) fn book(lines: &mut [OrderLine], changes: &[LineChange]) -> Result<(), Contradiction> {
    for change in changes {
        let line = find(lines, change.line)?;
        line.net = line
            .net
            .checked_add(change.net)
            .ok_or(Contradiction::Figure)?;
        line.tax = line
            .tax
            .checked_add(change.tax)
            .ok_or(Contradiction::Figure)?;
    }
    Ok(())
}

pub(super) fn cancel(lines: &mut [OrderLine], units: &[LineQuantity]) -> Result<(), Contradiction> {
    for part in units {
        let line = find(lines, part.line)?;
        line.cancelled = add_units(line, line.cancelled, part.quantity)?;
    }
    Ok(())
}

pub(super) fn ship(lines: &mut [OrderLine], units: &[LineQuantity]) -> Result<(), Contradiction> {
    for part in units {
        let line = find(lines, part.line)?;
        line.shipped = add_units(line, line.shipped, part.quantity)?;
    }
    Ok(())
}

pub(super) fn deliver(
    lines: &mut [OrderLine],
    units: &[LineQuantity],
) -> Result<(), Contradiction> {
    for part in units {
        let line = find(lines, part.line)?;
        line.delivered = add_units(line, line.delivered, part.quantity)?;
    }
    Ok(())
}

pub(super) fn take_back(
    lines: &mut [OrderLine],
    units: &[ReturnedUnits],
) -> Result<(), Contradiction> {
    for part in units {
        let line = find(lines, part.line)?;
        line.returned = add_units(line, line.returned, part.quantity)?;
        line.returned_undelivered = add_units(line, line.returned_undelivered, part.undelivered)?;
    }
    Ok(())
}

fn find(lines: &mut [OrderLine], number: u32) -> Result<&mut OrderLine, Contradiction> {
    lines
        .iter_mut()
        .find(|line| line.ordered.line == number)
        .ok_or(Contradiction::UnknownLine(number))
}

/// No count of a line is ever below zero or above the units ordered.
fn add_units(line: &OrderLine, before: i64, units: i64) -> Result<i64, Contradiction> {
    before
        .checked_add(units)
        .filter(|after| units >= 0 && *after <= line.ordered.quantity)
        .ok_or(Contradiction::Units(line.ordered.line))
}
