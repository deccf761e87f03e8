//! The aggregate of these tests.

use command_service::event_sourcing::Aggregate;
use orderfold_events::DecodeError;

/// Counts its events and keeps the bytes of the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub events: usize,
    pub last: Vec<u8>,
}

impl Aggregate for Counted {
    type Event = Vec<u8>;

    fn initial() -> Self {
        Self {
            events: 0,
            last: Vec::new(),
        }
    }

    fn evolve(self, event: &Self::Event) -> Self {
        Self {
            events: self.events + 1,
            last: event.clone(),
        }
    }

    fn decode(event_type: &str, data: &[u8]) -> Result<Self::Event, DecodeError> {
        if event_type == "orderfold.test.happened.v1" {
            Ok(data.to_vec())
        } else {
            Err(DecodeError::UnknownType(event_type.to_owned()))
        }
    }
}
