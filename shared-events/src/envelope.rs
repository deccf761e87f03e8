//! What surrounds an event's data: where it stands, who did it, when, and why. On Kafka it travels as the headers of
//! the CloudEvents 1.0 binary mode; this module knows the names, not the broker.

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Coordinate, Epoch, EventId, Position, Shard, StreamId, Timestamp, Version};

/// Who caused an event: `service:<uuid>`, `staff:<uuid>`, `customer:<uuid>`, or the kind and an HMAC of the subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(pub String);

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything about a recorded event but its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub event_id: EventId,
    pub event_type: String,
    pub stream: StreamId,
    pub version: Version,
    pub coordinate: Coordinate,
    /// The event before it in the shard; [`EventId::NIL`] at position 1.
    pub previous_id: EventId,
    /// When it happened, as the caller may say.
    pub occurred_at: Timestamp,
    /// When it was stored, by the server's clock.
    pub recorded_at: Timestamp,
    /// Groups everything that came of one request.
    pub correlation_id: Uuid,
    /// The request, command or event that it came of.
    pub causation_id: Uuid,
    pub actor: Actor,
    /// W3C trace context, when the request had one.
    pub traceparent: Option<String>,
}

/// A record whose headers are not those of an Orderfold event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedHeaders {
    #[error("the header {0} is missing")]
    Missing(&'static str),
    #[error("the header {0} cannot be read")]
    Invalid(&'static str),
}

const SPEC_VERSION: &str = "ce_specversion";
const ID: &str = "ce_id";
const TYPE: &str = "ce_type";
const SOURCE: &str = "ce_source";
const SUBJECT: &str = "ce_subject";
const TIME: &str = "ce_time";
const RECORDED_TIME: &str = "ce_recordedtime";
const SHARD: &str = "ce_shard";
const POSITION: &str = "ce_position";
const PREVIOUS_ID: &str = "ce_previousid";
const STORE_EPOCH: &str = "ce_storeepoch";
const STREAM_VERSION: &str = "ce_streamversion";
const CORRELATION_ID: &str = "ce_correlationid";
const CAUSATION_ID: &str = "ce_causationid";
const ACTOR: &str = "ce_actor";
const TRACEPARENT: &str = "traceparent";
const CONTENT_TYPE: &str = "content-type";

impl Envelope {
    /// The headers of the record on Kafka; `store_id` names the store in `ce_source`.
    #[must_use]
    pub fn to_headers(&self, store_id: Uuid) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            (SPEC_VERSION, "1.0".to_owned()),
            (ID, self.event_id.to_string()),
            (TYPE, self.event_type.clone()),
            (SOURCE, format!("/orderfold/{store_id}")),
            (SUBJECT, self.stream.to_string()),
            (TIME, self.occurred_at.to_string()),
            (RECORDED_TIME, self.recorded_at.to_string()),
            (SHARD, self.coordinate.shard.to_string()),
            (POSITION, self.coordinate.position.to_string()),
            (PREVIOUS_ID, self.previous_id.to_string()),
            (STORE_EPOCH, self.coordinate.epoch.to_string()),
            (STREAM_VERSION, self.version.to_string()),
            (CORRELATION_ID, self.correlation_id.to_string()),
            (CAUSATION_ID, self.causation_id.to_string()),
            (ACTOR, self.actor.to_string()),
        ];
        if let Some(traceparent) = &self.traceparent {
            headers.push((TRACEPARENT, traceparent.clone()));
        }
        headers.push((CONTENT_TYPE, "application/json".to_owned()));
        headers
    }

    /// Reads the headers of a record; those it does not know are ignored.
    ///
    /// # Errors
    /// [`MalformedHeaders`] names the first header that is missing or cannot be read.
    pub fn from_headers<'a>(
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, MalformedHeaders> {
        let headers = Headers(headers.collect());
        if headers.text(SPEC_VERSION)? != "1.0" {
            return Err(MalformedHeaders::Invalid(SPEC_VERSION));
        }
        Ok(Self {
            event_id: headers.parse(ID)?,
            event_type: headers.text(TYPE)?.to_owned(),
            stream: headers.parse(SUBJECT)?,
            version: Version(headers.parse(STREAM_VERSION)?),
            coordinate: Coordinate {
                epoch: Epoch(headers.parse(STORE_EPOCH)?),
                shard: Shard(headers.parse(SHARD)?),
                position: Position(headers.parse(POSITION)?),
            },
            previous_id: headers.parse(PREVIOUS_ID)?,
            occurred_at: headers.parse(TIME)?,
            recorded_at: headers.parse(RECORDED_TIME)?,
            correlation_id: headers.parse(CORRELATION_ID)?,
            causation_id: headers.parse(CAUSATION_ID)?,
            actor: Actor(headers.text(ACTOR)?.to_owned()),
            traceparent: headers
                .0
                .contains_key(TRACEPARENT)
                .then(|| headers.text(TRACEPARENT))
                .transpose()?
                .map(str::to_owned),
        })
    }
}

struct Headers<'a>(HashMap<&'a str, &'a [u8]>);

impl Headers<'_> {
    fn text(&self, name: &'static str) -> Result<&str, MalformedHeaders> {
        let bytes = self.0.get(name).ok_or(MalformedHeaders::Missing(name))?;
        str::from_utf8(bytes).map_err(|_not_text| MalformedHeaders::Invalid(name))
    }

    fn parse<T: std::str::FromStr>(&self, name: &'static str) -> Result<T, MalformedHeaders> {
        self.text(name)?
            .parse()
            .map_err(|_unreadable| MalformedHeaders::Invalid(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        let id = |n: u128| Uuid::from_u128(n);
        Envelope {
            event_id: EventId(id(7)),
            event_type: "orderfold.order.placed.v1".to_owned(),
            stream: StreamId::Order(crate::OrderId(id(8))),
            version: Version(1),
            coordinate: Coordinate {
                epoch: Epoch(1),
                shard: Shard(3),
                position: Position(42),
            },
            previous_id: EventId::NIL,
            occurred_at: "2017-11-08T00:00:00.000Z".parse().unwrap(),
            recorded_at: "2026-11-24T10:00:00.123Z".parse().unwrap(),
            correlation_id: id(9),
            causation_id: id(10),
            actor: Actor("service:x".to_owned()),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        }
    }

    fn read(headers: &[(&'static str, String)]) -> Result<Envelope, MalformedHeaders> {
        Envelope::from_headers(
            headers
                .iter()
                .map(|(name, value)| (*name, value.as_bytes())),
        )
    }

    #[test]
    fn an_envelope_survives_its_headers() {
        assert_eq!(read(&envelope().to_headers(Uuid::nil())), Ok(envelope()));
    }

    #[test]
    fn a_missing_or_unreadable_header_is_named() {
        let all = envelope().to_headers(Uuid::nil());
        for missing in [
            ID,
            TYPE,
            SUBJECT,
            TIME,
            POSITION,
            PREVIOUS_ID,
            STORE_EPOCH,
            ACTOR,
            CORRELATION_ID,
        ] {
            let rest: Vec<_> = all
                .iter()
                .filter(|(name, _)| *name != missing)
                .cloned()
                .collect();
            assert_eq!(read(&rest), Err(MalformedHeaders::Missing(missing)));
            let garbage: Vec<_> = rest
                .into_iter()
                .chain([(missing, "\u{1}".to_owned())])
                .collect();
            if ![TYPE, ACTOR].contains(&missing) {
                assert_eq!(read(&garbage), Err(MalformedHeaders::Invalid(missing)));
            }
        }
    }
}
