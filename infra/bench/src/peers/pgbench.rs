//! pgbench: one transaction per command that writes the rows which the service writes, prepared, from C.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use orderfold_stack::{Result, StackError, error::Doing};
use tokio::process::Command;

use super::{
    database::{ORDERS, SHARDS},
    sample::Sample,
};
use crate::{load::CLIENTS, statistics::Latencies};

const ADVICE: &str = "On Debian: `apt-get install postgresql-contrib`.";
const HEAD: &str = "\
update shard_head set position = position + 1, last_event_id = uuidv7(), last_recorded_at = clock_timestamp()
 where shard = :shard returning position, last_event_id as event, last_recorded_at as now \\gset
";
const REST: &str = "\
insert into event (shard, position, stream_id, version, event_id, customer_id, type, occurred_at, recorded_at,
                   correlation_id, causation_id, actor, traceparent, data)
values (:shard, :position, 'order-' || :order, :version, :event, :customer, :type, :now, :now, :event, :event,
        :actor, :traceparent, convert_to(:data, 'UTF8'));
insert into idempotency (key, fingerprint, internal, status, body, stream_id, version, epoch, shard, position, created_at)
values (sha256(convert_to(:event, 'UTF8')), sha256(convert_to(:event, 'UTF8')), false, :status,
        convert_to(:answer, 'UTF8'), 'order-' || :order, :version, 1, :shard, :position, :now);
commit;
";

/// What the transactions write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streams {
    New,
    Many,
    One,
}

/// The transaction of one command.
fn script(streams: Streams) -> String {
    let existing = "update stream set version = version + 1 where stream_id = 'order-' || :order returning version \\gset\n";
    match streams {
        Streams::New => format!(
            "\\set shard random(0, {SHARDS} - 1)\n\\set version 1\nbegin;\n{HEAD}\
             insert into stream (stream_id, shard, version) values ('order-' || :event, :shard, 1);\n{}",
            REST.replace(":order", ":event")
        ),
        Streams::Many => format!(
            "\\set order random(1, {ORDERS})\n\\set shard :order % {SHARDS}\nbegin;\n{HEAD}{existing}{REST}"
        ),
        Streams::One => {
            format!("\\set order 1\n\\set shard 1\nbegin;\n{HEAD}{existing}{REST}")
        }
    }
}

#[derive(Debug, Clone)]
pub struct Pgbench {
    program: PathBuf,
    database_url: String,
}

/// What one run of pgbench says.
pub struct Run {
    pub transactions: u64,
    pub per_second: f64,
    pub latencies: Latencies,
}

/// The program, wherever it is on this machine.
#[derive(Debug, Clone)]
pub struct Installed(PathBuf);

impl Installed {
    /// # Errors
    /// When there is no pgbench on this machine, with how to get one.
    pub fn find() -> Result<Self> {
        let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .filter_map(|version| Some(version.ok()?.path().join("bin/pgbench")))
            .collect();
        installed.sort();
        installed.push(PathBuf::from("/usr/local/bin/pgbench"));
        installed.push(PathBuf::from("/usr/bin/pgbench"));
        let program = installed.into_iter().find(|program| program.is_file());
        program.map(Self).ok_or_else(|| StackError::Missing {
            what: "pgbench".to_owned(),
            why: "it is neither in /usr/lib/postgresql nor beside the other programs".to_owned(),
            advice: ADVICE.to_owned(),
        })
    }

    pub fn against(self, database_url: &str) -> Pgbench {
        Pgbench {
            program: self.0,
            database_url: database_url.to_owned(),
        }
    }
}

impl Pgbench {
    /// As many clients as the service gets; with a rate, latencies count from when a transaction was due.
    ///
    /// # Errors
    /// When pgbench fails, or one of its transactions.
    pub async fn run(
        &self,
        streams: Streams,
        sample: &Sample,
        per_second: Option<f64>,
        during: Duration,
    ) -> Result<Run> {
        let folder = tempfile::tempdir().doing(|| "make a folder for pgbench".to_owned())?;
        let file = folder.path().join("script.sql");
        std::fs::write(&file, script(streams)).doing(|| format!("write {}", file.display()))?;
        let mut command = Command::new(&self.program);
        command
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--log"])
            .arg(format!("--client={CLIENTS}"))
            .arg(format!("--time={}", during.as_secs().max(1)))
            .arg("--file")
            .arg(&file)
            .args(variables(sample))
            .args(per_second.map(|rate| format!("--rate={rate:.1}")))
            .arg(&self.database_url)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = command.output().await.doing(|| "run pgbench".to_owned())?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(StackError::failed("run pgbench", errors.trim()));
        }
        let (transactions, per_second) =
            figures(&said).ok_or_else(|| StackError::failed("understand pgbench", &said))?;
        let latencies = read_logs(folder.path())?;
        if latencies.count() < transactions {
            let reason = format!(
                "{transactions} transactions and {} lines",
                latencies.count()
            );
            return Err(StackError::failed("read the logs of pgbench", reason));
        }
        Ok(Run {
            transactions,
            per_second,
            latencies,
        })
    }
}

fn variables(sample: &Sample) -> Vec<String> {
    let define =
        |name: &str, value: &dyn ToString| format!("--define={name}={}", value.to_string());
    vec![
        define("customer", &sample.customer),
        define("type", &sample.event_type),
        define("actor", &sample.actor),
        define("traceparent", &sample.traceparent),
        define("data", &sample.data),
        define("status", &sample.status),
        define("answer", &sample.answer),
    ]
}

/// Transactions and transactions per second, unless some of them failed.
fn figures(said: &str) -> Option<(u64, f64)> {
    let after = |label: &str| said.lines().find_map(|line| line.strip_prefix(label));
    let failed = after("number of failed transactions: ").unwrap_or("0");
    let transactions = after("number of transactions actually processed: ")?;
    let rate = after("tps = ")?.split_whitespace().next()?;
    failed.starts_with('0').then_some(())?;
    Some((
        transactions.split('/').next()?.parse().ok()?,
        rate.parse().ok()?,
    ))
}

/// One line per transaction; the third field is its latency in microseconds.
fn read_logs(folder: &Path) -> Result<Latencies> {
    let mut latencies = Latencies::new()?;
    let reading = || "read the logs of pgbench".to_owned();
    for entry in std::fs::read_dir(folder).doing(reading)? {
        let path = entry.doing(reading)?.path();
        let is_log = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("pgbench_log"));
        if !is_log {
            continue;
        }
        for line in std::fs::read_to_string(&path).doing(reading)?.lines() {
            if let Some(micros) = line.split(' ').nth(2).and_then(|field| field.parse().ok()) {
                latencies.record_micros(micros);
            }
        }
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
transaction type: script.sql
number of transactions actually processed: 4567
number of failed transactions: 0 (0.000%)
latency average = 13.9 ms
tps = 1234.567890 (without initial connection time)
";

    #[test]
    fn figures_are_read_from_what_pgbench_says() {
        let (transactions, rate) = figures(SAID).unwrap();
        assert_eq!(transactions, 4567);
        assert!((rate - 1234.56789).abs() < 1e-9);
    }

    #[test]
    fn a_failed_transaction_is_no_figure() {
        assert!(figures(&SAID.replace("transactions: 0 (", "transactions: 3 (")).is_none());
        assert!(figures("tps = many").is_none());
    }

    #[test]
    fn latencies_are_read_from_every_log_of_a_run() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("pgbench_log.1"),
            "0 1 2000 0 1 2\n1 1 4000 0 1 2\n",
        )
        .unwrap();
        std::fs::write(folder.path().join("pgbench_log.1.1"), "2 1 9000 0 1 2\n").unwrap();
        std::fs::write(folder.path().join("script.sql"), "0 1 1 0 1 2\n").unwrap();
        let latencies = read_logs(folder.path()).unwrap();
        assert_eq!(latencies.count(), 3);
        assert!((latencies.percentile_ms(100.0) - 9.0).abs() < 0.1);
    }

    #[test]
    fn every_kind_of_stream_has_a_whole_transaction() {
        for streams in [Streams::New, Streams::Many, Streams::One] {
            let script = script(streams);
            for part in [
                "begin;",
                "update shard_head",
                "insert into event",
                "insert into idempotency",
                "commit;",
            ] {
                assert_eq!(script.matches(part).count(), 1, "{streams:?}: {part}");
            }
            assert_eq!(script.contains(":order,"), streams != Streams::New);
        }
    }
}
