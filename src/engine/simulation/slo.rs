//! What an SLO on latency means: one definition for verdicts, assertions and counters (rule 7).

use crate::units::Span;
use std::fmt;

/// An SLO on latency: at least the share `quantile` of all counted requests completes in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slo {
    /// In (0, 1), for example 0.99.
    pub quantile: f64,
    /// The response time that it sets.
    pub limit: Span,
    /// `<=`: what takes exactly the limit is in time too.
    pub or_equal: bool,
}

impl Slo {
    /// `p99 < 300ms`, for a share of 0.99.
    pub const fn below(quantile: f64, limit: Span) -> Self {
        Self { quantile, limit, or_equal: false }
    }

    /// The longest response time that is in time. Times are whole nanoseconds.
    pub const fn longest(&self) -> Span {
        if self.or_equal { self.limit } else { Span(self.limit.0.saturating_sub(1)) }
    }

    /// How many of so many requests have to be in time.
    pub fn needed(&self, arrived: u64) -> u64 {
        needed(self.quantile, arrived)
    }

    /// Whether so many in time are enough.
    pub fn is_kept(&self, in_time: u64, arrived: u64) -> bool {
        in_time >= self.needed(arrived)
    }
}

/// The rank of a quantile among so many, from 1 (rule 8).
pub fn needed(quantile: f64, count: u64) -> u64 {
    // Without the slack 99 % of 100 could become 99.00000000000001, hence all of them.
    ((quantile - 1e-12) * count as f64).ceil() as u64
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.or_equal { "<=" } else { "<" };
        write!(f, "p{} {sign} {}", (self.quantile * 1e8).round() / 1e6, self.limit)
    }
}

/// What is counted of response times, request by request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// Those of the SLO, which hold together, in every minute too. Figures of requests in time are of the
    /// first.
    pub slo: Vec<Slo>,
    /// Whatever else is asked about: requests that take no longer than each are counted.
    pub asked: Vec<Span>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (rule 7)
    #[test]
    fn below_a_limit_is_not_at_it() {
        let second = Span::from_secs(1);
        let below = Slo::below(0.99, second);
        let up_to = Slo { or_equal: true, ..below };
        assert_eq!((below.to_string(), up_to.to_string()), ("p99 < 1s".into(), "p99 <= 1s".into()));
        for (slo, latency, in_time) in [
            (below, second, false),
            (below, Span(second.0 - 1), true),
            (up_to, second, true),
            (up_to, Span(second.0 + 1), false),
        ] {
            assert_eq!(latency <= slo.longest(), in_time, "{slo}, {latency}");
        }
    }

    #[test]
    fn a_share_of_a_count_is_whole_requests() {
        for (quantile, arrived, enough) in [
            (0.99, 100, 99),
            (0.99, 101, 100),
            (0.99, 1_000_000_000, 990_000_000),
            (0.999, 1000, 999),
            (0.5, 3, 2),
            (0.29, 100, 29),
            (0.57, 100, 57),
        ] {
            let slo = Slo::below(quantile, Span::from_secs(1));
            assert_eq!(slo.needed(arrived), enough, "{slo} of {arrived}");
            assert!(slo.is_kept(enough, arrived) && !slo.is_kept(enough - 1, arrived));
        }
    }
}
