//! The terminal: the only place that writes to it, but for the progress.

use std::io::{Write, stderr, stdout};

/// A line of the result. Whoever reads it may have gone away; that is no reason to fail.
pub fn say(line: &str) {
    let _ = writeln!(stdout().lock(), "{line}");
}

pub fn complain(line: &str) {
    let _ = writeln!(stderr(), "cargo bench-stack: {line}");
}
