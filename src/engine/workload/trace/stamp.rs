//! Time stamps of recordings: epoch numbers of any unit, RFC 3339, and civil times of a stated zone.

use super::number::{TimeUnit, decimal_ns};
use crate::units::WallClock;
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// Nanoseconds below which a number counts from the recording's own start, not from 1970: three years.
pub(super) const RELATIVE_BELOW_NS: i64 = 100_000_000_000_000_000;

/// Of requests, rows so far before the one above are of the hour that came again.
const HALF_THE_HOUR_NS: i64 = 25 * 60 * 1_000_000_000;

/// Reads the stamps of one file; decides with the first one how the others are written.
#[derive(Debug)]
pub struct StampReader {
    zone: TimeZone,
    unit: Option<TimeUnit>,
    /// How the first stamp was written.
    style: Option<Style>,
    /// The offset of the first stamp that has one.
    offset: Option<Offset>,
    /// The first other one.
    other_offset: Option<Offset>,
    /// The instant read last.
    last: i64,
    /// No two rows are of one instant.
    intervals: bool,
    /// A civil stamp without offset was met.
    pub(super) naive: bool,
    /// The last stamp does not exist: its zone's clock was put forward over it.
    pub(super) skipped: bool,
    /// The first number's instant.
    first: Option<i64>,
    /// The last stamp is a number of another unit than the first.
    pub(super) mixed: bool,
    /// The unit was told by the size of the first number.
    pub(super) guessed: Option<TimeUnit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Number,
    Text,
}

impl StampReader {
    /// Civil times are of `zone`; numbers are of `unit`, or of the one that makes the first sensible.
    pub(super) fn new(zone: TimeZone, unit: Option<TimeUnit>) -> Self {
        Self {
            zone,
            unit,
            style: None,
            offset: None,
            other_offset: None,
            last: i64::MIN,
            intervals: false,
            naive: false,
            skipped: false,
            first: None,
            mixed: false,
            guessed: None,
        }
    }

    /// The same for a file in which no two rows are of one instant.
    pub(super) fn of_intervals(zone: TimeZone, unit: Option<TimeUnit>) -> Self {
        Self { intervals: true, ..Self::new(zone, unit) }
    }

    /// Whether an instant it read is one of the calendar, not a time since the recording's own start.
    pub fn is_dated(&self, instant: i64) -> bool {
        !self.numeric() || instant >= RELATIVE_BELOW_NS
    }

    /// The wall clock whose start is an instant it read.
    pub fn clock_from(&self, instant: i64) -> Option<WallClock> {
        let start = Timestamp::from_nanosecond(i128::from(instant)).ok()?;
        Some(WallClock::dated(start.to_zoned(self.zone(false))))
    }

    /// Where the clocks were that wrote the stamps: the stated zone, unless all of them are of another offset.
    pub(super) fn zone(&self, stated: bool) -> TimeZone {
        let offset = self.offset.filter(|_| !stated && !self.naive);
        offset.map_or_else(|| self.zone.clone(), TimeZone::fixed)
    }

    /// That stamps have several offsets, and whose clock is told then.
    pub(super) fn offsets_told(&self, stated: bool, path: &str) -> Option<String> {
        let (first, other) = (self.offset?, self.other_offset?);
        let clock = match stated {
            true => "moments are told in the stated zone".to_owned(),
            false => format!(
                "moments are told at {first}; zone = \"Europe/Berlin\" (--zone) tells them as clocks there showed them"
            ),
        };
        Some(format!(
            "{path}: times have several offsets, {first} and {other}: each was read by its own; {clock}"
        ))
    }

    /// For dates with an offset, seconds or smaller units since 1970, and civil times, which are of UTC.
    pub fn utc() -> Self {
        Self::new(TimeZone::UTC, None)
    }

    /// Nanoseconds since 1970 (or, for small numbers, since the recording's start); `None` for what is
    /// not a stamp.
    pub fn read(&mut self, text: &str) -> Option<i64> {
        let text = text.trim();
        let style = *self.style.get_or_insert_with(|| {
            if text.parse::<f64>().is_ok() && Civil::compact(text).is_none() {
                Style::Number
            } else {
                Style::Text
            }
        });
        let instant = match style {
            Style::Number => {
                let unit = self.unit.or_else(|| self.guess(text))?;
                let at = decimal_ns(text, unit)?;
                self.mixed = self.is_of_another_unit(at);
                (!self.mixed).then_some(at)
            }
            Style::Text => self.civil(text),
        }?;
        self.last = instant;
        Some(instant)
    }

    /// True if numbers were read.
    pub(super) fn numeric(&self) -> bool {
        self.style == Some(Style::Number)
    }

    /// Whether one of the calendar follows one that counts from the recording's start, or the other way.
    fn is_of_another_unit(&mut self, at: i64) -> bool {
        let first = *self.first.get_or_insert(at);
        let dated = first >= RELATIVE_BELOW_NS;
        // A long recording may pass the limit.
        dated && (0..RELATIVE_BELOW_NS).contains(&at) || !dated && at >= 10 * RELATIVE_BELOW_NS
    }

    fn guess(&mut self, text: &str) -> Option<TimeUnit> {
        let size = text.parse::<f64>().ok()?.abs();
        let unit = match size {
            _ if size >= 1e17 => TimeUnit::Nanos,
            _ if size >= 1e14 => TimeUnit::Micros,
            _ if size >= 1e11 => TimeUnit::Millis,
            _ => TimeUnit::Seconds,
        };
        self.unit = Some(unit);
        self.guessed = Some(unit);
        self.unit
    }

    fn civil(&mut self, text: &str) -> Option<i64> {
        let civil = Civil::parse(text)?;
        if let Some(offset_s) = civil.offset_s {
            if self.offset.is_none_or(|first| i64::from(first.seconds()) != offset_s)
                && self.other_offset.is_none()
            {
                let found = i32::try_from(offset_s).ok().and_then(|s| Offset::from_seconds(s).ok());
                *(if self.offset.is_none() { &mut self.offset } else { &mut self.other_offset }) =
                    found;
            }
            return civil.ns_at_utc()?.checked_sub(offset_s.checked_mul(1_000_000_000)?);
        }
        self.naive = true;
        if self.zone == TimeZone::UTC {
            return civil.ns_at_utc();
        }
        self.local(civil.datetime()?)
    }

    /// A time of the zone's clocks. One that they show twice is the first time, unless that would be before
    /// the row above, or that very instant where no two rows share one; one they never show is none.
    fn local(&mut self, civil: jiff::civil::DateTime) -> Option<i64> {
        let shown = self.zone.to_ambiguous_timestamp(civil);
        let instant =
            |offset: Offset| i64::try_from(offset.to_timestamp(civil).ok()?.as_nanosecond()).ok();
        match shown.offset() {
            AmbiguousOffset::Unambiguous { offset } => instant(offset),
            AmbiguousOffset::Gap { .. } => {
                self.skipped = true;
                None
            }
            AmbiguousOffset::Fold { before, after } => {
                let first = instant(before)?;
                // Rows a little out of order are of the same hour still.
                let back = self.last.saturating_sub(first);
                let passed = match self.intervals {
                    true => back >= 0,
                    false => back > HALF_THE_HOUR_NS,
                };
                if passed { instant(after) } else { Some(first) }
            }
        }
    }
}

/// A civil time as written, with its offset if it has one.
struct Civil {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanos: i32,
    offset_s: Option<i64>,
}

impl Civil {
    /// `YYYY-MM-DD[ T]HH:MM[:SS[.digits]][ ][Z|+hh[:mm]]`, `/` for `-` too; a date alone is its midnight. Or as
    /// logs have it, `DD/Mon/YYYY:HH:MM:SS[.digits] +hhmm`.
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        if rest.get(2) == Some(&b'/') {
            return Self::of_log(rest);
        }
        if let Some(date) = Self::compact(text) {
            return Some(date);
        }
        let year = digits(&mut rest, 4)?;
        separator(&mut rest, b"-/")?;
        let month = digits(&mut rest, 2)?;
        separator(&mut rest, b"-/")?;
        let day = digits(&mut rest, 2)?;
        let civil = Self::of_date(year, month, day)?;
        if rest.is_empty() {
            return Some(civil);
        }
        separator(&mut rest, b" Tt\t")?;
        civil.with_time(rest)
    }

    /// `YYYYMMDD` of the years 1970 to 2100: seconds of such sizes are of no recording.
    fn compact(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        if rest.len() != 8 {
            return None;
        }
        let (year, month) = (digits(&mut rest, 4)?, digits(&mut rest, 2)?);
        let day = digits(&mut rest, 2)?;
        let date = Self::of_date(year, month, day)?;
        ((1970..=2100).contains(&year) && date.datetime().is_some()).then_some(date)
    }

    fn of_date(year: u32, month: u32, day: u32) -> Option<Self> {
        Some(Self {
            year: i16::try_from(year).ok()?,
            month: i8::try_from(month).ok()?,
            day: i8::try_from(day).ok()?,
            hour: 0,
            minute: 0,
            second: 0,
            nanos: 0,
            offset_s: None,
        })
    }

    /// The date and time of the Common Log Form.
    fn of_log(mut rest: &[u8]) -> Option<Self> {
        const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
        let day = digits(&mut rest, 2)?;
        separator(&mut rest, b"/")?;
        let (name, tail) = rest.split_at_checked(3)?;
        rest = tail;
        let month = MONTHS.chunks(3).position(|month| month == name)?;
        let month = u32::try_from(month + 1).ok()?;
        separator(&mut rest, b"/")?;
        let year = digits(&mut rest, 4)?;
        separator(&mut rest, b":")?;
        let civil = Self::of_date(year, month, day)?;
        civil.with_time(rest)
    }

    /// With the time of day, and the offset, that a text behind the date says.
    fn with_time(mut self, mut rest: &[u8]) -> Option<Self> {
        let civil = &mut self;
        civil.hour = i8::try_from(digits(&mut rest, 2)?).ok()?;
        separator(&mut rest, b":")?;
        civil.minute = i8::try_from(digits(&mut rest, 2)?).ok()?;
        if separator(&mut rest, b":").is_some() {
            civil.second = i8::try_from(digits(&mut rest, 2)?).ok()?;
            civil.nanos = fraction(&mut rest)?;
        }
        civil.offset_s = offset(&mut rest)?;
        rest.is_empty().then_some(self)
    }

    fn datetime(&self) -> Option<jiff::civil::DateTime> {
        // A leap second is read as the second before it.
        let second = self.second.min(59);
        jiff::civil::DateTime::new(
            self.year,
            self.month,
            self.day,
            self.hour,
            self.minute,
            second,
            self.nanos,
        )
        .ok()
    }

    /// Nanoseconds since 1970 if it were UTC.
    fn ns_at_utc(&self) -> Option<i64> {
        let at = self.datetime()?;
        let day = at.date().since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
        let seconds = i64::from(day) * 86_400
            + i64::from(at.hour()) * 3600
            + i64::from(at.minute()) * 60
            + i64::from(at.second());
        seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(self.nanos))
    }
}

fn digits(rest: &mut &[u8], count: usize) -> Option<u32> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    head.iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

fn separator(rest: &mut &[u8], any_of: &[u8]) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    any_of.contains(first).then(|| *rest = tail)
}

/// Any number of digits after a point (or comma); those below a nanosecond are dropped.
fn fraction(rest: &mut &[u8]) -> Option<i32> {
    if separator(rest, b".,").is_none() {
        return Some(0);
    }
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, tail) = rest.split_at(count);
    *rest = tail;
    let padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    (count > 0).then(|| padded.fold(0, |sum, byte| sum * 10 + i32::from(byte - b'0')))
}

/// `Z`, `UTC`, `+hh`, `+hhmm` or `+hh:mm`, after an optional space; nothing is `Some(None)`.
fn offset(rest: &mut &[u8]) -> Option<Option<i64>> {
    let _ = separator(rest, b" ");
    match *rest {
        [] => Some(None),
        [b'Z' | b'z'] | [b'U', b'T', b'C'] => {
            *rest = &[];
            Some(Some(0))
        }
        [sign @ (b'+' | b'-'), tail @ ..] => {
            let sign = if *sign == b'-' { -1 } else { 1 };
            *rest = tail;
            let hours = i64::from(digits(rest, 2)?);
            let _ = separator(rest, b":");
            let minutes = if rest.is_empty() { 0 } else { i64::from(digits(rest, 2)?) };
            (hours < 24 && minutes < 60).then_some(Some(sign * (hours * 3600 + minutes * 60)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: TimeZone) -> Option<i64> {
        StampReader::new(zone, None).read(text)
    }

    #[test]
    fn every_way_to_write_one_instant_is_read_alike() {
        const NS: i64 = 1_700_158_546_680_590_000;
        for text in [
            "2023-11-16 18:15:46.68059",
            "2023-11-16 18:15:46.6805900",
            "2023-11-16T18:15:46.680590000Z",
            "2023-11-16T18:15:46.680590000123Z",
            "2023/11/16 19:15:46,68059 +01:00",
            "2023-11-16T13:15:46.68059-0500",
            "2023-11-16 18:15:46.680590+00:00",
            "2023-11-16 18:15:46.68059 UTC",
            "16/Nov/2023:13:15:46.68059 -0500",
            "1700158546.68059",
            "1700158546680.59",
            "1700158546680590",
            "1700158546680590000",
        ] {
            assert_eq!(read(text, TimeZone::UTC), Some(NS), "{text}");
        }
    }

    #[test]
    fn civil_stamps_follow_the_stated_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(read("1970-01-01 01:00", berlin.clone()), Some(0));
        let mut reader = StampReader::new(berlin, None);
        assert_eq!(reader.read("1970-07-01 00:00:00Z"), Some(181 * 86_400_000_000_000));
        assert!(!reader.naive, "an offset in the stamp wins");
    }

    #[test]
    fn each_stamp_is_read_by_its_own_offset_and_several_are_told() {
        const HOUR: i64 = 3_600_000_000_000;
        let mut reader = StampReader::new(TimeZone::UTC, None);
        // Berlin's clock is put back at 03:00+02:00.
        let before = reader.read("2026-10-25T02:30:00+02:00").unwrap();
        assert_eq!(reader.offsets_told(false, "t"), None);
        let after = reader.read("2026-10-25T02:30:00+01:00").unwrap();
        assert_eq!((before, after - before), (1_792_888_200_000_000_000, HOUR));
        assert_eq!(reader.read("2026-10-25T02:30:00Z").unwrap() - after, HOUR);
        let told = reader.offsets_told(false, "t").unwrap();
        assert!(
            told.starts_with("t: times have several offsets, +02 and +01: each was read"),
            "{told}"
        );
        assert!(told.contains("told at +02; zone = "), "{told}");
        let told = reader.offsets_told(true, "t").unwrap();
        assert!(told.ends_with("moments are told in the stated zone"), "{told}");
    }

    #[test]
    fn an_hour_that_comes_twice_is_read_in_the_order_of_the_rows() {
        const HOUR: i64 = 3_600_000_000_000;
        let berlin = || TimeZone::get("Europe/Berlin").unwrap();
        let midnight = 1_792_879_200_000_000_000; // 2026-10-25T00:00:00+02:00
        let hours = |reader: &mut StampReader, texts: &[&str]| -> Vec<f64> {
            let read = |text: &&str| reader.read(&format!("2026-10-25 {text}")).unwrap() - midnight;
            texts.iter().map(read).map(|ns| ns as f64 / HOUR as f64).collect()
        };
        let quarters = ["02:00", "02:30", "02:00", "02:30", "03:00"];
        let mut requests = StampReader::new(berlin(), None);
        assert_eq!(hours(&mut requests, &quarters), [2.0, 2.5, 3.0, 3.5, 4.0]);
        let mut intervals = StampReader::of_intervals(berlin(), None);
        assert_eq!(
            hours(&mut intervals, &["01:00", "02:00", "02:00", "03:00"]),
            [1.0, 2.0, 3.0, 4.0]
        );
        let mut same = StampReader::new(berlin(), None);
        assert_eq!(
            hours(&mut same, &["02:00", "02:00"]),
            [2.0, 2.0],
            "two requests of one instant"
        );
    }

    #[test]
    fn a_time_the_clock_was_put_forward_over_is_none() {
        let mut reader = StampReader::new(TimeZone::get("Europe/Berlin").unwrap(), None);
        assert_eq!((reader.read("2026-03-29 02:30"), reader.skipped), (None, true));
    }

    #[test]
    fn what_is_no_stamp_is_refused() {
        for text in [
            "",
            "noon",
            "2023-13-01",
            "2023-02-30 00:00:00",
            "2023-11-16 18",
            "2023-11-16 18:15:46.",
            "2023-11-16 18:15:46 CET",
            "2023-11-16x18:15:46",
            "2023-11-16 25:00:00",
            "NaN",
            "inf",
        ] {
            assert_eq!(read(text, TimeZone::UTC), None, "{text}");
        }
    }
}
