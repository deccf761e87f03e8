//! The result for the terminal.

use super::{Finding, Report};

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
        lines.push(format!(
            "{}: {} accepted, {} stored",
            check.what, check.accepted, check.stored
        ));
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
