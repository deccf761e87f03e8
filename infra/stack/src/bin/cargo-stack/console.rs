//! The terminal: the only place that writes to standard output.

use std::io::{IsTerminal, Write, stderr, stdout};

const COLOURS: [&str; 6] = ["36", "33", "32", "35", "34", "31"];

/// A line of the answer. Whoever reads it may have gone away; that is no reason to fail.
pub fn say(line: &str) {
    let mut output = stdout().lock();
    let _ = writeln!(output, "{line}");
    let _ = output.flush();
}

/// A line about a failure.
pub fn complain(line: &str) {
    let _ = writeln!(stderr(), "cargo stack: {line}");
}

/// A line of a log, behind the name of who wrote it.
pub fn say_from(name: &str, number: usize, width: usize, line: &str) {
    let prefix = format!("{name:<width$} |");
    if stdout().is_terminal() {
        let colour = COLOURS.get(number % COLOURS.len()).copied().unwrap_or("0");
        say(&format!("\u{1b}[{colour}m{prefix}\u{1b}[0m {line}"));
    } else {
        say(&format!("{prefix} {line}"));
    }
}
