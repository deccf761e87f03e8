//! One server or service that can be started, stopped, killed, frozen, resumed and restarted,
//! also by another invocation than the one that started it.

use std::{
    future::ready,
    path::{Path, PathBuf},
    process::Child,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::{
    Identity, Launch, Record, Records, Signal, Watchdog, ending, signal_all, with_descendants,
};
use crate::{
    error::{Result, StackError},
    files,
    wait::{self, Seen},
};

const READY_LIMIT: Duration = Duration::from_mins(3);
const SIGNAL_LIMIT: Duration = Duration::from_secs(5);
const TAIL_LINES: usize = 15;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub purpose: String,
    pub url: String,
}

/// What is particular about one kind of server.
pub trait Program: Send + Sync {
    fn name(&self) -> String;
    fn launch(&self) -> Launch;
    /// Where it works. No process of another server works in the same folder.
    fn folder(&self) -> &Path;
    fn addresses(&self) -> Vec<Address>;
    /// The signal that asks it to end in good order.
    fn stop_signal(&self) -> Signal {
        Signal::TERM
    }
    /// One-time work before the first start, and repairs before every one.
    fn prepare(&self) -> BoxFuture<'_, Result<()>>;
    /// Whether it serves now; if not yet, what was seen.
    fn ready(&self) -> BoxFuture<'_, std::result::Result<(), String>>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Running,
    Frozen,
    Stopped,
}

pub struct Unit {
    program: Arc<dyn Program>,
    records: Records,
    log: PathBuf,
    watchdog: Option<Arc<Watchdog>>,
    child: Mutex<Option<Child>>,
    first_start: tokio::sync::OnceCell<()>,
}

impl Unit {
    #[must_use]
    pub fn new(
        program: Arc<dyn Program>,
        records: Records,
        logs: &Path,
        watchdog: Option<Arc<Watchdog>>,
    ) -> Self {
        let log = logs.join(format!("{}.log", program.name()));
        Self {
            program,
            records,
            log,
            watchdog,
            child: Mutex::new(None),
            first_start: tokio::sync::OnceCell::new(),
        }
    }

    #[must_use]
    pub fn name(&self) -> String {
        self.program.name()
    }

    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Where it works.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.program.folder()
    }

    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        self.program.addresses()
    }

    /// The process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.identity().map(|identity| identity.pid)
    }

    #[must_use]
    pub fn state(&self) -> State {
        self.records
            .read(&self.name())
            .map_or(State::Stopped, |record| record.state())
    }

    /// Starts it and waits until it serves. Nothing happens where it already does.
    ///
    /// # Errors
    /// When it cannot be started, ends at once, or does not serve in time.
    pub async fn start(&self) -> Result<()> {
        if self.identity().is_none() {
            self.program.prepare().await?;
            self.spawn()?;
        }
        self.wait_until_ready().await
    }

    /// Starts it for whoever asks first; the others wait for that.
    ///
    /// # Errors
    /// As `start`; the next one tries again.
    pub async fn start_once(&self) -> Result<()> {
        self.first_start.get_or_try_init(|| self.start()).await?;
        Ok(())
    }

    /// Starts the process without waiting for it to serve.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&self) -> Result<()> {
        let child = self.program.launch().spawn(&self.log)?;
        let pid = child.id();
        if let Some(watchdog) = &self.watchdog {
            watchdog.watch(pid);
        }
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        let identity = Identity::of(pid).ok_or_else(|| self.ended())?;
        self.records.write(&Record {
            name: self.name(),
            identity,
            addresses: self.addresses(),
            log: self.log.clone(),
            folder: self.program.folder().to_owned(),
            stop_signal: self.program.stop_signal().as_raw(),
        })
    }

    /// # Errors
    /// When it ends or does not serve in time.
    pub async fn wait_until_ready(&self) -> Result<()> {
        wait::until(
            &format!("{} to be ready", self.name()),
            READY_LIMIT,
            || async {
                if self.identity().is_none() {
                    return Seen::Never(self.ended());
                }
                match self.program.ready().await {
                    Ok(()) => Seen::Done(()),
                    Err(seen) => Seen::NotYet(seen),
                }
            },
        )
        .await
    }

    /// Asks it to end, and insists after a while. Nothing happens where it does not run.
    ///
    /// # Errors
    /// When it does not even end when killed.
    pub async fn stop(&self) -> Result<()> {
        if let Some(record) = self.records.read(&self.name()) {
            ending::stop(&record).await?;
        }
        self.forget()
    }

    /// Ends it and everything it started at once, as a crash would.
    ///
    /// # Errors
    /// When something of it goes on running.
    pub async fn kill(&self) -> Result<()> {
        ending::kill(&self.name(), self.identity(), self.program.folder()).await?;
        self.forget()
    }

    /// Stops the clock for it: it keeps its memory, locks and connections and does nothing.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn freeze(&self) -> Result<()> {
        self.signal_until("freeze", Signal::STOP, Identity::is_frozen)
            .await
    }

    /// # Errors
    /// When it does not run.
    pub async fn resume(&self) -> Result<()> {
        self.signal_until("resume", Signal::CONT, |identity| !identity.is_frozen())
            .await
    }

    /// # Errors
    /// As `stop` and `start`.
    pub async fn restart(&self) -> Result<()> {
        self.stop().await?;
        self.start().await
    }

    /// Signals take effect a moment later, and a process may start another meanwhile: look again
    /// until nothing is left to signal.
    async fn signal_until(
        &self,
        verb: &str,
        signal: Signal,
        done: fn(Identity) -> bool,
    ) -> Result<()> {
        let awaited = format!("{} to {verb}", self.name());
        wait::until(&awaited, SIGNAL_LIMIT, || {
            let Some(identity) = self.identity() else {
                return ready(Seen::Never(StackError::failed(
                    format!("{verb} {}", self.name()),
                    "it is not running",
                )));
            };
            let left: Vec<Identity> = with_descendants(identity)
                .into_iter()
                .filter(|process| process.is_alive() && !done(*process))
                .collect();
            signal_all(&left, signal);
            ready(if left.is_empty() {
                Seen::Done(())
            } else {
                Seen::NotYet(format!("{} to go", left.len()))
            })
        })
        .await
    }

    fn identity(&self) -> Option<Identity> {
        self.records
            .read(&self.name())
            .map(|record| record.identity)
            .filter(|identity| identity.is_alive())
    }

    /// Takes note of a child's end, so that the system can drop it from its table.
    fn collect(&self) -> Option<String> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let status = child.as_mut()?.try_wait().ok().flatten()?;
        Some(status.to_string())
    }

    /// How the process ended that this `Unit` started last, in the system's words.
    #[must_use]
    pub fn last_exit(&self) -> String {
        self.collect()
            .unwrap_or_else(|| "how is not known".to_owned())
    }

    fn ended(&self) -> StackError {
        StackError::Ended {
            name: self.name(),
            how: self.last_exit(),
            log: self.log.clone(),
            tail: files::tail(&self.log, TAIL_LINES),
        }
    }

    fn forget(&self) -> Result<()> {
        self.collect();
        let child = self
            .child
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let (Some(child), Some(watchdog)) = (child, &self.watchdog) {
            watchdog.forget(child.id());
        }
        self.records.remove(&self.name())
    }
}
