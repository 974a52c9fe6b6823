//! What is in a trace, in figures: for a user who meets it the first time.

use super::failure::TraceError;
use super::options::Options;
use super::parts::Part;
use super::recording::{Recording, Rows, open};
use super::statistics::{Curve, Gap, Tally, Window, divides};
use super::times::Times;
use crate::units::{Span, WallClock};
use serde::Serialize;
use std::path::Path;

/// The shortest recording that says something of hours of the week.
const A_DAY_S: f64 = 86_400.0;

/// A trace in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// As written by the user.
    pub path: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Name of the format.
    pub format: &'static str,
    /// Columns of its header.
    pub columns: Vec<String>,
    /// Rows read.
    pub rows: u64,
    /// Requests: rows, or the sum of counts.
    pub requests: f64,
    /// First instant, RFC 3339 in UTC; `None` where times count from the recording's own start.
    pub start: Option<String>,
    /// From the first request to the last, or over all intervals, in seconds.
    pub span_s: f64,
    /// Requests a second.
    pub mean_per_s: f64,
    /// Counts in windows of a length, shortest first.
    pub windows: Vec<Window>,
    /// Standard deviation over mean of the gaps between requests (1 = Poisson); requests only.
    pub gap_cv: Option<f64>,
    /// Distance that coarse stamps are multiples of, in seconds.
    pub grid_s: Option<f64>,
    /// Length of an interval in seconds; counts and rates only.
    pub interval_s: Option<f64>,
    /// Intervals without a row.
    pub missing: u64,
    /// Requests that came at the very instant of the one before them.
    pub at_same_instant: u64,
    /// Rows that came before the row above them.
    pub inversions: u64,
    /// The longest time without a request.
    pub longest_gap: Option<Gap>,
    /// Rate of each hour of the week over the mean of all, from Monday 00:00 on, by the recording's clock; `None` for
    /// an hour that was not recorded. Only of a day or more of clock times, in intervals of which an hour is a whole
    /// number.
    pub hour_of_week: Option<Vec<Option<f64>>>,
    /// Service times, where the file has them.
    pub service_time: Option<Summary>,
    /// Its parts that were read, the most requests first, where `by` or `top` asks for them.
    pub parts: Vec<Part>,
    /// Mean rate in equal parts of the recording, requests a second.
    pub sparkline: Vec<f64>,
    /// The same finer and with peaks, for a plot.
    #[serde(skip)]
    pub curve: Curve,
    /// What clocks showed at the first row, where they are known.
    #[serde(skip)]
    pub clock: Option<WallClock>,
    /// What was told from the file, one sentence each.
    pub assumptions: Vec<String>,
    /// What makes one doubt that it was read as it was meant.
    pub warnings: Vec<String>,
}

/// Service times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// Mean.
    pub mean_s: f64,
    /// Half are at most this long.
    pub p50_s: f64,
    /// 90 % are at most this long.
    pub p90_s: f64,
    /// 99 % are at most this long.
    pub p99_s: f64,
    /// The longest.
    pub max_s: f64,
}

/// Reads a trace and describes it; `path` is relative to `base`.
pub fn inspect(base: &Path, path: &str, options: &Options) -> Result<Inspection, TraceError> {
    describe(open(base, path, &gone_through(options))?)
}

/// Of requests so many bytes are held: the statistics of more go through a temporary file.
const HELD_BYTES: u64 = 32 << 20;

/// Options for whoever goes through a recording many times.
pub(super) fn gone_through(options: &Options) -> Options {
    let memory_limit_bytes = options.memory_limit_bytes.or(Some(HELD_BYTES));
    Options { memory_limit_bytes, copied: true, ..options.clone() }
}

pub(super) fn describe(recording: Recording) -> Result<Inspection, TraceError> {
    let (first, _) = recording.rows.range();
    let mut warnings: Vec<String> = recording
        .rows
        .doubts()
        .into_iter()
        .map(|(message, hint)| format!("{message}: {hint}"))
        .collect();
    if recording.waited {
        let waited = "service times are what clients waited, queueing included: an upper bound";
        warnings.push(waited.to_owned());
    }
    let start = jiff::Timestamp::from_nanosecond(i128::from(first)).ok();
    let start = start.filter(|_| !recording.relative);
    let (requests, span_s) = recording.rows.requests_and_span();
    let mut seen = Inspection {
        path: recording.path,
        sha256: recording.sha256,
        format: recording.format.name(),
        columns: recording.columns,
        rows: recording.rows.len(),
        requests,
        start: start.map(|stamp| stamp.to_string()),
        span_s,
        mean_per_s: if span_s > 0.0 { requests / span_s } else { 0.0 },
        windows: Vec::new(),
        gap_cv: None,
        grid_s: None,
        interval_s: None,
        missing: 0,
        at_same_instant: 0,
        inversions: recording.inversions,
        longest_gap: None,
        hour_of_week: None,
        service_time: None,
        parts: recording.parts,
        sparkline: Vec::new(),
        curve: Curve::default(),
        clock: start.map(|start| WallClock::dated(start.to_zoned(recording.zone))),
        assumptions: recording.assumptions,
        warnings,
    };
    let (tally, step) = Tally::of(&recording.rows);
    match &recording.rows {
        Rows::Events { .. } | Rows::Streamed(_) => {
            let stamps = tally.stamps();
            seen.grid_s = stamps.coarse_grid().map(Span::as_secs_f64);
            seen.at_same_instant = stamps.shared;
            seen.gap_cv = tally.gap_cv();
            let times = recording.rows.times();
            seen.assumptions.extend(times.as_ref().and_then(Times::told));
            seen.service_time = times.map(|times| summary(&times));
        }
        Rows::Bins { missing, .. } => {
            seen.missing = *missing;
            seen.interval_s = Some(Span(step).as_secs_f64());
        }
    }
    seen.add(&tally, step);
    recording.rows.failure()?;
    Ok(seen)
}

impl Inspection {
    /// What requests and intervals have; the step of requests is zero.
    fn add(&mut self, tally: &Tally<'_>, step: u64) {
        let longer = [1, 60, 3600].map(Span::from_secs).into_iter();
        let longer = longer.filter(|s| s.0 > step && divides(step, s.0));
        let own = (step > 0).then_some(Span(step));
        self.windows = own.into_iter().chain(longer).filter_map(|s| tally.window(s)).collect();
        self.longest_gap = tally.longest_gap(step);
        self.sparkline = tally.sparkline();
        self.curve = tally.curve(step);
        if let Some(clock) = self.clock.as_ref().filter(|_| self.span_s >= A_DAY_S) {
            self.hour_of_week = tally.week(clock.zone(), step, 0).and_then(|week| week.factors());
        }
    }
}

fn summary(times: &Times) -> Summary {
    let at = |share: f64| Span(times.quantile(share)).as_secs_f64();
    Summary {
        mean_s: times.mean_s,
        p50_s: at(0.5),
        p90_s: at(0.9),
        p99_s: at(0.99),
        max_s: at(1.0),
    }
}
