//! What is in a trace, in figures: for a user who meets it the first time.

use super::failure::TraceError;
use super::gathered::Stamps;
use super::options::Options;
use super::recording::{Recording, Rows, open};
use crate::units::Span;
use serde::Serialize;
use std::path::Path;

/// Points of a sparkline.
const SPARKLINE: usize = 60;

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
    /// Rows that came before the row above them.
    pub inversions: u64,
    /// Service times, where the file has them.
    pub service_time: Option<Summary>,
    /// Mean rate in equal parts of the recording, requests a second.
    pub sparkline: Vec<f64>,
    /// What was told from the file, one sentence each.
    pub assumptions: Vec<String>,
    /// What makes one doubt that it was read as it was meant.
    pub warnings: Vec<String>,
}

/// Counts of requests in windows of one length; a last window that is cut short is left out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Window {
    /// Length in seconds.
    pub length_s: f64,
    /// Most requests in one.
    pub peak: f64,
    /// Most over mean.
    pub peak_to_mean: f64,
    /// Index of dispersion: variance over mean of the counts; 1 = Poisson.
    pub dispersion: f64,
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
    Ok(describe(open(base, path, options)?))
}

fn describe(recording: Recording) -> Inspection {
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
    let start = start.filter(|_| !recording.relative).map(|stamp| stamp.to_string());
    let (_, span_s) = recording.rows.requests_and_span();
    let mut seen = Inspection {
        path: recording.path,
        sha256: recording.sha256,
        format: recording.format.name(),
        columns: recording.columns,
        rows: recording.rows.len(),
        requests: 0.0,
        start,
        span_s,
        mean_per_s: 0.0,
        windows: Vec::new(),
        gap_cv: None,
        grid_s: None,
        interval_s: None,
        missing: 0,
        inversions: recording.inversions,
        service_time: None,
        sparkline: Vec::new(),
        assumptions: recording.assumptions,
        warnings,
    };
    match recording.rows {
        Rows::Events { starts, demands } => seen.add_events(&starts, demands),
        // Not without a memory limit, and there is none here.
        Rows::Streamed(file) => seen.requests = file.requests as f64,
        Rows::Bins { starts, counts, step, missing } => {
            seen.missing = missing;
            seen.add_bins(&starts, &counts, step);
        }
    }
    seen.mean_per_s = if span_s > 0.0 { seen.requests / span_s } else { 0.0 };
    seen
}

impl Inspection {
    fn add_events(&mut self, starts: &[i64], demands: Option<Vec<u64>>) {
        self.requests = starts.len() as f64;
        self.grid_s = Stamps::of(starts).coarse_grid().map(Span::as_secs_f64);
        let gaps = starts.windows(2).map(|pair| pair[1].abs_diff(pair[0]) as f64);
        let gaps = moments(gaps);
        self.gap_cv = (gaps.mean > 0.0).then(|| gaps.variance.sqrt() / gaps.mean);
        let ones = || starts.iter().map(|&start| (start, 1.0));
        for length in [1, 60, 3600].map(Span::from_secs) {
            self.windows.extend(window(ones(), length, self.span_s));
        }
        self.sparkline = sparkline(ones(), self.span_s);
        self.service_time = demands.and_then(summary);
    }

    fn add_bins(&mut self, starts: &[i64], counts: &[f64], step: u64) {
        self.requests = counts.iter().sum();
        self.interval_s = Some(Span(step).as_secs_f64());
        let bins = || starts.iter().copied().zip(counts.iter().copied());
        let longer = [60, 3600].map(|s| Span::from_secs(s).0).into_iter().filter(|s| *s > step);
        for length in std::iter::once(step).chain(longer) {
            self.windows.extend(window(bins(), Span(length), self.span_s));
        }
        self.sparkline = sparkline(bins(), self.span_s);
    }
}

struct Moments {
    mean: f64,
    variance: f64,
    count: f64,
}

/// Mean and variance in one pass (Welford 1962).
fn moments(values: impl Iterator<Item = f64>) -> Moments {
    let mut all = Moments { mean: 0.0, variance: 0.0, count: 0.0 };
    let mut squares = 0.0;
    for value in values {
        all.count += 1.0;
        let off = value - all.mean;
        all.mean += off / all.count;
        squares += off * (value - all.mean);
    }
    if all.count > 0.0 {
        all.variance = squares / all.count;
    }
    all
}

/// Statistics of whole windows from the first row on; `None` if fewer than two fit.
fn window(rows: impl Iterator<Item = (i64, f64)>, length: Span, span_s: f64) -> Option<Window> {
    let whole = (span_s / length.as_secs_f64() + 1e-9).floor() as u64;
    if whole < 2 {
        return None;
    }
    let mut rows = rows.peekable();
    let first = rows.peek()?.0;
    // Empty windows between two rows are counted without a loop of their own.
    let (mut current, mut count, mut peak) = (0, 0.0, 0.0_f64);
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut close = |count: f64| {
        peak = peak.max(count);
        sum += count;
        squares += count * count;
    };
    for (start, requests) in rows {
        let index = start.abs_diff(first) / length.0;
        if index >= whole {
            break;
        }
        if index != current {
            close(count);
            (current, count) = (index, 0.0);
        }
        count += requests;
    }
    close(count);
    let mean = sum / whole as f64;
    (mean > 0.0).then(|| Window {
        length_s: length.as_secs_f64(),
        peak,
        peak_to_mean: peak / mean,
        dispersion: (squares / whole as f64 - mean * mean) / mean,
    })
}

fn sparkline(rows: impl Iterator<Item = (i64, f64)>, span_s: f64) -> Vec<f64> {
    let mut parts = vec![0.0; SPARKLINE];
    let mut rows = rows.peekable();
    let first = rows.peek().map_or(0, |row| row.0);
    let length_s = span_s / SPARKLINE as f64;
    if length_s <= 0.0 {
        return Vec::new();
    }
    for (start, requests) in rows {
        let index = start.abs_diff(first) as f64 * 1e-9 / length_s;
        parts[(index as usize).min(SPARKLINE - 1)] += requests / length_s;
    }
    parts
}

fn summary(mut demands: Vec<u64>) -> Option<Summary> {
    demands.sort_unstable();
    let seconds = |ns: u64| Span(ns).as_secs_f64();
    let at = |share: f64| {
        let rank = (share * demands.len() as f64).ceil() as usize;
        demands.get(rank.max(1) - 1).map(|&ns| seconds(ns))
    };
    let total: f64 = demands.iter().map(|&ns| seconds(ns)).sum();
    Some(Summary {
        mean_s: total / demands.len() as f64,
        p50_s: at(0.5)?,
        p90_s: at(0.9)?,
        p99_s: at(0.99)?,
        max_s: at(1.0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_count_empty_ones_and_drop_the_last_part() {
        let second = 1_000_000_000;
        let rows = [0, 0, 1, 9, 10, 10].map(|s| (s * second, 1.0));
        let seen = window(rows.into_iter(), Span::from_secs(1), 10.0).unwrap();
        assert_eq!((seen.peak, seen.peak_to_mean), (2.0, 5.0));
        // Counts 2 1 0 0 0 0 0 0 0 1: mean 0.4, mean of squares 0.6.
        assert!((seen.dispersion - (0.6 - 0.16) / 0.4).abs() < 1e-12);
        assert_eq!(window(rows.into_iter(), Span::from_secs(8), 10.0), None);
    }
}
