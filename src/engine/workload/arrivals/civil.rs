//! Civil time as a number: how far into the week the wall clock is.

use crate::units::{Time, WallClock};

/// Nanoseconds of a day.
pub(super) const DAY_NS: u64 = 86_400_000_000_000;
/// Nanoseconds of a week.
pub(super) const WEEK_NS: u64 = 7 * DAY_NS;

/// What the wall clock shows at simulated instants, as nanoseconds since a Monday's midnight; daylight
/// saving makes it jump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CivilDays {
    /// From this instant on, civil = instant + the second number; the first is at instant 0.
    shifts: Vec<(u64, u64)>,
}

impl CivilDays {
    /// For a run of a length.
    pub(super) fn new(clock: &WallClock, end: Time) -> Self {
        let start = clock.start();
        let days = u64::from(start.weekday().to_monday_zero_offset().unsigned_abs());
        let midnight = jiff::civil::Time::midnight();
        let today = start.time().duration_since(midnight).as_nanos();
        // A week more, so that no shift makes it negative.
        let first = WEEK_NS + days * DAY_NS + u64::try_from(today).unwrap_or(0);
        let mut shifts = vec![(0, first)];
        let offset = i64::from(start.offset().seconds());
        for change in clock.zone().following(start.timestamp()) {
            let Some(at) = clock.time_of(change.timestamp()).filter(|at| *at < end) else { break };
            let moved = i64::from(change.offset().seconds()) - offset;
            shifts.push((at.0, first.saturating_add_signed(moved * 1_000_000_000)));
        }
        Self { shifts }
    }

    /// Nanoseconds since a Monday's midnight at an instant.
    pub(super) fn civil(&self, at: u64) -> u64 {
        let after = self.shifts.partition_point(|shift| shift.0 <= at);
        at.saturating_add(self.shifts[after.max(1) - 1].1)
    }

    /// The first instant after `at` at which the clock jumps; `u64::MAX` if it does not.
    pub(super) fn shift_after(&self, at: u64) -> u64 {
        let after = self.shifts.partition_point(|shift| shift.0 <= at);
        self.shifts.get(after).map_or(u64::MAX, |shift| shift.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = DAY_NS / 24;

    #[test]
    fn the_week_begins_on_monday_at_midnight() {
        let clock = WallClock::parse("2026-03-03T06:00:00+08:00").unwrap();
        let days = CivilDays::new(&clock, Time::from_secs(86_400));
        assert_eq!(days.civil(HOUR) % WEEK_NS, DAY_NS + 7 * HOUR);
        assert_eq!(days.shift_after(0), u64::MAX);
    }

    #[test]
    fn daylight_saving_skips_an_hour() {
        let clock = WallClock::parse("2026-03-29T00:00:00+01:00[Europe/Berlin]").unwrap();
        let days = CivilDays::new(&clock, Time::from_secs(86_400));
        assert_eq!(days.shift_after(0), 2 * HOUR);
        assert_eq!(days.civil(2 * HOUR) % DAY_NS, 3 * HOUR);
        assert_eq!(days.civil(2 * HOUR - 1) % DAY_NS, 2 * HOUR - 1);
    }
}
