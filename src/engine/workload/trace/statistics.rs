//! Figures of recorded rows: counts in windows, gaps, hours of the week, the rate over time.

use super::gathered::Stamps;
use super::recording::Rows;
use super::streamed::Streamable;
use crate::units::Span;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

/// Points of a sparkline.
const SPARKLINE: usize = 60;
/// Most points of a [`Curve`].
const CURVE: u64 = 480;
/// A curve has so many windows at least, where the recording has them: so peaks differ from means.
const FEWEST_WINDOWS: u64 = 240;
const SECOND_NS: u64 = 1_000_000_000;
const HOUR_NS: u64 = 3600 * SECOND_NS;

/// Counts of requests in windows of one length from the first row on; a last window that is cut short is left out. The
/// very last instant belongs to the last window that ends there; where stamps are as coarse as windows, to one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Window {
    /// Length in seconds.
    pub length_s: f64,
    /// Mean number of requests in one.
    pub mean: f64,
    /// Most requests in one.
    pub peak: f64,
    /// Where the fullest begins, in seconds from the first row.
    pub peak_at_s: f64,
    /// Most over mean.
    pub peak_to_mean: f64,
    /// Index of dispersion: variance over mean of the counts; 1 = Poisson.
    pub dispersion: f64,
}

/// The longest time without a request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gap {
    /// Length in seconds.
    pub length_s: f64,
    /// Where it begins, in seconds from the first row.
    pub at_s: f64,
}

/// The rate over time, in few points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Length of the windows among which the peaks are looked for, in seconds.
    pub window_s: f64,
    /// Length of a point, in seconds: whole windows.
    pub point_s: f64,
    /// One after another from the first row on.
    pub points: Vec<Point>,
}

/// A stretch of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// Mean rate, requests a second.
    pub mean_per_s: f64,
    /// That of its busiest window.
    pub peak_per_s: f64,
}

/// Where rows are.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Requests(&'a [i64]),
    Stored(&'a Streamable),
    Intervals(&'a [i64], &'a [f64]),
}

/// Requests at instants, in order: one each, or those of intervals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally<'a> {
    rows: Source<'a>,
    /// First instant that is not covered any more.
    until: i64,
}

impl<'a> Tally<'a> {
    /// Of requests; the last has no length.
    pub(super) fn of_requests(starts: &'a [i64]) -> Self {
        Self { rows: Source::Requests(starts), until: starts.last().copied().unwrap_or(0) }
    }

    /// Of the rows of a recording, with their usual length: of requests zero.
    pub(super) fn of(rows: &'a Rows) -> (Self, u64) {
        match rows {
            Rows::Events { starts, .. } => (Self::of_requests(starts), 0),
            Rows::Bins { starts, counts, step, .. } => {
                (Self::of_bins(starts, counts, *step), *step)
            }
            Rows::Streamed(file) => {
                (Self { rows: Source::Stored(file), until: file.range.1.saturating_sub(1) }, 0)
            }
        }
    }

    /// Of intervals of a usual length.
    pub(super) fn of_bins(starts: &'a [i64], counts: &'a [f64], step: u64) -> Self {
        let last = starts.last().copied().unwrap_or(0);
        Self { rows: Source::Intervals(starts, counts), until: last.saturating_add_unsigned(step) }
    }

    fn rows(&self) -> Box<dyn Iterator<Item = (i64, f64)> + 'a> {
        match self.rows {
            Source::Requests(starts) => Box::new(starts.iter().map(|&start| (start, 1.0))),
            Source::Stored(file) => Box::new(file.rows().map(|(start, _)| (start, 1.0))),
            Source::Intervals(starts, counts) => {
                Box::new(starts.iter().copied().zip(counts.iter().copied()))
            }
        }
    }

    pub(super) fn first(&self) -> i64 {
        match self.rows {
            Source::Requests(starts) | Source::Intervals(starts, _) => {
                starts.first().copied().unwrap_or(0)
            }
            Source::Stored(file) => file.range.0,
        }
    }

    pub(super) fn requests(&self) -> f64 {
        match self.rows {
            Source::Requests(starts) => starts.len() as f64,
            Source::Stored(file) => file.requests as f64,
            Source::Intervals(_, counts) => counts.iter().sum(),
        }
    }

    /// What their stamps have in common.
    pub(super) fn stamps(&self) -> Stamps {
        Stamps::of(self.rows().map(|row| row.0))
    }

    /// From the first row to the last or to the end of the last interval.
    pub(super) fn span_ns(&self) -> u64 {
        self.until.abs_diff(self.first())
    }

    /// Whole windows of a length.
    pub(super) fn whole(&self, length: Span) -> u64 {
        if length.is_zero() { 0 } else { self.span_ns() / length.0 }
    }

    /// Number and count of every window with a row, in order; the last may be cut short.
    pub(super) fn each_window(&self, length: Span, visit: impl FnMut(u64, f64)) {
        self.each_until(length, u64::MAX, visit);
    }

    /// The same, with what comes after the window of a number counted in it.
    fn each_until(&self, length: Span, last: u64, mut visit: impl FnMut(u64, f64)) {
        let first = self.first();
        let (mut current, mut count) = (0, 0.0);
        for (start, requests) in self.rows() {
            let index = (start.abs_diff(first) / length.0).min(last);
            if index != current {
                visit(current, count);
                (current, count) = (index, 0.0);
            }
            count += requests;
        }
        visit(current, count);
    }

    /// Whole windows of a length, and the number of the one that the very last instant belongs to where one ends there:
    /// stamps as coarse as windows stand for a whole one each, the last of them too. `None` without windows.
    fn whole_and_last(&self, length: Span) -> Option<(u64, u64)> {
        let whole = self.whole(length);
        let ends_there = match self.rows {
            Source::Requests(_) | Source::Stored(_) => {
                whole > 0 && self.span_ns().is_multiple_of(length.0)
            }
            // Intervals begin before all of them end.
            Source::Intervals(..) => false,
        };
        match ends_there {
            true if self.stamps().coarse_grid() == Some(length) => Some((whole + 1, whole)),
            true => Some((whole, whole - 1)),
            false => (whole > 0).then_some((whole, u64::MAX)),
        }
    }

    /// Statistics of whole windows; `None` if fewer than two fit, or nothing is in them.
    pub(super) fn window(&self, length: Span) -> Option<Window> {
        let (whole, last) = self.whole_and_last(length)?;
        if whole < 2 {
            return None;
        }
        let (mut sum, mut squares) = (0.0, 0.0);
        let (mut peak, mut peak_at) = (0.0_f64, 0);
        self.each_until(length, last, |index, count| {
            if index >= whole {
                return;
            }
            if count > peak {
                (peak, peak_at) = (count, index);
            }
            sum += count;
            squares += count * count;
        });
        let mean = sum / whole as f64;
        (mean > 0.0).then(|| Window {
            length_s: length.as_secs_f64(),
            mean,
            peak,
            peak_at_s: peak_at as f64 * length.as_secs_f64(),
            peak_to_mean: peak / mean,
            dispersion: (squares / whole as f64 - mean * mean) / mean,
        })
    }

    /// The longest time without a request; `None` where there is none of two steps of the recording.
    pub(super) fn longest_gap(&self, step: u64) -> Option<Gap> {
        let first = self.first();
        // Where the last request was, or the interval of the last requests ended.
        let (mut busy_until, mut longest) = (first, (0, first));
        let ends = std::iter::once((self.until, 1.0));
        for (start, requests) in self.rows().chain(ends) {
            if requests <= 0.0 {
                continue;
            }
            if start > busy_until && start.abs_diff(busy_until) > longest.0 {
                longest = (start.abs_diff(busy_until), busy_until);
            }
            busy_until = start.saturating_add_unsigned(step).min(self.until);
        }
        (longest.0 > step).then(|| Gap {
            length_s: Span(longest.0).as_secs_f64(),
            at_s: Span(longest.1.abs_diff(first)).as_secs_f64(),
        })
    }

    /// Standard deviation over mean of the gaps between requests.
    pub(super) fn gap_cv(&self) -> Option<f64> {
        let mut all = Moments::default();
        let mut before = None;
        for (start, _) in self.rows() {
            if let Some(before) = before.replace(start) {
                all.add(start.abs_diff(before) as f64);
            }
        }
        (all.mean > 0.0).then(|| all.deviation() / all.mean)
    }

    /// Mean rate in equal parts of the recording, requests a second.
    pub(super) fn sparkline(&self) -> Vec<f64> {
        let length_s = Span(self.span_ns()).as_secs_f64() / SPARKLINE as f64;
        if length_s <= 0.0 {
            return Vec::new();
        }
        let first = self.first();
        let mut parts = vec![0.0; SPARKLINE];
        for (start, requests) in self.rows() {
            let index = start.abs_diff(first) as f64 * 1e-9 / length_s;
            parts[(index as usize).min(SPARKLINE - 1)] += requests / length_s;
        }
        parts
    }

    /// The rate over time; of intervals no window is shorter than `step`.
    pub(super) fn curve(&self, step: u64) -> Curve {
        let span = self.span_ns();
        let minutes = span / (60 * SECOND_NS) >= FEWEST_WINDOWS;
        let seconds = if minutes { 60 } else { 1 };
        let window = (seconds * SECOND_NS).next_multiple_of(step.max(1));
        if span < 2 * window {
            return Curve::default();
        }
        let each = round_up(span.div_ceil(window).div_ceil(CURVE));
        let (window_s, point) = (Span(window).as_secs_f64(), window.saturating_mul(each));
        let count = usize::try_from(span.div_ceil(point)).unwrap_or(0);
        let mut points = vec![Point::default(); count];
        self.each_window(Span(window), |index, requests| {
            let at = usize::try_from(index / each).unwrap_or(0).min(count - 1);
            points[at].mean_per_s += requests;
            // A last window that is cut short says nothing of a rate.
            if index < span / window {
                points[at].peak_per_s = points[at].peak_per_s.max(requests / window_s);
            }
        });
        for (index, of) in (0..).zip(&mut points) {
            let length = point.min(span.saturating_sub(point.saturating_mul(index)).max(1));
            of.mean_per_s /= Span(length).as_secs_f64().max(window_s.min(1.0));
            // Where no whole window lies in the last one.
            of.peak_per_s = of.peak_per_s.max(of.mean_per_s);
        }
        Curve { window_s, point_s: Span(point).as_secs_f64(), points }
    }

    /// Requests and seconds in each hour of the week, as the clocks of a zone show it; `None` where an interval is
    /// longer than an hour or no part of one. `epoch` is the instant that the clocks' 1970 begins with: 0, or a recording's own start.
    pub(super) fn week(&self, zone: &TimeZone, step: u64, epoch: i64) -> Option<Week> {
        if !divides(step, HOUR_NS) {
            return None;
        }
        let mut week = Week { requests: [0.0; WEEK], seconds: [0.0; WEEK] };
        let mut rows = self.rows().peekable();
        let mut at = self.first();
        while at < self.until {
            let (index, until) = hour_of_week(at.saturating_sub(epoch), zone)?;
            let end = until.saturating_add(epoch).min(self.until);
            week.seconds[index] += Span(end.abs_diff(at)).as_secs_f64();
            // The last request is at the end of what is covered, and counts.
            let is_last = end == self.until;
            while let Some((_, requests)) = rows.next_if(|row| row.0 < end || is_last) {
                week.requests[index] += requests;
            }
            at = end;
        }
        Some(week)
    }
}

/// Whether a length is a whole number of steps, to a thousandth of it (stamps jitter): else some windows of it hold a row
/// more than others of the same traffic. Any length is one of steps of no length.
pub(super) fn divides(step: u64, length: u64) -> bool {
    let over = length % step.max(1);
    step <= length && over.min(step.saturating_sub(over)) <= length / 1000
}

/// The next number of seconds or minutes that people count in.
pub(super) fn round_up(number: u64) -> u64 {
    const ROUND: [u64; 15] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440];
    let found = ROUND.into_iter().find(|round| *round >= number);
    found.unwrap_or_else(|| number.next_multiple_of(1440))
}

/// Hours of a week.
pub(super) const WEEK: usize = 168;

/// What each hour of the week holds, Monday's first from midnight.
#[derive(Debug, Clone)]
pub(super) struct Week {
    pub(super) requests: [f64; WEEK],
    /// How long each was recorded.
    pub(super) seconds: [f64; WEEK],
}

impl Week {
    /// Rate of each hour over the mean of those recorded; `None` where nothing was.
    pub(super) fn factors(&self) -> Option<Vec<Option<f64>>> {
        let rate =
            |at: usize| (self.seconds[at] >= 60.0).then(|| self.requests[at] / self.seconds[at]);
        let rates: Vec<Option<f64>> = (0..WEEK).map(rate).collect();
        let known = rates.iter().flatten().count();
        let mean = rates.iter().flatten().sum::<f64>() / known as f64;
        (mean > 0.0).then(|| rates.iter().map(|rate| rate.map(|rate| rate / mean)).collect())
    }
}

/// The hour of the week that the clocks of a zone show at an instant, and when the next begins.
fn hour_of_week(at: i64, zone: &TimeZone) -> Option<(usize, i64)> {
    let shown = Timestamp::from_nanosecond(i128::from(at)).ok()?.to_zoned(zone.clone());
    let day = usize::try_from(shown.weekday().to_monday_zero_offset()).ok()?;
    let hour = usize::try_from(shown.hour()).ok()?;
    let into = i64::from(shown.minute()) * 60 + i64::from(shown.second());
    let into = into * SECOND_NS as i64 + i64::from(shown.subsec_nanosecond());
    Some((day * 24 + hour, at.saturating_add(HOUR_NS as i64 - into)))
}

/// Mean and variance in one pass (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    pub(super) mean: f64,
    squares: f64,
    count: f64,
}

impl Moments {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1.0;
        let off = value - self.mean;
        self.mean += off / self.count;
        self.squares += off * (value - self.mean);
    }

    pub(super) fn deviation(&self) -> f64 {
        if self.count > 0.0 { (self.squares / self.count).sqrt() } else { 0.0 }
    }
}

/// The value that a share of sorted ones are at most.
pub(super) fn quantile(sorted: &[u64], share: f64) -> Option<u64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = SECOND_NS as i64;

    #[test]
    fn windows_count_empty_ones_and_drop_the_last_part() {
        let starts = [0, 0, 1, 9, 10, 10].map(|s| s * S);
        let seen = Tally::of_requests(&starts).window(Span::from_secs(1)).unwrap();
        assert_eq!((seen.peak, seen.peak_at_s), (2.0, 0.0));
        // Counts 2 1 0 0 0 0 0 0 0 1 2, as stamps are cut to the second: mean 6/11, mean of squares 10/11.
        let mean = 6.0 / 11.0;
        assert!((seen.mean - mean).abs() < 1e-12 && (seen.peak_to_mean - 2.0 / mean).abs() < 1e-12);
        assert!((seen.dispersion - (10.0 / 11.0 - mean * mean) / mean).abs() < 1e-12);
        assert_eq!(Tally::of_requests(&starts).window(Span::from_secs(8)), None);
    }

    #[test]
    fn the_last_instant_belongs_to_the_last_window() {
        const HOUR: i64 = 3600 * S;
        for (starts, length_s, mean, peak, peak_at_s) in [
            // Counts 1 0 2, and 1 1 2.
            (&[0, 3 * HOUR, 3 * HOUR][..], 3600, 1.0, 2.0, 7200.0),
            (&[0, HOUR + S, 3 * HOUR - S, 3 * HOUR], 3600, 4.0 / 3.0, 2.0, 7200.0),
            // What comes after the last whole window is left out still: 1 0 1.
            (&[0, 3 * HOUR - S, 3 * HOUR + S, 3 * HOUR + 2 * S], 3600, 2.0 / 3.0, 1.0, 0.0),
            // Stamps cut to the second, two in each: the last second is one as the others are.
            (&[0, 0, S, S, 2 * S, 2 * S], 1, 2.0, 2.0, 0.0),
            // In longer windows it is in the last: 3 4.
            (&[0, 0, S, 2 * S, 3 * S, 4 * S, 4 * S], 2, 3.5, 4.0, 2.0),
        ] {
            let seen = Tally::of_requests(starts).window(Span::from_secs(length_s)).unwrap();
            assert!((seen.mean - mean).abs() < 1e-12, "{starts:?}: {seen:?}");
            assert_eq!((seen.peak, seen.peak_at_s), (peak, peak_at_s), "{starts:?}");
        }
        // Hours of the week: the last request, on the hour, is in the hour that ends there.
        let starts = [0, HOUR, 2 * HOUR, 2 * HOUR];
        let week = Tally::of_requests(&starts).week(&TimeZone::UTC, 0, 0).unwrap();
        // 1970 began on a Thursday.
        assert_eq!(week.requests[72..75], [1.0, 3.0, 0.0]);
    }

    #[test]
    fn the_longest_gap_is_between_requests_or_between_intervals_with_some() {
        let starts = [0, 1, 5, 6].map(|s| s * S);
        let gap = Tally::of_requests(&starts).longest_gap(0);
        assert_eq!(gap, Some(Gap { length_s: 4.0, at_s: 1.0 }));
        // The interval at 2 s is missing, those at 3 s and 4 s are empty.
        let (starts, counts) = ([0, 1, 3, 4, 5].map(|s| s * S), [4.0, 1.0, 0.0, 0.0, 2.0]);
        let gap = Tally::of_bins(&starts, &counts, SECOND_NS).longest_gap(SECOND_NS);
        assert_eq!(gap, Some(Gap { length_s: 3.0, at_s: 2.0 }));
        let whole = Tally::of_bins(&starts[..2], &counts[..2], SECOND_NS);
        assert_eq!(whole.longest_gap(SECOND_NS), None);
    }

    #[test]
    fn hours_of_the_week_are_those_of_the_recordings_clock() {
        // From Sunday 22:30 to Monday 00:30: 2, 6 and 4 requests in a half, a whole and a half hour.
        let (first, half) = (jiff::civil::date(2026, 3, 1).at(22, 30, 0, 0), 1800 * S);
        let first = first.to_zoned(TimeZone::UTC).unwrap().timestamp().as_nanosecond() as i64;
        let starts: Vec<i64> = (0..4).map(|at| first + at * half).collect();
        let tally = Tally::of_bins(&starts, &[2.0, 3.0, 3.0, 4.0], half as u64);
        for (zone, hours) in
            [(TimeZone::UTC, [166, 167, 0]), (TimeZone::fixed(jiff::tz::offset(1)), [167, 0, 1])]
        {
            let factors = tally.week(&zone, half as u64, 0).unwrap().factors().unwrap();
            // Rates 4, 6 and 8 an hour: mean 6.
            let expected = [4.0 / 6.0, 1.0, 8.0 / 6.0];
            for (hour, factor) in hours.into_iter().zip(expected) {
                assert!((factors[hour].unwrap() - factor).abs() < 1e-12, "{hour}: {factors:?}");
            }
            assert_eq!(factors.iter().flatten().count(), 3);
        }
        assert!(tally.week(&TimeZone::UTC, 2 * HOUR_NS, 0).is_none());
    }

    #[test]
    fn constant_traffic_is_constant_whatever_its_interval() {
        // 45 minutes are no part of an hour, 25 s none of a minute; a minute of stamps that jitter is one of an hour.
        for (step_ms, hour, minute) in [
            (2_700_000, false, false),
            (1_800_000, true, false),
            (25_000, true, false),
            (20_000, true, true),
            (60_001, true, false),
        ] {
            let step = step_ms * 1_000_000;
            assert_eq!(divides(step, HOUR_NS), hour, "{step_ms} ms in an hour");
            assert_eq!(divides(step, 60 * SECOND_NS), minute, "{step_ms} ms in a minute");
            let starts: Vec<i64> = (0..9600).map(|at| at * step as i64).collect();
            let counts = vec![100.0; 9600];
            let tally = Tally::of_bins(&starts, &counts, step);
            assert_eq!(tally.week(&TimeZone::UTC, step, 0).is_some(), hour);
            let curve = tally.curve(step);
            let rate = 100.0 / Span(step).as_secs_f64();
            let near = |found: f64| (found / rate - 1.0).abs() < 1e-3;
            assert!(
                curve
                    .points
                    .iter()
                    .all(|p| near(p.mean_per_s) && p.peak_per_s >= p.mean_per_s * 0.999),
                "{step_ms}: {curve:?}"
            );
        }
    }

    #[test]
    fn a_curve_keeps_all_requests_and_the_peaks_of_its_windows() {
        // A request a second for a day, and sixty more in one minute.
        let mut starts: Vec<i64> = (0..=86_400).map(|s| s * S).collect();
        starts.extend(std::iter::repeat_n(3600 * S, 60));
        starts.sort_unstable();
        let curve = Tally::of_requests(&starts).curve(0);
        assert_eq!((curve.window_s, curve.point_s, curve.points.len()), (60.0, 300.0, 288));
        assert_eq!(curve.points[12].peak_per_s, 2.0);
        assert!((curve.points[12].mean_per_s - 1.2).abs() < 1e-9);
        let sum: f64 = curve.points.iter().map(|point| point.mean_per_s * curve.point_s).sum();
        assert!((sum - starts.len() as f64).abs() < 1e-6, "{sum}");
        assert_eq!(Tally::of_requests(&starts[..2]).curve(0), Curve::default());
    }
}
