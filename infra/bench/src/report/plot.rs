//! The result as a picture: one row per measure on a logarithmic scale on which the floor is always in the same place
//! and better is always to the right.

use super::{Finding, Report, table::short};
use crate::targets::{Better, Standing};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 330.0;
const RIGHT: f64 = 90.0;
const ROW: f64 = 34.0;
const TOP: f64 = 46.0;
/// How often the floor fits between the left edge and the floor, and from there to the right edge.
const WORSE_MAX: f64 = 4.0;
const BETTER_MAX: f64 = 12.0;

pub fn svg(report: &Report) -> String {
    let height = TOP + ROW * report.findings.len() as f64 + 24.0;
    let machine = &report.machine;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"20\" font-size=\"13\" font-weight=\"bold\">Orderfold on {} cores of {}, {}</text>\n\
         <text x=\"12\" y=\"37\" fill=\"#555\">medians of {} pairs; bars from least to most; marks: floor, goal, dream; \
         better is right</text>\n",
        machine.cores,
        escaped(&machine.processor),
        machine.measured_on,
        report.pairs
    );
    for (number, finding) in report.findings.iter().enumerate() {
        svg.push_str(&row(finding, TOP + ROW * number as f64 + ROW / 2.0));
    }
    svg.push_str("</svg>\n");
    svg
}

fn row(finding: &Finding, y: f64) -> String {
    let target = &finding.target;
    let at = |value: f64| place(value, target.floor, target.better);
    let colour = match finding.standing {
        Standing::BelowFloor => "#b3261e",
        Standing::Floor => "#b26a00",
        Standing::Goal => "#2e7d32",
        Standing::Dream => "#1565c0",
    };
    let marks: String = [target.floor, target.goal, target.dream]
        .map(|mark| {
            let x = at(mark);
            format!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#999\"/>",
                y - 10.0,
                y + 10.0
            )
        })
        .concat();
    let (start, end) = (at(finding.value.least), at(finding.value.most));
    let (left, width) = (start.min(end), (start - end).abs());
    format!(
        "<text x=\"12\" y=\"{text:.1}\">{what}</text>{marks}\
         <rect x=\"{left:.1}\" y=\"{bar:.1}\" width=\"{width:.1}\" height=\"6\" fill=\"{colour}\" opacity=\"0.35\"/>\
         <circle class=\"value\" cx=\"{middle:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"/>\
         <text x=\"{figure:.1}\" y=\"{text:.1}\" fill=\"{colour}\">{value}{unit}</text>\n",
        text = y + 4.0,
        bar = y - 3.0,
        what = escaped(target.what),
        middle = at(finding.value.median),
        figure = WIDTH - RIGHT + 8.0,
        value = short(finding.value.median),
        unit = target.unit,
    )
}

/// Logarithmic, with the floor in a fixed place.
fn place(value: f64, floor: f64, better: Better) -> f64 {
    let gain = match better {
        Better::Higher => value / floor,
        Better::Lower => floor / value,
    };
    let gain = gain.clamp(1.0 / WORSE_MAX, BETTER_MAX);
    let share = (gain.ln() + WORSE_MAX.ln()) / (BETTER_MAX.ln() + WORSE_MAX.ln());
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_is_to_the_right_whichever_way_a_measure_goes() {
        assert!(place(2.0, 1.0, Better::Higher) > place(1.0, 1.0, Better::Higher));
        assert!(place(2.0, 1.0, Better::Lower) < place(1.0, 1.0, Better::Lower));
        let same = place(0.7, 0.7, Better::Higher) - place(96.0, 96.0, Better::Lower);
        assert!(same.abs() < 1e-9);
        assert!(place(1e9, 1.0, Better::Higher) <= WIDTH - RIGHT);
    }
}
