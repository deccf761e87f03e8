//! The result for the terminal.

use std::fmt::Write;

use super::{Check, Finding, Report};

pub fn lines(report: &Report) -> Vec<String> {
    let machine = &report.machine;
    let mut lines = vec![String::new()];
    if !report.optimised {
        lines.push(
            "NOT OPTIMISED: these figures say nothing; `cargo bench-stack` measures.".to_owned(),
        );
    }
    lines.extend([
        format!(
            "{} cores of {}, {} MiB, load before {}; {} clients, medians of {} pairs of {} s",
            machine.cores,
            machine.processor,
            machine.memory_mib,
            machine.load_before,
            report.clients,
            report.pairs,
            report.seconds
        ),
        String::new(),
        format!(
            "{:<46} {:>9} {:>17} {:>7} {:>7} {:>7}  reached",
            "measure", "median", "least–most", "floor", "goal", "dream"
        ),
    ]);
    lines.extend(report.findings.iter().map(finding));
    lines.push(String::new());
    for figure in &report.figures {
        lines.push(format!(
            "{:<12} {:<46} {:>10} {:<5} ({}–{})",
            figure.part,
            figure.what,
            short(figure.value.median),
            figure.unit,
            short(figure.value.least),
            short(figure.value.most)
        ));
    }
    lines.push(String::new());
    for check in &report.checks {
        let Check {
            what,
            accepted,
            stored,
            retried,
        } = check;
        let mut line = format!("{what}: {accepted} accepted, {stored} stored");
        if *retried > 0 {
            let _ = write!(line, ", {retried} of them sent again after a 503");
        }
        lines.push(line);
    }
    lines
}

fn finding(finding: &Finding) -> String {
    let Finding {
        target,
        value,
        standing,
    } = finding;
    let spread = format!("{}–{}", short(value.least), short(value.most));
    format!(
        "{:<46} {:>9} {spread:>17} {:>7} {:>7} {:>7}  {}",
        format!("{}{}", target.what, target.unit.replace(" MiB", ", MiB")),
        short(value.median),
        short(target.floor),
        short(target.goal),
        short(target.dream),
        standing.as_str()
    )
}

/// Two decimals where they say something.
pub fn short(value: f64) -> String {
    if value.abs() < 100.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.0}")
    }
}
