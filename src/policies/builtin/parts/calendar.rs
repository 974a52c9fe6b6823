//! Wall-clock times, cron patterns and plain offsets, turned into instants of the run.

use autosim_engine::units::{Span, TextError, Time, WallClock, instant_of};
use autosim_engine::written_as_text;
use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use std::fmt;
use std::str::FromStr;

/// A single instant: an offset from the start, or a date and time.
#[derive(Debug, Clone, PartialEq)]
pub enum At {
    /// `"7s"`: so long after the start.
    Offset(Span),
    /// `"2026-03-02T08:00:00Z"`: an instant of the world.
    Instant(Timestamp),
    /// `"2026-03-02T08:00"`: in the calendar's time zone.
    Civil(civil::DateTime),
}

const AT_EXPECTED: &str = "an offset from the start such as \"7s\" or \"2h 30m\", or a date and time \
     such as \"2026-03-02T08:00\"";

impl FromStr for At {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        if let Ok(offset) = text.parse::<Span>() {
            return Ok(Self::Offset(offset));
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self::Instant(instant));
        }
        text.parse::<civil::DateTime>()
            .map(Self::Civil)
            .map_err(|_| TextError::new(text, AT_EXPECTED))
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(offset) => write!(f, "{offset}"),
            Self::Instant(instant) => write!(f, "{instant}"),
            Self::Civil(civil) => write!(f, "{civil}"),
        }
    }
}

/// A time of day: `"08:00"`, `"20:30:15"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockTime(pub civil::Time);

const CLOCK_EXPECTED: &str = "a time of day such as \"08:00\"";

impl FromStr for ClockTime {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        text.parse().map(Self).map_err(|_| TextError::new(text, CLOCK_EXPECTED))
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Days of the week: `"mon-fri"`, `"sat, sun"`, `"daily"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days([bool; 7]);

const DAYS_EXPECTED: &str = "days of the week such as \"mon-fri\", \"sat, sun\" or \"daily\"";
const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Days {
    /// Every day.
    pub const DAILY: Self = Self([true; 7]);

    fn holds(self, date: civil::Date) -> bool {
        self.0[date.weekday().to_monday_zero_offset() as usize % 7]
    }
}

impl FromStr for Days {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        if text == "daily" {
            return Ok(Self::DAILY);
        }
        let number = |name: &str| {
            let name = name.trim().to_ascii_lowercase();
            let found = DAY_NAMES.iter().position(|day| *day == name);
            found.ok_or_else(|| TextError::new(text, DAYS_EXPECTED))
        };
        let mut days = [false; 7];
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            // A range may run over the week's end: "sat-mon".
            for day in 0..=(last + 7 - first) % 7 {
                days[(first + day) % 7] = true;
            }
        }
        Ok(Self(days))
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::DAILY {
            return f.write_str("daily");
        }
        let mut gap = "";
        for (name, _) in DAY_NAMES.iter().zip(self.0).filter(|&(_, on)| on) {
            write!(f, "{gap}{name}")?;
            gap = ", ";
        }
        Ok(())
    }
}

written_as_text!(At, "At", AT_EXPECTED, "string");
written_as_text!(ClockTime, "ClockTime", CLOCK_EXPECTED, "string");
written_as_text!(Days, "Days", DAYS_EXPECTED, "string");

/// The zone of that name (`Europe/Berlin`) or offset (`+08:00`).
pub fn time_zone(name: &str) -> Option<TimeZone> {
    let fixed = || {
        let pieces = format!("2000-01-01T00:00:00{name}");
        let pieces = jiff::fmt::temporal::Pieces::parse(pieces.as_str()).ok()?;
        pieces.to_numeric_offset().map(TimeZone::fixed)
    };
    if name.starts_with(['+', '-']) { fixed() } else { TimeZone::get(name).ok() }
}

/// The pattern, five fields or six with seconds first, or what is wrong with it.
pub fn cron(pattern: &str) -> Result<croner::Cron, String> {
    pattern.parse::<croner::Cron>().map_err(|error| error.to_string())
}

/// Where a calendar's days are and how long the run is.
#[derive(Debug, Clone)]
pub struct Horizon<'a> {
    /// The run's start on the wall clock.
    pub clock: &'a WallClock,
    /// The calendar's time zone.
    pub zone: TimeZone,
    /// Nothing later is asked for.
    pub end: Time,
}

/// When an entry is in force: from the first instant to the second, exclusive; `None` = until another
/// entry replaces it. Ascending by start. One that began before the run starts at [`Time::ZERO`].
pub type Occurrences = Vec<(Time, Option<Time>)>;

impl Horizon<'_> {
    /// A single instant, for `lasting` if given; none if it is over before the run or begins after it.
    pub fn single(&self, at: &At, lasting: Option<Span>) -> Occurrences {
        let instant = match at {
            At::Offset(offset) => {
                let start = Time::ZERO.after(*offset);
                let end = lasting.map(|span| start.after(span));
                return if start <= self.end { vec![(start, end)] } else { Vec::new() };
            }
            At::Instant(instant) => *instant,
            At::Civil(civil) => match instant_of(*civil, &self.zone) {
                Some(instant) => instant,
                None => return Vec::new(),
            },
        };
        let end = lasting.and_then(|span| later(instant, span));
        self.occurrence(instant, end).into_iter().collect()
    }

    /// Every match of a cron pattern, each for `lasting` if given. In spring a time that does not exist
    /// takes place when the clock has sprung forward; in autumn one that exists twice takes place once
    /// (patterns with `*` in hours: both times).
    pub fn cron(&self, pattern: &croner::Cron, lasting: Option<Span>) -> Occurrences {
        let start = self.clock.start().timestamp();
        let first = lasting.and_then(|span| earlier(start, span)).unwrap_or(start);
        let mut occurrences = Vec::new();
        for instant in
            pattern.iter_from(first.to_zoned(self.zone.clone()), croner::Direction::Forward)
        {
            let instant = instant.timestamp();
            if self.clock.time_of(instant).is_some_and(|time| time > self.end) {
                break;
            }
            let end = lasting.and_then(|span| later(instant, span));
            occurrences.extend(self.occurrence(instant, end));
        }
        occurrences
    }

    /// The time of day `from` to the next time of day `to`, on `days` (those of `from`). In spring a time
    /// that does not exist is when the clock has sprung forward, so that a window within the hour left out does
    /// not take place; in autumn one that exists twice is the first.
    pub fn daily(&self, from: ClockTime, to: ClockTime, days: Days) -> Occurrences {
        let start: Zoned = self.clock.start().with_time_zone(self.zone.clone());
        let mut occurrences = Vec::new();
        // From the day before: its window may run past midnight into the run.
        let mut date = start.date().yesterday().unwrap_or(start.date());
        loop {
            let next = date.tomorrow();
            let last_day = if to.0 > from.0 { Ok(date) } else { next.clone() };
            let instants = (
                instant_of(date.to_datetime(from.0), &self.zone),
                last_day.ok().and_then(|day| instant_of(day.to_datetime(to.0), &self.zone)),
            );
            let (Some(begin), Some(end)) = instants else { break };
            if self.clock.time_of(begin).is_some_and(|time| time > self.end) {
                break;
            }
            if days.holds(date) && begin < end {
                occurrences.extend(self.occurrence(begin, Some(end)));
            }
            let Ok(next) = next else { break };
            date = next;
        }
        occurrences
    }

    /// Clipped to the run (rule 1); `None` if it is over before, or a mere trigger that was before it.
    fn occurrence(&self, from: Timestamp, to: Option<Timestamp>) -> Option<(Time, Option<Time>)> {
        let end = match to {
            None => None,
            Some(to) => Some(self.clock.time_of(to).filter(|&end| end > Time::ZERO)?),
        };
        let start = match (self.clock.time_of(from), end) {
            (Some(start), _) => start,
            (None, Some(_)) => Time::ZERO,
            (None, None) => return None,
        };
        (start <= self.end).then_some((start, end))
    }
}

fn later(instant: Timestamp, span: Span) -> Option<Timestamp> {
    instant.checked_add(i64::try_from(span.0).ok()?.nanoseconds()).ok()
}

fn earlier(instant: Timestamp, span: Span) -> Option<Timestamp> {
    instant.checked_sub(i64::try_from(span.0).ok()?.nanoseconds()).ok()
}

/// Which of several entries is in force from which instant on, `None` where none is: the one with the
/// latest start among those that have begun and not ended; of equals, the later in the list. Only
/// changes are listed.
pub fn in_force(entries: &[Occurrences]) -> Vec<(Time, Option<usize>)> {
    let mut instants: Vec<Time> = entries
        .iter()
        .flatten()
        .flat_map(|&(start, end)| [Some(start), end])
        .flatten()
        .filter(|&at| at < Time::NEVER)
        .collect();
    instants.sort_unstable();
    instants.dedup();
    let mut next = vec![0; entries.len()];
    let mut changes: Vec<(Time, Option<usize>)> = Vec::new();
    for at in instants {
        for (next, occurrences) in next.iter_mut().zip(entries) {
            while occurrences.get(*next).is_some_and(|&(start, _)| start <= at) {
                *next += 1;
            }
        }
        let begun = next.iter().zip(entries).enumerate().filter_map(|(entry, (next, all))| {
            let &(start, end) = all.get(next.checked_sub(1)?)?;
            end.is_none_or(|end| end > at).then_some((start, entry))
        });
        let entry = begun.max().map(|(_, entry)| entry);
        if changes.last().map_or(entry.is_some(), |&(_, before)| before != entry) {
            changes.push((at, entry));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(start: &str) -> WallClock {
        WallClock::parse(start).unwrap()
    }
    fn hours(occurrences: &Occurrences) -> Vec<(f64, Option<f64>)> {
        let hours = |time: Time| time.as_secs_f64() / 3600.0;
        occurrences.iter().map(|&(start, end)| (hours(start), end.map(hours))).collect()
    }
    fn horizon(clock: &WallClock, hours: u64) -> Horizon<'_> {
        Horizon { clock, zone: clock.zone().clone(), end: Time::from_secs(hours * 3600) }
    }

    #[test]
    fn texts_are_read_back_as_written() {
        for text in ["7s", "2h 30m", "2026-03-02T08:00:00", "2026-03-02T08:00:00Z"] {
            assert_eq!(text.parse::<At>().unwrap().to_string(), text);
        }
        for (text, shown) in [("mon-wed", "mon, tue, wed"), ("sat-mon", "mon, sat, sun")] {
            assert_eq!(text.parse::<Days>().unwrap().to_string(), shown);
        }
        assert_eq!("mon-sun".parse(), Ok(Days::DAILY));
        for text in ["noon", "25:00", "", "8"] {
            assert!(text.parse::<ClockTime>().is_err(), "{text}");
        }
        for text in ["funday", "mon-", "", "mon;tue"] {
            assert!(text.parse::<Days>().is_err(), "{text}");
        }
        assert!("soon".parse::<At>().is_err());
        assert!(time_zone("Asia/Shanghai").is_some() && time_zone("+08:00").is_some());
        assert!(time_zone("Mars/Olympus").is_none() && time_zone("+99").is_none());
    }

    #[test]
    fn cron_matches_are_instants_of_the_run_in_its_zone() {
        let clock = clock("2026-03-02T00:00:00+08:00");
        let nine = cron("0 9 * * *").unwrap();
        assert_eq!(hours(&horizon(&clock, 48).cron(&nine, None)), [(9.0, None), (33.0, None)]);
        let utc = Horizon { zone: TimeZone::UTC, ..horizon(&clock, 24) };
        assert_eq!(hours(&utc.cron(&nine, None)), [(17.0, None)]);
        let midnight = cron("0 0 * * *").unwrap();
        assert_eq!(
            hours(&horizon(&clock, 24).cron(&midnight, None)),
            [(0.0, None), (24.0, None)],
            "a trigger exactly at the start and at the end counts"
        );
        let lasting = Some(Span::from_secs(4 * 3600));
        let late = cron("0 22 * * *").unwrap();
        assert_eq!(
            hours(&horizon(&clock, 23).cron(&late, lasting)),
            [(0.0, Some(2.0)), (22.0, Some(26.0))],
            "yesterday's is still in force at the start"
        );
    }

    #[test]
    fn daylight_saving_shifts_the_instants_not_the_clock_times() {
        // Berlin springs forward on 29 March 2026 at 02:00 and back on 25 October at 03:00.
        let nine = cron("0 9 * * *").unwrap();
        for (start, expected) in [
            ("2026-03-28T00:00:00+01:00[Europe/Berlin]", [9.0, 32.0]),
            ("2026-10-24T00:00:00+02:00[Europe/Berlin]", [9.0, 34.0]),
        ] {
            let clock = clock(start);
            let got = horizon(&clock, 48).cron(&nine, None);
            assert_eq!(hours(&got), expected.map(|hour| (hour, None)), "{start}");
        }
        let clock = clock("2026-03-28T12:00:00+01:00[Europe/Berlin]");
        let night = horizon(&clock, 24).daily(
            "20:00".parse().unwrap(),
            "06:00".parse().unwrap(),
            Days::DAILY,
        );
        assert_eq!(hours(&night), [(8.0, Some(17.0))], "the night is an hour short");
        let gap = cron("30 2 * * *").unwrap();
        let got = horizon(&clock, 24).cron(&gap, None);
        assert_eq!(hours(&got), [(14.0, None)], "02:30 does not exist: at 03:00 instead");
    }

    #[test]
    fn windows_at_a_change_of_daylight_saving_follow_the_clock_as_it_is_shown() {
        for (start, from, to, expected) in [
            // Midnight, then 01:59, then 03:00: two hours from midnight on.
            ("2026-03-29T00:00:00+01:00[Europe/Berlin]", "02:30", "05:00", Some((2.0, 4.0))),
            ("2026-03-29T00:00:00+01:00[Europe/Berlin]", "01:00", "02:30", Some((1.0, 2.0))),
            ("2026-03-29T00:00:00+01:00[Europe/Berlin]", "02:15", "02:45", None),
            // 02:30 is shown after two and a half hours and after three and a half.
            ("2026-10-25T00:00:00+02:00[Europe/Berlin]", "02:30", "03:00", Some((2.5, 4.0))),
            ("2026-10-25T00:00:00+02:00[Europe/Berlin]", "01:00", "02:30", Some((1.0, 2.5))),
        ] {
            let clock = clock(start);
            let (begin, end) = (from.parse().unwrap(), to.parse().unwrap());
            let got = hours(&horizon(&clock, 20).daily(begin, end, Days::DAILY));
            let expected = expected.map(|(start, end)| (start, Some(end)));
            let whole = expected.into_iter().collect::<Vec<_>>();
            assert_eq!(got, whole, "{start}: {from} to {to}");
        }
    }

    #[test]
    fn a_pattern_that_never_matches_has_no_occurrence() {
        let clock = clock("2026-03-02T00:00:00Z");
        for pattern in ["0 0 30 2 *", "0 0 29 2 *"] {
            assert_eq!(horizon(&clock, 48).cron(&cron(pattern).unwrap(), None), [], "{pattern}");
        }
        let every_second = cron("* * * * * *").unwrap();
        assert_eq!(horizon(&clock, 48).cron(&every_second, None).len(), 48 * 3600 + 1);
    }

    #[test]
    fn windows_of_the_day_follow_the_days_of_their_start() {
        // 2 March 2026 is a Monday.
        let clock = clock("2026-03-02T00:00:00Z");
        let window = |from: &str, to: &str, days: &str| {
            let days = days.parse().unwrap();
            hours(&horizon(&clock, 72).daily(from.parse().unwrap(), to.parse().unwrap(), days))
        };
        assert_eq!(window("08:00", "20:00", "mon, wed"), [(8.0, Some(20.0)), (56.0, Some(68.0))]);
        assert_eq!(window("22:00", "06:00", "sun, tue"), [(0.0, Some(6.0)), (46.0, Some(54.0))]);
    }

    #[test]
    fn single_instants_may_be_offsets_or_dates() {
        let clock = clock("2026-03-02T00:00:00+08:00");
        let at = |text: &str, lasting: Option<u64>| {
            let at = text.parse().unwrap();
            hours(&horizon(&clock, 24).single(&at, lasting.map(Span::from_secs)))
        };
        assert_eq!(at("2h", Some(3600)), [(2.0, Some(3.0))]);
        assert_eq!(at("2026-03-02T08:00", None), [(8.0, None)]);
        assert_eq!(at("2026-03-02T08:00:00Z", None), [(16.0, None)]);
        assert_eq!(at("2026-03-01T23:00", Some(7200)), [(0.0, Some(1.0))]);
        assert_eq!(at("2026-03-01T23:00", None), [], "before the start");
        assert_eq!(at("30h", None), [], "after the end");
    }

    proptest::proptest! {
        #[test]
        fn the_entry_in_force_is_the_one_a_search_at_every_instant_finds(
            raw in proptest::collection::vec(
                proptest::collection::btree_map(0_u64..30, 0_u64..9, 0..6),
                1..5,
            ),
        ) {
            // Within one entry all last equally long, or all until replaced (0).
            let entries: Vec<Occurrences> = raw
                .iter()
                .map(|starts| {
                    let long = starts.values().next().copied().unwrap_or(0);
                    let end = |at: u64| (long > 0).then(|| Time(at + long));
                    starts.keys().map(|&at| (Time(at), end(at))).collect()
                })
                .collect();
            let changes = in_force(&entries);
            for now in (0..45).map(Time) {
                let mut expected = None;
                for (entry, occurrences) in entries.iter().enumerate() {
                    for &(start, end) in occurrences {
                        if start <= now && end.is_none_or(|end| end > now) {
                            expected = expected.max(Some((start, entry)));
                        }
                    }
                }
                let got = changes.iter().rev().find(|&&(at, _)| at <= now);
                proptest::prop_assert_eq!(
                    got.and_then(|&(_, entry)| entry),
                    expected.map(|(_, entry)| entry)
                );
            }
        }
    }

    #[test]
    fn the_latest_start_is_in_force_and_windows_give_way_at_their_end() {
        let s = Time::from_secs;
        let entries = [
            vec![(s(10), None), (s(50), None)],
            vec![(s(20), Some(s(40)))],
            vec![(s(30), Some(s(35))), (s(50), Some(s(60)))],
        ];
        let expected = [
            (10, Some(0)),
            (20, Some(1)),
            (30, Some(2)),
            (35, Some(1)),
            (40, Some(0)),
            (50, Some(2)),
            (60, Some(0)),
        ];
        assert_eq!(in_force(&entries), expected.map(|(at, entry)| (s(at), entry)));
        assert_eq!(in_force(&[vec![]]), []);
    }
}
