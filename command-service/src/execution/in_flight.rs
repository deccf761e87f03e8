//! Keys whose first request is still running in this replica. A second one is told to wait instead of doing the work
//! again; it guards no promise, the store does.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

#[derive(Clone, Default)]
pub struct InFlight {
    keys: Arc<Mutex<HashSet<[u8; 32]>>>,
}

/// Keeps a key marked until it is dropped.
pub struct Running {
    keys: Arc<Mutex<HashSet<[u8; 32]>>>,
    key: [u8; 32],
}

impl InFlight {
    /// Marks a key as running; `None` when it is already.
    #[must_use]
    pub fn begin(&self, key: [u8; 32]) -> Option<Running> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(key).then(|| Running {
            keys: self.keys.clone(),
            key,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_runs_once_at_a_time() {
        let in_flight = InFlight::default();
        let running = in_flight.begin([1; 32]);
        assert!(running.is_some());
        assert!(in_flight.begin([1; 32]).is_none());
        drop(running);
        assert!(in_flight.begin([1; 32]).is_some());
    }
}
