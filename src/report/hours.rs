//! A run folded into one week: what each hour of it wasted and what it left unserved.

use super::moments::failures;
use autosim_engine::simulation::Interval;
use autosim_engine::units::Known;
use autosim_study::experiment::About;

/// Hours of a week, only the days that were measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Week {
    /// Monday first.
    pub days: Vec<Day>,
}

/// One day of the week.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Day {
    /// `Mon`; where no weekday is known, `day 1` is that of the start.
    pub name: &'static str,
    /// By hour of the day; `None` where nothing was measured.
    pub hours: [Option<Hour>; 24],
}

/// One hour of the week, all its occurrences together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Hour {
    /// Hours measured.
    pub measured: f64,
    /// Unused capacity of ready replicas, replica-hours in all.
    pub idle: f64,
    /// Waiting requests, request-hours in all.
    pub waiting: f64,
    /// Requests rejected, lost or timed out, in all.
    pub failed: u64,
}

impl Hour {
    /// Idle replica-hours of a mean such hour.
    pub(super) fn mean_idle(&self) -> f64 {
        self.idle / self.measured
    }

    /// Requests waiting, on average.
    pub(super) fn mean_waiting(&self) -> f64 {
        self.waiting / self.measured
    }

    /// Failures in a mean such hour.
    pub(super) fn mean_failed(&self) -> f64 {
        self.failed as f64 / self.measured
    }
}

/// The days of the week, Monday first.
pub const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// A clock of which nothing is known begins its first day at the start.
const NAMELESS_DAYS: [&str; 7] = ["day 1", "day 2", "day 3", "day 4", "day 5", "day 6", "day 7"];

/// The shortest run that says something about hours of the week.
const LEAST_HOURS: f64 = 6.0;

/// Folds the measured part of a timeline; `None` where it is too short to be folded. An interval counts
/// in the hour of its start, on the wall clock of the scenario.
pub(super) fn week(about: &About, timeline: &[Interval]) -> Option<Week> {
    let window = about.window;
    if window.end.since(window.warmup).as_secs_f64() < 3600.0 * LEAST_HOURS {
        return None;
    }
    let mut all = [[None::<Hour>; 24]; 7];
    for interval in timeline.iter().filter(|i| i.at >= window.warmup && i.at < window.end) {
        let at = about.clock.at(interval.at)?;
        let day = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or_default();
        let hour = usize::try_from(at.hour()).unwrap_or_default();
        let length = interval.length.as_secs_f64() / 3600.0;
        let hour = all[day.min(6)][hour.min(23)].get_or_insert_default();
        hour.measured += length;
        let unused = interval.mean_ready * (1.0 - interval.utilization.unwrap_or(1.0));
        hour.idle += unused.max(0.0) * length;
        hour.waiting += interval.mean_queued * length;
        hour.failed += failures(interval);
    }
    let names = match about.clock.known() {
        Known::Nothing => NAMELESS_DAYS,
        Known::Weekday | Known::Date => DAYS,
    };
    let days: Vec<Day> = names
        .into_iter()
        .zip(all)
        .filter(|(_, hours)| hours.iter().any(Option::is_some))
        .map(|(name, hours)| Day { name, hours })
        .collect();
    (!days.is_empty()).then_some(Week { days })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use autosim_engine::units::{Span, Time};

    #[test]
    fn a_day_is_one_row_and_the_sums_are_those_of_the_timeline() {
        let results = sample::results();
        let timeline = &results.policies[1].details[0].services[0].timeline;
        let week = week(&results.about, timeline).unwrap();
        assert_eq!(week.days.len(), 1);
        assert_eq!(week.days[0].name, "Mon");
        let hours = || week.days[0].hours.iter().flatten();
        assert_eq!(hours().count(), 24);
        // The warm-up of half an hour is left out.
        assert!((week.days[0].hours[0].unwrap().measured - 0.5).abs() < 1e-9);
        let failed: u64 = timeline.iter().skip(30).map(failures).sum();
        assert_eq!(hours().map(|hour| hour.failed).sum::<u64>(), failed);
        let idle: f64 = timeline
            .iter()
            .skip(30)
            .map(|i| i.mean_ready * (1.0 - i.utilization.unwrap()) / 60.0)
            .sum();
        assert!((hours().map(|hour| hour.idle).sum::<f64>() - idle).abs() < 1e-6);
    }

    #[test]
    fn days_have_no_names_where_nobody_stated_one() {
        let mut results = sample::results();
        results.about.clock = autosim_engine::units::WallClock::default();
        let timeline = &results.policies[1].details[0].services[0].timeline;
        assert_eq!(week(&results.about, timeline).unwrap().days[0].name, "day 1");
    }

    #[test]
    fn weeks_are_folded_and_minutes_are_not() {
        let mut results = sample::results();
        let mut timeline = results.policies[1].details[0].services[0].timeline.clone();
        results.about.window.end = Time::from_secs(3600);
        assert_eq!(week(&results.about, &timeline), None);
        results.about.window.end = Time::from_secs(8 * 86_400);
        let later: Vec<Interval> = timeline
            .iter()
            .map(|i| Interval { at: i.at.after(Span::from_secs(7 * 86_400)), ..i.clone() })
            .collect();
        timeline.extend(later);
        let week = week(&results.about, &timeline).unwrap();
        assert_eq!(week.days.len(), 1, "two Mondays are one row");
        assert!((week.days[0].hours[12].unwrap().measured - 2.0).abs() < 1e-9);
    }
}
