//! Counts or rates of intervals: what both formats share.

use super::MAX_ROWS;
use super::failure::TraceError;
use super::format::Format;
use super::input::Input;
use super::number::{finite, with_a_point};
use super::options::{Edge, Missing, Options};
use super::recording::{Recording, Rows};
use super::stamp::{RELATIVE_BELOW_NS, StampReader};
use super::table::{Column, Table};
use super::timestamps::{stamp_assumptions, stamp_of, time_column, unsorted};
use crate::units::Span;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Requests in the interval.
    Count,
    /// Requests a second in the interval.
    PerSecond,
}

/// Requests of one interval, at most.
const MAX_COUNT: f64 = 1e12;
/// Requests a second, at most: one a nanosecond.
const MAX_RATE: f64 = 1e9;

/// Rows as they are in the file.
struct Raw {
    /// (start, value, line), in order of start.
    rows: Vec<(i64, f64, u64)>,
    inversions: u64,
    path: String,
}

/// Reads a table of (time, value).
pub(super) fn read(
    input: Input,
    options: &Options,
    format: Format,
    meaning: Meaning,
    names: &[&str],
) -> Result<Recording, TraceError> {
    const USED: &[&str] =
        &["time", "time_unit", "time_is", "zone", "value", "interval", "missing", "sort"];
    options.only(format, USED)?;
    let mut table = Table::open(input)?;
    let time = time_column(&table, options)?;
    let value = value_column(&table, options, names)?;
    let mut stamps = StampReader::of_intervals(options.time_zone()?, options.time_unit);
    let mut raw = Raw { rows: Vec::new(), inversions: 0, path: table.path.clone() };
    while table.next()? {
        let start = stamp_of(&table, &time, &mut stamps)?;
        let value = value_of(&table, &value, meaning)?;
        raw.add(&table, &time, (start, value), || unsorted(&stamps, options), options)?;
    }
    let sha256 = table.finish()?;
    let mut assumptions = stamp_assumptions(&raw.path, &stamps, options);
    let inversions = raw.inversions;
    let step = raw.step(options, &mut assumptions)?;
    if options.time_is == Edge::End {
        for row in &mut raw.rows {
            row.0 = row.0.saturating_sub_unsigned(step);
        }
    }
    let relative = stamps.numeric() && raw.rows.last().is_some_and(|row| row.0 < RELATIVE_BELOW_NS);
    let rows = raw.into_bins(step, meaning, options, &mut assumptions)?;
    let (path, columns) = (table.path, table.header);
    let zone = stamps.zone(options.zone.is_some());
    Ok(Recording { path, sha256, format, columns, rows, relative, zone, inversions, assumptions })
}

fn value_column(table: &Table, options: &Options, names: &[&str]) -> Result<Column, TraceError> {
    if let Some(name) = &options.value {
        return table.column("value", name);
    }
    let named = match table.known("value", names)? {
        Some(column) => Some(column),
        None => table.known("value", &["value"])?,
    };
    named.ok_or_else(|| {
        let message = format!("{}: no column has a usual name of a value", table.path);
        let hint = format!("state value = \"COLUMN\"; {}", table.columns_text());
        TraceError::at("value", message, hint)
    })
}

fn value_of(table: &Table, column: &Column, meaning: Meaning) -> Result<f64, TraceError> {
    let text = table.field(column)?;
    let wrong = |why: String| {
        let hint = "values are numbers from 0 up; remove the row to mark the interval as missing";
        let hint = with_a_point(text).unwrap_or_else(|| hint.to_owned());
        Err(TraceError::file(format!("{}: `{text}` {why}", table.place(column)), hint))
    };
    let (most, unit) = match meaning {
        Meaning::Count => (MAX_COUNT, "requests in an interval"),
        Meaning::PerSecond => (MAX_RATE, "requests a second"),
    };
    match finite(text) {
        None => wrong("is not a number".to_owned()),
        Some(value) if value < 0.0 => wrong("is negative".to_owned()),
        Some(value) if value > most => wrong(format!("is above the limit of {most:e} {unit}")),
        Some(value) => Ok(value),
    }
}

impl Raw {
    fn add(
        &mut self,
        table: &Table,
        time: &Column,
        (start, value): (i64, f64),
        remedy: impl Fn() -> &'static str,
        options: &Options,
    ) -> Result<(), TraceError> {
        if self.rows.last().is_some_and(|last| start < last.0) {
            self.inversions += 1;
            if !options.sort {
                let message =
                    format!("{}: its time is before that of the row above", table.place(time));
                return Err(TraceError::file(message, remedy()));
            }
        }
        if self.rows.len() >= MAX_ROWS {
            let message = format!("{} has more than {MAX_ROWS} rows", self.path);
            return Err(TraceError::file(message, "cut it, or use longer intervals"));
        }
        self.rows.push((start, value, table.line()));
        Ok(())
    }

    /// The usual distance between rows, or the stated interval; sorts the rows and refuses two of one
    /// interval.
    fn step(&mut self, options: &Options, said: &mut Vec<String>) -> Result<u64, TraceError> {
        self.rows.sort_by_key(|row| row.0);
        if self.rows.is_empty() {
            let message = format!("{} has a header but no rows", self.path);
            return Err(TraceError::file(message, "a trace has at least one interval"));
        }
        let mut gaps: Vec<u64> =
            self.rows.windows(2).map(|pair| pair[1].0.abs_diff(pair[0].0)).collect();
        let middle = gaps.len() / 2;
        let usual = if gaps.is_empty() { None } else { Some(*gaps.select_nth_unstable(middle).1) };
        let step = match (options.interval, usual) {
            (Some(interval), _) => interval.0,
            (None, Some(usual)) => {
                let path = &self.path;
                said.push(format!("{path}: an interval is {}, told from its rows", Span(usual)));
                usual
            }
            (None, None) => {
                let message = format!("{}: one row does not tell its interval", self.path);
                return Err(TraceError::at("interval", message, "state interval = \"1m\""));
            }
        };
        if step == 0 {
            let message = format!("{}: the interval is zero", self.path);
            return Err(TraceError::at("interval", message, "state interval = \"1m\""));
        }
        self.refuse_overlap(step)?;
        Ok(step)
    }

    /// Two rows closer than half an interval are two values of one interval.
    fn refuse_overlap(&self, step: u64) -> Result<(), TraceError> {
        let close =
            self.rows.windows(2).find(|pair| pair[1].0.abs_diff(pair[0].0) < step.div_ceil(2));
        let Some(pair) = close else { return Ok(()) };
        let apart = Span(pair[1].0.abs_diff(pair[0].0));
        let message = format!(
            "{} lines {} and {}: rows {apart} apart, but an interval is {}",
            self.path,
            pair[0].2,
            pair[1].2,
            Span(step)
        );
        let hint = "merge such rows, or state another interval; where the clock was put back, state its zone";
        Err(TraceError::at("file", message, hint))
    }

    /// Intervals in order; the missing ones filled as the options say.
    fn into_bins(
        self,
        step: u64,
        meaning: Meaning,
        options: &Options,
        said: &mut Vec<String>,
    ) -> Result<Rows, TraceError> {
        let mut fill = Fill { starts: Vec::new(), counts: Vec::new(), missing: 0 };
        let per = |length: u64| match meaning {
            Meaning::Count => 1.0,
            Meaning::PerSecond => length as f64 * 1e-9,
        };
        for (index, &(start, value, line)) in self.rows.iter().enumerate() {
            let next = self.rows.get(index + 1);
            let gap = next.map_or(step, |next| next.0.abs_diff(start));
            let absent = gap.saturating_add(step / 2) / step - 1;
            let length = if absent == 0 { gap } else { step };
            fill.starts.push(start);
            fill.counts.push(value * per(length));
            if absent > 0 {
                let after = next.map_or(0.0, |next| next.1);
                let whole = Gap { start, step, absent, before: value, after, per: per(step) };
                fill.gap(&whole, options, || format!("{} line {line}", self.path))?;
            }
        }
        if fill.missing > 0 {
            let how = match options.missing {
                None => "read as zero; missing = states otherwise",
                Some(_) => "filled as stated",
            };
            said.push(format!("{}: {} intervals are missing, {how}", self.path, fill.missing));
        }
        let Fill { starts, counts, missing } = fill;
        Ok(Rows::Bins { starts, counts, step, missing })
    }
}

struct Fill {
    starts: Vec<i64>,
    counts: Vec<f64>,
    missing: u64,
}

/// Missing intervals after a row.
struct Gap {
    start: i64,
    step: u64,
    absent: u64,
    before: f64,
    after: f64,
    /// Requests per unit of value.
    per: f64,
}

impl Fill {
    fn gap(
        &mut self,
        gap: &Gap,
        options: &Options,
        place: impl Fn() -> String,
    ) -> Result<(), TraceError> {
        self.missing += gap.absent;
        let value = |k: u64| match options.missing {
            Some(Missing::Interpolate) => {
                let share = k as f64 / (gap.absent + 1) as f64;
                Some(gap.before + (gap.after - gap.before) * share)
            }
            Some(Missing::Hold) => Some(gap.before),
            _ => None,
        };
        if options.missing == Some(Missing::Error) {
            let message = format!("{}: {} intervals are missing after it", place(), gap.absent);
            let hint = "add them, or set missing to zero, interpolate or hold";
            return Err(TraceError::at("missing", message, hint));
        }
        if value(1).is_none() {
            return Ok(());
        }
        let room = MAX_ROWS.saturating_sub(self.starts.len()) as u64;
        if gap.absent > room {
            let message = format!("{}: {} intervals are missing after it", place(), gap.absent);
            return Err(TraceError::at("missing", message, "too many to fill; use zero"));
        }
        for k in 1..=gap.absent {
            let Some(value) = value(k) else { continue };
            self.starts.push(gap.start.saturating_add_unsigned(k * gap.step));
            self.counts.push(value * gap.per);
        }
        Ok(())
    }
}
