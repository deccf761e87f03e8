//! A new epoch after PostgreSQL was restored from an older backup: where Kafka has events that the store has lost, or
//! has reissued their positions for others, the store's history holds, and what Kafka has of the other counts for
//! nothing any more.

use clap::Args;
use orderfold_events::{Epoch, Position, internal::Head};

use super::{Recovery, RecoveryError, closing};
use crate::{database::NewEpoch, relay::Scan};

/// How to raise it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct RaiseEpoch {
    /// Begin one in every other shard too, behind its last event: for events that were lost before they reached Kafka.
    #[arg(long)]
    pub all: bool,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Finds the fork of every shard and begins a new epoch there.
///
/// # Errors
/// [`RecoveryError`], and then nothing has changed.
pub async fn raise_epoch(recovery: &Recovery, asked: RaiseEpoch) -> Result<String, RecoveryError> {
    let Recovery {
        database,
        kafka,
        identity,
    } = recovery;
    let progress = database.relay_progress().await?;
    let scan = Scan::run(database, kafka, identity.store_id, &progress)
        .await
        .map_err(RecoveryError::Scan)?;
    if scan.forks.is_empty() && !asked.all {
        return Err(RecoveryError::NoFork);
    }
    let (mut lines, mut raised) = (Vec::new(), Vec::new());
    for head in database.heads().await? {
        let Some((new, line)) = raise(&head, &scan, asked.all) else {
            continue;
        };
        lines.push(line);
        raised.push(new);
    }
    if !asked.dry_run {
        database.raise_epochs(&raised, scan.last_number).await?;
    }
    let done = "Consistency tokens from beyond a fork are lost, read models beyond it have to be rebuilt, and order \
                numbers go on with a gap.";
    lines.push(closing(asked.dry_run, done));
    Ok(lines.join("\n"))
}

/// The new epoch of a shard, and what to say about it; `None` where the old one goes on.
fn raise(head: &Head, scan: &Scan, all: bool) -> Option<(NewEpoch, String)> {
    let newest = scan.epochs.get(&head.shard).copied().unwrap_or(head.epoch);
    let epoch = Epoch(head.epoch.max(newest).0.saturating_add(1));
    let shard = head.shard;
    let fork = scan.forks.get(&shard);
    let (from, found) = match fork {
        Some(fork) => {
            let count = |last: Position| last.next().0.saturating_sub(fork.from.0);
            let found = format!(
                "Kafka has {} events that the store lacks, the store {} others",
                count(fork.last),
                count(head.position)
            );
            (fork.from, found)
        }
        None if all => (head.position.next(), "no fork shows".to_owned()),
        None => return None,
    };
    let line = format!("shard {shard}: epoch {epoch} from position {from} on; {found}");
    Some((NewEpoch { shard, epoch, from }, line))
}
