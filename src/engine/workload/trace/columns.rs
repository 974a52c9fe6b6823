//! Series that are columns of a table, beside a column of times.

use super::MAX_ROWS;
use super::failure::TraceError;
use super::format::Format;
use super::input::Input;
use super::number::{finite, with_a_point};
use super::options::{Options, Values};
use super::records::{Column, Kind, Records};
use super::requests::{stamp_assumptions, stamp_of, time_column, unsorted};
use super::series::{Point, Series, SeriesFile};
use super::stamp::StampReader;
use indexmap::IndexSet;

/// How a format writes them; [`Options`] override what they state.
pub(super) struct ColumnsLayout {
    pub(super) format: Format,
    pub(super) values: Values,
    /// The columns that are series; errors say what to state.
    pub(super) columns: fn(&Records, &Options) -> Result<Vec<Column>, TraceError>,
    /// Only rows are read whose column has this text.
    pub(super) only: Option<(&'static str, &'static str)>,
    /// The number of a cell, `None` where it holds none, in the values' unit.
    pub(super) cell: fn(&str) -> Option<f64>,
    /// True for a cell that holds no value: its interval is missing.
    pub(super) gap: fn(&str) -> bool,
}

/// Requests of one interval, at most.
const MAX_COUNT: f64 = 1e12;
/// Requests a second, at most: one a nanosecond.
const MAX_RATE: f64 = 1e9;

/// Options that mean something to columns.
pub(super) const USED: &[&str] =
    &["time", "time_unit", "time_is", "zone", "interval", "missing", "sort"];

/// Reads the columns of a table.
pub(super) fn read(
    input: Input,
    options: &Options,
    layout: &ColumnsLayout,
) -> Result<SeriesFile, TraceError> {
    let kind = Kind::of(&input);
    let mut records = Records::open(input, kind)?;
    let time = time_column(&records, options, &[])?;
    let columns = (layout.columns)(&records, options)?;
    let only = layout.only.map(|(name, text)| Ok((records.column("format", name)?, text)));
    let only = only.transpose()?;
    let mut stamps = StampReader::of_intervals(options.time_zone()?, options.time_unit);
    let by = options.by.as_ref().map(|name| records.column("by", name)).transpose()?;
    let mut parts = Parts::new(&columns, by.as_ref());
    let (mut inversions, mut rows) = (0, 0);
    while records.next()? {
        if let Some((column, text)) = &only
            && records.field(column)? != *text
        {
            continue;
        }
        let at = stamp_of(&records, &time, &mut stamps)?;
        let part = match &by {
            None => 0,
            Some(by) => parts.number(records.field(by)?),
        };
        let last = std::mem::replace(&mut parts.last[part], at);
        inversions += u64::from(at < last);
        if at < last && !options.sort {
            let place = records.place(&time);
            let message = format!("{place}: its time is before that of the row above");
            return Err(TraceError::file(message, unsorted(&stamps, options)));
        }
        rows += 1;
        if rows > MAX_ROWS / columns.len().max(1) {
            let message = format!("{} has more than {MAX_ROWS} values", records.path);
            return Err(TraceError::file(message, "cut it, or use longer intervals"));
        }
        for (column, series) in columns.iter().zip(parts.series(part)) {
            if let Some(value) = value_of(&records, column, layout)? {
                series.points.push(Point { at, value, line: records.line() });
            }
        }
    }
    let sha256 = records.finish()?;
    let path = records.path.clone();
    let mut file = SeriesFile::new(path, layout.format, layout.values, &stamps, options);
    file.assumptions = stamp_assumptions(&file.path, &stamps, options);
    let columns = std::mem::take(&mut records.header);
    Ok(SeriesFile { sha256, columns, series: parts.series, inversions, ..file })
}

/// The series of a table: of each part of its rows one a column.
struct Parts<'a> {
    columns: &'a [Column],
    by: Option<&'a Column>,
    names: IndexSet<String>,
    /// When the last row of each was.
    last: Vec<i64>,
    series: Vec<Series>,
}

impl<'a> Parts<'a> {
    /// Without a column that tells parts apart there is one.
    fn new(columns: &'a [Column], by: Option<&'a Column>) -> Self {
        let mut parts =
            Self { columns, by, names: IndexSet::new(), last: Vec::new(), series: Vec::new() };
        if by.is_none() {
            parts.number("");
        }
        parts
    }

    /// Which one has this name; a new one, if none has.
    fn number(&mut self, name: &str) -> usize {
        if let Some(index) = self.names.get_index_of(name) {
            return index;
        }
        self.last.push(i64::MIN);
        self.series.extend(self.columns.iter().map(|column| match self.by {
            None => Series { name: column.name.clone(), ..Series::default() },
            Some(by) => Series {
                name: name.to_owned(),
                labels: vec![(by.name.clone(), name.to_owned())],
                points: Vec::new(),
            },
        }));
        self.names.insert_full(name.to_owned()).0
    }

    /// Its series, in the order of the columns.
    fn series(&mut self, part: usize) -> &mut [Series] {
        let count = self.columns.len();
        &mut self.series[part * count..][..count]
    }
}

/// The value of a column in the row; refuses what is none.
fn value_of(
    records: &Records,
    column: &Column,
    layout: &ColumnsLayout,
) -> Result<Option<f64>, TraceError> {
    let text = match records.field(column) {
        Ok(text) if (layout.gap)(text) => return Ok(None),
        Err(_) if (layout.gap)("") => return Ok(None),
        found => found?,
    };
    let wrong = |why: String| {
        let hint = "values are numbers from 0 up; remove the row to mark the interval as missing";
        let hint = with_a_point(text).unwrap_or_else(|| hint.to_owned());
        Err(TraceError::file(format!("{}: `{text}` {why}", records.place(column)), hint))
    };
    match (layout.cell)(text).map(|value| checked(value, layout.values)) {
        None => wrong("is not a number".to_owned()),
        Some(Err(why)) => wrong(why),
        Some(Ok(value)) => Ok(Some(value)),
    }
}

/// A number as a value of traffic, or what is wrong with it.
pub(super) fn checked(value: f64, values: Values) -> Result<f64, String> {
    let (most, unit) = match values {
        Values::Counts => (MAX_COUNT, "requests in an interval"),
        Values::Rates => (MAX_RATE, "requests a second"),
        Values::Counters => (1e15, "requests counted"),
    };
    match value {
        _ if value < 0.0 => Err("is negative".to_owned()),
        _ if value > most => Err(format!("is above the limit of {most:e} {unit}")),
        _ => Ok(value),
    }
}

/// A plain number.
pub(super) fn number(text: &str) -> Option<f64> {
    finite(text)
}
