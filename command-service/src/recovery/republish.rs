//! Publishing the log to Kafka again from a chosen position: after the topic was truncated, or lost and made anew.

use std::collections::BTreeMap;

use clap::Args;
use orderfold_events::{Position, Shard};

use super::{Recovery, RecoveryError, closing};
use crate::{database::Progress, relay::Partition};

/// What to publish again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Republish {
    /// Only this shard; all of them, if left out.
    #[arg(long)]
    pub shard: Option<u16>,
    /// The first position that is published again.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub from: u64,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Takes the topic as it is now, and has the relay publish from the chosen position on. Whoever publishes begins
/// again; readers drop what they have.
///
/// # Errors
/// [`RecoveryError`], and then nothing has changed.
pub async fn republish(recovery: &Recovery, asked: Republish) -> Result<String, RecoveryError> {
    let Recovery {
        database,
        kafka,
        identity,
    } = recovery;
    let shards = identity.shards.get();
    if let Some(asked) = asked.shard.filter(|shard| *shard >= shards) {
        return Err(RecoveryError::NoSuchShard { asked, shards });
    }
    let is_meant = |shard: Shard| asked.shard.is_none_or(|only| only == shard.0);
    let partitions = kafka.partitions_of(identity.shards).await?;
    let heads = database.heads().await?;
    let ends: BTreeMap<Shard, Position> = heads
        .iter()
        .map(|head| (head.shard, head.position))
        .collect();
    let (mut lines, mut resets) = (Vec::new(), Vec::new());
    for Partition { shard, start, end } in partitions.into_iter().filter(|p| is_meant(p.shard)) {
        let last = ends.get(&shard).copied().unwrap_or_default().0;
        if asked.from > last.saturating_add(1) {
            if asked.shard.is_none() {
                continue;
            }
            let (end, from) = (last, asked.from);
            return Err(RecoveryError::BeyondEnd { shard, end, from });
        }
        let events = last.saturating_add(1).saturating_sub(asked.from);
        lines.push(format!(
            "shard {shard}: {events} events from position {from} on, behind offset {end} of its partition",
            from = asked.from
        ));
        resets.push(Progress {
            shard,
            position: Position(asked.from.saturating_sub(1)),
            kafka_offset: end.saturating_sub(1),
            kafka_start: start,
        });
    }
    if !asked.dry_run {
        database.reset_relay_progress(&resets).await?;
    }
    let done = "The relay of a running command service publishes them now.";
    lines.push(closing(asked.dry_run, done));
    Ok(lines.join("\n"))
}
