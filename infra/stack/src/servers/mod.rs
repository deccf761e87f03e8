//! The three servers, each as a `Program`: how it is set up, started and found ready. Knows
//! nothing of the services that use them.

mod kafka;
mod mongodb;
mod postgres;

pub use kafka::{Kafka, Node as KafkaNode, Settings as KafkaSettings};
pub use mongodb::{MongoDb, Node as MongoNode};
pub use postgres::{Postgres, Settings as PostgresSettings};

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    error::{Result, StackError},
    files,
    process::Launch,
    wait::{self, Seen},
};

const TAIL_LINES: usize = 15;

/// Runs a set-up program to its end, its output in `log`.
pub(crate) async fn run(name: &str, launch: &Launch, log: &Path, limit: Duration) -> Result<()> {
    let mut child = launch.spawn(log)?;
    let begun = Instant::now();
    let ended = wait::until(&format!("{name} to finish"), limit, || {
        let seen = match child.try_wait() {
            Ok(Some(status)) => Seen::Done(status),
            Ok(None) => Seen::NotYet(format!("it runs for {} s", begun.elapsed().as_secs())),
            Err(error) => Seen::Never(StackError::failed(format!("wait for {name}"), error)),
        };
        std::future::ready(seen)
    })
    .await;
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(StackError::failed(
            format!("run {name}"),
            format!("{status}\n{}", files::tail(log, TAIL_LINES)),
        )),
        Err(error) => {
            // Whether or not it could still be ended, the reason to give up is the one to tell.
            let _ = child.kill();
            let _ = child.wait();
            Err(error)
        }
    }
}
