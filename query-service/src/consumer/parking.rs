//! Which records of a batch are folded, and which wait because something before them in their stream cannot be. Pure:
//! what waits already, what was found to contradict, and the records decide.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use orderfold_events::{EventId, Shard, StreamId, Timestamp};

use super::{builds::Target, record::Record};
use crate::database::parked::{Missing, ParkedEvent, ParkedStream};

/// Events that a view found to contradict its documents, and why.
pub(super) type Contradictions = BTreeMap<EventId, String>;

/// A batch, told apart.
#[derive(Debug, Default)]
pub(super) struct Parking {
    pub(super) fold: Vec<Arc<Record>>,
    waiting: BTreeMap<StreamId, Waiting>,
}

/// The records of one stream that are not folded.
#[derive(Debug)]
struct Waiting {
    first: Arc<Record>,
    /// Why the first one cannot be folded; `None` where it waits behind one of an earlier batch.
    cause: Option<String>,
    count: u64,
}

impl Parking {
    pub(super) fn of(
        records: &[Arc<Record>],
        is_parked: impl Fn(Shard, StreamId) -> bool,
        contradictions: &Contradictions,
    ) -> Self {
        let mut parking = Self::default();
        for record in records {
            let stream = record.envelope.stream;
            let entry = match parking.waiting.entry(stream) {
                Entry::Occupied(waiting) => {
                    let waiting = waiting.into_mut();
                    waiting.count = waiting.count.saturating_add(1);
                    continue;
                }
                Entry::Vacant(entry) => entry,
            };
            let is_known = is_parked(record.envelope.coordinate.shard, stream);
            let cause = cause_of(record, contradictions);
            if is_known || cause.is_some() {
                entry.insert(Waiting {
                    first: Arc::clone(record),
                    cause: cause.filter(|_| !is_known),
                    count: 1,
                });
            } else {
                parking.fold.push(Arc::clone(record));
            }
        }
        parking
    }

    /// Whether every record is folded.
    pub(super) fn is_none(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The streams that are parked by this batch, each with its first record that cannot be folded.
    pub(super) fn newly_parked(&self) -> impl Iterator<Item = (StreamId, &Arc<Record>)> {
        let new = self.waiting.iter();
        new.filter(|(_, waiting)| waiting.cause.is_some())
            .map(|(&stream, waiting)| (stream, &waiting.first))
    }

    /// What is missing from now on.
    pub(super) fn missing(&self) -> impl Iterator<Item = Missing> {
        self.newly_parked().map(|(stream, first)| Missing {
            stream,
            customer_id: customer_of(first),
        })
    }

    /// The documents of the streams that are parked by this batch.
    pub(super) fn documents(&self, target: Target, now: Timestamp) -> Vec<ParkedStream> {
        let waiting = self.waiting.iter();
        let new = waiting.filter_map(|(&stream, waiting)| {
            Some(ParkedStream {
                id: ParkedStream::id_of(target.read_model, target.build, stream),
                projection: target.read_model,
                version: target.read_model.version(),
                build: target.build,
                shard: waiting.first.envelope.coordinate.shard,
                stream,
                customer_id: customer_of(&waiting.first),
                first: ParkedEvent::from(&waiting.first.envelope),
                cause: waiting.cause.clone()?,
                waiting: waiting.count,
                parked_at: now,
                request: None,
                last_failure: None,
            })
        });
        new.collect()
    }

    /// How many more events wait in streams that were parked before, by the ids of their documents.
    pub(super) fn behind(&self, target: Target) -> impl Iterator<Item = (String, u64)> {
        let known = self.waiting.iter();
        known
            .filter(|(_, waiting)| waiting.cause.is_none())
            .map(move |(&stream, waiting)| {
                let id = ParkedStream::id_of(target.read_model, target.build, stream);
                (id, waiting.count)
            })
    }
}

/// Why a record cannot be folded, if that is known.
pub(super) fn cause_of(record: &Record, contradictions: &Contradictions) -> Option<String> {
    match &record.content {
        Err(unreadable) => Some(unreadable.to_string()),
        Ok(_) => contradictions.get(&record.envelope.event_id).cloned(),
    }
}

fn customer_of(record: &Record) -> Option<orderfold_events::CustomerId> {
    let content = record.content.as_ref().ok()?;
    Some(content.event.customer_id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consumer::record::Source,
        database::Build,
        projections::{ReadModel, tests::history::History},
    };

    const TARGET: Target = Target {
        read_model: ReadModel::OrderDetail,
        build: Build::FIRST,
        is_active: true,
        catches_up: false,
    };

    /// A customer, and two orders with three events each.
    fn records() -> Vec<Arc<Record>> {
        let mut history = History::new(1);
        let customer = history.register("A");
        let orders = [(); 2].map(|()| history.place(customer, &[(2, 100)]));
        for order in orders {
            history.pay(order, 200);
            history.confirm(order);
        }
        let shards = history.shards;
        let read = |event: &crate::projections::tests::history::Recorded| {
            let envelope = event.envelope.clone();
            Arc::new(Record::read(envelope, &event.data, shards, Source::Feed))
        };
        history.log.iter().map(read).collect()
    }

    fn ids(records: &[Arc<Record>]) -> Vec<EventId> {
        records.iter().map(|record| record.event_id()).collect()
    }

    #[test]
    fn what_follows_a_contradiction_waits_and_every_other_stream_goes_on() {
        let records = records();
        let poison = &records[3];
        let contradictions = [(poison.event_id(), "wrong".to_owned())].into();
        let parking = Parking::of(&records, |_, _| false, &contradictions);
        let others: Vec<_> = records
            .iter()
            .filter(|record| {
                record.envelope.stream != poison.envelope.stream
                    || record.envelope.version < poison.envelope.version
            })
            .cloned()
            .collect();
        assert_eq!(ids(&parking.fold), ids(&others));
        let now = "2026-11-24T10:00:00.000Z".parse().unwrap();
        let [parked] = &parking.documents(TARGET, now)[..] else {
            panic!("one stream is parked")
        };
        assert_eq!((parked.waiting, parked.cause.as_str()), (2, "wrong"));
        assert_eq!(parked.first.event_id, poison.event_id());
        assert_eq!(parking.behind(TARGET).count(), 0);
    }

    #[test]
    fn what_is_parked_already_only_counts() {
        let records = records();
        let stream = records[1].envelope.stream;
        let parking = Parking::of(&records, |_, parked| parked == stream, &BTreeMap::new());
        assert!(parking.newly_parked().next().is_none());
        assert_eq!(
            parking.behind(TARGET).collect::<Vec<_>>(),
            [(format!("order_detail@1.1/{stream}"), 3)]
        );
        assert_eq!(parking.fold.len(), records.len() - 3);
    }

    #[test]
    fn what_cannot_be_read_is_parked_by_itself() {
        let mut records = records();
        let envelope = records[2].envelope.clone();
        let shards = orderfold_events::ShardCount::new(1).unwrap();
        records[2] = Arc::new(Record::read(envelope, b"{}", shards, Source::Feed));
        let parking = Parking::of(&records, |_, _| false, &BTreeMap::new());
        let [(stream, first)] = &parking.newly_parked().collect::<Vec<_>>()[..] else {
            panic!("one stream is parked")
        };
        assert_eq!(*stream, first.envelope.stream);
        assert_eq!(first.event_id(), records[2].event_id());
        assert_eq!(parking.missing().next().unwrap().customer_id, None);
    }
}
