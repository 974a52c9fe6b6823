//! When a timer acts: its days and times as instants of the run.

use super::check::GAP_MINUTES;
use super::knobs::Knobs;
use super::native::{Bounds, Kind, Model, Set, Timer};
use crate::builtin::parts::calendar::time_zone;
use autosim_engine::units::{Time, WallClock};
use jiff::civil::{Date, Time as ClockTime};
use jiff::tz::TimeZone;

/// What a timing rule does at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trigger {
    pub(super) at: Time,
    /// The entry's place among all entries of all rules, from 1; 0 = the end of the rule's days.
    pub(super) number: u32,
    pub(super) target: u32,
}

/// Which bounds hold from an instant on: those of an entry (its place, from 1), or the default ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Special {
    pub(super) at: Time,
    pub(super) entry: Option<(u32, Bounds)>,
}

/// The run's days in the platform's zone.
pub(super) struct Calendar<'a> {
    knobs: &'a Knobs,
    clock: &'a WallClock,
    zone: TimeZone,
    end: Time,
}

impl<'a> Calendar<'a> {
    /// Up to and with `end`.
    pub(super) fn new(knobs: &'a Knobs, clock: &'a WallClock, end: Time) -> Self {
        let zone = time_zone(&knobs.time_zone).unwrap_or(TimeZone::UTC);
        Self { knobs, clock, zone, end }
    }

    /// All triggers of the timing rules in force, in the order in which they act: of several at one
    /// instant the one of the newest rule is last. `initial` is the count found at the start.
    pub(super) fn triggers(&self, model: &Model, initial: u32) -> Vec<Trigger> {
        let mut triggers = Vec::new();
        let mut before = 0;
        for rule in model.enabled().filter(|rule| rule.kind == Kind::Timing) {
            let Some(timer) = &rule.timer else { continue };
            for date in self.dates().filter(|&date| self.holds(timer, date)) {
                for (number, schedule) in (before + 1..).zip(&timer.schedules) {
                    let Set::Count(target) = schedule.set else { continue };
                    let at = self.instant(date, schedule.at);
                    triggers.extend(at.map(|at| Trigger { at, number, target }));
                }
                if !self.knobs.hold_between_days && !self.next_holds(timer, date) {
                    let at = self.midnight_after(date);
                    triggers.extend(at.map(|at| Trigger { at, number: 0, target: initial }));
                }
            }
            before += timer.schedules.len() as u32;
        }
        triggers.retain(|trigger| self.acts(trigger.at));
        triggers.sort_by_key(|trigger| trigger.at);
        triggers
    }

    /// When the bounds of a mix rule change, ascending.
    pub(super) fn specials(&self, timer: &Timer) -> Vec<Special> {
        let mut entries: Vec<(u32, ClockTime, Bounds)> = (1..)
            .zip(&timer.schedules)
            .filter_map(|(number, schedule)| match schedule.set {
                Set::Bounds(bounds) => Some((number, schedule.at, bounds)),
                Set::Count(_) => None,
            })
            .collect();
        entries.sort_by_key(|&(_, at, _)| at);
        let mut specials = Vec::new();
        for date in self.dates().filter(|&date| self.holds(timer, date)) {
            for &(number, at, bounds) in &entries {
                let entry = Some((number, bounds));
                specials.extend(self.instant(date, at).map(|at| Special { at, entry }));
            }
            if self.knobs.special_ends_at_midnight && !self.next_holds(timer, date) {
                let end = self.midnight_after(date);
                specials.extend(end.map(|at| Special { at, entry: None }));
            }
        }
        specials.retain(|special| self.acts(special.at));
        specials
    }

    fn acts(&self, at: Time) -> bool {
        at <= self.end && (at > Time::ZERO || self.knobs.trigger_at_enabling)
    }

    /// The days of the run.
    fn dates(&self) -> impl Iterator<Item = Date> {
        // The day before the first may end at the very start.
        let first = self.clock.start().with_time_zone(self.zone.clone()).date();
        let first = first.yesterday().unwrap_or(first);
        first.series(jiff::Span::new().days(1)).take_while(|&date| {
            let midnight = self.instant(date, ClockTime::midnight());
            midnight.is_none_or(|at| at <= self.end)
        })
    }

    fn holds(&self, timer: &Timer, date: Date) -> bool {
        let last = timer.end.is_none_or(|end| match self.knobs.end_date_inclusive {
            true => date <= end,
            false => date < end,
        });
        let begun = timer.begin.is_none_or(|begin| date >= begin);
        begun && last && timer.period.holds(date, !self.knobs.february_skips)
    }

    fn next_holds(&self, timer: &Timer, date: Date) -> bool {
        date.tomorrow().is_ok_and(|next| self.holds(timer, next))
    }

    fn midnight_after(&self, date: Date) -> Option<Time> {
        self.instant(date.tomorrow().ok()?, ClockTime::midnight())
    }

    /// `None` before the run.
    fn instant(&self, date: Date, at: ClockTime) -> Option<Time> {
        let instant = self.zone.to_timestamp(date.to_datetime(at)).ok()?;
        self.clock.time_of(instant)
    }
}

impl Timer {
    /// Whether the two have triggers within five minutes on some day.
    pub(super) fn clashes_with(&self, other: &Self) -> bool {
        let before = |end: Option<Date>, begin: Option<Date>| {
            end.zip(begin).is_some_and(|(end, begin)| end < begin)
        };
        let apart = before(self.end, other.begin) || before(other.end, self.begin);
        let minute = |at: ClockTime| i32::from(at.hour()) * 60 + i32::from(at.minute());
        let close = self.schedules.iter().any(|one| {
            other.schedules.iter().any(|two| (minute(one.at) - minute(two.at)).abs() <= GAP_MINUTES)
        });
        !apart && close && self.period.meets(&other.period)
    }
}
