//! `timestamps`: one row a request.

use super::MAX_ROWS;
use super::failure::TraceError;
use super::format::{Format, Head, TraceFormat};
use super::input::Input;
use super::number::{decimal_ns, finite, with_a_point};
use super::options::{Edge, Options};
use super::recording::{Recording, Rows};
use super::stamp::{RELATIVE_BELOW_NS, StampReader};
use super::streamed::Streamable;
use super::table::{Column, Table};
use crate::units::Span;

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
        let mut requests = Requests::open(input, options)?;
        let mut rows = Read::default();
        while let Some((start, demand)) = requests.next()? {
            rows.add(start, demand, &requests, options)?;
        }
        if rows.requests == 0 {
            let message = format!("{} has a header but no rows", requests.table.path);
            return Err(TraceError::file(message, "a trace has at least one request"));
        }
        let sha256 = requests.table.finish()?;
        Ok(rows.into_recording(requests, sha256, options))
    }
}

/// The requests of a file, row by row.
pub(super) struct Requests {
    table: Table,
    time: Column,
    demand: Demand,
    stamps: StampReader,
    time_is: Edge,
}

impl Requests {
    pub(super) fn open(input: Input, options: &Options) -> Result<Self, TraceError> {
        let table = Table::open(input)?;
        let time = time_column(&table, options)?;
        let demand = Demand::of(&table, options)?;
        let stamps = StampReader::new(options.time_zone()?, options.time_unit);
        Ok(Self { table, time, demand, stamps, time_is: options.time_is })
    }

    /// Start and service time of the next row, in nanoseconds.
    pub(super) fn next(&mut self) -> Result<Option<(i64, Option<u64>)>, TraceError> {
        if !self.table.next()? {
            return Ok(None);
        }
        let stamp = stamp_of(&self.table, &self.time, &mut self.stamps)?;
        let demand = self.demand.read(&self.table)?;
        let start = match self.time_is {
            Edge::End => stamp.saturating_sub_unsigned(demand.unwrap_or(0)),
            Edge::Start => stamp,
        };
        Ok(Some((start, demand)))
    }
}

/// The stated column of times, or one with a usual name.
pub(super) fn time_column(table: &Table, options: &Options) -> Result<Column, TraceError> {
    if let Some(name) = &options.time {
        return table.column("time", name);
    }
    table.known("time", TIME_NAMES)?.ok_or_else(|| {
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
        None if stamps.skipped => wrong(
            "does not exist in its zone: the clock was put forward over it",
            "state the zone that wrote it, for example zone = \"UTC\"",
        ),
        None if text == column.name => wrong(
            "is the header once more",
            "files were joined: remove the line, and see that the rows are in order",
        ),
        None => wrong(
            "is not a time",
            "write seconds, RFC 3339 or \"YYYY-MM-DD HH:MM:SS\", like the first row",
        ),
    }
}

/// What helps where a row is before the one above.
pub(super) fn unsorted(stamps: &StampReader, options: &Options) -> &'static str {
    match stamps.naive && options.zone.is_none() {
        true => {
            "sort the file, or set sort = true; where the clock was put back, state its zone = \"Europe/Berlin\""
        }
        false => "sort the file, or set sort = true",
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
                let term = |(name, per): (&String, &Span)| {
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
    let hint =
        "a service time cannot be missing or negative: remove the row, or state another column";
    TraceError::file(
        format!("{}: `{text}` is not a number of at least 0", table.place(column)),
        with_a_point(text).unwrap_or_else(|| hint.to_owned()),
    )
}

/// Rows read so far: in memory, unless they are too many, and what is known of all of them.
#[derive(Default)]
struct Read {
    starts: Vec<i64>,
    demands: Vec<u64>,
    /// They were too many: memory holds none of them.
    dropped: bool,
    requests: u64,
    inversions: u64,
    seen: Stamps,
}

impl Read {
    fn add(
        &mut self,
        start: i64,
        demand: Option<u64>,
        row: &Requests,
        options: &Options,
    ) -> Result<(), TraceError> {
        if self.requests > 0 && start < self.seen.last {
            self.inversions += 1;
            if !options.sort && options.time_is == Edge::Start {
                let place = row.table.place(&row.time);
                let message = format!("{place}: its time is before that of the row above");
                return Err(TraceError::at("file", message, unsorted(&row.stamps, options)));
            }
        }
        self.requests += 1;
        self.seen.add(start);
        if !self.dropped {
            self.hold(start, demand, row, options.memory_limit_bytes)?;
        }
        match self.dropped && self.inversions > 0 {
            true => Err(unsortable(row, options)),
            false => Ok(()),
        }
    }

    /// Keeps a row, or drops all where they would pass a limit.
    fn hold(
        &mut self,
        start: i64,
        demand: Option<u64>,
        row: &Requests,
        limit: Option<u64>,
    ) -> Result<(), TraceError> {
        let too_many = self.requests > MAX_ROWS as u64;
        if too_many && limit.is_none() {
            let message = format!("{} has more than {MAX_ROWS} rows", row.table.path);
            return Err(TraceError::file(message, "cut it, or turn it into counts per second"));
        }
        let bytes = if demand.is_some() { 16 } else { 8 };
        if too_many || limit.is_some_and(|limit| self.requests.saturating_mul(bytes) > limit) {
            self.dropped = true;
            (self.starts, self.demands) = (Vec::new(), Vec::new());
            return Ok(());
        }
        self.starts.push(start);
        self.demands.extend(demand);
        Ok(())
    }

    fn into_recording(mut self, read: Requests, sha256: String, options: &Options) -> Recording {
        if self.inversions > 0 {
            self.sort();
            self.seen = Stamps::of(&self.starts);
        }
        let (stamps, path) = (&read.stamps, &read.table.path);
        let relative = stamps.numeric() && self.seen.latest < RELATIVE_BELOW_NS;
        let mut assumptions = stamp_assumptions(path, stamps, options);
        if self.inversions > 0 {
            assumptions.push(format!(
                "{} of {} requests started before the row above them and were sorted",
                self.inversions, self.requests
            ));
        }
        if let Some(grid) = self.seen.coarse_grid() {
            assumptions.push(format!(
                "{path}: times are whole multiples of {grid}, and {} of {} requests share theirs with \
                 another; spread = \"uniform\" would spread them",
                self.seen.shared, self.requests
            ));
        }
        let limit = options.memory_limit_bytes.filter(|_| self.dropped);
        assumptions.extend(limit.map(|limit| {
            format!(
                "{path}: {} requests do not fit memory_limit_bytes = {limit}: they are read from the file \
                 again and again, which takes longer and changes nothing",
                self.requests
            )
        }));
        let demands = (!self.demands.is_empty()).then_some(self.demands);
        let rows = match self.dropped {
            false => Rows::Events { starts: self.starts, demands },
            true => Rows::Streamed(Box::new(Streamable {
                origin: read.table.origin.clone(),
                options: options.clone(),
                requests: self.requests,
                range: (self.seen.first, self.seen.latest.saturating_add(1)),
                own_demands: !matches!(read.demand, Demand::Elsewhere),
            })),
        };
        Recording {
            path: read.table.path,
            sha256,
            format: Format::Timestamps,
            columns: read.table.header,
            rows,
            relative,
            zone: stamps.zone(options.zone.is_some()),
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

fn unsortable(row: &Requests, options: &Options) -> TraceError {
    let place = row.table.place(&row.time);
    let limit = options.memory_limit_bytes.unwrap_or(u64::MAX);
    TraceError::at(
        "memory_limit_bytes",
        format!("{place}: its requests must be sorted, and {limit} bytes do not hold them"),
        "sort the file by start, or raise memory_limit_bytes: 16 bytes a request",
    )
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

/// What is known of starts in order, without holding them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stamps {
    pub(super) count: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) latest: i64,
    /// Starts that are those of the row above.
    pub(super) shared: u64,
    /// The greatest length that divides the distance of each from the first.
    grid: u64,
}

impl Stamps {
    pub(super) fn of(starts: &[i64]) -> Self {
        let mut stamps = Self::default();
        starts.iter().for_each(|&start| stamps.add(start));
        stamps
    }

    pub(super) fn add(&mut self, start: i64) {
        if self.count == 0 {
            (self.first, self.last, self.latest) = (start, start, start);
        } else {
            self.shared += u64::from(start == self.last);
        }
        self.count += 1;
        self.last = start;
        self.latest = self.latest.max(start);
        // Past the first few rows the grid mostly divides the distance: one division settles it.
        let gap = start.abs_diff(self.first);
        if self.grid == 0 || !gap.is_multiple_of(self.grid) {
            self.grid = Span(gap).common_step(Span(self.grid)).0;
        }
    }

    /// The grid that coarse stamps lie on; `None` if few requests share their stamp.
    pub(super) fn coarse_grid(&self) -> Option<Span> {
        let few = self.shared * 10 < self.count || self.count == 0;
        (!few && self.grid >= 1_000_000).then_some(Span(self.grid))
    }
}
