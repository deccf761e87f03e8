//! Cutting many commands into requests.

use std::collections::VecDeque;

/// The endpoint's own limits.
pub const LINES_MAX: usize = 5_000;
pub const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Cuts lines into requests within the endpoint's limits.
#[must_use]
pub fn requests(lines: Vec<String>) -> VecDeque<Vec<String>> {
    let mut requests = VecDeque::new();
    let mut current: Vec<String> = Vec::new();
    let mut bytes: usize = 0;
    for line in lines {
        if current.len() == LINES_MAX || bytes + line.len() + 1 > REQUEST_BYTES_MAX {
            requests.push_back(std::mem::take(&mut current));
            bytes = 0;
        }
        bytes += line.len() + 1;
        current.push(line);
    }
    if !current.is_empty() {
        requests.push_back(current);
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_keep_the_order_and_the_limits() {
        let lines: Vec<String> = (0..12_001).map(|number| number.to_string()).collect();
        let requests = requests(lines.clone());
        assert_eq!(
            requests.iter().map(Vec::len).collect::<Vec<_>>(),
            [5_000, 5_000, 2_001]
        );
        assert_eq!(requests.into_iter().flatten().collect::<Vec<_>>(), lines);

        let big = vec!["x".repeat(REQUEST_BYTES_MAX / 2); 3];
        assert_eq!(
            super::requests(big)
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>(),
            [1, 1, 1]
        );
    }
}
