//! `scheduled`: counts or bounds by the calendar.

use super::inner::{Inner, Together};
use super::parts::Bounds;
use super::parts::calendar::{self, At, ClockTime, Days, Horizon, Occurrences};
use super::timing::{self, Phase};
use super::{PolicyContext, PolicySpec};
use autosim_engine::control::{Autoscaler, Decision, Observation, Policy, Stage, Why};
use autosim_engine::fault::Faults;
use autosim_engine::units::{Span, Time};
use serde::{Deserialize, Serialize};

/// How long after the end of arrivals the calendar goes on.
const AFTERWARDS: Span = Span::from_secs(86_400);

/// Sets the count, or moves the bounds of another policy, at times of the calendar.
///
/// An entry takes place exactly at its instant, even between two controls. It says when by one of
/// `at` (an offset from the start or a date), `cron` (five fields, or six with seconds first) or
/// `from` and `to` (times of day, on `days`); `for` limits `at` and `cron` in time. The entry that
/// started last is in force; one with an end gives way at its end to the one that started before it; of
/// equals, the later in the list. Where none is in force, the inner policy runs with its own bounds, or,
/// without one, the count is `initial`.
///
/// Clock times are those of `time_zone` and follow its daylight saving. Windows that began before the
/// run are in force at its start; mere triggers from before it are not remembered.
///
/// With an inner `policy`, `min` and `max` of an entry replace those of a `target-tracking` or
/// `threshold` policy, and limit any other from outside; a `min` above the inner `max` raises it.
///
/// ```toml
/// [policies.office-hours.scheduled]
/// time_zone = "Europe/Berlin"
/// entries = [
///     { from = "07:45", to = "20:00", days = "mon-fri", min = 20 },
///     { cron = "0 12 1 * *", for = "3h", min = 40, max = 120 },
/// ]
///
/// [policies.office-hours.scheduled.policy.target-tracking]
/// metric = "cpu"
/// target = "60%"
/// min = 2
/// max = 80
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// A zone such as `"Asia/Shanghai"` or an offset such as `"+08:00"`. Default: that of the
    /// scenario's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// The count where no entry is in force, without an inner policy. Default: the initial fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<u32>,
    /// The calendar.
    pub entries: Vec<Entry>,
    /// The policy whose bounds are moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Box<PolicySpec>>,
}

/// One entry: when, and what then.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// At an offset from the start, or at a date and time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<At>,
    /// At every match of a cron pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// From this time of day ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ClockTime>,
    /// ... to this one, of the next day if it is not later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ClockTime>,
    /// On these days. Default: daily.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Days>,
    /// For so long after `at` or `cron`. Default: until another entry starts.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Span>,
    /// The count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// The inner policy's minimum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// The inner policy's maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

impl Entry {
    fn check(&self, has_inner: bool, faults: &mut Faults) {
        let given = [self.at.is_some(), self.cron.is_some(), self.from.is_some()];
        if given.iter().filter(|&&given| given).count() != 1 {
            faults.error(
                "",
                "an entry has exactly one of `at`, `cron` and `from` with `to`",
                "for example { cron = \"0 8 * * mon-fri\", replicas = 20 }",
            );
        }
        if let Some(pattern) = &self.cron
            && let Err(error) = calendar::cron(pattern)
        {
            faults.error(
                "cron",
                format!("`{pattern}`: {error}"),
                "for example \"0 8 * * mon-fri\"",
            );
        }
        if self.from.is_some() != self.to.is_some() {
            faults.error("", "`from` and `to` belong together", "for a mere trigger use `cron`");
        }
        if self.days.is_some() && self.from.is_none() {
            faults.error("days", "days go with `from` and `to`", "a cron pattern names its own");
        }
        if self.lasting.is_some() && self.from.is_some() {
            faults.error("for", "the length is already said by `to`", "leave one of them out");
        }
        if self.lasting.is_some_and(Span::is_zero) {
            faults.error("for", "the length is zero", "a length of time such as \"30m\"");
        }
        self.check_setting(has_inner, faults);
    }

    fn check_setting(&self, has_inner: bool, faults: &mut Faults) {
        let bounds = self.min.is_some() || self.max.is_some();
        if self.replicas.is_some() == bounds {
            faults.error("", "an entry sets either `replicas`, or `min` and `max`", "");
        } else if bounds && !has_inner {
            let key = if self.min.is_some() { "min" } else { "max" };
            faults.error(key, "there is no policy whose bounds could move", "use `replicas`");
        }
        if let (Some(min), Some(max)) = (self.min, self.max) {
            Bounds { min, max }.check(faults);
        }
    }

    fn occurrences(&self, horizon: &Horizon<'_>) -> Occurrences {
        if let Some(at) = &self.at {
            return horizon.single(at, self.lasting);
        }
        if let Some(Ok(pattern)) = self.cron.as_deref().map(calendar::cron) {
            return horizon.cron(&pattern, self.lasting);
        }
        match (self.from, self.to) {
            (Some(from), Some(to)) => horizon.daily(from, to, self.days.unwrap_or(Days::DAILY)),
            _ => Vec::new(),
        }
    }
}

impl Scheduled {
    pub(super) fn check(&self, depth: u32, faults: &mut Faults) {
        if let Some(name) = &self.time_zone
            && calendar::time_zone(name).is_none()
        {
            let hint = "a name such as \"Europe/Berlin\" or an offset such as \"+08:00\"";
            faults.error("time_zone", format!("there is no time zone `{name}`"), hint);
        }
        if self.entries.is_empty() {
            faults.error("entries", "the calendar is empty", "at least one entry");
        }
        faults.within("entries", |faults| {
            for (index, entry) in self.entries.iter().enumerate() {
                faults.within(index.to_string(), |faults| {
                    entry.check(self.policy.is_some(), faults);
                });
            }
        });
        if let Some(policy) = &self.policy {
            if self.initial.is_some() {
                let hint = "it says what holds outside the entries";
                faults.error("initial", "the inner policy decides outside the entries", hint);
            }
            faults.within("policy", |faults| policy.check_nested(depth + 1, faults));
        }
    }

    pub(super) fn autoscaler(&self, context: &PolicyContext) -> Autoscaler {
        let zone = self.time_zone.as_deref().and_then(calendar::time_zone);
        let horizon = Horizon {
            clock: &context.clock,
            zone: zone.unwrap_or_else(|| context.clock.zone().clone()),
            end: context.end.after(AFTERWARDS),
        };
        let occurrences: Vec<_> =
            self.entries.iter().map(|entry| entry.occurrences(&horizon)).collect();
        let plan = calendar::in_force(&occurrences);
        let mut wakeups: Vec<Time> = plan.iter().map(|&(at, _)| at).collect();
        let timetable = Timetable {
            plan,
            next: 0,
            entries: self.entries.clone(),
            own: self.policy.as_ref().and_then(|policy| policy.bounds()),
            base: self.initial.unwrap_or(context.initial),
            inner: None,
        };
        let Some(policy) = &self.policy else {
            wakeups.insert(0, Time::ZERO);
            wakeups.dedup();
            return Autoscaler {
                policy: Box::new(timetable),
                signals: Vec::new(),
                // A quota's refusal is asked again.
                cadence: Phase::Fixed.cadence(timing::minute()),
                actuation_delay: Span::ZERO,
                wakeups,
            };
        };
        let mut inner = Together::of([policy.unbounded().autoscaler(context)]);
        wakeups.append(&mut inner.wakeups);
        wakeups.sort_unstable();
        wakeups.dedup();
        Autoscaler {
            policy: Box::new(Timetable { inner: inner.inners.pop(), ..timetable }),
            signals: inner.signals,
            cadence: inner.cadence,
            actuation_delay: inner.actuation_delay,
            wakeups,
        }
    }
}

#[derive(Clone)]
struct Timetable {
    /// Which entry is in force from when on.
    plan: Vec<(Time, Option<usize>)>,
    /// The first change of the plan that lies ahead.
    next: usize,
    entries: Vec<Entry>,
    /// The inner policy's own bounds, where they are moved rather than narrowed.
    own: Option<Bounds>,
    base: u32,
    inner: Option<Inner>,
}

impl Timetable {
    /// The entry in force, with why.
    fn entry(&mut self, now: Time) -> Option<(&Entry, Why)> {
        while self.plan.get(self.next).is_some_and(|&(at, _)| at <= now) {
            self.next += 1;
        }
        let &(since, entry) = self.plan.get(self.next.checked_sub(1)?)?;
        let number = entry?;
        let why = Why::Entry { number: number as u32 + 1, since_s: since.as_secs_f64() };
        Some((self.entries.get(number)?, why))
    }

    fn alone(&mut self, seen: &Observation<'_>) -> Decision {
        let base = self.base;
        let (wanted, why) = match self.entry(seen.now) {
            Some((entry, why)) => (entry.replicas.unwrap_or(base), why),
            None => (base, Why::Note("no entry in force")),
        };
        seen.by(Stage::Schedule, wanted, why)
    }

    /// What the timetable makes of the inner policy's decision.
    fn over(&mut self, decision: Decision, now: Time) -> Decision {
        let own = self.own.unwrap_or(Bounds { min: 0, max: u32::MAX });
        let Some((entry, why)) = self.entry(now) else {
            return own.apply(decision);
        };
        if let Some(replicas) = entry.replicas {
            return decision.then(Stage::Schedule, replicas, why).with_uncapped(replicas);
        }
        let min = entry.min.unwrap_or(own.min);
        let max = entry.max.unwrap_or(own.max).max(min);
        match decision.desired.clamp(min, max) {
            within if within == decision.desired => decision,
            moved => decision.then(Stage::Schedule, moved, why),
        }
    }
}

impl Policy for Timetable {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        let Some(inner) = &mut self.inner else { return self.alone(seen) };
        let decision = inner.observe(seen);
        self.over(decision, seen.now)
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        let Some(inner) = &mut self.inner else { return self.alone(seen) };
        let decision = inner.activate(seen);
        self.over(decision, seen.now)
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, faults, reason};
    use autosim_engine::units::Time;

    #[test]
    fn plain_offsets_wake_the_policy_exactly_then() {
        let _shown = autosim_engine::marks::expect(["entry", "no entry in force"]);
        let mut tape = Tape::new("[scheduled]\nentries = [{ at = \"7s\", replicas = 8 }]", 4);
        assert_eq!(tape.autoscaler.wakeups, [Time::ZERO, Time::from_secs(7)]);
        for (at, expected, why) in [
            (0, 4, "schedule: no entry in force"),
            (7, 8, "schedule: entry 1 since +7 s"),
            (60, 8, "schedule: entry 1 since +7 s"),
        ] {
            let decision = tape.at(at, &[]);
            assert_eq!((decision.desired, reason(&decision)), (expected, why.to_owned()));
        }
    }

    #[test]
    fn calendars_of_a_zone_set_counts_and_windows_end() {
        // The start is midnight in Shanghai: 17:00 on Sunday in Berlin.
        let mut tape = Tape::new(
            "[scheduled]\ntime_zone = \"Europe/Berlin\"\ninitial = 3\nentries = [\n\
             { cron = \"0 18 * * *\", replicas = 9 },\n\
             { from = \"19:00\", to = \"01:00\", days = \"sun\", replicas = 1 }]",
            5,
        );
        for (hour, expected) in [(0, 3), (1, 9), (2, 1), (7, 1), (8, 9)] {
            assert_eq!(tape.at(hour * 3600, &[]).desired, expected, "{hour} h");
        }
    }

    const MONDAY: &str = "[scheduled]\nentries = [{ at = \"10m\", for = \"30m\", min = 58 },\n\
         { at = \"20m\", for = \"5m\", max = 100 }, { at = \"50m\", for = \"5m\", replicas = 1 }]\n\
         [scheduled.policy.target-tracking]\nmetric = \"requests_per_s_per_replica\"\n\
         target = \"10/s\"\nmin = 2\nmax = 80\nstabilise_down = \"0s\"\n";

    #[test]
    fn a_floor_is_raised_before_the_ramp_and_lowered_after_it() {
        let mut tape = Tape::new(MONDAY, 2);
        assert_eq!(tape.autoscaler.wakeups.len(), 6);
        for (minute, rate, expected, why) in [
            (5, 10.0, 2, "bounds: min 2"),
            (10, 10.0, 58, "schedule: entry 1 since +10m"),
            (15, 990.0, 80, "schedule: entry 1 since +10m"),
            (21, 990.0, 99, "recommend: 990.0000 in all at 10 each"),
            (22, 10.0, 2, "schedule: entry 2 since +20m"),
            (30, 700.0, 70, "recommend: 700.0000 in all at 10 each"),
            (39, 10.0, 58, "schedule: entry 1 since +25m"),
            (40, 10.0, 2, "bounds: min 2"),
            (52, 700.0, 1, "schedule: entry 3 since +50m"),
            (56, 9000.0, 80, "bounds: max 80"),
        ] {
            let decision = tape.at(minute * 60, &[Some(rate)]);
            let seen = (decision.desired, reason(&decision));
            assert_eq!(seen, (expected, why.to_owned()), "at {minute} min");
        }
    }

    #[test]
    fn between_its_controls_the_inner_policy_keeps_its_wish() {
        let mut tape = Tape::new(MONDAY, 2);
        assert_eq!(tape.at(15, &[Some(300.0)]).desired, 30);
        assert_eq!(tape.at(20, &[Some(9.0)]).desired, 30, "not due");
        assert_eq!(tape.at(30, &[Some(9.0)]).desired, 2);
    }

    #[test]
    fn a_first_request_respects_the_calendar() {
        let mut tape = Tape::new(MONDAY, 0);
        assert_eq!(tape.activate(60, &[None]).desired, 2);
        assert_eq!(tape.activate(700, &[None]).desired, 58);
    }

    #[test]
    fn entries_that_say_too_little_or_too_much_are_reported() {
        let found = faults(
            "[scheduled]\ntime_zone = \"Mars\"\nentries = [\n\
             { replicas = 1 },\n\
             { at = \"1s\", cron = \"* * * * *\", replicas = 1 },\n\
             { cron = \"99 * * * *\", replicas = 1 },\n\
             { from = \"08:00\", replicas = 1 },\n\
             { at = \"1s\", min = 1 },\n\
             { at = \"1s\" },\n\
             { at = \"1s\", for = \"0s\", days = \"mon\", replicas = 1 }]",
        );
        for part in [
            "time_zone: there is no time zone `Mars`",
            "entries.0: an entry has exactly one",
            "entries.1: an entry has exactly one",
            "entries.2.cron: `99 * * * *`",
            "entries.3: `from` and `to` belong together",
            "entries.4.min: there is no policy",
            "entries.5: an entry sets either",
            "entries.6.for: the length is zero",
            "entries.6.days: days go with",
        ] {
            assert!(found.iter().any(|fault| fault.contains(part)), "{part} {found:?}");
        }
    }
}
