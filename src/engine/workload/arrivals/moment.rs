//! A moment of a run as a scenario writes it.

use crate::units::{DayTime, Span, TextError, Time, WallClock, time_of_day};
use std::fmt;
use std::str::FromStr;

/// A moment: an offset from the start (`"10m"`) or a time of day (`"10:00"`, its first occurrence at or
/// after the start on the scenario's wall clock).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// This long after the start.
    Offset(Span),
    /// The first time the wall clock shows this.
    TimeOfDay(jiff::civil::Time),
}

const MOMENT_EXPECTED: &str =
    "an offset from the start or a time of day, for example \"10m\" or \"10:00\"";

impl Moment {
    /// When it is; `None` if the calendar ends before.
    pub fn after_start(self, clock: &WallClock) -> Option<Time> {
        match self {
            Self::Offset(span) => Some(Time(span.0)),
            Self::TimeOfDay(time) => clock.first(DayTime::daily(time)),
        }
    }

    fn from_bare_number(_: f64, found: &str) -> Result<Self, TextError> {
        let why = format!("an offset needs a unit, for example \"{found}s\"");
        Err(TextError::because(found, MOMENT_EXPECTED, why))
    }
}

impl FromStr for Moment {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        if !text.contains(':') {
            return text
                .parse()
                .map(Self::Offset)
                .map_err(|error: TextError| TextError { expected: MOMENT_EXPECTED, ..error });
        }
        let wrong = || TextError::new(text, MOMENT_EXPECTED);
        time_of_day(text).map(Self::TimeOfDay).ok_or_else(wrong)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(span) => span.fmt(f),
            Self::TimeOfDay(time) => time.fmt(f),
        }
    }
}

crate::written_as_text!(Moment, "Moment", MOMENT_EXPECTED, "string", examples ["10m", "10:00"], bare number Moment::from_bare_number);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_its_first_occurrence_after_the_start() {
        let clock = WallClock::parse("2026-03-02T09:00:00+08:00").unwrap();
        for (text, hours) in [("10:00", 1), ("09:00:00", 0), ("08:30", 23), ("90m", 1)] {
            let at = text.parse::<Moment>().unwrap().after_start(&clock).unwrap();
            assert_eq!(at.0 / 3_600_000_000_000, hours, "{text}");
        }
    }

    #[test]
    fn daylight_saving_moves_the_next_day_by_an_hour() {
        let clock = WallClock::parse("2026-03-28T12:00:00+01:00[Europe/Berlin]").unwrap();
        let at = "11:00".parse::<Moment>().unwrap().after_start(&clock);
        assert_eq!(at, Some(Time::from_secs(22 * 3600)));
    }

    #[test]
    fn what_is_neither_is_refused_with_an_example() {
        for text in ["25:00", "10", "-5m", "noon", "10:0", ":10:00"] {
            let error = text.parse::<Moment>().unwrap_err().to_string();
            assert!(error.contains("\"10:00\""), "{text}: {error}");
        }
    }
}
