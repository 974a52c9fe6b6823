//! Instants of a run in words: on the wall clock as far as that is known, else as time since the start.

use autosim_engine::units::{Known, Span, Time, WallClock};
use autosim_study::experiment::About;

const WEEK: Span = Span::from_secs(7 * 86_400);

/// How instants of a run are told.
#[derive(Debug, Clone, Copy)]
pub struct When<'a> {
    /// Its wall clock.
    pub clock: &'a WallClock,
    /// Its end: of a long run a weekday says too little.
    pub end: Time,
}

impl<'a> When<'a> {
    pub(super) fn of(about: &'a About) -> Self {
        Self { clock: &about.clock, end: about.window.end }
    }

    /// `Mon 12:00:05`, `1d 12h 5s`.
    pub(super) fn instant(&self, at: Time) -> String {
        let at = to_the_millisecond(at);
        self.civil(at, "%H:%M:%S%.f").unwrap_or_else(|| at.since(Time::ZERO).to_string())
    }

    /// The same with whatever else is known: `Mon 12:00:05 (+12h 5s; 2026-03-02, UTC+08:00)`.
    pub(super) fn in_full(&self, at: Time) -> String {
        let offset = format!("+{}", to_the_millisecond(at).since(Time::ZERO));
        let date = self.clock.dated_at(at).map(|at| at.strftime("; %F, UTC%:z").to_string());
        match self.clock.known() {
            Known::Nothing => offset,
            Known::Weekday | Known::Date => {
                format!("{} ({offset}{})", self.instant(at), date.unwrap_or_default())
            }
        }
    }

    /// From when to when: `Mon 12:00-12:09`; over midnight both days are named. Without a clock `12h to 12h 9m`.
    pub(super) fn stretch(&self, from: Time, to: Time) -> String {
        let ends = (self.clock.at(from), self.clock.at(to));
        let (Some(begin), Some(end)) = ends else { return offsets(from, to) };
        let form = match begin.second() == 0 && end.second() == 0 {
            true => "%H:%M",
            false => "%H:%M:%S",
        };
        let same_day = begin.date() == end.date();
        let last =
            if same_day { Some(end.strftime(form).to_string()) } else { self.civil(to, form) };
        match (self.civil(from, form), last) {
            (Some(first), Some(last)) => format!("{first}-{last}"),
            _ => offsets(from, to),
        }
    }

    /// Day and time, the time in its form; `None` where no clock is known.
    fn civil(&self, at: Time, time: &str) -> Option<String> {
        let civil = self.clock.at(at)?;
        let long = self.end.since(Time::ZERO) > WEEK;
        let day = match (self.clock.known(), long) {
            (Known::Nothing, _) => return None,
            (Known::Date, true) => "%b %-d".to_owned(),
            (Known::Weekday, true) => format!("week {} %a", 1 + at.0 / WEEK.0),
            (Known::Date | Known::Weekday, false) => "%a".to_owned(),
        };
        Some(civil.strftime(&format!("{day} {time}")).to_string())
    }
}

/// Nobody counts less.
const fn to_the_millisecond(at: Time) -> Time {
    Time(at.0.saturating_add(500_000) / 1_000_000 * 1_000_000)
}

fn offsets(from: Time, to: Time) -> String {
    let since = |at: Time| at.since(Time::ZERO);
    format!("{} to {}", since(from), since(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_told_by_what_is_known_of_the_clock() {
        let (noon, later) = (Time::from_secs(129_600), Time::from_secs(130_140));
        for (start, days, moment, from_to) in [
            ("2026-03-02T00:00:00+08:00", 2, "Tue 12:00:00", "Tue 12:00-12:09"),
            ("2026-03-02T00:00:00+08:00", 9, "Mar 3 12:00:00", "Mar 3 12:00-12:09"),
            ("Wed", 2, "Thu 12:00:00", "Thu 12:00-12:09"),
            ("Wed 12:00", 2, "Fri 00:00:00", "Fri 00:00-00:09"),
            ("Wed", 9, "week 1 Thu 12:00:00", "week 1 Thu 12:00-12:09"),
            ("", 2, "1d 12h", "1d 12h to 1d 12h 9m"),
        ] {
            let clock = WallClock::parse(start).unwrap_or_default();
            let when = When { clock: &clock, end: Time::from_secs(days * 86_400) };
            assert_eq!(when.instant(noon), moment, "{start}");
            assert_eq!(when.stretch(noon, later), from_to, "{start}");
            let full = when.in_full(noon);
            assert!(full.starts_with(moment) != start.is_empty(), "{full}");
            assert!(full.contains("+1d 12h"), "{full}");
            assert_eq!(full.contains("2026-03-03, UTC+08:00"), start.len() > 9, "{full}");
        }
    }

    #[test]
    fn no_instant_has_more_digits_than_milliseconds() {
        let end = Time::from_secs(600);
        for (start, told) in [("Wed 12:00", "Wed 12:00:08.3"), ("", "8.3s")] {
            let clock = WallClock::parse(start).unwrap_or_default();
            let when = When { clock: &clock, end };
            assert_eq!(when.instant(Time(8_299_999_999)), told);
            assert_eq!(when.instant(Time(8_300_000_001)), told);
        }
    }
}
