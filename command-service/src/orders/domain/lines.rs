//! Units asked for, line by line: a list that names no line twice, and whether an order has that many of them.

use std::{collections::HashSet, slice::Iter};

use orderfold_events::order::LineQuantity;

use super::{OrderError, limits::QUANTITY_MAX, state::Ledger};

/// At least one line, each once, each with 1 to [`QUANTITY_MAX`] units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistinctLines(Vec<LineQuantity>);

/// Why a list of lines cannot be meant; indexes count from 0 in the list given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineListError {
    #[error("no line is named")]
    Empty,
    #[error("the line at {index} is named before")]
    Repeated { index: usize },
    #[error("the quantity at {index} is not between 1 and {QUANTITY_MAX}")]
    Quantity { index: usize },
}

impl DistinctLines {
    /// # Errors
    /// [`LineListError`] names the first entry that is wrong.
    pub fn new(lines: Vec<LineQuantity>) -> Result<Self, LineListError> {
        if lines.is_empty() {
            return Err(LineListError::Empty);
        }
        let mut seen = HashSet::with_capacity(lines.len());
        for (index, entry) in lines.iter().enumerate() {
            if !seen.insert(entry.line) {
                return Err(LineListError::Repeated { index });
            }
            if !(1..=QUANTITY_MAX).contains(&entry.quantity) {
                return Err(LineListError::Quantity { index });
            }
        }
        Ok(Self(lines))
    }

    pub fn iter(&self) -> Iter<'_, LineQuantity> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a DistinctLines {
    type Item = &'a LineQuantity;
    type IntoIter = Iter<'a, LineQuantity>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Refuses to take more units of a line than there are.
pub(super) fn check_available(asked: LineQuantity, available: i64) -> Result<(), OrderError> {
    if asked.quantity > available {
        return Err(OrderError::TooManyUnits {
            line: asked.line,
            requested: asked.quantity,
            available,
        });
    }
    Ok(())
}

/// The lines asked for, or all that have something open: neither cancelled nor shipped.
pub(super) fn open_units(
    ledger: &Ledger,
    asked: Option<&DistinctLines>,
) -> Result<Vec<LineQuantity>, OrderError> {
    if let Some(asked) = asked {
        for entry in asked {
            check_available(*entry, ledger.line(entry.line)?.units().open())?;
        }
        return Ok(asked.0.clone());
    }
    let open: Vec<_> = ledger
        .numbered()
        .map(|(line, known)| LineQuantity {
            line,
            quantity: known.units().open(),
        })
        .filter(|entry| entry.quantity > 0)
        .collect();
    if open.is_empty() {
        return Err(OrderError::AlreadyShipped);
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(u32, i64)]) -> Result<DistinctLines, LineListError> {
        DistinctLines::new(
            entries
                .iter()
                .map(|&(line, quantity)| LineQuantity { line, quantity })
                .collect(),
        )
    }

    #[test]
    fn a_list_names_each_line_once_with_some_units() {
        assert!(list(&[(1, 1), (2, QUANTITY_MAX)]).is_ok());
        assert_eq!(list(&[]), Err(LineListError::Empty));
        assert_eq!(
            list(&[(1, 1), (2, 1), (1, 1)]),
            Err(LineListError::Repeated { index: 2 })
        );
        for quantity in [0, -1, QUANTITY_MAX + 1] {
            assert_eq!(
                list(&[(1, 1), (2, quantity)]),
                Err(LineListError::Quantity { index: 1 })
            );
        }
    }
}
