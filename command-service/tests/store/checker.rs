//! Proves from the tables and from the feed that the log is whole: what an append promises, whatever happened to it.

use std::collections::{BTreeMap, HashMap};

use orderfold_events::{
    EventId, Position, StreamId, Timestamp,
    internal::{FeedRecord, Heads},
};
use sqlx::Row;

use crate::world::World;

impl World {
    /// Everything that is wrong with the store; nothing should be.
    pub async fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for (what, sql) in CONTRADICTIONS {
            let found: i64 = sqlx::query_scalar(*sql)
                .fetch_one(self.database.pool())
                .await
                .unwrap();
            if found > 0 {
                findings.push(format!("{found} × {what}"));
            }
        }
        let heads: Heads = serde_json::from_slice(&self.ask_well("/internal/heads").await).unwrap();
        if heads.shards.len() != usize::from(self.identity.shards.get()) {
            findings.push("not every shard has a head".to_owned());
        }
        for head in heads.shards {
            let feed = self.feed(head.shard.0).await;
            let last = feed
                .last()
                .map_or(EventId::NIL, |record| record.envelope.event_id);
            if (feed.len() as u64, last) != (head.position.0, head.last_event_id) {
                findings.push(format!(
                    "the head of shard {} is not its feed's end",
                    head.shard
                ));
            }
            findings.extend(broken_chains(&feed));
            findings.extend(self.other_bytes(&feed).await);
        }
        findings
    }

    /// To be called at the end of every test.
    pub async fn prove(&self) {
        let findings = self.findings().await;
        assert!(findings.is_empty(), "{findings:#?}");
    }

    /// A whole shard by the internal feed, page by page.
    pub async fn feed(&self, shard: u16) -> Vec<FeedRecord> {
        let mut all: Vec<FeedRecord> = Vec::new();
        loop {
            let after = all.last().map_or(Position::START, |record| {
                record.envelope.coordinate.position
            });
            let page = self
                .ask_well(&format!("/internal/feed/{shard}?after={after}&limit=7"))
                .await;
            if page.is_empty() {
                return all;
            }
            let lines = page
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty());
            all.extend(lines.map(|line| serde_json::from_slice::<FeedRecord>(line).unwrap()));
        }
    }

    async fn other_bytes(&self, feed: &[FeedRecord]) -> Vec<String> {
        let ids: Vec<_> = feed
            .iter()
            .map(|record| record.envelope.event_id.0)
            .collect();
        let rows = sqlx::query("select event_id, data from event where event_id = any ($1)")
            .bind(ids)
            .fetch_all(self.database.pool())
            .await
            .unwrap();
        let stored: HashMap<uuid::Uuid, Vec<u8>> = rows
            .iter()
            .map(|row| (row.get("event_id"), row.get("data")))
            .collect();
        feed.iter()
            .filter(|record| {
                stored.get(&record.envelope.event_id.0).map(Vec::as_slice)
                    != Some(record.data.get().as_bytes())
            })
            .map(|record| format!("{} has other bytes in the feed", record.envelope.event_id))
            .collect()
    }

    /// Each of these events exists once.
    pub async fn prove_recorded(&self, events: &[EventId]) {
        for event in events {
            let times: i64 = sqlx::query_scalar("select count(*) from event where event_id = $1")
                .bind(event.0)
                .fetch_one(self.database.pool())
                .await
                .unwrap();
            assert_eq!(times, 1, "an acknowledged event is there {times} times");
        }
    }
}

/// Positions and versions without gaps, both orders the same, each event linked to the one before it, time going on.
pub fn broken_chains(feed: &[FeedRecord]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut versions: BTreeMap<StreamId, u32> = BTreeMap::new();
    let (mut position, mut previous, mut recorded): (_, _, Option<Timestamp>) =
        (0, EventId::NIL, None);
    for FeedRecord { envelope, .. } in feed {
        position += 1;
        let version = versions.entry(envelope.stream).or_default();
        *version += 1;
        if envelope.coordinate.position.0 != position {
            findings.push(format!(
                "position {} where {position} was expected",
                envelope.coordinate.position
            ));
        }
        if envelope.version.0 != *version {
            findings.push(format!(
                "{} at {} where {version} was expected",
                envelope.stream, envelope.version
            ));
        }
        if envelope.previous_id != previous {
            findings.push(format!(
                "position {position} names {} as the one before",
                envelope.previous_id
            ));
        }
        if recorded > Some(envelope.recorded_at) {
            findings.push(format!(
                "position {position} was recorded before the one before it"
            ));
        }
        (previous, recorded) = (envelope.event_id, Some(envelope.recorded_at));
    }
    findings
}

/// Counts of what must not be.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        "head that is not the end of its shard",
        "select count(*) from shard_head h
          left join (select shard, count(*) as events, max(position) as last, max(recorded_at) as recorded
                       from event group by shard) e using (shard)
          where h.position <> coalesce(e.events, 0) or h.position <> coalesce(e.last, 0)
             or h.last_recorded_at <> coalesce(e.recorded, '-infinity')",
    ),
    (
        "stream that is not its events",
        "select count(*) from stream s
           full join (select stream_id, count(*) as events, max(version) as last, min(shard) as low, max(shard) as high
                        from event group by stream_id) e using (stream_id)
          where s.version is distinct from e.events or s.version is distinct from e.last
             or s.shard is distinct from e.low or s.shard is distinct from e.high",
    ),
    (
        "stream that ends with another event",
        "select count(*) from stream s join event e using (stream_id, version) where s.last_event_id is distinct from e.event_id",
    ),
    (
        "stream whose versions and positions disagree",
        "select count(*) from (select version, row_number() over (partition by stream_id order by position) as n
                                 from event) e where e.version <> e.n",
    ),
    (
        "event id that is there twice",
        "select count(*) from (select event_id from event group by event_id having count(*) > 1) twice",
    ),
    (
        "claim of a stream that does not exist",
        "select count(*) from claim c where not exists (select from stream s where s.stream_id = c.owner)",
    ),
    (
        "answer beyond the end of its shard",
        "select count(*) from idempotency i join shard_head h using (shard) where i.position > h.position",
    ),
    (
        "answer about a version that is not there",
        "select count(*) from idempotency i
          where i.version > 0 and not exists (select from event e where e.stream_id = i.stream_id
                                                 and e.version = i.version and e.position <= i.position)",
    ),
];
