//! A log-linear histogram of nanoseconds: fixed size, mergeable, subtractable, relative error below 1 %
//! (rule 8).

use crate::units::Span;

/// Buckets per power of two; a bucket is at most 1/64 of its value wide, so its midpoint is within
/// 0.8 % of any value in it.
const SUB_BITS: u32 = 6;
const SUB: usize = 1 << SUB_BITS;
const BUCKETS: usize = (64 - SUB_BITS as usize + 1) * SUB;

/// Counts of durations, exact below 64 ns, within 0.8 % above.
#[derive(Clone)]
pub struct Histogram {
    counts: Box<[u64; BUCKETS]>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Histogram").field("total", &self.total).finish_non_exhaustive()
    }
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        self.total == other.total && self.counts == other.counts
    }
}

impl Histogram {
    /// Empty.
    pub fn new() -> Self {
        Self { counts: Box::new([0; BUCKETS]), total: 0 }
    }

    /// Counts one value.
    #[inline]
    pub fn record(&mut self, span: Span) {
        self.counts[Self::bucket(span.0)] += 1;
        self.total += 1;
    }

    /// Counts one value so many times.
    pub fn record_many(&mut self, span: Span, count: u64) {
        self.counts[Self::bucket(span.0)] += count;
        self.total += count;
    }

    /// How many values were counted.
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// How many of them were zero.
    pub const fn zeros(&self) -> u64 {
        self.counts[0]
    }

    /// The smallest value with at least the `q`-th share of all values at or below it, to within
    /// 0.8 % (rule 8); `None` when empty. `q` in (0, 1].
    pub fn quantile(&self, q: f64) -> Option<Span> {
        let rank = ((q * self.total as f64).ceil() as u64).clamp(1, self.total.max(1));
        self.ranked(rank)
    }

    /// The value of a rank, from 1, in ascending order; `None` where there are fewer.
    pub fn ranked(&self, rank: u64) -> Option<Span> {
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Some(Span(Self::midpoint(bucket)));
            }
        }
        None
    }

    /// Whether a value known only by its bucket ([`Histogram::quantile`]) is above a limit for certain.
    pub fn is_above(value: Span, limit: Span) -> bool {
        Self::bucket(value.0) > Self::bucket(limit.0)
    }

    /// Adds another histogram's counts.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts.iter()) {
            *mine += theirs;
        }
        self.total += other.total;
    }

    /// Removes an earlier state of this same histogram, leaving what was counted since.
    pub fn subtract(&mut self, earlier: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(earlier.counts.iter()) {
            debug_assert!(*mine >= *theirs, "subtracting what was never counted");
            *mine -= theirs;
        }
        self.total -= earlier.total;
    }

    /// Removes `count` values counted earlier in the bucket of `span`; never more than are there.
    pub fn forget(&mut self, span: Span, count: u64) {
        let bucket = &mut self.counts[Self::bucket(span.0)];
        let removed = count.min(*bucket);
        *bucket -= removed;
        self.total -= removed;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        if self.total > 0 {
            self.counts.fill(0);
            self.total = 0;
        }
    }

    /// Non-empty buckets as (midpoint, count), ascending: the plotted distribution.
    pub fn buckets(&self) -> impl Iterator<Item = (Span, u64)> + '_ {
        self.counts
            .iter()
            .enumerate()
            .filter(|&(_, &count)| count > 0)
            .map(|(bucket, &count)| (Span(Self::midpoint(bucket)), count))
    }

    #[inline]
    fn bucket(ns: u64) -> usize {
        // Below 128 one by one; from there on each power of two holds 64 buckets, each 2^shift wide.
        let shift = (ns | (2 * SUB as u64 - 1)).ilog2() - SUB_BITS;
        ((shift as usize) << SUB_BITS) + (ns >> shift) as usize
    }

    fn midpoint(bucket: usize) -> u64 {
        let (octave, sub) = (bucket >> SUB_BITS, (bucket & (SUB - 1)) as u64);
        if octave == 0 {
            return sub;
        }
        let shift = octave - 1;
        let low = (SUB as u64 + sub) << shift;
        low + ((1 << shift) - 1) / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (rule 8)
    #[test]
    fn small_values_are_exact_and_all_others_within_one_percent() {
        let mut ns: u64 = 0;
        while ns < u64::MAX / 3 {
            let got = Histogram::midpoint(Histogram::bucket(ns));
            let error = got.abs_diff(ns) as f64;
            assert!(error <= ns as f64 * 0.008, "{ns} -> {got}");
            if ns < 64 {
                assert_eq!(got, ns);
            }
            ns += ns / 4 + 1;
        }
        assert!(Histogram::bucket(u64::MAX) < BUCKETS);
    }

    /// (rule 8)
    #[test]
    fn quantiles_follow_the_rank_definition() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), None);
        for ns in 1..=10 {
            histogram.record(Span(ns));
        }
        for (q, ns) in [(0.05, 1), (0.1, 1), (0.11, 2), (0.5, 5), (0.99, 10), (1.0, 10)] {
            assert_eq!(histogram.quantile(q), Some(Span(ns)), "{q}");
        }
        assert_eq!((histogram.ranked(10), histogram.ranked(11)), (Some(Span(10)), None));
    }

    #[test]
    fn subtracting_an_earlier_state_leaves_what_came_since() {
        let mut histogram = Histogram::new();
        histogram.record(Span(5));
        let earlier = histogram.clone();
        histogram.record(Span(7_000));
        histogram.subtract(&earlier);
        let mut expected = Histogram::new();
        expected.record(Span(7_000));
        assert_eq!(histogram, expected);
        histogram.forget(Span(7_000), 1);
        assert_eq!(histogram, Histogram::new());
    }
}
