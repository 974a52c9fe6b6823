//! A rate made of straight lines and jumps.

use super::thinning::{Piece, RateFunction};

/// A sloped line is cut into this many pieces, so that their bounds are close to the rate.
const CUTS: u64 = 64;

/// Points (nanoseconds, requests a second), joined by straight lines; two points at one instant are a
/// jump, to the second one. Constant before the first and after the last point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Polyline {
    points: Vec<(u64, f64)>,
}

impl Polyline {
    /// `points` in order of time, at least one.
    pub(super) fn new(points: Vec<(u64, f64)>) -> Self {
        debug_assert!(points.is_sorted_by(|a, b| a.0 <= b.0) && !points.is_empty());
        Self { points }
    }

    /// The line that holds at `at`: its two ends; `u64::MAX` closes the last.
    fn line(&self, at: u64) -> ((u64, f64), (u64, f64)) {
        let after = self.points.partition_point(|point| point.0 <= at);
        let level = |point: Option<&(u64, f64)>| point.map_or(0.0, |point| point.1);
        match (after.checked_sub(1), self.points.get(after)) {
            (None, first) => ((0, level(first)), (first.map_or(u64::MAX, |p| p.0), level(first))),
            (Some(before), Some(&end)) => (self.points[before], end),
            (Some(before), None) => (self.points[before], (u64::MAX, self.points[before].1)),
        }
    }
}

/// The rate at `at` on the line from `a` to `b`.
pub(super) fn on_line(a: (u64, f64), b: (u64, f64), at: u64) -> f64 {
    let share = (at - a.0) as f64 / (b.0 - a.0) as f64;
    a.1 + (b.1 - a.1) * share
}

/// Bounds from `at` on along the line from `a` to `b`.
pub(super) fn line_piece(a: (u64, f64), b: (u64, f64), at: u64) -> Piece {
    if a.1 == b.1 {
        return Piece { until: b.0, low: a.1, high: a.1 };
    }
    let cut = ((b.0 - a.0) / CUTS).max(1);
    let until = at.saturating_add(cut).min(b.0);
    let (here, there) = (on_line(a, b, at), on_line(a, b, until));
    Piece { until, low: here.min(there), high: here.max(there) }
}

impl RateFunction for Polyline {
    fn rate_at(&self, at: u64) -> f64 {
        let (a, b) = self.line(at);
        on_line(a, b, at)
    }
    fn piece(&self, at: u64) -> Piece {
        let (a, b) = self.line(at);
        line_piece(a, b, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_jumps_give_the_rate_at_every_instant() {
        let line = Polyline::new(vec![(10, 1.0), (20, 3.0), (20, 7.0), (30, 7.0)]);
        for (at, rate) in [(0, 1.0), (10, 1.0), (15, 2.0), (20, 7.0), (29, 7.0), (99, 7.0)] {
            assert_eq!(line.rate_at(at), rate, "at {at}");
        }
    }

    #[test]
    fn pieces_cover_all_time_and_bound_the_rate() {
        let line = Polyline::new(vec![(1000, 1.0), (9000, 3.0), (9000, 0.0), (20_000, 7.0)]);
        let mut at = 0;
        while at < 30_000 {
            let piece = line.piece(at);
            assert!(piece.until > at);
            for probe in [at, at + (piece.until - at) / 2, piece.until - 1] {
                let rate = line.rate_at(probe);
                assert!((piece.low..=piece.high).contains(&rate), "{piece:?} at {probe}: {rate}");
            }
            at = piece.until;
        }
        assert_eq!(at, u64::MAX);
    }
}
