//! `replay`: recorded traffic.

use super::{Moment, Resolver};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::{Span, TextError, WallClock};
use crate::workload::source::Source;
use crate::workload::stream::Part;
use crate::workload::trace::{
    Bins, Condition, Edge, Events, Failures, Format, Linear, MEMORY_LIMIT_BYTES, Missing, Options,
    Recording, Rows, ServiceColumn, Slice, Spooled, Spread, Streamed, TimeUnit, TraceError, Values,
    open,
};
use crate::workload::{OPEN_END, ResolveContext};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// Recorded traffic, from a table, a log, lines of JSON or the answer of a monitoring system (plain, gz or zst): one
/// row a request, or counts, rates or counters of intervals. What is left out is told from the file and reported.
///
/// ```toml
/// [workload.arrivals.chat.replay]
/// file = "traces/llm.csv.gz"
/// time = "TIMESTAMP"
/// zone = "UTC"
/// service_time_linear = { base = "50ms", per = { ContextTokens = "0.2ms", GeneratedTokens = "25ms" } }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The file, relative to the scenario's folder; `-` is the standard input of a command with `--trace -`.
    pub file: String,
    /// Its format; default: told from its first lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Name of the column of times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Unit of times that are numbers; default: told by the size of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<TimeUnit>,
    /// Whether a time is the start or the end of its request or interval. Ends are turned into starts
    /// with the row's service time. Default: as its format has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_is: Option<Edge>,
    /// Zone of times without one, for example `Europe/Berlin` or `+08:00`. Default: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Name of the column of counts or rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Length of the interval of a count or rate; default: the usual distance between rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Span>,
    /// What an interval without a row means; default: zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// How the requests of one interval, or of one coarse stamp, are placed; default: `keep` for
    /// requests, `uniform` for counts and for requests whose format cuts times to seconds, `poisson` for rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// Service times from a column: `{ column = "duration", unit = "s" }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time_column: Option<ServiceColumn>,
    /// Service times linear in columns: `{ base = "50ms", per = { COLUMN = "25ms" } }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time_linear: Option<Linear>,
    /// A file of durations that belongs to it, relative to the scenario's folder: that of Azure Functions 2019. Service
    /// times are drawn from the mixture of its functions' durations, weighted by how often each ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durations: Option<String>,
    /// Law of its requests' service times, where the file has none; default: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Distribution>,
    /// First moment of the recording that is played: an offset from its start, or a time stamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<TracePoint>,
    /// First moment of the recording that is not played any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<TracePoint>,
    /// When in the run the recording begins to play; default: 0s, the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// Multiplies the traffic: requests are thinned or copied by chance.
    #[serde(default = "one")]
    pub rate_scale: f64,
    /// Stretches the recording: 0.5 plays it in half the time, so twice as fast.
    #[serde(default = "one")]
    pub time_scale: f64,
    /// The series that are the traffic, together, where the file holds several: names, labels such as
    /// `{job="web"}`, or `*` for all. With `by`: values of that column or label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub select: Vec<String>,
    /// The column (or label of series) whose values tell the parts of the recording apart: `function`, `path`, `job`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Only so many parts are the traffic, together: those with the most requests, of the selected or of all. Parts are
    /// the series of a file that holds several, or what `by` tells apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<NonZeroU32>,
    /// What the values of a file of series are; default: as its format has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Values>,
    /// What becomes of requests that the file marks as failed. They are played unless it is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failures>,
    /// Only rows are played that are so, all of it: a column, `=`, `!=`, `<`, `<=`, `>`, `>=`, `~` (matches a regular
    /// expression) or `!~`, and a value. Of requests' lines `method` and `path` are parts.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Sort the rows by time instead of refusing unsorted ones.
    #[serde(default)]
    pub sort: bool,
    /// The most bytes that recorded requests may take in memory: 16 each, 8 without service times of their own.
    /// A longer recording is read from its file by every replication, which takes longer and changes nothing; one
    /// that must be sorted from a temporary file. Default: 1073741824, a gibibyte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<u64>,
}

/// How long before its first row a recording may be said to begin: nobody asks for it to the second.
const LEAD: Span = Span::from_secs(3600);

const ANOTHER_START: &str = "give a `start` within it, or none, which begins with it; \
     start = { relabel = \"2026-03-02\" } plays it from its beginning under another date";

fn one() -> f64 {
    1.0
}

/// A moment of a recording: an offset from its start (`"10m"`) or a stamp (`"1998-06-30 12:00"`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TracePoint {
    /// This long after the recording's start.
    Offset(Span),
    /// A time stamp as the recording could have it.
    Stamp(String),
}

const POINT_EXPECTED: &str = "an offset into the recording or one of its times, for example \"10m\", \
     \"1998-06-30\" or \"2023-11-16 18:30:00\"";

impl TracePoint {
    fn from_bare_number(value: f64, found: &str) -> Result<Self, TextError> {
        if value >= 1e8 {
            return Ok(Self::Stamp(found.to_owned()));
        }
        let why = format!("an offset needs a unit, for example \"{found}s\"");
        Err(TextError::because(found, POINT_EXPECTED, why))
    }
}

impl FromStr for TracePoint {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        if let Ok(span) = text.parse() {
            return Ok(Self::Offset(span));
        }
        let stamp = Slice::is_stamp(text).then(|| Self::Stamp(text.trim().to_owned()));
        stamp.ok_or_else(|| TextError::new(text, POINT_EXPECTED))
    }
}

impl fmt::Display for TracePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(span) => span.fmt(f),
            Self::Stamp(text) => f.write_str(text),
        }
    }
}

crate::written_as_text!(TracePoint, "TracePoint", POINT_EXPECTED, ["string", "number"], examples ["10m", "1998-06-30"], bare number TracePoint::from_bare_number);

impl Replay {
    /// A file, everything else left to be told from it.
    pub fn of(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            format: None,
            time: None,
            time_unit: None,
            time_is: None,
            zone: None,
            value: None,
            interval: None,
            missing: None,
            spread: None,
            service_time_column: None,
            service_time_linear: None,
            durations: None,
            service_time: None,
            from: None,
            until: None,
            at: None,
            rate_scale: 1.0,
            time_scale: 1.0,
            select: Vec::new(),
            by: None,
            top: None,
            values: None,
            failed: None,
            conditions: Vec::new(),
            sort: false,
            memory_limit_bytes: None,
        }
    }

    /// How to read the file.
    pub fn options(&self) -> Options {
        Options {
            format: self.format,
            time: self.time.clone(),
            time_unit: self.time_unit,
            time_is: self.time_is,
            zone: self.zone.clone(),
            value: self.value.clone(),
            interval: self.interval,
            missing: self.missing,
            service_time_column: self.service_time_column.clone(),
            service_time_linear: self.service_time_linear.clone(),
            durations: self.durations.clone(),
            values: self.values,
            select: self.select.clone(),
            by: self.by.clone(),
            top: self.top,
            failed: self.failed,
            conditions: self.conditions.clone(),
            sort: self.sort,
            memory_limit_bytes: Some(self.memory_limit_bytes.unwrap_or(MEMORY_LIMIT_BYTES)),
            copied: false,
            standard_input: None,
        }
    }

    /// The recording, read; `None` after an error, which is then in `faults`.
    pub(crate) fn read(
        &self,
        base_dir: &Path,
        standard_input: Option<&Spooled>,
        faults: &mut Faults,
    ) -> Option<Recording> {
        let before = faults.errors();
        self.check(faults);
        if faults.errors() > before {
            return None;
        }
        let told = |error: TraceError| faults.error(error.key, error.message, error.hint);
        let options = Options { standard_input: standard_input.cloned(), ..self.options() };
        open(base_dir, &self.file, &options).map_err(told).ok()
    }

    /// The wall clock at the run's start by which the recording is played when it was recorded; `None` where
    /// it has no dates, or is placed by the run's own time of day. `stretch`: of the whole workload in time.
    pub(crate) fn own_clock(&self, recording: &Recording, stretch: f64) -> Option<WallClock> {
        let at = match self.at {
            None => Span::ZERO,
            Some(Moment::Offset(at)) => at,
            Some(Moment::TimeOfDay(_)) => return None,
        };
        if recording.relative {
            return None;
        }
        let from = self.from.as_ref().map_or(Ok(recording.origin()), |point| {
            recording.instant("from", point) // an error is told when it is resolved
        });
        let start = i128::from(from.ok()?) - (at.0 as f64 * stretch) as i128;
        let start = jiff::Timestamp::from_nanosecond(start).ok()?;
        Some(WallClock::dated(start.to_zoned(recording.zone.clone())))
    }

    pub(super) fn resolve(
        &self,
        recording: Recording,
        resolver: &Resolver<'_>,
        faults: &mut Faults,
    ) -> Option<Part> {
        let before = faults.errors();
        let at = resolver.moment_or("at", self.at, 0, faults);
        if faults.errors() > before {
            return None;
        }
        match self.build(recording, at.unwrap_or(0), resolver, faults) {
            Ok(part) => part,
            Err(error) => {
                faults.error(error.key, error.message, error.hint);
                None
            }
        }
    }

    /// The first instant of the recording that is played: by the run's clock where that was stated to choose it.
    fn first_played(
        &self,
        recording: &Recording,
        at: u64,
        context: &ResolveContext<'_>,
    ) -> Result<i64, TraceError> {
        let stated =
            self.from.as_ref().map(|point| recording.instant("from", point)).transpose()?;
        if !context.selects || recording.relative {
            return Ok(stated.unwrap_or_else(|| recording.origin()));
        }
        let start = i64::try_from(context.clock.start().timestamp().as_nanosecond());
        let wanted = start.unwrap_or(i64::MAX).saturating_add_unsigned(at);
        let (first, last) = recording.rows.range();
        if wanted < first.saturating_sub_unsigned(LEAD.0) || wanted >= last {
            let (when, span) = (recording.written(wanted), recording.span_told());
            let message = format!("the scenario's `start` makes it begin at {when}, but {span}");
            return Err(TraceError::at("file", message, ANOTHER_START));
        }
        if stated.is_some_and(|stated| stated != wanted) {
            let when = recording.written(wanted);
            let message = format!("the scenario's `start` makes the recording begin at {when}");
            return Err(TraceError::at("from", message, "leave out `from`, or `start`"));
        }
        Ok(wanted)
    }

    fn check(&self, faults: &mut Faults) {
        for (key, scale) in [("rate_scale", self.rate_scale), ("time_scale", self.time_scale)] {
            if !(1e-9..=1e9).contains(&scale) {
                let message = format!("the scale is {scale}");
                faults.error(key, message, "a positive number; 1 changes nothing");
            }
        }
        let of_file = self.service_time_column.is_some()
            || self.service_time_linear.is_some()
            || self.durations.is_some();
        if of_file && self.service_time.is_some() {
            let message = "service times are stated twice: by the file and by a law";
            faults.error("service_time", message, "keep one of them");
        }
    }

    fn build(
        &self,
        recording: Recording,
        at: u64,
        resolver: &Resolver<'_>,
        faults: &mut Faults,
    ) -> Result<Option<Part>, TraceError> {
        let from = self.first_played(&recording, at, &resolver.context)?;
        let until = self.until.as_ref().map(|point| recording.instant("until", point));
        let until = until.transpose()?.unwrap_or(i64::MAX);
        let slice = Slice::new(&recording, (from, until), (at, self.time_scale))?;
        let end = resolver.source_end.0;
        let last = slice.played_until(&recording);
        if resolver.context.end != OPEN_END && (last as f64) < 0.99 * end as f64 {
            let message = format!("the recording ends at {}, before the run does", Span(last));
            let hint = "nothing arrives after it; shorten the run or play more of it";
            faults.warn("file", message, hint);
        }
        if let Some((message, hint)) = recording.rows.doubts() {
            let hint = format!("`autosim trace inspect` shows more; {hint}");
            faults.warn("file", format!("{}: {message}", recording.path), hint);
        }
        let mut assumptions = recording.assumptions.clone();
        let limit = self.memory_limit_bytes.unwrap_or(MEMORY_LIMIT_BYTES);
        assumptions.extend(recording.rows.not_held_told(&recording.path, limit));
        if recording.relative {
            assumptions.push("times count from the recording's own start".to_owned());
        } else {
            assumptions.extend(resolver.pace_told(self.time_scale));
        }
        let scale = resolver.rate_scale * self.rate_scale;
        let mut inputs = vec![(self.file.clone(), recording.sha256.clone())];
        inputs.extend(recording.joined.clone());
        let law = self.service_time.clone().or_else(|| recording.law.clone());
        let spread = self.spread_of(&recording, &mut assumptions)?;
        let grid = recording.grid;
        let rows = self.with_service_times(recording, resolver, &mut assumptions, faults);
        let demand = match rows.has_demands() {
            true => None,
            false => match resolver.demand(law.as_ref(), faults) {
                Some(demand) => Some(demand),
                None => return Ok(None),
            },
        };
        let source: Arc<dyn Source> = match rows {
            Rows::Events { starts, demands } => {
                Arc::new(Events::sliced(&starts, demands, &slice, (scale, spread, end), grid)?)
            }
            Rows::Streamed(file) => Arc::new(Streamed::sliced(*file, &slice, scale, spread, end)?),
            Rows::Bins { starts, counts, step, .. } => {
                Arc::new(Bins::sliced(&starts, &counts, step, &slice, (scale, spread, end))?)
            }
        };
        let part = Part { source, demand, inputs, assumptions };
        Ok(Some(part))
    }

    /// The rows with the service times that are played: a law that is stated wins over what clients waited.
    fn with_service_times(
        &self,
        recording: Recording,
        resolver: &Resolver<'_>,
        assumptions: &mut Vec<String>,
        faults: &mut Faults,
    ) -> Rows {
        let Recording { path, rows, waited, .. } = recording;
        if !rows.has_demands()
            || self.service_time_column.is_some()
            || self.service_time_linear.is_some()
        {
            return rows;
        }
        let law = self.service_time.is_some() || (waited && resolver.context.service_time_stated);
        match (law, waited) {
            (true, _) => {
                assumptions.push(format!(
                    "{path}: it says how long its requests took; the law that is stated was taken instead"
                ));
                rows.without_demands()
            }
            (false, true) => {
                let message = format!(
                    "{path}: service times are what clients waited, queueing included: an upper bound"
                );
                let hint = "state service.service_time where you know it: from a single replica at low load";
                faults.warn("service_time", message, hint);
                rows
            }
            (false, false) => {
                assumptions.push(format!("{path}: service times are its own"));
                rows
            }
        }
    }

    /// The stated spread, if it fits the rows, or their default.
    fn spread_of(
        &self,
        recording: &Recording,
        assumptions: &mut Vec<String>,
    ) -> Result<Spread, TraceError> {
        let events = !matches!(recording.rows, Rows::Bins { .. });
        match self.spread {
            Some(Spread::Poisson) if events => Err(TraceError::at(
                "spread",
                "`poisson` is for counts and rates: recorded requests are as many as they are",
                "use keep, uniform or even",
            )),
            Some(Spread::Keep) if !events => Err(TraceError::at(
                "spread",
                "`keep` is for recorded requests: a count does not say where its requests were",
                "use poisson, uniform or even",
            )),
            Some(spread) => Ok(spread),
            None => {
                let spread = recording.spread;
                let word = match spread {
                    Spread::Keep | Spread::Even => return Ok(spread),
                    // Said with the times that several of them share.
                    Spread::Uniform if events => return Ok(spread),
                    Spread::Poisson => "poisson: a stream of the recorded rate",
                    Spread::Uniform => {
                        "uniform: exactly as many as recorded, anywhere in the interval"
                    }
                };
                assumptions.push(format!("requests of an interval are spread as {word}"));
                Ok(spread)
            }
        }
    }
}
