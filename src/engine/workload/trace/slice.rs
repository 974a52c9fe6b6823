//! The part of a recording that is played, and when.

use super::bins::{Bin, Bins};
use super::events::Events;
use super::failure::TraceError;
use super::gathered::Stamps;
use super::recording::Recording;
use super::spread::Spread;
use super::stamp::StampReader;
use crate::units::Span;
use crate::workload::arrivals::TracePoint;
use jiff::Timestamp;

/// From which to which instant of a recording, and how its time becomes the run's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    from: i64,
    until: i64,
    /// Nanosecond of the run at which `from` is played.
    at: u64,
    time_scale: f64,
}

impl Slice {
    /// A whole recording, as it is.
    pub(super) const WHOLE: Self = Self { from: i64::MIN, until: i64::MAX, at: 0, time_scale: 1.0 };

    /// True for what may be a time stamp.
    pub(crate) fn is_stamp(text: &str) -> bool {
        StampReader::new(jiff::tz::TimeZone::UTC, None).read(text).is_some()
    }

    /// The slice from an instant of a recording to another, played from `at` on and stretched by a scale.
    pub(crate) fn new(
        recording: &Recording,
        (from, until): (i64, i64),
        (at, time_scale): (u64, f64),
    ) -> Result<Self, TraceError> {
        let (first, last) = recording.rows.range();
        if until <= from {
            let message = "`until` is not after `from`";
            return Err(TraceError::at("until", message, "give a later time"));
        }
        if from >= last || until <= first {
            let message = "nothing was recorded in this slice";
            return Err(TraceError::at("from", message, recording.span_told()));
        }
        Ok(Self { from, until, at, time_scale })
    }

    /// The run's nanosecond of an instant of the recording; `None` outside the slice.
    pub(super) fn played(&self, instant: i64) -> Option<u64> {
        let inside = self.from <= instant && instant < self.until;
        inside.then(|| self.map(instant))
    }

    /// The run's nanosecond of an instant at or after the slice's start.
    fn map(&self, instant: i64) -> u64 {
        self.at.saturating_add(self.stretched(instant.abs_diff(self.from)))
    }

    /// True for what comes before the slice.
    pub(super) fn is_ahead(&self, instant: i64) -> bool {
        instant < self.from
    }

    pub(super) fn stretched(&self, length: u64) -> u64 {
        if self.time_scale == 1.0 { length } else { (length as f64 * self.time_scale) as u64 }
    }

    /// The run's nanosecond of a recording's first row; before zero where the slice begins after it.
    pub(super) fn begins(&self, recording: &Recording) -> i64 {
        let into = recording.rows.range().0.saturating_sub(self.from);
        into.saturating_add_unsigned(self.at)
    }

    /// The run's first nanosecond after the last that is played.
    pub(crate) fn played_until(&self, recording: &Recording) -> u64 {
        self.map(recording.rows.range().1.min(self.until).max(self.from))
    }
}

impl Recording {
    /// An instant of it in words: as its own clock showed it, or the time since its start.
    pub(crate) fn written(&self, instant: i64) -> String {
        match (self.relative, u64::try_from(instant)) {
            (true, Ok(length)) => Span(length).to_string(),
            _ => Timestamp::from_nanosecond(i128::from(instant)).map_or_else(
                |_| instant.to_string(),
                |stamp| stamp.to_zoned(self.zone.clone()).strftime("%a %F %T (UTC%:z)").to_string(),
            ),
        }
    }

    /// From when to when it runs, as a sentence.
    pub(crate) fn span_told(&self) -> String {
        let (first, last) = self.rows.range();
        format!("the recording runs from {} to {}", self.written(first), self.written(last))
    }

    /// The instant of a point of it, which is the value of `key`.
    pub(crate) fn instant(&self, key: &'static str, point: &TracePoint) -> Result<i64, TraceError> {
        match point {
            TracePoint::Offset(span) => Ok(self.origin().saturating_add_unsigned(span.0)),
            TracePoint::Stamp(text) if self.relative => {
                let message = format!("`{text}`, but times count from the recording's own start");
                Err(TraceError::at(key, message, "give an offset, for example \"10m\""))
            }
            TracePoint::Stamp(text) => {
                StampReader::new(self.zone.clone(), None).read(text).ok_or_else(|| {
                    let hint = "write it as \"2023-11-16 18:30:00\"";
                    TraceError::at(key, format!("`{text}` is not a time"), hint)
                })
            }
        }
    }
}

pub(super) fn empty() -> TraceError {
    TraceError::at("from", "no request was recorded in this slice", "play more of the recording")
}

/// A spread that would do nothing.
pub(super) fn nothing_to_spread(spread: Spread) -> TraceError {
    let name: &str = spread.into();
    let message = format!("`{name}` has nothing to do: few of its requests share their times");
    TraceError::at("spread", message, "leave it out: it is for times cut to the second or coarser")
}

impl Events {
    /// The recorded requests of a slice before `end`.
    pub(crate) fn sliced(
        starts: &[i64],
        demands: Option<Vec<u64>>,
        slice: &Slice,
        (scale, spread, end): (f64, Spread, u64),
        grid: Option<Span>,
    ) -> Result<Self, TraceError> {
        let first = starts.partition_point(|&start| start < slice.from);
        let mut arrivals: Vec<u64> =
            starts[first..].iter().map_while(|&start| slice.played(start)).collect();
        if arrivals.is_empty() {
            return Err(empty());
        }
        let played = Stamps::of(starts[first..first + arrivals.len()].iter().copied());
        let grid = grid.or_else(|| played.coarse_grid());
        arrivals.truncate(arrivals.partition_point(|&at| at < end));
        let demands = demands.map(|mut demands| {
            demands.drain(..first);
            demands.truncate(arrivals.len());
            demands
        });
        let events = Self::new(arrivals, demands, scale);
        match (spread, grid) {
            (Spread::Keep, _) => Ok(events),
            (_, None) => Err(nothing_to_spread(spread)),
            (_, Some(grid)) => Ok(events.spread_over(slice.stretched(grid.0), spread)),
        }
    }
}

impl Bins {
    /// The recorded intervals of a slice before `end`, with `scale` times the requests.
    pub(crate) fn sliced(
        starts: &[i64],
        counts: &[f64],
        step: u64,
        slice: &Slice,
        (scale, spread, end): (f64, Spread, u64),
    ) -> Result<Self, TraceError> {
        let mut bins = Vec::new();
        for (&start, &count) in starts.iter().zip(counts) {
            let after = start.saturating_add_unsigned(step);
            if after <= slice.from {
                continue;
            }
            // An interval that began before the slice gives the share that lies in it.
            let inside = after.abs_diff(start.max(slice.from)) as f64 / step as f64;
            let Some(at) = slice.played(start.max(slice.from)) else { break };
            if at >= end {
                break;
            }
            let bin = Bin { start: at, count: count * inside.min(1.0) * scale };
            if bins.last().is_none_or(|last: &Bin| last.start < at) {
                bins.push(bin);
            } else if let Some(last) = bins.last_mut() {
                // Compressed below a nanosecond.
                last.count += bin.count;
            }
        }
        if bins.iter().all(|bin| bin.count == 0.0) {
            return Err(empty());
        }
        let step = slice.stretched(step).max(1);
        let densest = bins.iter().map(|bin| bin.count).fold(0.0, f64::max);
        if densest > step as f64 {
            let message = format!("{densest:e} requests in an interval of {}", Span(step));
            let hint = "more than one a nanosecond: make the scale smaller";
            return Err(TraceError::at("rate_scale", message, hint));
        }
        let until = if slice.until == i64::MAX { u64::MAX } else { slice.map(slice.until) };
        Ok(Self::new(bins, step, until, spread))
    }
}
