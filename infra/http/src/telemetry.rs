//! Logs: one line per event, as JSON or for a person, each with the request's ids. A thread of its own writes them, so
//! that no request waits for whoever reads them.

use std::{
    io::{BufWriter, Write},
    str::FromStr,
    sync::OnceLock,
};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err("must be json or text".to_owned()),
        }
    }
}

/// Lines that may wait to be written; about half a kilobyte each. A burst fits in, a reader that hangs does not.
const WAITING_LINES_MAX: usize = 16_384;
/// What the thread writes at once when it has fallen behind.
const WRITE_BYTES: usize = 64 * 1024;

/// Counts for the whole process, as there is one log.
static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Starts logging, for the whole process and once. The guard belongs where the process ends: dropping it writes what
/// still waits.
///
/// # Errors
/// When the filter cannot be read, or something else logs already.
pub fn init(
    format: LogFormat,
    filter: &str,
) -> Result<WorkerGuard, Box<dyn std::error::Error + Send + Sync>> {
    let registry = tracing_subscriber::registry().with(EnvFilter::try_new(filter)?);
    let (writer, guard) = writer(std::io::stdout(), WAITING_LINES_MAX);
    let dropped = writer.error_counter();
    let layer = fmt::layer().with_writer(writer);
    match format {
        // The span names the request; the list of spans around it would only repeat it.
        LogFormat::Json => registry
            .with(layer.json().flatten_event(true).with_span_list(false))
            .try_init()?,
        LogFormat::Text => registry
            .with(layer.with_ansi(false).with_target(false))
            .try_init()?,
    }
    DROPPED.get_or_init(|| dropped);
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a task panicked")));
    Ok(guard)
}

/// Tells the metrics how many lines were dropped; zero as long as the log is read.
pub(crate) fn report_dropped_lines() {
    if let Some(dropped) = DROPPED.get() {
        let lines = u64::try_from(dropped.dropped_lines()).unwrap_or(u64::MAX);
        metrics::counter!("orderfold_log_lines_dropped_total").absolute(lines);
    }
}

/// A writer that rather drops lines, and counts them, than makes a request wait: the log is for diagnosis, while what
/// happened stands in the event store.
fn writer(sink: impl Write + Send + 'static, lines_max: usize) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(lines_max)
        .thread_name("log")
        .finish(BufWriter::with_capacity(WRITE_BYTES, sink))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A reader that hangs until the other end is dropped, and counts what it then gets.
    struct Hanging(mpsc::Receiver<()>);

    impl Write for Hanging {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _until_dropped = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_nobody_reads_drops_lines_and_holds_nobody_up() {
        let (release, hanging) = mpsc::channel();
        let (mut log, guard) = writer(Hanging(hanging), 8);
        let line = [b'x'; 1_024];
        // More than the queue, the buffer and the line under way hold together.
        let lines = 8 + WRITE_BYTES / line.len() + 2 + 100;
        for _ in 0..lines {
            log.write_all(&line).unwrap();
        }
        let dropped = log.error_counter().dropped_lines();
        assert!((100..=lines).contains(&dropped), "{dropped}");
        drop(release);
        drop(guard);
    }
}
