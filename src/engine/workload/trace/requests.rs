//! Requests row by row: what every format of requests shares. A [`Layout`] says what is particular to one.

use super::condition::Filter;
use super::demand::Demand;
use super::failure::TraceError;
use super::format::Format;
use super::gathered::{After, Gathered};
use super::input::Input;
use super::number::TimeUnit;
use super::options::{Edge, Failures, Options};
use super::parts::{Part, RowParts, largest};
use super::recording::Recording;
use super::records::{Column, Kind, Records};
use super::stamp::StampReader;
use crate::units::{Span, plural};

/// How a format writes requests; [`Options`] override what they state.
#[derive(Debug)]
pub(super) struct Layout {
    /// What holds the rows; `None`: told from the first byte.
    pub(super) kind: Option<Kind>,
    /// Names of the column of times; empty: the usual ones.
    pub(super) time: &'static [&'static str],
    /// Unit of times that are numbers; `None`: told by their size.
    pub(super) unit: Option<TimeUnit>,
    /// Which end of a request its time is.
    pub(super) time_is: Edge,
    /// Its writer cuts times to whole multiples of this.
    pub(super) grid: Option<Span>,
    /// How long a request took, where a column says it.
    pub(super) took: Option<Took>,
    /// The column of ends, where there is one beside that of starts.
    pub(super) ends: Option<&'static str>,
    /// Only rows are requests whose columns have these texts.
    pub(super) only: &'static [(&'static str, &'static str)],
    /// Rows are none whose column begins with this text.
    pub(super) but_not: Option<(&'static str, &'static str)>,
    /// What marks a request that failed.
    pub(super) failed: Option<FailedMark>,
    /// Columns of numbers of tokens, which service times may be made of.
    pub(super) tokens: Option<(&'static str, &'static str)>,
    /// Whoever writes it does so in another order than that of starts.
    pub(super) unsorted: bool,
}

/// A column that says how long each request took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    /// Names it may have, the best first.
    pub(super) columns: &'static [&'static str],
    pub(super) unit: TimeUnit,
    /// The unit of numbers with a decimal point, where that is another.
    pub(super) with_point: Option<TimeUnit>,
    /// Its client's time: with all waiting on the way.
    pub(super) waited: bool,
}

/// What marks a request that failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailedMark {
    pub(super) column: &'static str,
    pub(super) is: fn(&str) -> bool,
    /// In words.
    pub(super) told: &'static str,
}

impl Layout {
    /// Starts in a column with a usual name, in order, and nothing else.
    pub(super) const PLAIN: Self = Self {
        kind: None,
        time: &[],
        unit: None,
        time_is: Edge::Start,
        grid: None,
        took: None,
        ends: None,
        only: &[],
        but_not: None,
        failed: None,
        tokens: None,
        unsorted: false,
    };
}

/// Columns of numbers of tokens, in and out, as public traces call them: Azure's, Vidur's.
const TOKENS: [(&str, &str); 2] =
    [("ContextTokens", "GeneratedTokens"), ("num_prefill_tokens", "num_decode_tokens")];

/// Names a column of times usually has.
const TIME_NAMES: &[&str] = &[
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

/// True for a name a column of times usually has, whatever its case and what it says of itself in brackets:
/// `Date(UTC)`, `Time [ms]`.
pub(super) fn is_time_name(name: &str) -> bool {
    let bare = name.split(['(', '[']).next().unwrap_or_default().trim();
    TIME_NAMES.iter().any(|known| bare.eq_ignore_ascii_case(known))
}

/// Reads all requests of a file.
pub(super) fn read(
    input: Input,
    options: &Options,
    format: Format,
    layout: &'static Layout,
) -> Result<Recording, TraceError> {
    const USED: &[&str] = &[
        "time",
        "time_unit",
        "time_is",
        "zone",
        "service_time_column",
        "service_time_linear",
        "where",
        "select",
        "by",
        "top",
        "sort",
    ];
    let failures: &[&str] = if layout.failed.is_some() { &["failed"] } else { &[] };
    options.only(format, &[USED, failures].concat())?;
    let mut said = Vec::new();
    let (input, options, taken) = match options.top {
        Some(_) => {
            let (input, options, parts) = of_the_largest(input, options, layout, &mut said)?;
            (input, options, Some(parts))
        }
        None => (input, options.clone(), None),
    };
    let options = &options;
    let mut requests = Requests::open(input, options, layout)?;
    let mut rows = Gathered::default();
    while let Some((start, demand)) = requests.next()? {
        if rows.add(start, demand, &requests, options)? == After::SortInRuns {
            let again = requests.records.origin.open_again()?;
            requests = Requests::open(again, options, layout)?;
            rows = Gathered::in_runs(options)?;
        }
    }
    if rows.requests == 0 {
        return Err(requests.none());
    }
    let sha256 = requests.records.finish()?;
    let mut recording = rows.into_recording(requests, sha256, format, options)?;
    recording.assumptions.extend(said);
    if let Some(parts) = taken {
        // They know how much of all parts they are.
        recording.parts = parts;
    }
    Ok(recording)
}

/// The same file once more, its largest parts selected, and those parts.
fn of_the_largest(
    input: Input,
    options: &Options,
    layout: &'static Layout,
    said: &mut Vec<String>,
) -> Result<(Input, Options, Vec<Part>), TraceError> {
    let mut requests = Requests::open(input, options, layout)?;
    let mut rows = 0_u64;
    while requests.next()?.is_some() {
        rows += 1;
    }
    if rows == 0 {
        return Err(requests.none());
    }
    let again = requests.records.origin.open_again()?;
    let all = requests.parts.map_or_else(Vec::new, |parts| parts.ranking.parts());
    let count = all.len();
    let taken = largest(all, options.top, &requests.records.path, said);
    let select = match taken.len() == count {
        true => options.select.clone(),
        false => taken.iter().map(|part| part.name.clone()).collect(),
    };
    Ok((again, Options { select, top: None, ..options.clone() }, taken))
}

/// The requests of a file, row by row.
pub(super) struct Requests {
    pub(super) records: Records,
    pub(super) layout: &'static Layout,
    time: Column,
    pub(super) demand: Demand,
    ends: Option<Column>,
    only: Vec<(Column, &'static str)>,
    but_not: Option<(Column, &'static str)>,
    filter: Filter,
    pub(super) parts: Option<RowParts>,
    failed: Option<(Column, FailedMark)>,
    /// Failed ones are left out.
    leave_out: bool,
    failures: u64,
    no_requests: u64,
    pub(super) stamps: StampReader,
    pub(super) time_is: Edge,
}

impl Requests {
    pub(super) fn open(
        input: Input,
        options: &Options,
        layout: &'static Layout,
    ) -> Result<Self, TraceError> {
        let kind = layout.kind.unwrap_or_else(|| Kind::of(&input));
        let records = Records::open(input, kind)?;
        let time = time_column(&records, options, layout.time)?;
        let time_is = options.time_is.unwrap_or(layout.time_is);
        let demand = Demand::of(&records, options, layout, time_is)?;
        let only =
            layout.only.iter().map(|(name, text)| Ok((records.column("format", name)?, *text)));
        let ends = layout.ends.map(|name| records.column("format", name));
        // What older versions lack is not there to be looked at.
        let known = |name: &str| records.known("failed", &[name]);
        let but_not = match layout.but_not {
            Some((name, text)) => known(name)?.map(|column| (column, text)),
            None => None,
        };
        let failed = match layout.failed {
            Some(mark) => known(mark.column)?.map(|column| (column, mark)),
            None => None,
        };
        let unit = options.time_unit.or(layout.unit);
        Ok(Self {
            layout,
            time,
            demand,
            only: only.collect::<Result<_, TraceError>>()?,
            ends: ends.transpose()?,
            but_not,
            filter: Filter::of(&records, options)?,
            parts: RowParts::of(&records, options)?,
            failed,
            leave_out: options.failed == Some(Failures::LeaveOut),
            failures: 0,
            no_requests: 0,
            stamps: StampReader::new(options.time_zone()?, unit),
            time_is,
            records,
        })
    }

    /// Start and service time of the next row, in nanoseconds.
    pub(super) fn next(&mut self) -> Result<Option<(i64, Option<u64>)>, TraceError> {
        while self.records.next()? {
            // Rows of another kind may lack the column.
            let is =
                |(column, text): &(Column, &str)| self.records.field(column).ok() == Some(*text);
            if !self.only.iter().all(is) {
                continue;
            }
            if let Some((column, text)) = &self.but_not
                && self.records.field(column).is_ok_and(|cell| cell.starts_with(text))
            {
                self.no_requests += 1;
                continue;
            }
            if !self.filter.takes(&self.records) {
                continue;
            }
            if let Some(parts) = &mut self.parts
                && !parts.takes(&self.records)
            {
                continue;
            }
            if let Some((column, mark)) = &self.failed
                && (mark.is)(self.records.field(column).unwrap_or_default())
            {
                self.failures += 1;
                if self.leave_out {
                    continue;
                }
            }
            let request = self.request()?;
            if let Some(parts) = &mut self.parts {
                parts.count(&self.records, request.0)?;
            }
            return Ok(Some(request));
        }
        Ok(None)
    }

    fn request(&mut self) -> Result<(i64, Option<u64>), TraceError> {
        let stamp = stamp_of(&self.records, &self.time, &mut self.stamps)?;
        let demand = match &self.ends {
            Some(ends) if self.demand.is_elsewhere() => {
                let end = stamp_of(&self.records, ends, &mut self.stamps)?;
                Some(end.checked_sub(stamp).and_then(|took| u64::try_from(took).ok()).ok_or_else(
                    || {
                        let place = self.records.place(ends);
                        TraceError::file(
                            format!("{place}: it ends before it starts"),
                            "remove the row",
                        )
                    },
                )?)
            }
            _ => self.demand.read(&self.records)?,
        };
        let took = match self.time_is {
            Edge::End => demand.unwrap_or(0),
            Edge::Start => 0,
        };
        let start = stamp.saturating_sub_unsigned(took);
        let start = match self.layout.grid {
            // An end cut to the second says its start to the second, no better.
            Some(Span(grid)) if took > 0 && stamp.unsigned_abs().is_multiple_of(grid) => {
                let grid = i64::try_from(grid).unwrap_or(i64::MAX);
                start.saturating_add(grid / 2).div_euclid(grid).saturating_mul(grid)
            }
            _ => start,
        };
        Ok((start, demand))
    }

    fn none(&self) -> TraceError {
        let path = &self.records.path;
        if let (Some(filtered), 0) = (self.filter.none(path), self.failures) {
            return filtered;
        }
        if let (Some(others), 0) =
            (self.parts.as_ref().and_then(|parts| parts.none(path)), self.failures)
        {
            return others;
        }
        match (self.only.as_slice(), self.failures) {
            ([(column, text), ..], _) => TraceError::file(
                format!("{path}: no row has `{text}` as its `{}`", column.name),
                "record requests with it, or name another format",
            ),
            ([], 0) => TraceError::file(
                format!("{path} has a header but no rows"),
                "a trace has at least one request",
            ),
            ([], _) => TraceError::at(
                "failed",
                format!("{path}: every request failed"),
                "keep them: leave out failed = \"leave-out\"",
            ),
        }
    }

    /// Its service times are what clients waited.
    pub(super) fn waited(&self) -> bool {
        self.demand.waited() || (self.ends.is_some() && self.demand.is_elsewhere())
    }

    /// It says how long each request took.
    pub(super) fn has_demands(&self) -> bool {
        !self.demand.is_elsewhere() || self.ends.is_some()
    }

    /// What was told from `requests` rows, one sentence each.
    pub(super) fn told(&self, requests: u64, options: &Options) -> Vec<String> {
        let path = &self.records.path;
        let mut said = stamp_assumptions(path, &self.stamps, options);
        said.extend(self.records.left_out());
        if let (Some((column, text)), 1..) = (&self.but_not, self.no_requests) {
            let (rows, name) = (plural(self.no_requests, "row"), &column.name);
            said.push(format!("{path}: {rows} whose {name} begins with `{text}` left out"));
        }
        said.extend(self.filter.told(path, requests));
        said.extend(self.parts.as_ref().and_then(|parts| parts.told(path)));
        if let (Some((_, mark)), 1..) = (&self.failed, self.failures) {
            let (failures, told) = (plural(self.failures, "request"), mark.told);
            said.push(match self.leave_out {
                true => format!("{path}: {failures} that failed ({told}) left out"),
                false => format!(
                    "{path}: {failures} of {requests} failed ({told}); failed = \"leave-out\" leaves such out"
                ),
            });
        }
        let own = options.service_time_column.is_some() || options.service_time_linear.is_some();
        let has = |name: &str| self.records.header.iter().any(|column| column == name);
        let known = TOKENS.iter().copied().find(|(from, to)| has(from) && has(to));
        if let (Some((from, to)), false) = (self.layout.tokens.or(known), own) {
            said.push(format!(
                "{path}: service times may be made of its tokens: service_time_linear = {{ base = \"50ms\", per \
                 = {{ \"{from}\" = \"0.2ms\", \"{to}\" = \"25ms\" }} }}"
            ));
        }
        said
    }

    /// Where its row read last is.
    pub(super) fn place(&self) -> String {
        self.records.place(&self.time).to_string()
    }
}

/// The stated column of times, or one with a usual name.
pub(super) fn time_column(
    records: &Records,
    options: &Options,
    names: &[&str],
) -> Result<Column, TraceError> {
    if let Some(name) = &options.time {
        return records.column("time", name);
    }
    let found = match names {
        [] => records.find("time", is_time_name)?,
        _ => records.known("time", names)?,
    };
    found.ok_or_else(|| {
        let message = format!("{}: no column has a usual name of a time", records.path);
        let hint = format!("state time = \"COLUMN\" (--time COLUMN); {}", records.columns_text());
        TraceError::at("time", message, hint)
    })
}

/// Reads the stamp of a row; refuses what is none, and numbers below zero.
pub(super) fn stamp_of(
    records: &Records,
    column: &Column,
    stamps: &mut StampReader,
) -> Result<i64, TraceError> {
    let text = records.field(column)?;
    let wrong = |why: &str, hint: &str| {
        Err(TraceError::file(format!("{}: `{text}` {why}", records.place(column)), hint))
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
        None if stamps.mixed => wrong(
            "is of another unit than the first",
            "write all times in one unit; time_unit = states which",
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
            "sort the file, or set sort = true (--sort); where the clock was put back, state its zone = \"Europe/Berlin\""
        }
        false => "sort the file, or set sort = true (--sort)",
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
    said.extend(stamps.offsets_told(options.zone.is_some(), path));
    if let Some(unit) = stamps.guessed {
        said.push(format!(
            "{path}: times were read as {}, told by the size of the first; time_unit = states it",
            unit.name()
        ));
    }
    said
}
