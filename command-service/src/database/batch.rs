//! A batch of submissions as the columns that `append_batch` takes: streams, shards and claim keys are named once and
//! then spoken of by number, from 1, so that the function walks over small integers. What is long is borrowed.

use std::{collections::HashMap, hash::Hash};

use chrono::{DateTime, Utc};
use orderfold_events::{Shard, StreamId};
use uuid::Uuid;

use crate::event_sourcing::{
    ClaimKey, ClaimKind, Job, NewEvent, Retention, Submission, TimerChange,
};

/// Things in the order in which they were first named, with their numbers.
struct Numbered<T> {
    items: Vec<T>,
    numbers: HashMap<T, i32>,
}

impl<T: Copy + Eq + Hash> Numbered<T> {
    fn new() -> Self {
        Self {
            items: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    fn number(&mut self, item: T) -> i32 {
        *self.numbers.entry(item).or_insert_with(|| {
            self.items.push(item);
            // A batch is bounded far below the range of the type.
            i32::try_from(self.items.len()).unwrap_or(i32::MAX)
        })
    }
}

#[derive(Default)]
pub(super) struct Commands<'a> {
    pub shard_of: Vec<i32>,
    pub key: Vec<&'a [u8]>,
    pub fingerprint: Vec<&'a [u8]>,
    pub internal: Vec<bool>,
    pub keep: Vec<bool>,
    pub status: Vec<i32>,
    pub body: Vec<&'a [u8]>,
    pub answer_stream: Vec<Option<String>>,
    pub answer_version: Vec<i32>,
}

#[derive(Default)]
pub(super) struct Reads {
    pub command_of: Vec<i32>,
    pub stream_of: Vec<i32>,
    pub version: Vec<i32>,
    pub event_id: Vec<Option<Uuid>>,
}

#[derive(Default)]
pub(super) struct Events<'a> {
    pub command_of: Vec<i32>,
    pub stream_of: Vec<i32>,
    pub id: Vec<Uuid>,
    pub customer_id: Vec<Uuid>,
    pub event_type: Vec<&'static str>,
    pub occurred_at: Vec<DateTime<Utc>>,
    pub correlation_id: Vec<Uuid>,
    pub causation_id: Vec<Uuid>,
    pub actor: Vec<&'a str>,
    pub traceparent: Vec<Option<&'a str>>,
    pub data: Vec<&'a [u8]>,
}

#[derive(Default)]
pub(super) struct Changes {
    pub command_of: Vec<i32>,
    pub claim_of: Vec<i32>,
    pub owner_of: Vec<i32>,
    pub take: Vec<bool>,
}

#[derive(Default)]
pub(super) struct Timers {
    pub command_of: Vec<i32>,
    pub stream_of: Vec<i32>,
    pub id: Vec<Uuid>,
    pub kind: Vec<Option<&'static str>>,
    pub delay_ms: Vec<Option<i64>>,
    pub begins: Vec<bool>,
    pub ends: Vec<bool>,
}

pub(super) struct Batch<'a> {
    pub shards: Vec<i32>,
    pub streams: Vec<String>,
    pub stream_shard_of: Vec<i32>,
    pub claim_kinds: Vec<&'static str>,
    pub claim_keys: Vec<Vec<u8>>,
    pub commands: Commands<'a>,
    pub reads: Reads,
    pub events: Events<'a>,
    pub changes: Changes,
    pub timers: Timers,
}

impl<'a> Batch<'a> {
    pub fn of(jobs: &'a [Job]) -> Self {
        let mut shards = Numbered::<Shard>::new();
        let mut streams = Numbered::<StreamId>::new();
        let mut claims = Numbered::<(ClaimKind, ClaimKey)>::new();
        let mut stream_shard_of = Vec::new();
        let (mut commands, mut reads) = (Commands::default(), Reads::default());
        let (mut events, mut changes) = (Events::default(), Changes::default());
        let mut timers = Timers::default();
        for (command, job) in (1..).zip(jobs) {
            let submission = &job.submission;
            let shard = shards.number(submission.shard);
            for stream in submission.streams() {
                streams.number(stream);
                stream_shard_of.resize(streams.items.len(), shard);
            }
            commands.push(submission, shard);
            // Of what was not queued behind others nothing but the version is known.
            let mut seen = job.seen.events.iter().copied();
            for (stream, version) in &submission.read_set {
                reads.command_of.push(command);
                reads.stream_of.push(streams.number(*stream));
                reads.version.push(signed(version.0));
                let event = seen.next().flatten();
                reads.event_id.push(event.map(|event| event.0));
            }
            for event in &submission.events {
                events.push(event, command, streams.number(event.stream));
            }
            for change in &submission.claims {
                changes.command_of.push(command);
                changes.claim_of.push(claims.number(change.claim()));
                changes.owner_of.push(streams.number(change.owner()));
                changes.take.push(change.takes());
            }
            for change in &submission.timers {
                timers.push(change, command, streams.number(change.stream));
            }
        }
        let (claim_kinds, claim_keys) = claims
            .items
            .iter()
            .map(|(kind, key)| (kind.as_str(), key.to_vec()))
            .unzip();
        let shards = shards.items.iter().map(|shard| i32::from(shard.0));
        Self {
            shards: shards.collect(),
            streams: streams.items.iter().map(ToString::to_string).collect(),
            stream_shard_of,
            claim_kinds,
            claim_keys,
            commands,
            reads,
            events,
            changes,
            timers,
        }
    }
}

impl<'a> Commands<'a> {
    fn push(&mut self, submission: &'a Submission, shard: i32) {
        let (key, answer) = (&submission.idempotency, &submission.answer);
        self.shard_of.push(shard);
        self.key.push(&key.key);
        self.fingerprint.push(&key.fingerprint);
        self.internal.push(key.internal);
        // Events always have a row: it is what a lost reply is recognised by. Nothing depends on the repetition of
        // what did nothing under a key that nobody knows.
        let kept = answer.retention == Retention::Kept && !key.internal;
        self.keep.push(kept || !submission.events.is_empty());
        self.status.push(i32::from(answer.status));
        self.body.push(&answer.body);
        self.answer_stream
            .push(answer.stream.map(|stream| stream.to_string()));
        self.answer_version.push(signed(answer.version.0));
    }
}

impl<'a> Events<'a> {
    fn push(&mut self, event: &'a NewEvent, command: i32, stream: i32) {
        self.command_of.push(command);
        self.stream_of.push(stream);
        self.id.push(event.event_id.0);
        self.customer_id.push(event.customer.0);
        self.event_type.push(event.event_type);
        self.occurred_at.push(event.occurred_at.datetime());
        self.correlation_id.push(event.correlation_id);
        self.causation_id.push(event.causation_id);
        self.actor.push(&event.actor.0);
        self.traceparent.push(event.traceparent.as_deref());
        self.data.push(&event.data);
    }
}

impl Timers {
    fn push(&mut self, change: &TimerChange, command: i32, stream: i32) {
        let armed = change.effect.armed();
        self.command_of.push(command);
        self.stream_of.push(stream);
        self.id.push(change.timer_id);
        self.kind.push(armed.map(|armed| armed.kind));
        let delay_ms = armed.map(|armed| armed.delay.as_millis());
        self.delay_ms
            .push(delay_ms.map(|delay| i64::try_from(delay).unwrap_or(i64::MAX)));
        self.begins.push(change.effect.begins());
        self.ends.push(change.effect.ends());
    }
}

/// PostgreSQL has no unsigned integers; versions stay far below the bound.
fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
