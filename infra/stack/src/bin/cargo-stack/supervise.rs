//! The foreground: prints the merged logs, tells when something ended or came back, and waits for
//! the sign to stop.

use std::{collections::HashMap, future::Future, pin::Pin, time::Duration};

use orderfold_stack::{
    Result, StackError, State, Unit,
    error::Doing,
    files,
    local::LocalStack,
    process::{Record, Records},
    system::System,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::{console, follow::Logs};

const LOOK_INTERVAL: Duration = Duration::from_millis(250);
const TAIL_LINES: usize = 10;

/// Ends at the first Ctrl-C, termination or hang-up of the terminal.
pub fn stop_requested() -> Result<impl Future<Output = ()>> {
    let listen = |kind| signal(kind).doing(|| "listen for signals".to_owned());
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

pub async fn until_stopped(
    here: &LocalStack,
    system: &System,
    mut stopping: Pin<&mut impl Future<Output = ()>>,
) {
    let units = system.units();
    let mut logs = Logs::new(
        units
            .iter()
            .map(|unit| (unit.name(), unit.log().to_owned())),
    )
    .only_new();
    let records = here.layout(false).records();
    let mut last_seen: HashMap<String, Seen> = HashMap::new();
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    loop {
        tokio::select! {
            () = &mut stopping => return,
            _ = looks.tick() => {
                logs.print_new();
                for unit in &units {
                    let seen = Seen::now(unit, &records);
                    let before = last_seen.insert(unit.name(), seen);
                    if let Some(before) = before.filter(|before| *before != seen) {
                        tell(unit, before, seen);
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Runs(u32),
    /// Somebody stopped it in good order, and its record with it.
    WasStopped,
    Ended,
}

impl Seen {
    fn now(unit: &Unit, records: &Records) -> Self {
        match records.read(&unit.name()) {
            None => Self::WasStopped,
            Some(record) => Self::of(&record),
        }
    }

    fn of(record: &Record) -> Self {
        if record.state() == State::Stopped {
            Self::Ended
        } else {
            Self::Runs(record.identity.pid)
        }
    }
}

fn tell(unit: &Unit, before: Seen, now: Seen) {
    let name = unit.name();
    match (before, now) {
        (_, Seen::Runs(pid)) => console::say(&format!("{name} runs again (process {pid})")),
        (_, Seen::WasStopped) => console::say(&format!("{name} was stopped")),
        (_, Seen::Ended) => {
            let tail = files::tail(unit.log(), TAIL_LINES);
            let error = StackError::failed(
                format!("keep {name} running"),
                format!(
                    "it ended ({}); the end of {}:\n{tail}\n`cargo stack restart {name}` brings it back",
                    unit.last_exit(),
                    unit.log().display()
                ),
            );
            console::complain(&error.to_string());
        }
    }
}
