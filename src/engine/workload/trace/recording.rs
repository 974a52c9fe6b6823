//! A trace, read: its rows in order of time and how they were understood.

use super::failure::TraceError;
use super::format::{Format, Head};
use super::input::Input;
use super::options::Options;
use super::parts::Part;
use super::question;
use super::spread::Spread;
use super::streamed::Streamable;
use super::times::Times;
use crate::random::Distribution;
use crate::units::Span;
use jiff::tz::TimeZone;
use std::path::Path;

/// A trace in memory.
#[derive(Debug)]
pub(crate) struct Recording {
    /// As written by the user.
    pub(crate) path: String,
    /// SHA-256 of the file, in hex.
    pub(crate) sha256: String,
    /// How it was read.
    pub(crate) format: Format,
    /// Columns of its header.
    pub(crate) columns: Vec<String>,
    /// Its rows in order of time.
    pub(crate) rows: Rows,
    /// Times count from the recording's own start, not from 1970.
    pub(crate) relative: bool,
    /// Where the clock was that wrote its times.
    pub(crate) zone: TimeZone,
    /// Rows that came before the row above them.
    pub(crate) inversions: u64,
    /// Its service times are what clients waited: an upper bound.
    pub(crate) waited: bool,
    /// The law of its requests' service times, where a file beside it says it.
    pub(crate) law: Option<Distribution>,
    /// That file: path and SHA-256.
    pub(crate) joined: Option<(String, String)>,
    /// Its writer cut times to multiples of this.
    pub(crate) grid: Option<Span>,
    /// How its requests are placed, as long as nothing else is said.
    pub(crate) spread: Spread,
    /// Its parts that are read, the largest first, where they were asked for.
    pub(crate) parts: Vec<Part>,
    /// What was told from the file, one sentence each.
    pub(crate) assumptions: Vec<String>,
}

/// Rows of a trace; times in nanoseconds.
#[derive(Debug)]
pub(crate) enum Rows {
    /// One request each.
    Events {
        /// Starts, never decreasing.
        starts: Vec<i64>,
        /// Service times in nanoseconds, where the file has them.
        demands: Option<Vec<u64>>,
    },
    /// One request each, too many to be held: they stay in the file.
    Streamed(Box<Streamable>),
    /// One interval each.
    Bins {
        /// Starts, increasing; an interval ends with the next start, or after `step`.
        starts: Vec<i64>,
        /// Requests in each interval, possibly fractions.
        counts: Vec<f64>,
        /// Usual length of an interval.
        step: u64,
        /// How many intervals were missing.
        missing: u64,
    },
}

impl Rows {
    /// How many.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Events { starts, .. } | Self::Bins { starts, .. } => starts.len() as u64,
            Self::Streamed(file) => file.requests,
        }
    }
    /// First start, and the first instant after the last row.
    pub(crate) fn range(&self) -> (i64, i64) {
        match self {
            Self::Events { starts, .. } => {
                let last = starts.last().copied().unwrap_or(0);
                (starts.first().copied().unwrap_or(0), last.saturating_add(1))
            }
            Self::Streamed(file) => file.range,
            Self::Bins { starts, step, .. } => {
                let last = starts.last().copied().unwrap_or(0);
                (starts.first().copied().unwrap_or(0), last.saturating_add_unsigned(*step))
            }
        }
    }
}

impl Rows {
    /// Without service times of their own.
    pub(crate) fn without_demands(self) -> Self {
        match self {
            Self::Events { starts, .. } => Self::Events { starts, demands: None },
            Self::Streamed(mut file) => {
                file.own_demands = false;
                Self::Streamed(file)
            }
            Self::Bins { .. } => self,
        }
    }

    /// That memory does not hold them, as a sentence.
    pub(crate) fn not_held_told(&self, path: &str, limit: u64) -> Option<String> {
        match self {
            Self::Streamed(file) => Some(file.told(path, limit)),
            Self::Events { .. } | Self::Bins { .. } => None,
        }
    }

    /// Why not all of them could be read again.
    pub(super) fn failure(&self) -> Result<(), TraceError> {
        match self {
            Self::Streamed(file) => file.failure(),
            Self::Events { .. } | Self::Bins { .. } => Ok(()),
        }
    }

    /// The requests' own service times, where they have some.
    pub(super) fn times(&self) -> Option<Times> {
        match self {
            Self::Events { demands, .. } => Times::of(demands.as_ref()?.iter().copied()),
            Self::Streamed(file) if file.own_demands => {
                Times::of(file.rows().filter_map(|row| row.1))
            }
            Self::Streamed(_) | Self::Bins { .. } => None,
        }
    }

    /// Requests, and seconds from the first to the last or to the end of the last interval.
    pub(super) fn requests_and_span(&self) -> (f64, f64) {
        let (first, last) = self.range();
        let seconds = |ns: u64| ns as f64 * 1e-9;
        match self {
            // The last request has no length.
            Self::Events { starts, .. } => {
                (starts.len() as f64, seconds(last.abs_diff(first).saturating_sub(1)))
            }
            Self::Streamed(file) => {
                (file.requests as f64, seconds(last.abs_diff(first).saturating_sub(1)))
            }
            Self::Bins { counts, .. } => (counts.iter().sum(), seconds(last.abs_diff(first))),
        }
    }

    /// How much traffic it is, in words.
    fn traffic_told(&self) -> String {
        let (requests, span_s) = self.requests_and_span();
        let rate = if span_s > 0.0 { requests / span_s } else { 0.0 };
        let span = Span::from_secs_f64((span_s * 1e3).round() * 1e-3);
        format!("{} requests in {span}, {} a second", short(requests), short(rate))
    }

    /// What makes one doubt that it was read as it was meant, and what to look at: absurd rates.
    pub(crate) fn doubts(&self) -> Option<(String, String)> {
        let (requests, span_s) = self.requests_and_span();
        let rate = requests / span_s;
        let told = self.traffic_told();
        let intervals = match self {
            Self::Bins { starts, .. } => starts.len() as f64,
            Self::Events { .. } | Self::Streamed(_) => 0.0,
        };
        let why = match () {
            () if span_s <= 0.0 => return None,
            () if rate < 1.0 / 60.0 => "less than one a minute",
            () if rate > 1e7 => "more than ten million a second",
            () if requests < intervals => "fewer requests than intervals",
            () => return None,
        };
        let hint = "was the file read as it is meant: its unit of time, its column of values, counts or rates?";
        Some((format!("{why}: {told}"), hint.to_owned()))
    }

    /// Whether the file brings the requests' demands.
    pub(crate) fn has_demands(&self) -> bool {
        match self {
            Self::Events { demands, .. } => demands.is_some(),
            Self::Streamed(file) => file.own_demands,
            Self::Bins { .. } => false,
        }
    }
}

/// A number in few digits: whole from a hundred on, else three that count.
fn short(value: f64) -> String {
    let digits = match value {
        _ if value >= 100.0 || value == 0.0 => 0,
        _ => (2 - value.log10().floor() as i32).clamp(0, 12),
    };
    let text = format!("{value:.*}", digits.unsigned_abs() as usize);
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

impl Recording {
    /// The instant the recording starts at: zero where times count from its own start.
    pub(crate) fn origin(&self) -> i64 {
        if self.relative { self.rows.range().0.min(0) } else { self.rows.range().0 }
    }
}

/// Reads a trace; `path` is relative to `base`.
pub(crate) fn open(base: &Path, path: &str, options: &Options) -> Result<Recording, TraceError> {
    let input = Input::of(base, path, options)?;
    let (format, how) = match options.format {
        Some(format) => (format, "as stated"),
        None => (sniff(&input, options)?, "told from its first lines"),
    };
    if !format.reader().is_binary() {
        input.refuse_binary()?;
    }
    let mut recording = format.reader().read(input, options)?;
    let said = format!(
        "{} was read as `{}`, {how}: {}",
        recording.path,
        format.name(),
        recording.rows.traffic_told()
    );
    recording.assumptions.insert(0, said);
    Ok(recording)
}

fn sniff(input: &Input, options: &Options) -> Result<Format, TraceError> {
    let head = Head::of(input, options);
    if let Some(binary) = Format::ALL.iter().find(|format| format.reader().is_binary())
        && binary.reader().sniff(&head)
    {
        return Ok(*binary);
    }
    input.refuse_binary()?;
    // Whoever says which column is a request's service time says that a row is a request, and so does that
    // column's name.
    let requests = options.service_time_column.is_some()
        || options.service_time_linear.is_some()
        || head.has_any(&["service_time_s"]);
    if let Some(named) = question::known(&head, &input.path) {
        return Err(named);
    }
    let found = Format::ALL.iter().copied().find(|format| format.reader().sniff(&head));
    match found {
        Some(Format::Timestamps) if !requests => match question::about(&head, options, &input.path)
        {
            Some(question) => Err(question),
            None => Ok(Format::Timestamps),
        },
        Some(format) => Ok(format),
        None => Err(question::unknown(&head, &input.path)),
    }
}
