//! Instants of a run in words: on the wall clock as far as that is known, else as time since the start.

use autosim_engine::units::{Known, Span, Time};
use autosim_study::experiment::About;

const WEEK: Span = Span::from_secs(7 * 86_400);

/// `Mon 12:00:05`, `1d 12h 5s`.
pub(super) fn instant(about: &About, at: Time) -> String {
    civil(about, at, "%H:%M:%S").unwrap_or_else(|| at.since(Time::ZERO).to_string())
}

/// From when to when: `Mon 12:00-12:09`; over midnight both days are named. Without a clock `12h to 12h 9m`.
pub(super) fn stretch(about: &About, from: Time, to: Time) -> String {
    let ends = (about.clock.at(from), about.clock.at(to));
    let (Some(begin), Some(end)) = ends else { return offsets(from, to) };
    let form = match begin.second() == 0 && end.second() == 0 {
        true => "%H:%M",
        false => "%H:%M:%S",
    };
    let same_day = begin.date() == end.date();
    let last = if same_day { Some(end.strftime(form).to_string()) } else { civil(about, to, form) };
    match (civil(about, from, form), last) {
        (Some(first), Some(last)) => format!("{first}-{last}"),
        _ => offsets(from, to),
    }
}

fn offsets(from: Time, to: Time) -> String {
    let since = |at: Time| at.since(Time::ZERO);
    format!("{} to {}", since(from), since(to))
}

/// Day and time, the time in its form; `None` where no clock is known.
fn civil(about: &About, at: Time, time: &str) -> Option<String> {
    let civil = about.clock.at(at)?;
    let long = about.window.end.since(Time::ZERO) > WEEK;
    let day = match (about.clock.known(), long) {
        (Known::Nothing, _) => return None,
        (Known::Date, true) => "%b %-d".to_owned(),
        (Known::Weekday, true) => format!("week {} %a", 1 + at.0 / WEEK.0),
        (Known::Date | Known::Weekday, false) => "%a".to_owned(),
    };
    Some(civil.strftime(&format!("{day} {time}")).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use autosim_engine::units::WallClock;

    #[test]
    fn instants_are_told_by_what_is_known_of_the_clock() {
        let mut about = sample::results().about;
        let (noon, later) = (Time::from_secs(129_600), Time::from_secs(130_140));
        for (start, days, moment, from_to) in [
            ("2026-03-02T00:00:00+08:00", 2, "Tue 12:00:00", "Tue 12:00-12:09"),
            ("2026-03-02T00:00:00+08:00", 9, "Mar 3 12:00:00", "Mar 3 12:00-12:09"),
            ("Wed", 2, "Thu 12:00:00", "Thu 12:00-12:09"),
            ("Wed 12:00", 2, "Fri 00:00:00", "Fri 00:00-00:09"),
            ("Wed", 9, "week 1 Thu 12:00:00", "week 1 Thu 12:00-12:09"),
            ("", 2, "1d 12h", "1d 12h to 1d 12h 9m"),
        ] {
            about.clock = WallClock::parse(start).unwrap_or_default();
            about.window.end = Time::from_secs(days * 86_400);
            assert_eq!(instant(&about, noon), moment, "{start}");
            assert_eq!(stretch(&about, noon, later), from_to, "{start}");
        }
    }
}
