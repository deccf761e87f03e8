//! Ending a recorded process: in good order, or at once. Works from the record alone, so that any
//! invocation can do it.

use std::{path::Path, time::Duration};

use super::{Identity, Record, Signal, all_in_folder, signal_all, with_descendants};
use crate::{
    error::Result,
    wait::{self, Seen},
};

const STOP_LIMIT: Duration = Duration::from_secs(30);
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Asks it to end, and insists after a while.
///
/// # Errors
/// When it does not even end when killed.
pub async fn stop(record: &Record) -> Result<()> {
    if record.identity.is_alive() {
        signal_all(&with_descendants(record.identity), Signal::CONT);
        record.identity.signal(record.stop_signal());
        // Who does not end in time is killed, with whatever is left of it.
        let _ = gone(&record.name, "to stop", STOP_LIMIT, &[record.identity]).await;
    }
    kill(&record.name, Some(record.identity), &record.folder).await
}

/// Ends it, everything it started, and what else works in its folder, as a crash would.
///
/// # Errors
/// When something of it goes on running.
pub async fn kill(name: &str, identity: Option<Identity>, folder: &Path) -> Result<()> {
    let mut all = identity
        .filter(|identity| identity.is_alive())
        .map(with_descendants)
        .unwrap_or_default();
    all.extend(all_in_folder(folder));
    signal_all(&all, Signal::KILL);
    gone(name, "to be gone", KILL_LIMIT, &all).await
}

async fn gone(name: &str, what: &str, limit: Duration, all: &[Identity]) -> Result<()> {
    wait::until(&format!("{name} {what}"), limit, || {
        std::future::ready(match all.iter().find(|process| process.is_alive()) {
            None => Seen::Done(()),
            Some(process) => Seen::NotYet(format!("process {} still runs", process.pid)),
        })
    })
    .await
}
