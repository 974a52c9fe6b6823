//! Telemetry: the series of a file, whatever they measure - replicas, CPU, quantiles of latency.
//!
//! Read are the answers of Prometheus and CloudWatch, and tables with a column of times: a column a series, or a row a
//! value with columns that say whose it is (Grafana's CSV is the one or the other). Values are of any sign and unit; a
//! cell without a number, NaN and infinities are no value. Nothing is chosen, added up or turned into requests here.

use super::failure::{Place, TraceError};
use super::format::{Head, TraceFormat};
use super::formats::cloudwatch::{self, Cloudwatch};
use super::formats::grafana;
use super::formats::prometheus::{self, Prometheus};
use super::number::{TimeUnit, with_a_point};
use super::options::{Edge, Options};
use super::question::{METRIC_NAMES, known};
use super::records::{header_of, separator};
use super::requests::is_time_name;
use super::series::{Point, Series, is_called, matchers, usual_gap};
use super::stamp::{RELATIVE_BELOW_NS, StampReader};
use crate::units::{Span, WallClock};
use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::cell::OnceCell;

/// How much of a text is looked at to tell what it is.
const HEAD: usize = 64 * 1024;

/// What a file of series holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Telemetry {
    /// In the order of the file.
    pub series: Vec<Measured>,
    /// Its times count from its own start, not from 1970.
    pub relative: bool,
    /// Whether a time begins or ends what its value is of.
    pub stamps: Edge,
    /// Where the clock was that wrote its times.
    pub zone: TimeZone,
    /// What was told from the file, one sentence each.
    pub assumptions: Vec<String>,
}

/// One series.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// As the file calls it: a column, or labels as in `up{job="web"}`.
    pub name: String,
    /// Its labels, where it has some; `__name__` is that of the metric, `statistic` CloudWatch's.
    pub labels: Vec<(String, String)>,
    /// Instants in nanoseconds since 1970 (or since the file's start), ascending, with their values.
    pub points: Vec<(i64, f64)>,
}

impl Telemetry {
    /// The wall clock whose start is one of its instants.
    pub fn clock_from(&self, instant: i64) -> Option<WallClock> {
        let start = Timestamp::from_nanosecond(i128::from(instant)).ok()?;
        Some(WallClock::dated(start.to_zoned(self.zone.clone())))
    }
}

impl Measured {
    /// The metric it is of: its name without labels.
    pub fn metric(&self) -> &str {
        self.label("__name__").unwrap_or(&self.name)
    }

    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether it is what a user calls `wanted`: its name, or labels as in `{job="web"}`.
    pub fn is_called(&self, wanted: &str) -> bool {
        is_called(&self.name, &self.labels, wanted)
    }

    /// The usual distance between its points; zero of fewer than two.
    pub fn usual_gap(&self) -> Span {
        let point = |&(at, value): &(i64, f64)| Point { at, value, line: 0 };
        Span(usual_gap(&self.points.iter().map(point).collect::<Vec<_>>()))
    }
}

/// Reads the series of a text; `path` is what its file is called. Of the options those that say how times are written
/// are followed.
pub fn telemetry(text: &str, path: &str, options: &Options) -> Result<Telemetry, TraceError> {
    let text = text.trim_start_matches('\u{feff}');
    let head = head(text, options);
    let mut said = Vec::new();
    let unit = options.time_unit;
    let mut edge = Edge::End;
    let (series, stamps) = if Prometheus.sniff(&head) {
        let unit = unit.or(Some(TimeUnit::Seconds));
        let mut stamps = StampReader::of_intervals(options.time_zone()?, unit);
        (prometheus::measured(text, &mut stamps, path, &mut said)?, stamps)
    } else if Cloudwatch.sniff(&head) {
        edge = Edge::Start;
        let stamps = StampReader::of_intervals(options.time_zone()?, unit);
        cloudwatch::measured(text, stamps, path, &mut said)?
    } else if head.text.starts_with(['{', '[']) {
        return Err(known(&head, path).unwrap_or_else(|| {
            let message =
                format!("{path} is neither an answer of Prometheus or CloudWatch nor a table");
            TraceError::file(
                message,
                "export its series as CSV: a column of times, one for each series",
            )
        }));
    } else {
        of_table(text, path, options, &head)?
    };
    let mut read = Telemetry {
        series: Vec::new(),
        relative: false,
        stamps: edge,
        zone: stamps.zone(options.zone.is_some()),
        assumptions: of_stamps(path, &stamps, options),
    };
    for series in series {
        read.series.push(in_order(series, path, &mut said)?);
    }
    said.dedup();
    read.assumptions.extend(said);
    let last =
        read.series.iter().filter_map(|series| series.points.last()).map(|last| last.0).max();
    let Some(last) = last else {
        let message = format!("{path} holds no value");
        return Err(TraceError::file(message, "export a range in which the series have some"));
    };
    read.relative = stamps.numeric() && last < RELATIVE_BELOW_NS;
    let before = |series: &&Measured| series.points.first().is_some_and(|first| first.0 < 0);
    if let Some(early) = read.series.iter().find(before).filter(|_| stamps.numeric()) {
        let message = format!("{path}: `{}` begins before time 0", early.name);
        return Err(TraceError::file(
            message,
            "times count from 1970 or from the recording's start",
        ));
    }
    Ok(read)
}

/// What was told from the stamps.
fn of_stamps(path: &str, stamps: &StampReader, options: &Options) -> Vec<String> {
    let utc = stamps.naive && options.zone.is_none();
    let utc = utc
        .then(|| format!("{path}: times without a zone were read as UTC; --zone states another"));
    let unit = stamps.guessed.filter(|unit| *unit != TimeUnit::Seconds).map(|unit| {
        let unit = unit.name();
        format!("{path}: times were read as {unit}, told by the size of the first")
    });
    let offsets = stamps.offsets_told(options.zone.is_some(), path);
    utc.into_iter().chain(offsets).chain(unit).collect()
}

fn head(text: &str, options: &Options) -> Head {
    let end = (0..=HEAD.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    let beginning = &text[..end.unwrap_or_default()];
    let lines = beginning.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> =
        lines.filter(|line| !line.starts_with("sep=")).take(50).map(str::to_owned).collect();
    let header = header_of(lines.first().map_or("", String::as_str));
    let timed = options.time.is_some() || header.iter().any(|name| is_time_name(name));
    let text = beginning.trim_start().to_owned();
    Head { bytes: Vec::new(), text, lines, header, timed, form: OnceCell::new() }
}

/// Points in order of time, one at an instant.
fn in_order(series: Series, path: &str, said: &mut Vec<String>) -> Result<Measured, TraceError> {
    let Series { name, labels, mut points } = series;
    if !points.is_sorted_by_key(|point| point.at) {
        points.sort_by_key(|point| point.at);
        said.push(format!("{path}: its times do not ascend: they were sorted"));
    }
    let mut kept: Vec<(i64, f64)> = Vec::with_capacity(points.len());
    for Point { at, value, line } in points {
        match kept.last() {
            Some(last) if last.0 == at && last.1 == value => {
                said.push(format!("{path}: `{name}` has a value twice: it was read once"));
            }
            Some(last) if last.0 == at => {
                let place = if line > 0 { format!(" line {line}") } else { String::new() };
                let message =
                    format!("{path}{place}: `{name}` is {} and {value} at one time", last.1);
                let hint = "rows of several instances need a column of words that names them";
                return Err(TraceError::file(message, hint));
            }
            _ => kept.push((at, value)),
        }
    }
    Ok(Measured { name, labels, points: kept })
}

/// What a column of a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Time,
    Label,
    Value,
}

const NUMBERS: &str = "a number, or nothing where there is none; a column of words has no number";

/// A table with a column of times. Columns of words say whose values the others hold.
fn of_table(
    text: &str,
    path: &str,
    options: &Options,
    head: &Head,
) -> Result<(Vec<Series>, StampReader), TraceError> {
    let body = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("sep=") => rest,
        Some(_) | None => text,
    };
    let delimiter = separator(head.lines.first().map_or("", String::as_str));
    let mut csv = csv::ReaderBuilder::new();
    let mut csv = csv.trim(csv::Trim::All).delimiter(delimiter).from_reader(body.as_bytes());
    let broken = |error: csv::Error| {
        let hint = "a table has a header, and as many cells in each row as the header has names";
        TraceError::file(format!("{path}: {error}"), hint)
    };
    let header: Vec<String> = csv.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    let time = time_column(&header, path, options, head)?;
    let rows: Vec<csv::StringRecord> = csv.records().collect::<Result<_, _>>().map_err(broken)?;
    // A cell that is wrong does not make words of a column of numbers.
    let is_number = |cell: &str| value_of(cell).is_some() || with_a_point(cell).is_some();
    let role = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let mut cells = cells.filter(|cell| !grafana::is_none(cell)).peekable();
        match cells.peek().is_some() && !cells.any(is_number) {
            _ if at == time => Role::Time,
            true => Role::Label,
            false => Role::Value,
        }
    };
    let roles: Vec<Role> = (0..header.len()).map(role).collect();
    if !roles.contains(&Role::Value) {
        let message = format!("{path}: no column holds numbers");
        return Err(TraceError::file(message, format!("the columns are {}", header.join(", "))));
    }
    let mut stamps = StampReader::of_intervals(options.time_zone()?, options.time_unit);
    let mut series: IndexMap<String, Series> = IndexMap::new();
    for row in &rows {
        let line = row.position().map_or(0, csv::Position::line);
        let place = |at: usize| Place { path, line, column: &header[at] };
        let stamp = &row[time];
        let at = stamps.read(stamp).ok_or_else(|| {
            let hint = "times are dates with a time of day, or numbers";
            TraceError::file(format!("{}: `{stamp}` is no time", place(time)), hint)
        })?;
        for column in (0..header.len()).filter(|&at| roles[at] == Role::Value) {
            let cell = &row[column];
            if grafana::is_none(cell) {
                continue;
            }
            let value = value_of(cell).ok_or_else(|| {
                let hint = with_a_point(cell).unwrap_or_else(|| NUMBERS.to_owned());
                TraceError::file(format!("{}: `{cell}` is no number", place(column)), hint)
            })?;
            let labels = labels_of(&header, &roles, row, column);
            let name = match labels.as_slice() {
                [] => header[column].clone(),
                labels => prometheus::written(labels),
            };
            let new = || Series { name: name.clone(), labels, points: Vec::new() };
            let found = series.entry(name.clone()).or_insert_with(new);
            found.points.push(Point { at, value, line });
        }
    }
    Ok((series.into_values().collect(), stamps))
}

/// The stated column of times, or the first with a usual name.
fn time_column(
    header: &[String],
    path: &str,
    options: &Options,
    head: &Head,
) -> Result<usize, TraceError> {
    let is = |name: &String| match &options.time {
        Some(stated) => name == stated,
        None => name == "time_s" || is_time_name(name),
    };
    header.iter().position(is).ok_or_else(|| {
        let named = options.time.is_none().then(|| known(head, path)).flatten();
        named.unwrap_or_else(|| {
            let message = match &options.time {
                Some(stated) => format!("{path} has no column `{stated}`"),
                None => format!("{path}: no column has a usual name of a time"),
            };
            let columns = header.join(", ");
            TraceError::at(
                "time",
                message,
                format!("name it with --time; the columns are {columns}"),
            )
        })
    })
}

/// Labels of a value of a row: the words beside it, and those in the name of its column (`up{job="web"}`).
fn labels_of(
    header: &[String],
    roles: &[Role],
    row: &csv::StringRecord,
    column: usize,
) -> Vec<(String, String)> {
    let one_value = roles.iter().filter(|&&role| role == Role::Value).count() == 1;
    let mut name = header[column].clone();
    let mut labels = Vec::new();
    for at in (0..header.len()).filter(|&at| roles[at] == Role::Label) {
        let metric = METRIC_NAMES.iter().any(|known| header[at].eq_ignore_ascii_case(known));
        match metric && one_value {
            true => name = row[at].to_owned(),
            false => labels.push((header[at].clone(), row[at].to_owned())),
        }
    }
    let own = matchers(&name).unwrap_or_default();
    let own: Vec<(String, String)> =
        own.into_iter().map(|(label, value, _)| (label, value)).collect();
    match (own.is_empty(), labels.is_empty() && name == header[column]) {
        (true, true) => return Vec::new(),
        (true, false) => labels.insert(0, ("__name__".to_owned(), name)),
        (false, _) => drop(labels.splice(0..0, own)),
    }
    labels
}

/// A number, with Grafana's prefixes and units; percent as they are, times in milliseconds.
fn value_of(cell: &str) -> Option<f64> {
    let percent = || grafana::cell(cell.strip_suffix('%')?.trim());
    grafana::cell(cell).or_else(percent).or_else(|| milliseconds(cell))
}

/// A time as Grafana writes it.
fn milliseconds(cell: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 6] =
        [("ms", 1e6), ("µs", 1e3), ("us", 1e3), ("ns", 1.0), ("min", 6e10), ("s", 1e9)];
    let (unit, ns) = UNITS.iter().find(|(unit, _)| cell.ends_with(unit))?;
    Some(grafana::cell(cell.strip_suffix(unit)?.trim())? * ns / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    fn read(text: &str) -> Result<Telemetry, TraceError> {
        telemetry(text, "t", &Options::default())
    }

    /// Names with their points, in seconds.
    fn points(text: &str) -> Vec<(String, Vec<(i64, f64)>)> {
        let read = read(text).unwrap_or_else(|error| panic!("{error}"));
        let seconds = |one: &(i64, f64)| (one.0 / S, one.1);
        let series = read.series.into_iter();
        series.map(|one| (one.name, one.points.iter().map(seconds).collect())).collect()
    }

    #[test]
    fn series_of_every_file_are_read_whatever_they_measure() {
        let prometheus = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"t","pod":"a"},"values":[[0,"-3.5"],[60,"NaN"],[120,"1e3"]]}]}}"#;
        let bare = r#"[{"metric":{"__name__":"t","pod":"a"},"values":[[0,"-3.5"],[120,"1e3"]]}]"#;
        let data = r#"{"MetricDataResults":[{"Id":"m","Label":"CPUUtilization",
            "Timestamps":["1970-01-01T00:02:00Z","1970-01-01T00:00:00Z"],"Values":[1000,-3.5]}]}"#;
        let statistics = r#"{"Label":"CPU","Datapoints":[
            {"Timestamp":"1970-01-01T00:02:00Z","Average":1000,"Unit":"Percent"},
            {"Timestamp":"1970-01-01T00:00:00Z","Average":-3.5,"Unit":"Percent"}]}"#;
        let grafana = "sep=,\n\"Time\",\"t{pod=\"\"a\"\"}\"\n1970-01-01 00:00:00,-3.5\n\
                       1970-01-01 00:01:00,\n1970-01-01 00:02:00,1 K\n";
        let pod_a = "t{pod=\"a\"}";
        for (text, name) in [
            (prometheus, pod_a),
            (bare, pod_a),
            (data, "CPUUtilization"),
            (statistics, "CPU{statistic=\"Average\"}"),
            (grafana, pod_a),
            ("time;t\n0;-3.5\n120;1000\n", "t"),
            ("\u{feff}timestamp,pod,t\r\n0,a,-3.5\r\n120,a,1000", pod_a),
            ("time,metric,pod,value\n0,t,a,-3.5\n120,t,a,1000\n", pod_a),
        ] {
            assert_eq!(points(text), [(name.to_owned(), vec![(0, -3.5), (120, 1e3)])], "{text}");
        }
    }

    #[test]
    fn a_row_a_value_is_a_series_for_each_name_beside_it() {
        let text = "time,pod,cpu,memory\n0,a,1,2\n0,b,3,\n60,a,5,6\n";
        let named = |name: &str, points: &[(i64, f64)]| (name.to_owned(), points.to_vec());
        assert_eq!(
            points(text),
            [
                named("cpu{pod=\"a\"}", &[(0, 1.0), (60, 5.0)]),
                named("memory{pod=\"a\"}", &[(0, 2.0), (60, 6.0)]),
                named("cpu{pod=\"b\"}", &[(0, 3.0)]),
            ]
        );
    }

    #[test]
    fn cells_carry_units() {
        for (cell, value) in [
            ("40%", 40.0),
            ("40.5 %", 40.5),
            ("15 ms", 15.0),
            ("1.2 s", 1200.0),
            ("2 min", 120_000.0),
            ("350 µs", 0.35),
            ("1.5 K", 1500.0),
        ] {
            assert_eq!(value_of(cell), Some(value), "{cell}");
        }
        assert_eq!(["web", "", "12 parsecs"].map(value_of), [None; 3]);
    }

    #[test]
    fn what_is_told_from_a_file_is_said_and_what_cannot_be_is_refused() {
        let said =
            read("time,t\n2026-03-02 00:01:00,1\n2026-03-02 00:00:00,2\n").unwrap().assumptions;
        assert!(
            said[0].contains("read as UTC") && said[1].contains("they were sorted"),
            "{said:?}"
        );
        for (text, part) in [
            (
                "when,cpu\n0,1\n",
                "t: no column has a usual name of a time: name it with --time; the columns are when, cpu",
            ),
            ("time,cpu\n0,1\n60,x\n", "t line 3, column `cpu`: `x` is no number"),
            ("time,cpu\n0,1\n60,1\n60,2\n", "t line 4: `cpu` is 1 and 2 at one time"),
            ("time,cpu\n0,N/A\n60,1\n", "t line 2, column `cpu`: `N/A` is no number"),
            (
                "time,pod,cpu\n0,a,\n60,,1 000\n120,a,2\n",
                "t line 3, column `cpu`: `1 000` is no number",
            ),
            (
                "time;cpu;n\n0;10,5;2\n",
                "column `cpu`: `10,5` is no number: decimals take a point: 10.5",
            ),
            ("time,cpu\nx,1\n", "t line 2, column `time`: `x` is no time"),
            ("time,pod\n0,a\n", "no column holds numbers"),
            ("time,cpu\n0,1,2\n", "t: CSV error"),
            ("time,cpu\n0,\n", "t holds no value"),
            ("time,cpu\n-60,1\n0,1\n", "`cpu` begins before time 0"),
            ("{\"a\":1}", "t is neither an answer of Prometheus or CloudWatch nor a table"),
            (
                r#"{"status":"error","errorType":"bad_data","error":"unclosed"}"#,
                "says what was wrong with the question: unclosed: mend",
            ),
            (r#"{"status":"error","error":"too many"}"#, "with the question: too many"),
            ("apiVersion: v1\nkind: Pod\n", "a document of Kubernetes"),
        ] {
            let refused = read(text).unwrap_err().to_string();
            assert!(refused.contains(part), "{refused}\n{part}");
        }
    }
}
