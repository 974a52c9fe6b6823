//! `timestamps`: one row a request.

use super::MAX_ROWS;
use super::failure::TraceError;
use super::format::{Format, Head, TraceFormat};
use super::input::Input;
use super::number::{decimal_ns, finite};
use super::options::{Edge, Options};
use super::recording::{Recording, Rows};
use super::stamp::{RELATIVE_BELOW_NS, StampReader};
use super::table::{Column, Table};

/// One row a request, columns by name.
pub(super) struct Timestamps;

/// Names a column of times usually has.
pub(super) const TIME_NAMES: &[&str] = &[
    "time_s",
    "timestamp",
    "time",
    "ts",
    "period",
    "datetime",
    "date",
    "@timestamp",
    "start_time",
    "starttime",
    "arrived_at",
    "arrival_time",
    "arrival",
    "start",
];

impl TraceFormat for Timestamps {
    fn format(&self) -> Format {
        Format::Timestamps
    }
    fn sniff(&self, head: &Head) -> bool {
        // `value` beside a time may be a count, a rate or a gauge: the user must say.
        head.timed && !head.has_any(&["value"])
    }
    fn read(&self, input: Input, options: &Options) -> Result<Recording, TraceError> {
        const USED: &[&str] = &[
            "time",
            "time_unit",
            "time_is",
            "zone",
            "service_time_column",
            "service_time_linear",
            "sort",
        ];
        options.only(Format::Timestamps, USED)?;
        let mut table = Table::open(input)?;
        let time = time_column(&table, options)?;
        let demand = Demand::of(&table, options)?;
        let mut stamps = StampReader::new(options.time_zone()?, options.time_unit);
        let mut rows = Read::default();
        while table.next()? {
            rows.add(&table, &time, &demand, &mut stamps, options)?;
        }
        if rows.starts.is_empty() {
            let message = format!("{} has a header but no rows", table.path);
            return Err(TraceError::file(message, "a trace has at least one request"));
        }
        let sha256 = table.finish()?;
        Ok(rows.into_recording(table, sha256, &stamps, options))
    }
}

/// The stated column of times, or one with a usual name.
pub(super) fn time_column(table: &Table, options: &Options) -> Result<Column, TraceError> {
    if let Some(name) = &options.time {
        return table.column("time", name);
    }
    table.known(TIME_NAMES).ok_or_else(|| {
        let message = format!("{}: no column has a usual name of a time", table.path);
        TraceError::at(
            "time",
            message,
            format!("state time = \"COLUMN\"; {}", table.columns_text()),
        )
    })
}

/// Reads the stamp of a row; refuses what is none, and numbers below zero.
pub(super) fn stamp_of(
    table: &Table,
    column: &Column,
    stamps: &mut StampReader,
) -> Result<i64, TraceError> {
    let text = table.field(column)?;
    let wrong = |why: &str, hint: &str| {
        Err(TraceError::file(format!("{}: `{text}` {why}", table.place(column)), hint))
    };
    match stamps.read(text) {
        Some(ns) if ns < 0 && stamps.numeric() => {
            wrong("is negative", "times count from 1970 or from the recording's start")
        }
        Some(ns) => Ok(ns),
        None => wrong(
            "is not a time",
            "write seconds, RFC 3339 or \"YYYY-MM-DD HH:MM:SS\", like the first row",
        ),
    }
}

/// Where a row's service time comes from.
enum Demand {
    Elsewhere,
    Column(Column, super::TimeUnit),
    Linear(f64, Vec<(Column, f64)>),
}

impl Demand {
    fn of(table: &Table, options: &Options) -> Result<Self, TraceError> {
        match (&options.service_time_column, &options.service_time_linear) {
            (Some(_), Some(_)) => Err(TraceError::at(
                "service_time_linear",
                "`service_time_column` is given too",
                "keep one of them",
            )),
            (Some(from), None) => {
                Ok(Self::Column(table.column("service_time_column", &from.column)?, from.unit))
            }
            (None, Some(linear)) => {
                let term = |(name, per): (&String, &crate::units::Span)| {
                    Ok((table.column("service_time_linear", name)?, per.0 as f64))
                };
                let terms: Result<_, TraceError> = linear.per.iter().map(term).collect();
                Ok(Self::Linear(linear.base.0 as f64, terms?))
            }
            (None, None) if options.time_is == Edge::End => Err(TraceError::at(
                "time_is",
                "the start of a request cannot be told from its end alone",
                "state where its service time is: service_time_column = { column, unit }",
            )),
            (None, None) => Ok(Self::Elsewhere),
        }
    }

    fn read(&self, table: &Table) -> Result<Option<u64>, TraceError> {
        match self {
            Self::Elsewhere => Ok(None),
            Self::Column(column, unit) => {
                let text = table.field(column)?;
                let ns = decimal_ns(text, *unit).and_then(|ns| u64::try_from(ns).ok());
                ns.map(Some).ok_or_else(|| no_length(table, column, text))
            }
            Self::Linear(base, terms) => {
                let mut ns = *base;
                for (column, per) in terms {
                    let text = table.field(column)?;
                    let value = finite(text).filter(|value| *value >= 0.0);
                    ns += per * value.ok_or_else(|| no_length(table, column, text))?;
                }
                Ok(Some(ns.round() as u64))
            }
        }
    }
}

fn no_length(table: &Table, column: &Column, text: &str) -> TraceError {
    TraceError::file(
        format!("{}: `{text}` is not a number of at least 0", table.place(column)),
        "a service time cannot be missing or negative: remove the row, or state another column",
    )
}

/// Rows read so far.
#[derive(Default)]
struct Read {
    starts: Vec<i64>,
    demands: Vec<u64>,
    inversions: u64,
}

impl Read {
    fn add(
        &mut self,
        table: &Table,
        time: &Column,
        demand: &Demand,
        stamps: &mut StampReader,
        options: &Options,
    ) -> Result<(), TraceError> {
        let mut start = stamp_of(table, time, stamps)?;
        let demand = demand.read(table)?;
        if options.time_is == Edge::End {
            start = start.saturating_sub_unsigned(demand.unwrap_or(0));
        }
        if self.starts.last().is_some_and(|last| start < *last) {
            self.inversions += 1;
            if !options.sort && options.time_is == Edge::Start {
                let message =
                    format!("{}: its time is before that of the row above", table.place(time));
                return Err(TraceError::at("file", message, "sort the file, or set sort = true"));
            }
        }
        if self.starts.len() >= MAX_ROWS {
            let message = format!("{} has more than {MAX_ROWS} rows", table.path);
            return Err(TraceError::file(message, "cut it, or turn it into counts per second"));
        }
        self.starts.push(start);
        self.demands.extend(demand);
        Ok(())
    }

    fn into_recording(
        mut self,
        table: Table,
        sha256: String,
        stamps: &StampReader,
        options: &Options,
    ) -> Recording {
        if self.inversions > 0 {
            self.sort();
        }
        let relative = stamps.numeric() && self.starts.iter().all(|at| *at < RELATIVE_BELOW_NS);
        let mut assumptions = stamp_assumptions(&table.path, stamps, options);
        if self.inversions > 0 {
            assumptions.push(format!(
                "{} of {} requests started before the row above them and were sorted",
                self.inversions,
                self.starts.len()
            ));
        }
        if let Some(grid) = coarse_grid(&self.starts) {
            assumptions.push(format!(
                "{}: times are whole multiples of {grid}, and {} of {} requests share theirs with \
                 another; spread = \"uniform\" would spread them",
                table.path,
                shared(&self.starts),
                self.starts.len()
            ));
        }
        let demands = (!self.demands.is_empty()).then_some(self.demands);
        Recording {
            path: table.path,
            sha256,
            format: Format::Timestamps,
            columns: table.header,
            rows: Rows::Events { starts: self.starts, demands },
            relative,
            inversions: self.inversions,
            assumptions,
        }
    }

    /// By start; rows of one instant keep their order.
    fn sort(&mut self) {
        if self.demands.is_empty() {
            self.starts.sort_unstable();
            return;
        }
        let mut rows: Vec<(i64, u64)> = self.starts.drain(..).zip(self.demands.drain(..)).collect();
        rows.sort_by_key(|row| row.0);
        (self.starts, self.demands) = rows.into_iter().unzip();
    }
}

/// What was told from the stamps.
pub(super) fn stamp_assumptions(
    path: &str,
    stamps: &StampReader,
    options: &Options,
) -> Vec<String> {
    let mut said = Vec::new();
    if stamps.naive && options.zone.is_none() {
        said.push(format!("{path}: times without a zone were read as UTC; zone = states another"));
    }
    if let Some(unit) = stamps.guessed {
        said.push(format!(
            "{path}: times were read as {}, told by the size of the first; time_unit = states it",
            unit.name()
        ));
    }
    said
}

/// The grid that coarse stamps lie on; `None` if few requests share their stamp.
pub(super) fn coarse_grid(starts: &[i64]) -> Option<crate::units::Span> {
    if shared(starts) * 10 < starts.len() {
        return None;
    }
    let first = *starts.first()?;
    let gap = |at: &i64| at.abs_diff(first);
    let grid = starts.iter().map(gap).fold(0, gcd);
    (grid >= 1_000_000).then_some(crate::units::Span(grid))
}

fn shared(starts: &[i64]) -> usize {
    starts.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
