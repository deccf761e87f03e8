//! What came out: findings beside their marks, further figures, and the proofs that what was acknowledged is stored.

mod machine;
mod plot;
mod table;

use std::{path::Path, time::Duration};

use orderfold_stack::{Result, StackError, error::Doing};
use serde::Serialize;

use machine::Machine;

use crate::{
    console,
    load::CLIENTS,
    statistics::Spread,
    targets::{Standing, Target},
};

/// One measure beside its marks.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    pub target: Target,
    pub value: Spread,
    pub standing: Standing,
}

/// A figure that findings are made of, or that helps to understand them.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    pub part: &'static str,
    pub what: String,
    pub unit: &'static str,
    pub value: Spread,
}

/// That nothing acknowledged is missing and nothing was stored that was not.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    pub what: String,
    pub accepted: u64,
    pub stored: u64,
    /// Commands that were told to come again, and did, under the same key.
    pub retried: u64,
}

impl Check {
    pub fn holds(&self) -> bool {
        self.accepted == self.stored
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub machine: Machine,
    /// Whether the services were built as they ship; without it no figure says anything.
    pub optimised: bool,
    pub clients: usize,
    pub pairs: u32,
    pub seconds: u64,
    pub findings: Vec<Finding>,
    pub figures: Vec<Figure>,
    pub checks: Vec<Check>,
}

impl Report {
    /// Of so many pairs with windows of that length; nothing found yet.
    pub fn new(pairs: u32, window: Duration) -> Self {
        Self {
            machine: Machine::here(),
            optimised: !cfg!(debug_assertions),
            clients: CLIENTS,
            pairs,
            seconds: window.as_secs(),
            findings: Vec::new(),
            figures: Vec::new(),
            checks: Vec::new(),
        }
    }

    pub fn find(&mut self, target: Target, value: Spread) {
        let standing = target.standing(value.median);
        self.findings.push(Finding {
            target,
            value,
            standing,
        });
    }

    pub fn figure(
        &mut self,
        part: &'static str,
        what: impl Into<String>,
        unit: &'static str,
        value: Spread,
    ) {
        let what = what.into();
        self.figures.push(Figure {
            part,
            what,
            unit,
            value,
        });
    }

    /// # Errors
    /// When the two differ: then no figure of the part means anything.
    pub fn check(
        &mut self,
        what: impl Into<String>,
        accepted: u64,
        stored: u64,
        retried: u64,
    ) -> Result<()> {
        let check = Check {
            what: what.into(),
            accepted,
            stored,
            retried,
        };
        if !check.holds() {
            let reason = format!("{accepted} were acknowledged and {stored} stored");
            return Err(StackError::failed(format!("prove {}", check.what), reason));
        }
        self.checks.push(check);
        Ok(())
    }

    /// Prints the table and writes the files.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn publish(&self, name: &str, folder: &Path) -> Result<()> {
        for line in table::lines(self) {
            console::say(&line);
        }
        self.save(folder, name)?;
        let json = folder.join(format!("{name}.json"));
        console::say(&format!("\nwritten to {}", json.display()));
        Ok(())
    }

    /// Writes `NAME.json` and `NAME.svg`.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn save(&self, folder: &Path, name: &str) -> Result<()> {
        let saving = || format!("write the results to {}", folder.display());
        std::fs::create_dir_all(folder).doing(saving)?;
        let mut json = serde_json::to_string_pretty(self)
            .map_err(|error| StackError::failed(saving(), error))?;
        json.push('\n');
        std::fs::write(folder.join(format!("{name}.json")), json).doing(saving)?;
        std::fs::write(folder.join(format!("{name}.svg")), plot::svg(self)).doing(saving)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets;

    fn report() -> Report {
        let mut report = Report::new(5, Duration::from_secs(5));
        report.find(targets::PLACE_PGBENCH, Spread::single(1.3));
        report.find(targets::LATENCY_PGBENCH, Spread::single(9.0));
        report.figure("place", "service <&>", "/s", Spread::single(2_000.0));
        report
    }

    #[test]
    fn a_table_shows_each_finding_with_its_marks_and_where_it_stands() {
        let text = table::lines(&report()).join("\n");
        for part in [
            "0.70",
            "1.20",
            "1.80",
            "1.30",
            "goal",
            "below floor",
            "2000",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn an_acknowledged_command_that_is_not_stored_ends_the_run() {
        let mut report = report();
        assert!(report.check("place", 10, 9, 0).is_err());
        assert!(report.check("place", 10, 10, 0).is_ok());
    }

    #[test]
    fn both_files_are_written_and_say_what_was_found() {
        let folder = tempfile::tempdir().unwrap();
        report().save(folder.path(), "write").unwrap();
        let json = std::fs::read_to_string(folder.path().join("write.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["findings"][0]["standing"], "goal");
        let svg = std::fs::read_to_string(folder.path().join("write.svg")).unwrap();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        assert_eq!(svg.matches("class=\"value\"").count(), 2);
    }
}
