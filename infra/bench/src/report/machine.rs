//! Where it was measured, as far as figures depend on it.

use std::{fs::read_to_string, thread::available_parallelism};

use orderfold_stack::clock;
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    pub measured_on: String,
    pub processor: String,
    pub cores: usize,
    pub memory_mib: u64,
    pub kernel: String,
    /// Of the minute before: what else the machine was busy with.
    pub load_before: String,
}

impl Machine {
    pub fn here() -> Self {
        let text = |file: &str| read_to_string(file).unwrap_or_default();
        let after = |text: &str, label: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(label));
            line.unwrap_or_default()
                .trim_start_matches([':', '\t', ' '])
                .to_owned()
        };
        let memory = after(&text("/proc/meminfo"), "MemTotal");
        let kib: u64 = memory
            .split(' ')
            .next()
            .and_then(|kib| kib.parse().ok())
            .unwrap_or(0);
        Self {
            measured_on: clock::now().date_naive().to_string(),
            processor: after(&text("/proc/cpuinfo"), "model name"),
            cores: available_parallelism().map_or(0, usize::from),
            memory_mib: kib / 1024,
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: text("/proc/loadavg")
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }
}
