//! The wall clock of a run: for schedules, dated recordings and whoever reads the results.

use super::text::TextError;
use super::time::Time;
use jiff::civil::{self, DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use std::fmt;

/// Where the run's start lies on the wall clock.
///
/// Calendars always have an answer: where nobody said anything the run begins on a Monday at midnight, UTC.
/// What people read is only what is known ([`WallClock::known`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WallClock {
    start: Zoned,
    known: Known,
}

/// How much of a wall clock was stated, or recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing: instants are told as time since the start.
    Nothing,
    /// Day of the week and time of day, but no date.
    Weekday,
    /// The date.
    Date,
}

/// What a stated start may look like.
const EXPECTED: &str = "a date with or without time and zone, for example \"2026-03-02\", \
     \"2026-03-02T08:00:00+08:00\" or \"2026-03-02T00:00:00+01:00[Europe/Berlin]\", or a weekday, \"Mon 08:00\"";

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl WallClock {
    /// As [`WallClock::parse_beside`], dates without an offset being of UTC.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        Self::parse_beside(text, &Self::default())
    }
    /// A date of the form RFC 3339 (`2026-03-02T00:00:00+08:00`), optionally with a zone name in brackets
    /// (`2026-03-02T00:00:00+01:00[Europe/Berlin]`), which then follows that zone's daylight saving; or one
    /// without offset (`2026-03-02`, `2026-03-02 08:00`), which is of the zone of `other`; or a weekday
    /// (`Mon 08:00`).
    pub fn parse_beside(text: &str, other: &Self) -> Result<Self, TextError> {
        let (text, zone) = (text.trim(), other.zone());
        let because = |error: jiff::Error| TextError::because(text, EXPECTED, error.to_string());
        match text.parse::<Zoned>() {
            Ok(start) => return Ok(Self::dated(start)),
            // A zone in brackets that is unknown must not pass as a plain offset.
            Err(error) if text.contains('[') => return Err(because(error)),
            Err(_) => {}
        }
        if let Some(start) = weekday(text) {
            return Ok(Self { start, known: Known::Weekday });
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            let offset = jiff::fmt::temporal::Pieces::parse(text)
                .ok()
                .and_then(|pieces| pieces.to_numeric_offset())
                .unwrap_or(jiff::tz::Offset::UTC);
            return Ok(Self::dated(instant.to_zoned(TimeZone::fixed(offset))));
        }
        let civil: DateTime = text.parse().map_err(because)?;
        let instant = instant_of(civil, zone);
        let instant = instant.ok_or_else(|| TextError::new(text, EXPECTED))?;
        Ok(Self::dated(instant.to_zoned(zone.clone())))
    }
    /// One whose date is known.
    pub const fn dated(start: Zoned) -> Self {
        Self { start, known: Known::Date }
    }
    /// What people may be shown of it.
    pub const fn known(&self) -> Known {
        self.known
    }
    /// The zone of the start.
    pub fn zone(&self) -> &TimeZone {
        self.start.time_zone()
    }
    /// The start itself; where no date is known, one that stands for it.
    pub fn start(&self) -> &Zoned {
        &self.start
    }
    /// The start for people, as far as it is known: `Mon 2026-03-02 00:00 (UTC+08:00)`, `Mon 08:00`.
    pub fn start_told(&self) -> Option<String> {
        let time = if self.start.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
        let form = match self.known {
            Known::Nothing => return None,
            Known::Weekday => format!("%a {time}"),
            Known::Date => format!("%a %F {time} (UTC%:z)"),
        };
        Some(self.start.strftime(&form).to_string())
    }
    /// Civil time of a simulated instant, for calendars; `None` beyond the calendar's range.
    pub fn at(&self, time: Time) -> Option<Zoned> {
        let ns = i64::try_from(time.0).ok()?;
        self.start.checked_add(SignedDuration::from_nanos(ns)).ok()
    }
    /// As [`WallClock::at`], where the date is known.
    pub fn dated_at(&self, time: Time) -> Option<Zoned> {
        self.at(time).filter(|_| self.known == Known::Date)
    }
    /// The first instant of the run at which it shows this; `None` if the calendar ends before.
    pub fn first(&self, shown: DayTime) -> Option<Time> {
        let mut date = self.start.date();
        // A week and a day: that of the start may have begun too late.
        for _ in 0..=8 {
            if shown.day.is_none_or(|day| day == date.weekday())
                && let Some(found) =
                    self.time_of(instant_of(date.to_datetime(shown.time), self.zone())?)
            {
                return Some(found);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }
    /// The simulated instant of a wall-clock one; `None` before the start.
    pub fn time_of(&self, when: Timestamp) -> Option<Time> {
        let length = when.duration_since(self.start.timestamp());
        u64::try_from(length.as_nanos()).ok().map(Time)
    }
}

/// When a clock of `zone` shows a date and time: the first time, if it does so twice; if it never does,
/// because it was put forward over it, the instant at which that was done. `None` beyond the calendar's range.
pub fn instant_of(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let shown = zone.to_ambiguous_timestamp(civil);
    let gap = matches!(shown.offset(), AmbiguousOffset::Gap { .. });
    let instant = shown.compatible().ok()?;
    if !gap {
        return Some(instant);
    }
    let just_after = instant.checked_add(SignedDuration::from_nanos(1)).ok()?;
    zone.preceding(just_after).next().map(|change| change.timestamp())
}

/// A time of day, every day or on one of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTime {
    day: Option<Weekday>,
    time: civil::Time,
}

impl DayTime {
    /// Every day.
    pub const fn daily(time: civil::Time) -> Self {
        Self { day: None, time }
    }
    /// `12:01`, `Mon`, `mon 08:00:30`; `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(time) = time_of_day(text) {
            return Some(Self::daily(time));
        }
        let (day, time) = text.trim().split_once(' ').unwrap_or((text.trim(), "00:00"));
        let day = day.to_ascii_lowercase();
        let at = DAYS.iter().position(|name| *name == day)?;
        let day = Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()?;
        Some(Self { day: Some(day), time: time_of_day(time)? })
    }
}

/// `HH:MM` or `HH:MM:SS` with an optional fraction.
pub(crate) fn time_of_day(text: &str) -> Option<civil::Time> {
    let text = text.trim();
    let whole =
        text.len() >= 5 && text.as_bytes()[..5].iter().all(|b| b.is_ascii_digit() || *b == b':');
    if whole { text.parse().ok() } else { None }
}

/// `Mon`, `mon 08:00`: in the week of the clock nobody stated.
fn weekday(text: &str) -> Option<Zoned> {
    let shown = DayTime::parse(text)?;
    let date = unstated().date();
    let ahead = i64::from(date.weekday().until(shown.day?));
    date.checked_add(ahead.days()).ok()?.to_datetime(shown.time).to_zoned(TimeZone::UTC).ok()
}

/// Monday, 2026-01-05, midnight UTC.
fn unstated() -> Zoned {
    jiff::civil::date(2026, 1, 5).to_zoned(TimeZone::UTC).unwrap_or_default()
}

impl Default for WallClock {
    /// Nothing is known.
    fn default() -> Self {
        Self { start: unstated(), known: Known::Nothing }
    }
}

impl fmt::Display for WallClock {
    /// The start, as far as it is known; nothing where nothing is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known {
            Known::Nothing => Ok(()),
            Known::Weekday => write!(f, "{}", self.start.strftime("%a %H:%M:%S")),
            Known::Date => write!(f, "{}", self.start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_keeps_the_stated_offset() {
        let at = WallClock::parse("2026-03-02T00:00:00+08:00")
            .unwrap()
            .at(Time::from_secs(3600))
            .unwrap();
        assert_eq!((at.hour(), at.offset().seconds()), (1, 8 * 3600));
    }

    #[test]
    fn a_start_is_a_date_or_a_weekday() {
        let berlin = WallClock::parse("2014-01-01T00:00+01:00[Europe/Berlin]").unwrap();
        for (text, shown) in [
            ("2014-04-12", "2014-04-12T00:00:00+02:00[Europe/Berlin]"),
            ("2014-04-12 08:30", "2014-04-12T08:30:00+02:00[Europe/Berlin]"),
            ("2014-04-12T08:30:00Z", "2014-04-12T08:30:00+00:00[UTC]"),
            ("Mon", "Mon 00:00:00"),
            ("sun 07:15", "Sun 07:15:00"),
        ] {
            let clock = WallClock::parse_beside(text, &berlin).unwrap();
            assert_eq!(clock.to_string(), shown, "{text}");
        }
        for text in ["someday", "Mon 25:00", "2014-13-01", "08:00", ""] {
            let error = WallClock::parse(text).unwrap_err().to_string();
            assert!(error.contains("2026-03-02"), "{text}: {error}");
        }
        assert_eq!(WallClock::default().to_string(), "", "nobody said anything");
        assert_eq!(WallClock::default().dated_at(Time::ZERO), None);
    }

    #[test]
    fn what_a_clock_shows_is_its_first_time_in_the_run() {
        let clock = WallClock::parse("2026-03-04T09:00:00+08:00").unwrap();
        for (text, hours) in [
            ("10:00", Some(1)),
            ("09:00:00", Some(0)),
            ("08:30", Some(23)),
            ("Wed 09:00", Some(0)),
            ("wed 08:00", Some(167)),
            ("Mon", Some(111)),
            ("25:00", None),
            ("someday 10:00", None),
        ] {
            let at = DayTime::parse(text).and_then(|shown| clock.first(shown));
            assert_eq!(at.map(|at| at.0 / 3_600_000_000_000), hours, "{text}");
        }
    }

    #[test]
    fn a_time_that_is_left_out_is_when_the_clock_was_put_forward_and_one_shown_twice_the_first() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (civil, utc) in [
            ("2026-03-29T01:59", "2026-03-29T00:59:00Z"),
            ("2026-03-29T02:00", "2026-03-29T01:00:00Z"),
            ("2026-03-29T02:30", "2026-03-29T01:00:00Z"),
            ("2026-03-29T03:00", "2026-03-29T01:00:00Z"),
            ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
            ("2026-10-25T03:00", "2026-10-25T02:00:00Z"),
        ] {
            let found = instant_of(civil.parse().unwrap(), &berlin).unwrap();
            assert_eq!(found.to_string(), utc, "{civil}");
        }
    }
}
