//! A trace, read: its rows in order of time and how they were understood.

use super::failure::TraceError;
use super::format::{Format, Head};
use super::input::Input;
use super::options::Options;
use super::streamed::Streamable;
use super::table::header_of;
use super::timestamps::TIME_NAMES;
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

impl Recording {
    /// The instant the recording starts at: zero where times count from its own start.
    pub(crate) fn origin(&self) -> i64 {
        if self.relative { self.rows.range().0.min(0) } else { self.rows.range().0 }
    }
}

/// Reads a trace; `path` is relative to `base`.
pub(crate) fn open(base: &Path, path: &str, options: &Options) -> Result<Recording, TraceError> {
    let input = Input::open(base, path)?;
    let (format, sniffed) = match options.format {
        Some(format) => (format, false),
        None => (sniff(&input, options)?, true),
    };
    let mut recording = format.reader().read(input, options)?;
    if sniffed {
        let said = format!("{path} was read as `{}`, told from its first lines", format.name());
        recording.assumptions.insert(0, said);
    }
    Ok(recording)
}

fn sniff(input: &Input, options: &Options) -> Result<Format, TraceError> {
    let mut lines = input.first_lines();
    if lines.first().is_some_and(|line| line.starts_with("sep=")) {
        lines.remove(0);
    }
    let header = lines.first().map(|line| header_of(line)).unwrap_or_default();
    let mut head = Head { lines, header, timed: options.time.is_some() };
    head.timed |= head.has_any(TIME_NAMES);
    let found = Format::ALL.iter().find(|format| format.reader().sniff(&head));
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        let first = head.lines.first().map_or("", String::as_str);
        let shown: String = first.chars().take(60).collect();
        let hint = match head.is_numeric() {
            true => {
                "numbers without a header: name the columns in a first line, or state format = \
                     \"per-second-counts\" if each is the count of a second"
                    .to_owned()
            }
            false => format!("state one: format = {}", names.join(", ")),
        };
        let message =
            format!("the format of `{}` cannot be told; it begins with `{shown}`", input.path);
        TraceError::at("format", message, hint)
    })
}
