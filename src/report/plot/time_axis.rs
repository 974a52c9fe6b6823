//! The time axis: simulated seconds, labelled by the wall clock of the scenario where one is known.

use super::axis::Axis;
use autosim_engine::simulation::Interval;
use autosim_engine::units::{Known, Time, WallClock};
use autosim_study::experiment::About;

const DAY: u64 = 86_400;
/// Steps between ticks, in seconds.
const STEPS: [u64; 22] = [
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    3 * 3600,
    6 * 3600,
    12 * 3600,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
];

/// From the start to the end of the last interval, with about ten ticks at round clock times.
pub(super) fn axis(about: &About, timeline: &[Interval]) -> Axis {
    let end = timeline.last().map_or(about.window.end, |last| last.at.after(last.length));
    of_length(&about.clock, end.as_secs_f64())
}

/// From the start for a number of seconds, with about ten ticks at round clock times.
pub(super) fn of_length(clock: &WallClock, length_s: f64) -> Axis {
    let length = length_s.max(1.0);
    let step = STEPS.into_iter().find(|step| length / *step as f64 <= 12.0);
    let step = step.unwrap_or_else(|| 28 * DAY * (length / (12 * 28 * DAY) as f64).ceil() as u64);
    let start = clock.start();
    let since_midnight = u64::try_from(
        i64::from(start.hour()) * 3600 + i64::from(start.minute()) * 60 + i64::from(start.second()),
    )
    .unwrap_or(0);
    let first = since_midnight.div_ceil(step) * step - since_midnight;
    let ticks = (0..)
        .map(|n| first + n * step)
        .take_while(|seconds| *seconds as f64 <= length)
        .map(|seconds| (seconds as f64, words(clock, seconds, step)))
        .collect();
    Axis { log: false, low: 0.0, high: length, ticks }
}

fn words(clock: &WallClock, seconds: u64, step: u64) -> String {
    let time = Time::from_secs(seconds);
    let (known, Some(at)) = (clock.known(), clock.at(time)) else {
        return time.since(Time::ZERO).to_string();
    };
    let midnight = at.hour() == 0 && at.minute() == 0 && at.second() == 0;
    let form = match (known, step >= DAY || (midnight && seconds > 0)) {
        (Known::Nothing, _) => return time.since(Time::ZERO).to_string(),
        (Known::Date, true) => "%b %-d",
        (Known::Weekday, true) => "%a",
        (Known::Date | Known::Weekday, false) if step < 60 => "%H:%M:%S",
        (Known::Date | Known::Weekday, false) => "%H:%M",
    };
    at.strftime(form).to_string()
}

/// What the ticks stand for.
pub(super) fn title(clock: &WallClock) -> String {
    match clock.start_told() {
        Some(start) => format!("wall clock, from {start}"),
        None => "time from the start".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn ticks_stand_at_round_clock_times() {
        let mut about = sample::results().about;
        about.clock = autosim_engine::units::WallClock::parse("2026-03-02T22:40:00+08:00").unwrap();
        about.window.end = Time::from_secs(6 * 3600);
        let axis = axis(&about, &[]);
        let words: Vec<&str> = axis.ticks.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!(words[..4], ["23:00", "23:30", "Mar 3", "00:30"]);
        assert_eq!(axis.ticks[0].0, 1200.0);
        assert_eq!(title(&about.clock), "wall clock, from Mon 2026-03-02 22:40 (UTC+08:00)");
    }

    #[test]
    fn without_a_date_ticks_are_weekdays_or_offsets() {
        let mut about = sample::results().about;
        about.window.end = Time::from_secs(12 * 3600);
        for (start, title_, first) in [
            ("", "time from the start", ["0s", "1h", "2h"]),
            ("Sun 22:00", "wall clock, from Sun 22:00", ["22:00", "23:00", "Mon"]),
        ] {
            about.clock = autosim_engine::units::WallClock::parse(start).unwrap_or_default();
            let axis = axis(&about, &[]);
            let words: Vec<&str> = axis.ticks.iter().map(|(_, words)| words.as_str()).collect();
            assert_eq!((title(&about.clock).as_str(), &words[..3]), (title_, &first[..]));
        }
    }
}
