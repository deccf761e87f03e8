//! Whether more waits in Kafka than memory may hold: then a shard that stands still lacks nothing but its turn.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// When the reader last had to pause.
#[derive(Debug, Default)]
pub(super) struct Pressure(Mutex<Option<Instant>>);

impl Pressure {
    /// The reader pauses now, or did until now.
    pub(super) fn note(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Whether a pause began or ended this short a time ago. One that lasts longer does not count: what holds
    /// everything up must not hold up those who could read the feed.
    pub(super) fn was_within(&self, time: Duration, now: Instant) -> bool {
        let noted = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.is_some_and(|noted| now.saturating_duration_since(noted) <= time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_is_gone_when_the_reader_has_not_paused_for_a_while() {
        let second = Duration::from_secs(1);
        let pressure = Pressure::default();
        let now = Instant::now();
        assert!(!pressure.was_within(second, now), "it never paused");
        pressure.note(now);
        assert!(pressure.was_within(second, now + second));
        assert!(!pressure.was_within(second, now + 2 * second));
        pressure.note(now + 2 * second);
        assert!(pressure.was_within(second, now + 2 * second));
    }
}
