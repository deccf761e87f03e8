//! Medians and their spread over repeated measurements, and latencies.

use std::time::Duration;

use hdrhistogram::Histogram;
use orderfold_stack::{Result, StackError};
use serde::Serialize;

/// Longer ones count as this long.
const LATENCY_MICROS_MAX: u64 = 60_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;

/// The middle of several measurements, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// # Errors
    /// When nothing was measured, or something that is no number.
    pub fn of(values: &[f64]) -> Result<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else {
            return Err(StackError::failed("take a median", "nothing was measured"));
        };
        if !sorted.iter().all(|value| value.is_finite()) {
            return Err(StackError::failed(
                "take a median",
                "one of the measurements is no number: a side did nothing at all",
            ));
        }
        let middle = sorted.len() / 2;
        let upper = sorted.get(middle).copied().unwrap_or(most);
        let median = if sorted.len().is_multiple_of(2) {
            let lower = sorted
                .get(middle.saturating_sub(1))
                .copied()
                .unwrap_or(least);
            f64::midpoint(lower, upper)
        } else {
            upper
        };
        Ok(Self {
            median,
            least,
            most,
        })
    }

    /// The same single value three times.
    pub fn single(value: f64) -> Self {
        Self {
            median: value,
            least: value,
            most: value,
        }
    }

    /// Of the ratios within each pair: a machine that is slow for a while is slow for both of a pair.
    ///
    /// # Errors
    /// As `of`.
    pub fn of_ratios(ours: &[f64], peers: &[f64]) -> Result<Self> {
        let ratios: Vec<f64> = ours
            .iter()
            .zip(peers)
            .map(|(ours, peer)| ours / peer)
            .collect();
        Self::of(&ratios)
    }
}

/// Latencies in microseconds.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// # Errors
    /// Never in practice: the bounds are constants.
    pub fn new() -> Result<Self> {
        Histogram::new_with_max(LATENCY_MICROS_MAX, SIGNIFICANT_DIGITS)
            .map(Self)
            .map_err(|error| StackError::failed("make a histogram", error))
    }

    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LATENCY_MICROS_MAX);
        self.record_micros(micros);
    }

    pub fn record_micros(&mut self, micros: u64) {
        self.0.saturating_record(micros.max(1));
    }

    /// # Errors
    /// Never in practice: all have the same bounds.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.0
            .add(&other.0)
            .map_err(|error| StackError::failed("add up latencies", error))
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// In milliseconds, such as the 99th.
    pub fn percentile_ms(&self, percentile: f64) -> f64 {
        self.0.value_at_percentile(percentile) as f64 / 1000.0
    }
}

/// Moments at which requests are due: independent arrivals at a fixed mean rate, the same ones in every run.
pub fn arrivals(per_second: f64, during: Duration) -> Vec<Duration> {
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut at = 0.0;
    let mut due = Vec::new();
    while at < during.as_secs_f64() {
        due.push(Duration::from_secs_f64(at));
        // Xorshift; the upper 53 bits make a number between 0 and 1.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let unit = ((random >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
        at -= unit.ln() / per_second;
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn one_outlier_moves_the_ends_and_not_the_middle() {
        let spread = Spread::of(&[5.0, 1.0, 100.0, 4.0, 6.0]).unwrap();
        assert!(close(spread.median, 5.0) && close(spread.least, 1.0) && close(spread.most, 100.0));
        assert!(close(Spread::of(&[1.0, 2.0]).unwrap().median, 1.5));
    }

    #[test]
    fn a_ratio_is_taken_within_each_pair() {
        // The machine was ten times slower during the second pair: the ratio is two all the same.
        let spread = Spread::of_ratios(&[20.0, 2.0, 20.0], &[10.0, 1.0, 10.0]).unwrap();
        assert!(close(spread.least, 2.0) && close(spread.most, 2.0));
    }

    #[test]
    fn nothing_measured_is_no_result() {
        assert!(Spread::of(&[]).is_err());
        assert!(Spread::of_ratios(&[1.0], &[0.0]).is_err());
    }

    #[test]
    fn arrivals_keep_their_rate_and_their_order() {
        let due = arrivals(1_000.0, Duration::from_secs(20));
        assert!((18_500..21_500).contains(&due.len()), "{}", due.len());
        assert!(due.is_sorted());
        assert_eq!(due, arrivals(1_000.0, Duration::from_secs(20)));
    }

    #[test]
    fn a_latency_beyond_the_bounds_still_counts() {
        let mut latencies = Latencies::new().unwrap();
        latencies.record(Duration::from_hours(2));
        latencies.record_micros(0);
        assert_eq!(latencies.count(), 2);
        assert!(latencies.percentile_ms(100.0) >= 60_000.0);
    }
}
