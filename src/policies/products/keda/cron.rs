//! Triggers of type cron: from which instant to which one is active, by the walk of robfig/cron v3, which KEDA uses.
//!
//! The next instant of an expression is found from the next whole second: month, day, hour, minute and second are each
//! moved on until they match. The first field that moves sets the smaller ones to their start, on the clock of the zone;
//! hours are added as real ones, days and months on the clock; past the end of a field the walk begins again at the
//! month. So a start within the hour that a clock leaves out does not happen that day, and one within the hour it
//! shows twice happens twice.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// Set beside the values of a field that is `*` or `?`.
const STAR: u64 = 1 << 63;
/// Seconds of an instant that never comes: year 1, which is before everything.
const NEVER: i64 = -62_135_596_800;
/// So many years on the walk gives up.
const YEARS: i16 = 5;

/// One field: its bounds, and names that stand for values.
struct Field {
    what: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { what: "minute", least: 0, most: 59, names: &[] },
    Field { what: "hour", least: 0, most: 23, names: &[] },
    Field { what: "day of month", least: 1, most: 31, names: &[] },
    Field {
        what: "month",
        least: 1,
        most: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Field {
        what: "day of week",
        least: 0,
        most: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

impl Field {
    fn number(&self, text: &str) -> Result<u32, String> {
        let name = text.to_ascii_lowercase();
        if let Some(at) = self.names.iter().position(|known| *known == name) {
            return Ok(self.least + at as u32);
        }
        text.parse().map_err(|_| format!("`{text}` is no {}", self.what))
    }

    /// The values of one part of a list, as bits.
    fn part(&self, text: &str) -> Result<u64, String> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (text, None),
        };
        let (low, high) = match range.split_once('-') {
            Some((low, high)) => (low, Some(high)),
            None => (range, None),
        };
        let is_star = matches!(low, "*" | "?");
        let first = if is_star { self.least } else { self.number(low)? };
        let last = match high {
            _ if is_star => self.most,
            Some(high) => self.number(high)?,
            None if step.is_some() => self.most,
            None => first,
        };
        let step = match step {
            Some(step) => step.parse().map_err(|_| format!("`{step}` is no step"))?,
            None => 1,
        };
        let Self { what, least, most, .. } = *self;
        if first < least || last > most || first > last {
            return Err(format!("{first} to {last} is no range of a {what}: {least} to {most}"));
        }
        if step == 0 {
            return Err("a step is 1 or more".to_owned());
        }
        let star = if is_star && step == 1 { STAR } else { 0 };
        Ok((first..=last).step_by(step as usize).fold(star, |bits, value| bits | 1 << value))
    }
}

/// An expression of five fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cron {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_ascii_whitespace().collect();
        if parts.len() != FIELDS.len() {
            let have = parts.len();
            return Err(format!("expected exactly 5 fields, found {have}: `{text}`"));
        }
        let mut bits = [0; 5];
        for ((field, part), bits) in FIELDS.iter().zip(parts).zip(&mut bits) {
            for one in part.split(',') {
                *bits |= field.part(one)?;
            }
        }
        let [minute, hour, day, month, weekday] = bits;
        Ok(Self { minute, hour, day, month, weekday })
    }

    fn day_matches(&self, at: DateTime) -> bool {
        let day = self.day & 1 << at.day() != 0;
        let weekday = self.weekday & 1 << at.weekday().to_sunday_zero_offset() != 0;
        match (self.day | self.weekday) & STAR {
            0 => day || weekday,
            _ => day && weekday,
        }
    }

    /// The next instant after `second`, in seconds of the epoch.
    fn next(&self, second: i64, zone: &TimeZone) -> Option<i64> {
        let mut walk = Walk { zone, at: second + 1, moved: false };
        let last_year = walk.shown()?.year() + YEARS;
        'again: while walk.shown()?.year() <= last_year {
            while self.month & 1 << walk.shown()?.month() == 0 {
                walk.begin(|at| Some(at.date().first_of_month().to_datetime(MIDNIGHT)))?;
                walk.on_the_clock(1.month())?;
                if walk.shown()?.month() == 1 {
                    continue 'again;
                }
            }
            while !self.day_matches(walk.shown()?) {
                walk.begin(|at| Some(at.date().to_datetime(MIDNIGHT)))?;
                walk.on_the_clock(1.day())?;
                // Midnight was left out or came twice.
                let hour = i64::from(walk.shown()?.hour());
                walk.at += 3600 * if hour > 12 { 24 - hour } else { -hour };
                if walk.shown()?.day() == 1 {
                    continue 'again;
                }
            }
            while self.hour & 1 << walk.shown()?.hour() == 0 {
                walk.begin(|at| at.with().minute(0).second(0).build().ok())?;
                walk.at += 3600;
                if walk.shown()?.hour() == 0 {
                    continue 'again;
                }
            }
            while self.minute & 1 << walk.shown()?.minute() == 0 {
                walk.cut_to_minute();
                walk.at += 60;
                if walk.shown()?.minute() == 0 {
                    continue 'again;
                }
            }
            match walk.shown()?.second() {
                0 => return Some(walk.at),
                second => walk.at += i64::from(60 - second),
            }
            walk.moved = true;
        }
        None
    }
}

const MIDNIGHT: jiff::civil::Time = jiff::civil::Time::midnight();

/// An instant on its way.
struct Walk<'z> {
    zone: &'z TimeZone,
    /// Seconds of the epoch.
    at: i64,
    /// A field has moved.
    moved: bool,
}

impl Walk<'_> {
    /// What the clock of the zone shows.
    fn shown(&self) -> Option<DateTime> {
        Some(self.zone.to_datetime(Timestamp::from_second(self.at).ok()?))
    }

    /// Sets the smaller fields to their start, the first time a field moves.
    fn begin(&mut self, start: impl Fn(DateTime) -> Option<DateTime>) -> Option<()> {
        if !self.moved {
            self.at = instant(start(self.shown()?)?, self.zone)?;
            self.moved = true;
        }
        Some(())
    }

    /// The same of seconds, by real time.
    fn cut_to_minute(&mut self) {
        if !self.moved {
            self.at -= self.at.rem_euclid(60);
            self.moved = true;
        }
    }

    fn on_the_clock(&mut self, step: Span) -> Option<()> {
        self.at = instant(self.shown()?.checked_add(step).ok()?, self.zone)?;
        Some(())
    }
}

/// The instant at which a clock of the zone shows this, as Go has it (`time.Date`): by the offset of the zone at the
/// instant that is found by the offset it has at that time of UTC.
fn instant(shown: DateTime, zone: &TimeZone) -> Option<i64> {
    let of_utc = TimeZone::UTC.to_timestamp(shown).ok()?.as_second();
    let offset = |second: i64| {
        let at = Timestamp::from_second(second).ok()?;
        Some(i64::from(zone.to_offset(at).seconds()))
    };
    Some(of_utc - offset(of_utc - offset(of_utc)?)?)
}

/// From one expression to another, in a zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// When it becomes active.
    pub start: Cron,
    /// When it ends.
    pub end: Cron,
    /// Whose clock it goes by.
    pub zone: TimeZone,
}

/// What is known of a schedule from an instant up to another: the next start or end that comes, and where one never
/// comes no later than the end of the year, as a walk from the next year on looks a year further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    since: i64,
    until: i64,
    is_active: bool,
}

impl Schedule {
    /// Whether it is active: whether its end comes no later than its start. `known` is what was found before.
    pub fn is_active(&self, at: Timestamp, known: &mut Option<Known>) -> bool {
        let second = at.as_second();
        let still = |one: &Known| one.since <= second && second < one.until;
        let found = known.filter(still).unwrap_or_else(|| self.found(second));
        *known = Some(found);
        found.is_active
    }

    fn found(&self, second: i64) -> Known {
        let next = |cron: &Cron| cron.next(second, &self.zone);
        let (start, end) = (next(&self.start), next(&self.end));
        let until = |next: Option<i64>| next.unwrap_or_else(|| self.last_of_year(second));
        Known {
            since: second,
            until: until(start).min(until(end)),
            is_active: end.unwrap_or(NEVER) <= start.unwrap_or(NEVER),
        }
    }

    /// The second from which a walk begins in the year after that of one from `second`.
    fn last_of_year(&self, second: i64) -> i64 {
        let walk = Walk { zone: &self.zone, at: second + 1, moved: false };
        let next_year =
            walk.shown().and_then(|at| DateTime::new(at.year() + 1, 1, 1, 0, 0, 0, 0).ok());
        next_year.and_then(|at| instant(at, &self.zone)).map_or(i64::MAX, |first| first - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, zone: &str, after: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let after: Timestamp = after.parse().unwrap();
        let found = Cron::parse(cron).unwrap().next(after.as_second(), &zone);
        found.map_or("never".to_owned(), |at| {
            let at = Timestamp::from_second(at).unwrap().to_zoned(zone);
            at.strftime("%F %H:%M %z").to_string()
        })
    }

    /// | expression | zone | after | next |
    #[test]
    fn the_next_instant_is_the_next_minute_that_every_field_allows() {
        for (cron, after, expected) in [
            ("0 8 * * *", "2026-03-02T07:59:59Z", "2026-03-02 08:00"),
            ("0 8 * * *", "2026-03-02T08:00:00Z", "2026-03-03 08:00"),
            ("*/15 * * * *", "2026-03-02T08:01:30Z", "2026-03-02 08:15"),
            ("20/15 * * * *", "2026-03-02T08:36:00Z", "2026-03-02 08:50"),
            ("0 9-17/4 * * mon-fri", "2026-03-06T17:30:00Z", "2026-03-09 09:00"),
            ("0 0 1 jan ?", "2026-03-02T00:00:00Z", "2027-01-01 00:00"),
            // Either of the two, where neither is a star; both, where one is.
            ("0 0 13 * 5", "2026-03-02T00:00:00Z", "2026-03-06 00:00"),
            ("0 0 13 * *", "2026-03-02T00:00:00Z", "2026-03-13 00:00"),
            ("0 0 */2 * 1", "2026-03-02T00:00:00Z", "2026-03-03 00:00"),
            ("0 0 */1 * 1", "2026-03-02T00:00:00Z", "2026-03-09 00:00"),
            ("30 23 28,29 2 *", "2026-03-02T00:00:00Z", "2027-02-28 23:30"),
            ("0 0 30 2 *", "2026-03-02T00:00:00Z", "never"),
        ] {
            let found = next(cron, "UTC", after);
            assert_eq!(found.trim_end_matches(" +0000"), expected, "{cron} after {after}");
        }
    }

    #[test]
    fn an_hour_left_out_is_skipped_and_one_shown_twice_counts_twice() {
        let york = |cron: &str, after: &str| next(cron, "America/New_York", after);
        assert_eq!(york("30 2 * * *", "2026-03-07T12:00:00Z"), "2026-03-09 02:30 -0400");
        assert_eq!(york("30 1 * * *", "2026-11-01T04:00:00Z"), "2026-11-01 01:30 -0400");
        assert_eq!(york("30 1 * * *", "2026-11-01T05:30:00Z"), "2026-11-01 01:30 -0500");
        assert_eq!(york("0 0 * * 1", "2026-11-01T05:45:00Z"), "2026-11-02 00:00 -0500");
    }

    #[test]
    fn what_is_no_expression_is_told() {
        for (text, part) in [
            ("* * * *", "expected exactly 5 fields, found 4"),
            ("0 0 8 * * *", "found 6"),
            ("60 * * * *", "60 to 60 is no range of a minute: 0 to 59"),
            ("* * * * 7", "7 to 7 is no range of a day of week: 0 to 6"),
            ("* 17-9 * * *", "17 to 9 is no range"),
            ("*/0 * * * *", "a step is 1 or more"),
            ("*/x * * * *", "`x` is no step"),
            ("1/2/3 * * * *", "`2/3` is no step"),
            ("1-2-3 * * * *", "`2-3` is no minute"),
            ("0 8 * foo *", "`foo` is no month"),
            ("@daily", "found 1"),
        ] {
            let wrong = Cron::parse(text).unwrap_err();
            assert!(wrong.contains(part), "{text}: {wrong}");
        }
    }

    fn active(start: &str, end: &str, zone: &str, at: &[(&str, bool)]) {
        let zone = TimeZone::get(zone).unwrap();
        let parse = |text| Cron::parse(text).unwrap();
        let schedule = Schedule { start: parse(start), end: parse(end), zone };
        let mut known = None;
        for &(text, expected) in at {
            let at: Timestamp = text.parse().unwrap();
            let is_active = schedule.is_active(at, &mut known);
            assert_eq!(is_active, expected, "{start} to {end} at {text}");
            assert_eq!(schedule.is_active(at, &mut None), expected, "and asked afresh");
        }
    }

    #[test]
    fn it_is_active_from_its_start_up_to_its_end() {
        active(
            "0 8 * * 1-5",
            "30 17 * * 1-5",
            "Europe/Berlin",
            &[
                ("2026-03-02T06:59:59Z", false),
                ("2026-03-02T07:00:00Z", true),
                ("2026-03-02T16:29:30Z", true),
                ("2026-03-02T16:30:00Z", false),
                ("2026-03-07T09:00:00Z", false),
            ],
        );
        // The last start before an end counts, whatever starts lie between.
        active(
            "0 22 * * *",
            "0 6 * * 1",
            "UTC",
            &[("2026-03-04T23:00:00Z", false), ("2026-03-08T23:00:00Z", true)],
        );
        // Both at one instant; an end that never comes is before every start.
        active("0 8 * * *", "0 8 * * 1-5", "UTC", &[("2026-03-02T09:00:00Z", true)]);
        active("0 8 * * *", "0 0 30 2 *", "UTC", &[("2026-03-02T09:00:00Z", true)]);
    }

    /// | start | end | asked at | known from 2096-03-02 on |
    #[test]
    fn what_was_found_of_a_side_that_never_comes_is_kept_until_the_other_comes_or_the_year_ends() {
        let never = "0 0 31 2,4,6,9,11 *";
        for (start, end, at, kept) in [
            ("0 8 * * *", never, "2096-03-02T07:59:59Z", true),
            ("0 8 * * *", never, "2096-03-02T08:00:00Z", false),
            (never, "0 8 * * *", "2096-03-02T07:59:59Z", true),
            (never, "0 8 * * *", "2096-03-02T08:00:00Z", false),
            (never, never, "2096-12-31T23:59:58Z", true),
            (never, never, "2096-12-31T23:59:59Z", false),
        ] {
            let [start_, end_] = [start, end].map(|text| Cron::parse(text).unwrap());
            let schedule = Schedule { start: start_, end: end_, zone: TimeZone::UTC };
            let ask = |at: &str, known: &mut _| schedule.is_active(at.parse().unwrap(), known);
            let mut known = None;
            ask("2096-03-02T00:00:00Z", &mut known);
            let before = known;
            let is_active = ask(at, &mut known);
            assert_eq!(known == before, kept, "{start} to {end} at {at}");
            assert_eq!(is_active, end == never, "{start} to {end} at {at}");
        }
        // None in 2100: from 2096 on the walk gives up before the one of 2104, from 2099 on it does not.
        active(
            "0 0 29 2 *",
            never,
            "UTC",
            &[("2096-03-02T00:00:00Z", true), ("2098-06-01T00:00:00Z", true)],
        );
        active(
            never,
            "0 0 29 2 *",
            "UTC",
            &[
                ("2096-03-02T00:00:00Z", true),
                ("2098-12-31T23:59:58Z", true),
                ("2098-12-31T23:59:59Z", false),
            ],
        );
    }

    /// Worked scenario (e6) of its sources.
    #[test]
    fn on_the_days_the_clock_changes_it_goes_by_the_instants_there_are() {
        active(
            "30 2 * * *",
            "0 6 * * *",
            "America/New_York",
            &[
                ("2026-03-07T07:29:00Z", false),
                ("2026-03-07T07:30:00Z", true),
                // 6:00 of the 7th is no end that counts: no start comes before that of the 8th.
                ("2026-03-07T12:00:00Z", true),
                ("2026-03-08T09:00:00Z", true),
                ("2026-03-08T10:00:00Z", false),
            ],
        );
        active(
            "30 1 * * *",
            "0 6 * * *",
            "America/New_York",
            &[
                ("2026-11-01T05:30:00Z", false),
                ("2026-11-01T06:29:59Z", false),
                ("2026-11-01T06:30:00Z", true),
                ("2026-11-01T11:00:00Z", false),
            ],
        );
    }
}
