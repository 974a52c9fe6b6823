//! A table of metrics over time.

use super::columns::{PER_REPLICA, READY, REPLICAS};
use autosim_engine::fault::Faults;
use autosim_engine::signal::Metric;
use autosim_engine::units::{Time, WallClock};
use autosim_engine::workload::trace::{StampReader, separator, with_a_point};
use std::fmt;
use std::io::{BufRead, Chain, Cursor, Read as _};

/// Rows in time order: `time_s` or `time` first, then one column per metric; an empty cell is a missing sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Names of the columns after that of time.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
    /// What it shows when the policy is enabled.
    pub clock: WallClock,
    /// Its times are those of a clock.
    pub clock_times: bool,
    /// The series that it is made of; `None` if it is a table of columns.
    pub(super) series: Option<Vec<Offer>>,
}

/// A series of the files.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    /// As its file calls it.
    pub(super) name: String,
    /// The column that it is, or may be as well as others.
    pub(super) column: Option<String>,
    /// It is that column.
    pub(super) taken: bool,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// From when the policy was enabled.
    pub(super) at: Time,
    /// In the order of the columns.
    pub(super) cells: Vec<Option<f64>>,
    /// In the file; 0 where that has no lines.
    pub(super) line: u64,
}

/// The column of time: seconds since the policy was enabled.
const TIME_S: &str = "time_s";
/// The column of time: what the clock showed.
const TIME: &str = "time";
/// More faults than this in one file help nobody.
const MOST_FAULTS: usize = 50;
/// From three years on, seconds are those of a clock.
const LATEST_S: f64 = 1e8;
/// More replicas than this are a slip.
pub(super) const MOST_REPLICAS: f64 = 1e7;

impl Recording {
    /// Reads CSV, its fields apart by what parts those of the header: comma, semicolon, tab or bar. `start` is when the
    /// policy was enabled: what the clock shows at `time_s` = 0, or from when on rows with clock times count; without one
    /// that is the first row. `None` if anything is wrong; every fault names its line and column.
    pub fn read(text: &str, start: Option<&str>, faults: &mut Faults) -> Option<Self> {
        let before = faults.errors();
        let mut incoming = Incoming::open(text.as_bytes(), faults)?;
        let mut rows: Vec<Raw> = Vec::new();
        while faults.errors() - before < MOST_FAULTS
            && let Some(row) = incoming.next(faults)
        {
            rows.extend(row);
        }
        if rows.is_empty() && faults.errors() == before {
            faults.error("", "the recording has no rows", "one row per reading after the header");
        }
        let (first, last) = (rows.first()?.0, rows.last()?.0);
        let (clock, zero) = incoming.zero((first, Some(last)), start, faults)?;
        let rows = rows.into_iter().filter_map(|row| since(row, zero)).collect();
        let clock_times = incoming.clock_times();
        let columns = incoming.columns;
        let whole = Self { columns, rows, clock, clock_times, series: None };
        (faults.errors() == before).then_some(whole)
    }

    /// Whether a text is a table of columns, not of series: its first column is `time_s`, or `time` before nothing but
    /// metrics of autosim and counts, or there is no header to tell.
    pub fn is_table(text: &str) -> bool {
        let mut names = header_names(text);
        let first = names.next().unwrap_or_default();
        first.is_empty() || first == TIME_S || first == TIME && names.all(is_column)
    }

    /// Whether a text begins as a table of columns that can be read row by row.
    pub fn is_timed(text: &str) -> bool {
        ["", TIME_S, TIME].contains(&header_names(text).next().unwrap_or_default())
    }

    /// The last instant.
    pub fn end(&self) -> Time {
        self.rows.last().map_or(Time::ZERO, |row| row.at)
    }

    /// Place of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|known| known == name)
    }
}

fn header_names(text: &str) -> impl Iterator<Item = &str> {
    let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    first.split(char::from(separator(first))).map(|name| name.trim().trim_matches('"'))
}

/// Whether a name is a count or a metric of autosim, of this service or of another.
fn is_column(name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or_default();
    let metric = own.strip_suffix(PER_REPLICA).unwrap_or(own);
    [REPLICAS, READY].contains(&own) || metric.parse::<Metric>().is_ok()
}

/// Nanoseconds of its time, line, cells.
pub(super) type Raw = (i64, u64, Vec<Option<f64>>);

/// A row, its time counted from `zero`; `None` for one before.
pub(super) fn since((at, line, cells): Raw, zero: i64) -> Option<Row> {
    let since = u64::try_from(at.checked_sub(zero)?).ok()?;
    Some(Row { at: Time(since), cells, line })
}

/// The rows of a table as they come.
pub(super) struct Incoming<R> {
    csv: csv::Reader<Chain<Cursor<Vec<u8>>, R>>,
    times: Times,
    /// Names of the columns after that of time.
    pub(super) columns: Vec<String>,
    /// The time of the row before.
    last: Option<i64>,
}

impl<R: BufRead> Incoming<R> {
    /// A table at its first row.
    pub(super) fn open(mut input: R, faults: &mut Faults) -> Option<Self> {
        let mut unreadable = |error: &dyn fmt::Display| {
            faults.error("line 1", format!("cannot be read: {error}"), "CSV with a header");
        };
        let mut first = Vec::new();
        input.read_until(b'\n', &mut first).map_err(|error| unreadable(&error)).ok()?;
        let delimiter = separator(&String::from_utf8_lossy(&first));
        let mut csv = csv::ReaderBuilder::new();
        let csv = csv.trim(csv::Trim::All).delimiter(delimiter);
        let mut csv = csv.from_reader(Cursor::new(first).chain(input));
        let names = csv.headers().map_err(|error| unreadable(&error)).ok()?;
        let (times, columns) = header(names, faults)?;
        Some(Self { csv, times, columns, last: None })
    }

    /// The next row, `None` for one that is wrong; nothing after the last.
    pub(super) fn next(&mut self, faults: &mut Faults) -> Option<Option<Raw>> {
        let mut record = csv::StringRecord::new();
        match self.csv.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let row = row(&record, &mut self.times, &self.columns, self.last, faults);
                self.last = row.as_ref().map(|row| row.0).or(self.last);
                Some(row)
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let hint = "as many cells as the header has columns";
                faults.error(&format!("line {line}"), error.to_string(), hint);
                Some(None)
            }
        }
    }

    /// Its times are those of a clock.
    pub(super) fn clock_times(&self) -> bool {
        matches!(self.times, Times::Clock(_))
    }

    /// What the clock shows when the policy is enabled, and which of its times this is.
    pub(super) fn zero(
        &self,
        span: (i64, Option<i64>),
        start: Option<&str>,
        faults: &mut Faults,
    ) -> Option<(WallClock, i64)> {
        match &self.times {
            Times::SinceEnabled => Some((clock_at_zero(start, &WallClock::default(), faults)?, 0)),
            Times::Clock(stamps) => enabled(span, start, |at| stamps.clock_from(at), faults),
        }
    }
}

/// How the first column tells time.
enum Times {
    SinceEnabled,
    Clock(StampReader),
}

impl Times {
    fn name(&self) -> &'static str {
        match self {
            Self::SinceEnabled => TIME_S,
            Self::Clock(_) => TIME,
        }
    }

    /// Nanoseconds, or what is wrong and a remedy.
    fn read(&mut self, text: &str) -> Result<i64, (String, &'static str)> {
        match self {
            Self::SinceEnabled => match text.parse::<f64>().unwrap_or(f64::NAN) {
                seconds if (0.0..LATEST_S).contains(&seconds) => Ok((seconds * 1e9).round() as i64),
                seconds if seconds >= LATEST_S => {
                    let why = format!("`{text}` seconds since the policy was enabled are years");
                    Err((why, "name the column `time` if it holds clock times"))
                }
                _ => Err((format!("`{text}` is no time"), SINCE_ENABLED)),
            },
            Self::Clock(stamps) => match stamps.read(text) {
                Some(instant) if stamps.is_dated(instant) => Ok(instant),
                Some(_) => Err((
                    format!("`{text}` is no clock time"),
                    "name the column `time_s` if it counts from 0",
                )),
                None => Err((format!("`{text}` is no time"), CLOCK_TIME)),
            },
        }
    }
}

/// What the clock shows when the policy is enabled: `start`, else `own`.
pub(super) fn clock_at_zero(
    start: Option<&str>,
    own: &WallClock,
    faults: &mut Faults,
) -> Option<WallClock> {
    match start.map(|text| WallClock::parse_beside(text, own)) {
        None => Some(own.clone()),
        Some(Ok(clock)) => Some(clock),
        Some(Err(error)) => {
            let hint = format!("expected {}", error.expected);
            faults.error("--start", format!("`{}` is no date and time", error.found), hint);
            None
        }
    }
}

/// Of a recording of clock times, from its first to its last (which may be still to come): the clock when the policy
/// is enabled, and which of its times this is.
pub(super) fn enabled(
    (first, last): (i64, Option<i64>),
    start: Option<&str>,
    clock_from: impl Fn(i64) -> Option<WallClock>,
    faults: &mut Faults,
) -> Option<(WallClock, i64)> {
    let clock = clock_at_zero(start, &clock_from(first)?, faults)?;
    let enabled = i64::try_from(clock.start().timestamp().as_nanosecond()).ok()?;
    if enabled < first || last.is_some_and(|last| enabled > last) {
        let told = |at| clock_from(at).and_then(|clock| clock.start_told()).unwrap_or_default();
        let to = last.map_or_else(|| "now".to_owned(), told);
        let message = format!("the recording runs from {} to {to}", told(first));
        faults.error("--start", message, "give a time within it, or none: the first row's");
        return None;
    }
    Some((clock, enabled))
}

const SINCE_ENABLED: &str = "seconds since the policy was enabled, from 0";
const CLOCK_TIME: &str = "a date and time such as \"2026-03-02T08:00:00Z\", or seconds since 1970";

fn header(names: &csv::StringRecord, faults: &mut Faults) -> Option<(Times, Vec<String>)> {
    let mut names = names.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned());
    let first = names.next().unwrap_or_default();
    let columns: Vec<String> = names.collect();
    let times = match first.as_str() {
        TIME_S => Times::SinceEnabled,
        TIME => Times::Clock(StampReader::utc()),
        first => {
            let message = match first.is_empty() {
                true => "there is no header".to_owned(),
                false => format!("the first column is `{first}`"),
            };
            let hint = format!("`{TIME_S}`: {SINCE_ENABLED}; or `{TIME}`: clock times");
            faults.error("line 1", message, hint);
            return None;
        }
    };
    let twice = |at: usize| columns[..at].contains(&columns[at]);
    if let Some(at) = (0..columns.len()).find(|&at| twice(at)) {
        let message = format!("the column `{}` is there twice", columns[at]);
        faults.error("line 1", message, "keep one");
        return None;
    }
    Some((times, columns))
}

fn row(
    record: &csv::StringRecord,
    times: &mut Times,
    columns: &[String],
    last: Option<i64>,
    faults: &mut Faults,
) -> Option<Raw> {
    let line = record.position().map_or(0, csv::Position::line);
    let mut cells = record.iter();
    let errors = faults.errors();
    let time = cells.next().unwrap_or_default();
    let place = format!("line {line}, {}", times.name());
    let at = times.read(time).map_err(|(why, hint)| faults.error(&place, why, hint)).ok();
    if let (Some(at), Some(last)) = (at, last)
        && at <= last
    {
        faults.error(&place, format!("{time} is not after the row before"), "rows ascend in time");
    }
    let cells: Vec<Option<f64>> = cells
        .zip(columns)
        .map(|(text, column)| {
            let value = text.parse().ok().filter(|value: &f64| value.is_finite());
            let place = format!("line {line}, {column}");
            if value.is_none() && !text.is_empty() {
                let hint = with_a_point(text).unwrap_or_else(|| "empty = missing".to_owned());
                faults.error(&place, format!("`{text}` is no number"), hint);
            }
            let countable =
                |count: f64| count.fract() == 0.0 && (0.0..=MOST_REPLICAS).contains(&count);
            if is_count(column) && value.is_some_and(|count| !countable(count)) {
                let hint = "a whole number from 0 to 10 million";
                faults.error(&place, format!("`{text}` is no count of replicas"), hint);
            }
            value
        })
        .collect();
    (faults.errors() == errors).then_some((at?, line, cells))
}

/// Whether a column counts replicas, of the service itself or of another.
pub(super) fn is_count(column: &str) -> bool {
    let own = column.rsplit('/').next().unwrap_or(column);
    own == REPLICAS || own == READY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let mut faults = Faults::new();
        let read = Recording::read(text, None, &mut faults);
        assert_eq!(read.is_none(), faults.any_error());
        faults.into_vec().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn cells_may_be_missing_and_a_mark_of_the_encoding_is_no_name() {
        let text = "\u{feff}time_s, cpu ,replicas\n0,50,2\n15.5,,3\n";
        let recording = Recording::read(text, None, &mut Faults::new()).unwrap();
        assert_eq!(recording.columns, ["cpu", "replicas"]);
        assert_eq!(recording.rows[1].cells, [None, Some(3.0)]);
        assert_eq!(recording.end(), Time(15_500_000_000));
    }

    #[test]
    fn fields_are_apart_by_what_parts_those_of_the_header() {
        let text = "time_s,cpu,replicas\n0,50.5,2\n15,,3\n";
        let read = |text: &str| Recording::read(text, None, &mut Faults::new());
        assert!(read(text).is_some());
        for other in [";", "\t", "|"] {
            assert_eq!(read(&text.replace(',', other)), read(text), "{other}");
        }
        let comma = faults("time_s;cpu\n0;50,5\n");
        assert!(comma[0].contains("`50,5` is no number") && comma[0].contains("50.5"), "{comma:?}");
    }

    #[test]
    fn everything_wrong_is_told_with_its_line_and_column() {
        for (text, parts) in [
            ("", &["line 1: there is no header"][..]),
            ("t,cpu\n0,1\n", &["the first column is `t`"]),
            ("time_s,cpu,cpu\n0,1,1\n", &["`cpu` is there twice"]),
            ("time_s,cpu\n", &["has no rows"]),
            (
                "time_s,cpu\n0,x\n-1,5\n10,1\n10,2\nNaN,inf\n",
                &[
                    "line 2, cpu: `x` is no number",
                    "line 3, time_s: `-1` is no time",
                    "line 5, time_s: 10 is not after",
                    "line 6, time_s: `NaN` is no time",
                    "line 6, cpu: `inf` is no number",
                ],
            ),
            ("time_s,cpu\n0,1,2\n", &["line 2"]),
            (
                "time_s,replicas,web/ready\n0,-3,1\n1,2.7,1e12\n1760000000,1,1\n",
                &[
                    "line 2, replicas: `-3` is no count of replicas",
                    "line 3, replicas: `2.7` is no count",
                    "line 3, web/ready: `1e12` is no count",
                    "line 4, time_s: `1760000000` seconds since the policy was enabled are years",
                ],
            ),
            (
                "time,cpu\n0,1\n2026-13-01,1\n",
                &["line 2, time: `0` is no clock time", "line 3, time"],
            ),
        ] {
            let found = faults(text);
            assert_eq!(found.len(), parts.len(), "{found:?}");
            for (fault, part) in found.iter().zip(parts) {
                assert!(fault.contains(part), "{fault} does not say {part}");
            }
        }
    }

    #[test]
    fn a_table_of_columns_is_told_by_its_header_from_series() {
        for (header, is_table) in [
            ("", true),
            ("time_s,whatever", true),
            ("\u{feff}time;replicas;cpu;web/ready;requests_per_s_per_replica", true),
            ("\"time\",\"p99_ms\"", true),
            ("time,http_requests_total", false),
            ("time,pod,cpu", false),
            ("Time,cpu", false),
            ("timestamp,cpu", false),
        ] {
            assert_eq!(Recording::is_table(&format!("{header}\n1,2\n")), is_table, "{header}");
        }
        assert!(Recording::is_timed("time,qps\n") && !Recording::is_timed("Time,qps\n"));
    }

    #[test]
    fn clock_times_count_from_the_first_row_or_from_the_start() {
        let text = "time,cpu\n2026-03-02T08:00:00+08:00,1\n2026-03-02T08:01:00+08:00,2\n\
                    2026-03-02T08:02:00+08:00,3\n";
        for (start, told, seconds) in [
            (None, "Mon 2026-03-02 08:00 (UTC+08:00)", &[0, 60, 120][..]),
            (Some("2026-03-02 08:01"), "Mon 2026-03-02 08:01 (UTC+08:00)", &[0, 60]),
            (Some("2026-03-02T00:00:30Z"), "Mon 2026-03-02 00:00:30 (UTC+00:00)", &[30, 90]),
        ] {
            let read = Recording::read(text, start, &mut Faults::new()).unwrap();
            assert_eq!(read.clock.start_told().as_deref(), Some(told));
            let at: Vec<u64> = read.rows.iter().map(|row| row.at.0 / 1_000_000_000).collect();
            assert_eq!(at, seconds, "{start:?}");
        }
        let epoch = "time,cpu\n1772409600,1\n1772409660,2\n";
        let read = Recording::read(epoch, None, &mut Faults::new()).unwrap();
        assert_eq!(read.clock.start_told().as_deref(), Some("Mon 2026-03-02 00:00 (UTC+00:00)"));
        let mut faults = Faults::new();
        assert!(Recording::read(text, Some("2026-03-03"), &mut faults).is_none());
        let told = faults.into_vec()[0].to_string();
        assert!(told.contains("--start: the recording runs from Mon 2026-03-02 08:00"), "{told}");
    }
}
