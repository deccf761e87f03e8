//! Which process is meant. A number alone can be somebody else's tomorrow; together with the
//! start time it cannot.

use std::{collections::HashMap, path::Path};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    pub pid: u32,
    /// In clock ticks since the machine started, as `/proc` has it.
    started: u64,
}

/// One line of the system's process table.
struct Entry {
    identity: Identity,
    parent: u32,
    status: char,
    threads: u32,
}

impl Entry {
    /// The first thread of a killed process may be gone while others still hold its files and ports.
    fn has_ended(&self) -> bool {
        self.status == 'X' || self.status == 'Z' && self.threads <= 1
    }
}

impl Identity {
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        read(pid).map(|entry| entry.identity)
    }

    /// Whether it still runs; a process that ended but was not yet collected does not.
    #[must_use]
    pub fn is_alive(self) -> bool {
        self.entry().is_some_and(|entry| !entry.has_ended())
    }

    #[must_use]
    pub fn is_frozen(self) -> bool {
        self.entry().is_some_and(|entry| entry.status == 'T')
    }

    fn entry(self) -> Option<Entry> {
        read(self.pid).filter(|entry| entry.identity == self)
    }

    /// Sends a signal, unless the process is gone by now.
    pub fn signal(self, signal: Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|_| self.is_alive()) {
            // It may end between the look and the signal: the same as having ended before.
            let _ = kill_process(pid, signal);
        }
    }
}

/// The process and everything it started, parents first.
#[must_use]
pub fn with_descendants(root: Identity) -> Vec<Identity> {
    let mut children: HashMap<u32, Vec<Identity>> = HashMap::new();
    for entry in pids().filter_map(read) {
        children
            .entry(entry.parent)
            .or_default()
            .push(entry.identity);
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(children.remove(&parent.pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// Every process whose working folder is `folder`: how a server's orphans are found.
#[must_use]
pub fn all_in_folder(folder: &Path) -> Vec<Identity> {
    pids()
        .filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder))
        .filter_map(Identity::of)
        .collect()
}

pub fn signal_all(processes: &[Identity], signal: Signal) {
    for process in processes {
        process.signal(signal);
    }
}

fn pids() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn read(pid: u32) -> Option<Entry> {
    parse(
        pid,
        &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?,
    )
}

/// Counts fields after the name, which stands in brackets and may itself hold blanks and brackets.
fn parse(pid: u32, stat: &str) -> Option<Entry> {
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let status = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let threads = fields.nth(15)?.parse().ok()?;
    let started = fields.nth(1)?.parse().ok()?;
    Some(Entry {
        identity: Identity { pid, started },
        parent,
        status,
        threads,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_fields() {
        let stat = "42 (a) b (c)) S 7 1 1 0 -1 4194560 100 0 0 0 1 2 3 4 20 0 1 0 98765 1000 10";
        let entry = parse(42, stat).expect("a line of the table");
        assert_eq!((entry.status, entry.parent, entry.threads), ('S', 7, 1));
        assert_eq!(
            entry.identity,
            Identity {
                pid: 42,
                started: 98765
            }
        );
    }

    #[test]
    fn a_process_has_ended_when_its_last_thread_has() {
        let stat = |threads: u32| {
            let fields = format!("Z 7 1 1 0 -1 4194560 100 0 0 0 1 2 3 4 20 0 {threads} 0 98765 0");
            parse(42, &format!("42 (a) {fields}")).expect("a line of the table")
        };
        assert!(!stat(2).has_ended());
        assert!(stat(1).has_ended());
    }

    #[test]
    fn a_process_number_given_to_another_process_is_not_the_same_process() {
        let me = Identity::of(std::process::id()).expect("this process");
        assert!(me.is_alive());
        assert!(
            !Identity {
                started: me.started + 1,
                ..me
            }
            .is_alive()
        );
    }
}
