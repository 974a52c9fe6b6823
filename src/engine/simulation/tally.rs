//! Counted requests class by class.

use super::outcome::ClassTotals;
use crate::fleet::dispatch::Resolved;
use crate::units::{Span, Time};

impl ClassTotals {
    /// A request of this class that arrived at `arrival` met its fate.
    pub(super) fn file(&mut self, arrival: Time, what: Resolved, longest: Option<Span>) {
        let counts = &mut self.counts;
        counts.arrived += 1;
        match what {
            Resolved::Completed(start, end) => {
                let (latency, wait) = (end.since(arrival), start.since(arrival));
                counts.completed += 1;
                counts.within_slo += u64::from(longest.is_none_or(|longest| latency <= longest));
                let totals = &mut self.latency;
                totals.latency.record(latency);
                totals.wait.record(wait);
                totals.latency_sum_ns += u128::from(latency.0);
                totals.wait_sum_ns += u128::from(wait.0);
                totals.latency_max = totals.latency_max.max(latency);
                totals.wait_max = totals.wait_max.max(wait);
                totals.waited += u64::from(!wait.is_zero());
            }
            Resolved::Rejected => counts.rejected += 1,
            Resolved::TimedOut => counts.timed_out += 1,
            Resolved::Lost => counts.lost += 1,
            Resolved::Unfinished => counts.unfinished += 1,
        }
    }
}
