//! Counts of intervals as a source: its requests are made on the way, whatever their number.

use super::spread::{Group, Spread, round};
use crate::random::{Generator, Purpose};
use crate::workload::arrivals::{Intensity, Piece, Thinning};
use crate::workload::source::{Current, Extent, Instants, Luck, Source};
use crate::workload::{BATCH, Batch};
use std::sync::Arc;

/// Intervals with the number of requests expected in each.
#[derive(Debug, Clone)]
pub(crate) struct Bins {
    /// In order, without overlap: an interval ends with the next start, or after `step`.
    bins: Arc<[Bin]>,
    /// Usual length.
    step: u64,
    /// Nothing from here on.
    until: u64,
    spread: Spread,
}

/// One interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bin {
    /// First nanosecond.
    pub(crate) start: u64,
    /// Requests in it, possibly a fraction.
    pub(crate) count: f64,
}

impl Bins {
    /// Intervals in order; what lies at `until` or after is cut off.
    pub(crate) fn new(bins: Vec<Bin>, step: u64, until: u64, spread: Spread) -> Self {
        debug_assert!(bins.is_sorted_by(|a, b| a.start < b.start) && step > 0);
        Self { bins: bins.into(), step, until, spread }
    }

    /// Start, end and count of an interval.
    fn bin(&self, index: usize) -> Option<(u64, u64, f64)> {
        let bin = self.bins.get(index)?;
        let next = self.bins.get(index + 1).map_or(u64::MAX, |next| next.start);
        // An interval a little longer than usual (jitter) reaches to the next; a gap does not count.
        let usual = bin.start.saturating_add(self.step);
        let jitter = usual.saturating_add(self.step / 2);
        Some((bin.start, if next < jitter { next } else { usual }, bin.count))
    }

    /// Start, end and count of every interval; of one that is cut its share.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, u64, f64)> + '_ {
        let whole = (0..self.bins.len()).filter_map(|index| self.bin(index));
        whole.filter(|bin| bin.0 < self.until).map(|(start, end, count)| {
            let cut = end.min(self.until);
            let share = (cut - start) as f64 / (end - start) as f64;
            (start, cut, if cut == end { count } else { count * share })
        })
    }

    fn at(&self, at: u64) -> Option<(u64, u64, f64)> {
        let after = self.bins.partition_point(|bin| bin.start <= at);
        self.bin(after.checked_sub(1)?).filter(|bin| at < bin.1)
    }
}

impl Source for Bins {
    fn open(&self, luck: &Luck<'_>, end: u64) -> Box<dyn Instants> {
        let (end, rng) = (end.min(self.until), luck.generator(Purpose::Arrivals));
        if self.spread == Spread::Poisson {
            let path = Path { bins: self.clone(), next: 0, at: 0 };
            return Box::new(Thinning::new(path, rng, 0, end));
        }
        let rounding = luck.generator(Purpose::Rounding);
        Box::new(Placed { bins: self.clone(), next: 0, end, group: Group::EMPTY, rng, rounding })
    }
    fn current(&self, _: &Luck<'_>, end: u64) -> Option<Current> {
        let path = Path { bins: self.clone(), next: 0, at: 0 };
        Some(Current {
            extent: Extent { from: 0, until: end.min(self.until) },
            intensity: Box::new(path),
            dispersion: if self.spread == Spread::Poisson { 1.0 } else { 0.0 },
        })
    }
    fn draws(&self) -> bool {
        self.spread.draws() || self.bins.iter().any(|bin| bin.count.fract() != 0.0)
    }
    fn rate_at(&self, at: u64) -> f64 {
        if at >= self.until {
            return 0.0;
        }
        self.at(at).map_or(0.0, |(start, end, count)| count / ((end - start) as f64 * 1e-9))
    }
    fn expected(&self, end: u64) -> f64 {
        let end = end.min(self.until);
        let whole = self.bins.partition_point(|bin| bin.start < end);
        let sum: f64 = self.bins[..whole].iter().map(|bin| bin.count).sum();
        let last = whole.checked_sub(1).and_then(|last| self.bin(last));
        let beyond = last.map_or(0.0, |(start, until, count)| {
            count * until.saturating_sub(end) as f64 / (until - start) as f64
        });
        sum - beyond
    }
}

/// Exactly as many as recorded, one interval after another.
struct Placed {
    bins: Bins,
    next: usize,
    end: u64,
    group: Group,
    rng: Generator,
    rounding: Generator,
}

impl Instants for Placed {
    fn fill(&mut self, batch: &mut Batch) {
        while batch.arrival_ns.len() < BATCH {
            if self.group.is_done() {
                let Some((start, until, count)) = self.bins.bin(self.next) else { return };
                if start >= self.end {
                    return;
                }
                self.next += 1;
                let count = round(count, &mut self.rounding);
                let spread = self.bins.spread;
                self.group = Group::new(spread, start, until - start, count, &self.rng);
            }
            if !self.group.fill(&mut self.rng, self.end, batch) {
                self.group = Group::EMPTY;
                self.next = self.bins.bins.len();
            }
        }
    }
}

/// The intervals as a piecewise constant rate.
struct Path {
    bins: Bins,
    next: usize,
    at: u64,
}

impl Intensity for Path {
    fn next(&mut self) -> Piece {
        let Some((start, until, count)) = self.bins.bin(self.next) else {
            return Piece { until: u64::MAX, low: 0.0, high: 0.0 };
        };
        if self.at < start {
            self.at = start;
            return Piece { until: start, low: 0.0, high: 0.0 };
        }
        self.next += 1;
        self.at = until;
        let rate = count / ((until - start) as f64 * 1e-9);
        Piece { until, low: rate, high: rate }
    }
    fn rate_at(&self, at: u64) -> f64 {
        self.bins.rate_at(at)
    }
}
