//! What is remembered of facts and adjustments: references that may not be used again, numbers and counts.

use orderfold_events::order::{Adjustment, AdjustmentKind, ContentHash};
use serde::{Deserialize, Serialize};

use super::{OrderError, limits::ADJUSTMENTS_MAX};

/// How many adjustments there are: numbers go on, the limit counts what callers sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adjustments {
    pub last_number: u32,
    pub sent_by_callers: usize,
}

impl Adjustments {
    pub fn next_number(self) -> u32 {
        self.last_number.saturating_add(1)
    }

    pub fn count(&mut self, adjustments: &[Adjustment]) {
        for adjustment in adjustments {
            self.last_number = self.last_number.max(adjustment.number);
            if adjustment.kind != AdjustmentKind::Reversal {
                self.sent_by_callers += 1;
            }
        }
    }

    /// Refuses so many more than there is room for; none more is always fine.
    pub fn check_room(self, more: usize) -> Result<(), OrderError> {
        if more > 0 && self.sent_by_callers + more > ADJUSTMENTS_MAX {
            return Err(OrderError::TooManyAdjustments {
                limit: ADJUSTMENTS_MAX,
            });
        }
        Ok(())
    }
}

/// The facts of one kind, in the order recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Facts(Vec<(String, ContentHash)>);

impl Facts {
    pub fn add(&mut self, reference: &str, content: &ContentHash) {
        self.0.push((reference.to_owned(), content.clone()));
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn position(&self, reference: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == reference)
    }

    /// Whether the fact was recorded before: the same reference with the same content.
    pub fn repeats(&self, reference: &str, content: &ContentHash) -> Result<bool, OrderError> {
        match self.0.iter().find(|(known, _)| known == reference) {
            None => Ok(false),
            Some((_, known)) if known == content => Ok(true),
            Some(_) => Err(OrderError::ReferenceReused {
                reference: reference.to_owned(),
            }),
        }
    }
}
