//! Processor time of a process and its children, as Linux counts it: where a command's cost falls.

use std::{fs::read_to_string, time::Duration};

use orderfold_stack::Unit;

/// Linux counts in hundredths of a second, whatever the kernel's own tick.
const TICKS_PER_SECOND: u64 = 100;
/// Fields after the name: state, parent, …, user time, system time.
const PARENT: usize = 1;
const USER: usize = 11;

/// What a unit and its children have used so far; nothing where it does not run.
pub fn used_by(unit: &Unit) -> Duration {
    unit.pid().map_or(Duration::ZERO, |unit| {
        used(|pid, parent| pid == unit || parent == unit)
    })
}

/// What this process has used so far. What it measures are its children.
pub fn used_here() -> Duration {
    let here = std::process::id();
    used(|pid, _parent| pid == here)
}

/// What those processes have used that are chosen by number and parent.
fn used(is_counted: impl Fn(u32, u32) -> bool) -> Duration {
    let processes = std::fs::read_dir("/proc").into_iter().flatten();
    let ticks: u64 = processes
        .filter_map(|entry| {
            let number: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = read_to_string(format!("/proc/{number}/stat")).ok()?;
            let (parent, ticks) = parse(&stat)?;
            is_counted(number, parent).then_some(ticks)
        })
        .sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// The parent, and the ticks spent in user and system mode.
fn parse(stat: &str) -> Option<(u32, u64)> {
    // The name stands in brackets and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<u64>().ok();
    Some((
        fields.get(PARENT)?.parse().ok()?,
        ticks(USER)? + ticks(USER + 1)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_a_name_with_blanks_and_brackets() {
        let stat = "42 (a) b (c)) S 7 1 1 0 -1 4194560 100 0 0 0 150 25 3 4 20 0 1 0 98765 1000 10";
        assert_eq!(parse(stat), Some((7, 175)));
        assert_eq!(parse("42 (cut off) S"), None);
    }
}
