//! Which timer an order has after an event: a pure function of the event.

use std::time::Duration;

use orderfold_events::{
    DecodeError, StreamId,
    order::{Lifecycle, OrderSummary, Terms, Totals},
};
use serde::Deserialize;

use crate::event_sourcing::{Armed, TimerEffect};

const PLACED: &str = "orderfold.order.placed.v1";

/// What a timer stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerKind {
    /// Confirms an order that nobody has objected to.
    Grace,
    /// Cancels an order that nobody has paid.
    Unpaid,
    /// Discards a draft that nobody goes on with.
    StaleDraft,
}

impl TimerKind {
    const ALL: [Self; 3] = [Self::Grace, Self::Unpaid, Self::StaleDraft];

    /// How the store spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grace => "grace",
            Self::Unpaid => "unpaid",
            Self::StaleDraft => "stale_draft",
        }
    }

    /// What an order as it stands waits for; a placed one for nothing while it is held.
    #[must_use]
    pub fn of(order: &OrderSummary) -> Option<Self> {
        Standing {
            lifecycle: order.lifecycle,
            terms: order.terms,
            on_hold: order.on_hold,
            totals: order.totals,
        }
        .waits_for()
    }

    /// Reads the store's spelling.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How long each kind waits; none is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delays {
    pub grace: Option<Duration>,
    pub unpaid: Option<Duration>,
    pub stale_draft: Option<Duration>,
}

/// The members of an order's event that decide about timers.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Standing {
    lifecycle: Lifecycle,
    terms: Terms,
    on_hold: bool,
    totals: Totals,
}

impl Standing {
    fn waits_for(&self) -> Option<TimerKind> {
        match self.lifecycle {
            Lifecycle::Draft => Some(TimerKind::StaleDraft),
            Lifecycle::Placed if self.on_hold => None,
            Lifecycle::Placed => self.placed_waits_for(),
            Lifecycle::Confirmed
            | Lifecycle::Cancelled
            | Lifecycle::Completed
            | Lifecycle::Discarded => None,
        }
    }

    fn placed_waits_for(&self) -> Option<TimerKind> {
        let Totals {
            balance,
            payments,
            refunds,
            ..
        } = self.totals;
        match self.terms {
            Terms::Prepaid if balance > 0 && payments == refunds => Some(TimerKind::Unpaid),
            Terms::Prepaid if balance > 0 => None,
            Terms::Prepaid | Terms::OnAccount => Some(TimerKind::Grace),
        }
    }
}

impl Delays {
    fn of(&self, kind: TimerKind) -> Option<Armed> {
        let delay = match kind {
            TimerKind::Grace => self.grace,
            TimerKind::Unpaid => self.unpaid,
            TimerKind::StaleDraft => self.stale_draft,
        };
        delay.map(|delay| Armed {
            kind: kind.as_str(),
            delay,
        })
    }

    /// What an event does to the timer of its stream. An order that was placed at a time its caller gave has none: it
    /// is history.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when an order's event does not say how the order stands.
    pub fn after(
        &self,
        stream: StreamId,
        event_type: &str,
        data: &[u8],
        backdated: bool,
    ) -> Result<Option<TimerEffect>, DecodeError> {
        let off = *self == Self::default();
        match stream {
            StreamId::Order(_) if !off => {}
            StreamId::Order(_) | StreamId::Customer(_) | StreamId::Credit(_) => return Ok(None),
        }
        let standing = serde_json::from_slice(data).map_err(DecodeError::Malformed)?;
        Ok(Some(self.effect(event_type, &standing, backdated)))
    }

    fn effect(&self, event_type: &str, standing: &Standing, backdated: bool) -> TimerEffect {
        let armed = standing.waits_for().and_then(|kind| self.of(kind));
        match standing.lifecycle {
            Lifecycle::Placed if event_type != PLACED => TimerEffect::Follows(armed),
            Lifecycle::Placed if backdated => TimerEffect::Ends,
            // Whatever happens to a draft shows that somebody goes on with it.
            Lifecycle::Placed | Lifecycle::Draft => TimerEffect::Begins(armed),
            Lifecycle::Confirmed
            | Lifecycle::Cancelled
            | Lifecycle::Completed
            | Lifecycle::Discarded => TimerEffect::Ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAYS: Delays = Delays {
        grace: Some(Duration::from_secs(1)),
        unpaid: Some(Duration::from_secs(2)),
        stale_draft: Some(Duration::from_secs(3)),
    };
    const OTHER: &str = "orderfold.order.note_added.v1";

    fn standing(lifecycle: Lifecycle, terms: Terms, payments: i64, refunds: i64) -> Standing {
        let totals = Totals {
            total_sales: 100,
            payments,
            refunds,
            balance: 100 - payments + refunds,
            ..Totals::default()
        };
        Standing {
            lifecycle,
            terms,
            on_hold: false,
            totals,
        }
    }

    fn kind(effect: TimerEffect) -> Option<&'static str> {
        effect.armed().map(|armed| armed.kind)
    }

    #[test]
    fn a_placed_order_waits_for_its_payment_or_for_its_confirmation() {
        for (terms, payments, refunds, expected) in [
            (Terms::Prepaid, 0, 0, Some("unpaid")),
            (Terms::Prepaid, 40, 40, Some("unpaid")),
            (Terms::Prepaid, 40, 0, None),
            (Terms::Prepaid, 100, 0, Some("grace")),
            (Terms::Prepaid, 120, 0, Some("grace")),
            (Terms::OnAccount, 0, 0, Some("grace")),
        ] {
            let standing = standing(Lifecycle::Placed, terms, payments, refunds);
            for (event_type, begins) in [(PLACED, true), (OTHER, false)] {
                let effect = DELAYS.effect(event_type, &standing, false);
                assert_eq!((kind(effect), effect.begins()), (expected, begins));
            }
            let held = Standing {
                on_hold: true,
                ..standing
            };
            assert_eq!(kind(DELAYS.effect(OTHER, &held, false)), None);
        }
    }

    #[test]
    fn an_order_has_no_timer_once_it_is_past_placing_or_was_placed_in_the_past() {
        for lifecycle in [
            Lifecycle::Confirmed,
            Lifecycle::Cancelled,
            Lifecycle::Completed,
            Lifecycle::Discarded,
        ] {
            let standing = standing(lifecycle, Terms::Prepaid, 0, 0);
            assert_eq!(DELAYS.effect(OTHER, &standing, false), TimerEffect::Ends);
        }
        let placed = standing(Lifecycle::Placed, Terms::Prepaid, 0, 0);
        assert_eq!(DELAYS.effect(PLACED, &placed, true), TimerEffect::Ends);
    }

    #[test]
    fn whatever_happens_to_a_draft_starts_its_time_again() {
        let draft = standing(Lifecycle::Draft, Terms::Prepaid, 0, 0);
        let effect = DELAYS.effect(OTHER, &draft, false);
        assert!(effect.begins());
        assert_eq!(kind(effect), Some("stale_draft"));
    }

    #[test]
    fn a_kind_that_is_off_is_never_armed_and_with_all_of_them_off_nothing_is_looked_at() {
        let unpaid_off = Delays {
            unpaid: None,
            ..DELAYS
        };
        let placed = standing(Lifecycle::Placed, Terms::Prepaid, 0, 0);
        let effect = unpaid_off.effect(PLACED, &placed, false);
        assert_eq!(
            effect,
            TimerEffect::Begins(None),
            "its payment arms another"
        );
        let order = StreamId::Order(orderfold_events::OrderId(uuid::Uuid::from_u128(1)));
        let nothing = Delays::default().after(order, PLACED, b"not looked at", false);
        assert!(matches!(nothing, Ok(None)));
        assert!(DELAYS.after(order, PLACED, b"no event", false).is_err());
    }

    #[test]
    fn kinds_are_read_as_they_are_spelt() {
        for kind in TimerKind::ALL {
            assert_eq!(TimerKind::from_stored(kind.as_str()), Some(kind));
        }
        assert_eq!(TimerKind::from_stored("tea"), None);
    }
}
