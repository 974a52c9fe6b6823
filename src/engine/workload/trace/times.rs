//! Recorded service times: each of them as long as they are few, else how many lie in each bucket of a histogram.

use crate::stats::Histogram;
use crate::units::Span;

/// So many are held; of more, quantiles are within 0.8 %.
pub(super) const HELD: usize = 1_000_000;

/// Service times in nanoseconds, in order.
pub(super) struct Times {
    /// Ascending, with how many there are of each.
    pub(super) values: Vec<(u64, u64)>,
    pub(super) count: u64,
    pub(super) mean_s: f64,
    most: u64,
}

impl Times {
    /// All of them, in any order; `None` where there are none.
    pub(super) fn of(times: impl Iterator<Item = u64>) -> Option<Self> {
        let (mut held, mut buckets) = (Vec::new(), Histogram::new());
        let (mut count, mut sum, mut most) = (0_u64, 0_u128, 0);
        for ns in times {
            count += 1;
            sum += u128::from(ns);
            most = ns.max(most);
            if held.len() < HELD {
                held.push(ns);
            } else {
                buckets.record(Span(ns));
            }
        }
        let values = if buckets.count() == 0 {
            held.sort_unstable();
            let runs = held.chunk_by(|one, other| one == other);
            runs.map(|same| (same[0], same.len() as u64)).collect()
        } else {
            held.drain(..).for_each(|ns| buckets.record(Span(ns)));
            buckets.buckets().map(|(middle, count)| (middle.0.min(most), count)).collect()
        };
        let mean_s = sum as f64 * 1e-9 / count as f64;
        (count > 0).then_some(Self { values, count, mean_s, most })
    }

    /// The value that a share of them are at most.
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let rank = ((share * self.count as f64).ceil() as u64).max(1);
        if rank >= self.count {
            return self.most;
        }
        let mut seen = 0;
        let found = self.values.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        found.map_or(self.most, |(value, _)| *value)
    }

    /// That quantiles are not exact.
    pub(super) fn told(&self) -> Option<String> {
        (self.count > HELD as u64)
            .then(|| format!("quantiles of more than {HELD} service times are within 0.8 %"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_times_are_exact_and_many_within_a_bucket() {
        for (count, near) in [(1000, 0.0), (3 * HELD as u64, 0.008)] {
            // From 1 ms on, a microsecond apart, the last first.
            let times = Times::of((0..count).rev().map(|at| 1_000_000 + at * 1000)).unwrap();
            for share in [0.001, 0.5, 0.99, 1.0] {
                let exact = 1_000_000 + ((share * count as f64) as u64 - 1) * 1000;
                let found = times.quantile(share);
                assert!(
                    (found as f64 / exact as f64 - 1.0).abs() <= near,
                    "{share}: {found} {exact}"
                );
            }
            assert_eq!(times.quantile(1.0), 1_000_000 + (count - 1) * 1000);
            assert!((times.mean_s - (0.001 + (count - 1) as f64 * 5e-7)).abs() < 1e-9);
            assert_eq!(times.values.iter().map(|value| value.1).sum::<u64>(), count);
            assert_eq!(times.told().is_some(), near > 0.0);
        }
        assert!(Times::of(std::iter::empty()).is_none());
    }
}
