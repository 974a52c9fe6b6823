//! How fast the budget of errors is spent, and for how long the usual alerts on that would have been on.

use autosim_engine::simulation::SloMinute;

/// An alert on two windows: on while both spend at least so many times what would last for the whole period. The
/// long one says that it matters, the short one that it still goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alert {
    /// Minutes.
    pub(super) long: usize,
    /// Minutes.
    pub(super) short: usize,
    /// 1 = the budget lasts exactly as long as it is to.
    pub(super) rate: f64,
}

/// 2 % of a month's budget in an hour: somebody is called (Site Reliability Workbook, chapter 5, table 5-8).
pub(super) const HOUR: Alert = Alert { long: 60, short: 5, rate: 14.4 };
/// 5 % of it in six hours: somebody is called.
pub(super) const SIX_HOURS: Alert = Alert { long: 360, short: 30, rate: 6.0 };
/// 10 % of it in three days: a ticket.
pub(super) const THREE_DAYS: Alert = Alert { long: 4320, short: 360, rate: 1.0 };

/// A hundredth is not 1 - 0.99.
const SLACK: f64 = 1e-9;

/// Minutes of requests that were in time or not, against the share that may fail.
pub(super) struct Burn {
    /// Requests that were not in time, and all, up to the end of each minute.
    sums: Vec<(u64, u64)>,
    /// Share that may fail.
    budget: f64,
}

impl Burn {
    /// Where the share `quantile` is to be in time.
    pub(super) fn of(minutes: &[SloMinute], quantile: f64) -> Self {
        let mut sums = vec![(0, 0)];
        let (mut missed, mut all) = (0, 0);
        for minute in minutes {
            missed += u64::from(minute.arrived.saturating_sub(minute.within));
            all += u64::from(minute.arrived);
            sums.push((missed, all));
        }
        Self { sums, budget: 1.0 - quantile }
    }

    /// How fast it was spent in the `length` minutes up to the end of a minute, from 1, or in those there are of
    /// them; 0 without traffic.
    fn rate(&self, end: usize, length: usize) -> f64 {
        let (before, after) = (self.sums[end.saturating_sub(length)], self.sums[end]);
        let all = after.1 - before.1;
        if all == 0 { 0.0 } else { (after.0 - before.0) as f64 / all as f64 / self.budget }
    }

    fn ends(&self) -> std::ops::Range<usize> {
        1..self.sums.len()
    }

    /// Over all of it; `None` without traffic.
    pub(super) fn mean(&self) -> Option<f64> {
        let last = self.sums.len() - 1;
        (self.sums[last].1 > 0).then(|| self.rate(last, last))
    }

    /// The highest of any `length` minutes, or of all there are if they are fewer.
    pub(super) fn peak(&self, length: usize) -> Option<f64> {
        let whole = length.min(self.sums.len() - 1);
        self.mean()?;
        self.ends().filter(|&end| end >= whole).map(|end| self.rate(end, length)).reduce(f64::max)
    }

    /// Minutes at whose end an alert would have been on. A window that began before the first minute is as long as
    /// there was anything to see.
    pub(super) fn alerted(&self, alert: Alert) -> usize {
        let is_on = |&end: &usize| {
            [alert.long, alert.short]
                .iter()
                .all(|&length| self.rate(end, length) >= alert.rate - SLACK)
        };
        self.ends().filter(is_on).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes of 1000 requests each, of which so many were late.
    fn burn(late: &[u32]) -> Burn {
        let minute =
            |late: &u32| SloMinute { arrived: 1000, within: 1000 - late, also_broken: false };
        Burn::of(&late.iter().map(minute).collect::<Vec<_>>(), 0.99)
    }

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    #[test]
    fn a_budget_that_is_spent_as_allowed_lasts_as_long_as_it_is_to() {
        close(burn(&[10; 300]).mean().unwrap(), 1.0);
        close(burn(&[0, 20, 40]).mean().unwrap(), 2.0);
        assert_eq!(Burn::of(&[SloMinute::default(); 9], 0.99).mean(), None);
        assert_eq!(Burn::of(&[], 0.99).peak(60), None);
    }

    #[test]
    fn the_peak_is_that_of_a_whole_window() {
        // An hour at 1, ten minutes at 50, an hour at none.
        let late = [vec![10; 60], vec![500; 10], vec![0; 60]].concat();
        close(burn(&late).peak(60).unwrap(), (50.0 * 10.0 + 50.0) / 60.0);
        // Less than an hour is looked at as a whole.
        close(burn(&[0, 0, 30]).peak(60).unwrap(), 1.0);
    }

    /// | late of 1000, minute by minute | minutes on: hour, six hours, three days |
    #[test]
    fn alerts_need_both_windows() {
        let quiet = |minutes: usize| vec![0; minutes];
        for (late, expected) in [
            // 15 times the rate for ten minutes: 150 / m after m of them, which is 14.4 in the tenth, 6 in the 25th.
            (vec![vec![150; 10], quiet(20)], [10, 25, 30]),
            // 100 times the rate from the 61st minute on: 14.4 of an hour in the 69th, and of five minutes until the
            // 73rd; 6 of all there was in the 64th, and of thirty minutes until the 97th; 1 from the 61st on.
            (vec![quiet(60), vec![1000; 9], quiet(60)], [5, 34, 69]),
            // Too slow for somebody to be called; a ticket.
            (vec![vec![15; 100]], [0, 0, 100]),
        ] {
            let burn = burn(&late.concat());
            let on = [HOUR, SIX_HOURS, THREE_DAYS].map(|alert| burn.alerted(alert));
            assert_eq!(on, expected, "{late:?}");
        }
    }
}
