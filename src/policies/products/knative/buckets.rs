//! Metric windows: what was recorded, second by second, and its average.
//!
//! `pkg/autoscaler/aggregation` of Knative Serving. What lands in one bucket is added up, whoever reports it.

use crate::products::words::words;
use autosim_engine::units::{Span, Time};

/// No coefficient of the weighted average is smaller.
const LEAST_COEFFICIENT: f64 = 0.2;
/// What the weights of a full window leave out.
const LEFT_OUT: f64 = 0.0001;
/// Averages are rounded to its inverse.
const DECIMALS: f64 = 1e6;

words! {
    /// How a window becomes one number: `metric-aggregation-algorithm`.
    pub enum Algorithm {
        /// The mean of the seconds from the first to the last write.
        Linear = "linear",
        /// The newer, the heavier.
        WeightedExponential = "weighted-exponential",
        /// The same in its other spelling.
        WeightedExponentialAlt = "weightedExponential",
    }
}

/// A window of buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct Buckets {
    algorithm: Algorithm,
    window: Span,
    granularity: Span,
    buckets: Vec<f64>,
    /// The numbers of the buckets that were written first and last.
    written: Option<(i64, i64)>,
    total: f64,
}

impl Buckets {
    /// Nothing recorded yet.
    pub fn new(algorithm: Algorithm, window: Span, granularity: Span) -> Self {
        let granularity = granularity.max(Span(1));
        let buckets = vec![0.0; count(window, granularity)];
        Self { algorithm, window, granularity, buckets, written: None, total: 0.0 }
    }

    /// Adds a value to the bucket of `at`; one that is a window older than the last is dropped.
    pub fn record(&mut self, at: Time, value: f64) {
        let slot = self.slot(at);
        match self.written {
            Some((_, last)) if slot == last => {}
            Some((first, last)) if slot < last => {
                if self.length(last - slot) >= self.window {
                    return;
                }
                self.written = Some((first.min(slot), last));
            }
            Some((first, last)) if self.length(slot - last) < self.window => {
                for missed in last + 1..=slot {
                    let at = self.place(missed);
                    self.total -= self.buckets[at];
                    self.buckets[at] = 0.0;
                }
                self.written = Some((first, slot));
            }
            Some(_) | None => {
                self.buckets.fill(0.0);
                self.total = 0.0;
                self.written = Some((slot, slot));
            }
        }
        let place = self.place(slot);
        self.buckets[place] += value;
        self.total += value;
    }

    /// Whether the last write is more than a window ago.
    pub fn is_empty(&self, now: Time) -> bool {
        let slot = self.slot(now);
        self.written.is_none_or(|(_, last)| self.length(slot - last) > self.window)
    }

    /// The average at `now`; 0 of nothing.
    pub fn average(&self, now: Time) -> f64 {
        let Some((first, last)) = self.written else { return 0.0 };
        let missing = (self.slot(now) - last).max(0);
        match self.algorithm {
            Algorithm::Linear => self.mean(first, last, missing),
            Algorithm::WeightedExponential | Algorithm::WeightedExponentialAlt => {
                self.weighted(last, missing)
            }
        }
    }

    /// Seconds without data at the end are left out, not taken for zeros.
    fn mean(&self, first: i64, last: i64, missing: i64) -> f64 {
        if missing > 0 && self.length(missing) >= self.window {
            return 0.0;
        }
        let outdated = last + 1..=last + missing;
        let total = outdated.fold(self.total, |rest, slot| rest - self.buckets[self.place(slot)]);
        let valid = (last - first + 1).min(self.buckets.len() as i64 - missing);
        // What rounding left below zero is no number of its own.
        (total / valid as f64 * DECIMALS).round() / DECIMALS + 0.0
    }

    /// Neither normalised nor aware of how young the window is.
    fn weighted(&self, last: i64, missing: i64) -> f64 {
        let coefficient = coefficient(self.buckets.len());
        let missing = missing.min(self.buckets.len() as i64);
        let mut weight = coefficient * (1.0 - coefficient).powf(missing as f64);
        let mut sum = 0.0;
        for back in 0..self.buckets.len() as i64 - missing {
            sum += self.buckets[self.place(last - back)] * weight;
            weight *= 1.0 - coefficient;
        }
        sum
    }

    /// Another length from now on; what is no older is kept.
    pub fn resize(&mut self, now: Time, window: Span) {
        if window == self.window {
            return;
        }
        let mut buckets = vec![0.0; count(window, self.granularity)];
        let mut total = 0.0;
        let fresh = self.written.filter(|_| !self.is_empty(now));
        if let Some((_, last)) = fresh {
            for back in 0..self.buckets.len().min(buckets.len()) as i64 {
                let value = self.buckets[self.place(last - back)];
                let place = (last - back).rem_euclid(buckets.len() as i64) as usize;
                buckets[place] = value;
                total += value;
            }
        }
        // Whatever was written first may have been at the start of the old window.
        let reach = self.buckets.len() as i64 - 1;
        self.written = fresh.map(|(_, last)| (last - reach, last));
        (self.window, self.buckets, self.total) = (window, buckets, total);
    }

    fn slot(&self, at: Time) -> i64 {
        (at.0 / self.granularity.0) as i64
    }

    fn place(&self, slot: i64) -> usize {
        slot.rem_euclid(self.buckets.len() as i64) as usize
    }

    fn length(&self, slots: i64) -> Span {
        Span(self.granularity.0.saturating_mul(slots.max(0) as u64))
    }
}

/// Buckets of a window, at least one.
fn count(window: Span, granularity: Span) -> usize {
    window.0.div_ceil(granularity.0).max(1) as usize
}

/// What the newest bucket weighs in a window of so many.
pub fn coefficient(buckets: usize) -> f64 {
    (1.0 - LEFT_OUT.powf(1.0 / buckets as f64)).max(LEAST_COEFFICIENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Span = Span::from_secs(1);

    /// Buckets of a second with what was recorded at whole seconds.
    fn of(algorithm: Algorithm, window: u64, records: &[(u64, f64)]) -> Buckets {
        let mut buckets = Buckets::new(algorithm, Span::from_secs(window), SECOND);
        for &(at, value) in records {
            buckets.record(Time::from_secs(at), value);
        }
        buckets
    }

    /// `TimedFloat64Buckets.WindowAverage`: | window | recorded (second, value) | now | average |
    #[test]
    fn the_mean_is_over_the_seconds_from_first_to_last_write() {
        type Case<'a> = (u64, &'a [(u64, f64)], u64, f64);
        let cases: &[Case<'_>] = &[
            (5, &[], 10, 0.0),
            (5, &[(10, 3.0)], 10, 3.0),
            (5, &[(10, 3.0), (10, 4.0)], 10, 7.0),
            (5, &[(10, 3.0), (11, 6.0)], 11, 4.5),
            // What is missing at the end is left out, and the oldest with it.
            (5, &[(10, 1.0), (11, 2.0), (12, 3.0), (13, 4.0), (14, 5.0)], 16, 4.0),
            (5, &[(10, 3.0)], 14, 3.0),
            (5, &[(10, 3.0)], 15, 0.0),
            // What is missing in between is zero.
            (5, &[(10, 6.0), (13, 6.0)], 13, 3.0),
            // After a window without data it begins anew.
            (5, &[(10, 6.0), (15, 8.0)], 15, 8.0),
            // Late ones count, up to less than a window.
            (5, &[(14, 8.0), (11, 4.0)], 14, 3.0),
            (5, &[(14, 8.0), (9, 4.0)], 14, 8.0),
            (3, &[(10, 0.0), (11, 0.0), (12, 1.0)], 12, 0.333333),
        ];
        for (window, records, now, average) in cases {
            let buckets = of(Algorithm::Linear, *window, records);
            let found = buckets.average(Time::from_secs(*now));
            assert_eq!(found, *average, "{records:?} in {window} s at {now}");
        }
    }

    /// `WeightedFloat64Buckets.WindowAverage`.
    #[test]
    fn the_weighted_average_is_neither_normalised_nor_aware_of_a_young_window() {
        let c = coefficient(12);
        assert!((c - 0.536).abs() < 1e-3, "{c}");
        assert_eq!(coefficient(3600), 0.2);
        let one = of(Algorithm::WeightedExponential, 12, &[(10, 400.0)]);
        assert_eq!(one.average(Time::from_secs(10)), 400.0 * c);
        let later = one.average(Time::from_secs(12));
        assert!((later - 400.0 * c * (1.0 - c) * (1.0 - c)).abs() < 1e-9, "{later}");
        assert_eq!(one.average(Time::from_secs(22)), 0.0);
        let two = of(Algorithm::WeightedExponentialAlt, 12, &[(9, 100.0), (10, 400.0)]);
        let found = two.average(Time::from_secs(10));
        assert!((found - (400.0 * c + 100.0 * c * (1.0 - c))).abs() < 1e-9, "{found}");
    }

    /// `IsEmpty`: strictly more than a window ago.
    #[test]
    fn exactly_one_window_ago_is_not_yet_no_data() {
        let buckets = of(Algorithm::Linear, 5, &[(10, 3.0)]);
        assert!(!buckets.is_empty(Time::from_secs(15)));
        assert!(buckets.is_empty(Time::from_secs(16)));
        assert!(of(Algorithm::Linear, 5, &[]).is_empty(Time::ZERO));
    }

    /// `ResizeWindow`: | from | to | average after it |
    #[test]
    fn a_window_of_another_length_keeps_what_is_no_older() {
        let records: Vec<(u64, f64)> = (1..=6).map(|second| (second, second as f64)).collect();
        for (from, to, average) in [(5, 5, 4.0), (5, 10, 4.0), (5, 2, 5.5)] {
            let mut buckets = of(Algorithm::Linear, from, &records);
            buckets.resize(Time::from_secs(6), Span::from_secs(to));
            assert_eq!(buckets.average(Time::from_secs(6)), average, "{from} to {to}");
        }
        let mut stale = of(Algorithm::Linear, 5, &records);
        stale.resize(Time::from_secs(60), Span::from_secs(100));
        assert!(stale.is_empty(Time::from_secs(60)));
    }
}
