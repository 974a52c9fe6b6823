//! One exact engine for every Poisson stream whose rate varies: thinning (Lewis and Shedler 1979).
//!
//! Candidates come from a piecewise constant rate that is never below the wanted one; a candidate is
//! kept with probability wanted / piecewise. Each piece also carries a lower bound: below it a candidate
//! is kept without looking at the wanted rate (a squeeze), so a tight piece costs no sine.

use crate::random::{Generator, Purpose, unit};
use crate::workload::source::{Current, Extent, Instants, Luck, Source};
use crate::workload::{BATCH, Batch};
use rand_distr::{Distribution as _, Exp1};
use std::fmt;
use std::sync::Arc;

/// Bounds of a rate from where the last piece ended up to `until`, in requests a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Piece {
    /// First nanosecond after the piece.
    pub(crate) until: u64,
    /// Never above the rate.
    pub(crate) low: f64,
    /// Never below the rate; equal to `low` = constant.
    pub(crate) high: f64,
}

/// A rate that repeats itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cycle {
    /// Nanoseconds, above zero.
    pub(crate) length: u64,
    /// First nanosecond from which on that need not hold.
    pub(crate) until: u64,
}

/// A rate known in advance at every instant.
pub(crate) trait RateFunction: fmt::Debug + Send + Sync + 'static {
    /// Requests a second at a nanosecond.
    fn rate_at(&self, at: u64) -> f64;
    /// Bounds that hold from `at` up to some instant after it.
    fn piece(&self, at: u64) -> Piece;
    /// How the rate repeats itself from `at` on; `None` where it does not.
    fn cycle(&self, _at: u64) -> Option<Cycle> {
        None
    }
    /// Expected requests inside `extent`.
    fn expected(&self, extent: Extent) -> f64 {
        integral(self, extent)
    }
}

/// Pieces in order, known in advance or drawn on the way.
pub(crate) trait Intensity: Send {
    /// The piece that begins where the last one ended.
    fn next(&mut self) -> Piece;
    /// Requests a second inside the last piece.
    fn rate_at(&self, at: u64) -> f64;
}

/// Arrivals of a Poisson stream with the rate of `I`.
pub(crate) struct Thinning<I> {
    intensity: I,
    rng: Generator,
    end: u64,
    /// Where the piece begins, and how far into it the last candidate was.
    start: u64,
    offset: f64,
    /// Candidates a nanosecond, and what is left of the unit exponential to the next one.
    per_ns: f64,
    mass: f64,
    piece: Piece,
}

impl<I: Intensity> Thinning<I> {
    /// The stream in `[from, end)`; the first piece of `intensity` begins at `from`.
    pub(crate) fn new(mut intensity: I, mut rng: Generator, from: u64, end: u64) -> Self {
        let mass = Exp1.sample(&mut rng);
        let piece = intensity.next();
        let per_ns = piece.high * 1e-9;
        Self { intensity, rng, end, start: from, offset: 0.0, per_ns, mass, piece }
    }

    /// The next candidate inside the piece; `false` when the piece ends first.
    fn step(&mut self) -> bool {
        let left = ((self.piece.until - self.start) as f64 - self.offset) * self.per_ns;
        if self.mass >= left {
            self.mass -= left;
            return false;
        }
        self.offset += self.mass / self.per_ns;
        self.mass = Exp1.sample(&mut self.rng);
        true
    }

    fn next_piece(&mut self) {
        self.start = self.piece.until;
        self.offset = 0.0;
        if self.start < self.end {
            self.piece = self.intensity.next();
            self.per_ns = self.piece.high * 1e-9;
        }
    }

    fn keeps(&mut self, at: u64) -> bool {
        if self.piece.low == self.piece.high {
            return true;
        }
        let height = unit(&mut self.rng) * self.piece.high;
        height < self.piece.low || height < self.intensity.rate_at(at)
    }
}

impl<I: Intensity> Instants for Thinning<I> {
    fn fill(&mut self, batch: &mut Batch) {
        while batch.arrival_ns.len() < BATCH && self.start < self.end {
            if !self.step() {
                self.next_piece();
                continue;
            }
            // Rounding may lift the last candidate of a piece to the piece's end.
            let at = (self.start + self.offset as u64).min(self.piece.until - 1);
            if at >= self.end {
                self.start = self.end;
            } else if self.keeps(at) {
                batch.arrival_ns.push(at);
            }
        }
    }
}

/// A source whose rate is a function of time.
#[derive(Debug)]
pub(crate) struct Varying<F> {
    function: Arc<F>,
    extent: Extent,
}

impl<F: RateFunction> Varying<F> {
    pub(crate) fn new(function: F, extent: Extent) -> Self {
        Self { function: Arc::new(function), extent }
    }
}

impl<F: RateFunction> Source for Varying<F> {
    fn open(&self, luck: &Luck<'_>, end: u64) -> Box<dyn Instants> {
        let extent = self.extent.cut(end);
        let follow = Follow { function: Arc::clone(&self.function), at: extent.from };
        let rng = luck.generator(Purpose::Arrivals);
        Box::new(Thinning::new(follow, rng, extent.from, extent.until))
    }

    fn current(&self, _: &Luck<'_>, end: u64) -> Option<Current> {
        let extent = self.extent.cut(end);
        let follow = Follow { function: Arc::clone(&self.function), at: extent.from };
        Some(Current { extent, intensity: Box::new(follow), dispersion: 1.0 })
    }

    fn rate_at(&self, at: u64) -> f64 {
        if self.extent.contains(at) { self.function.rate_at(at) } else { 0.0 }
    }

    fn expected(&self, end: u64) -> f64 {
        self.function.expected(self.extent.cut(end))
    }
}

/// Expected requests inside `extent`: one cycle stands for all of its kind, so that a hundred years take no
/// longer than two.
fn integral<F: RateFunction + ?Sized>(function: &F, extent: Extent) -> f64 {
    let (mut at, mut sum) = (extent.from, 0.0);
    while at < extent.until {
        let Some(Cycle { length, until }) = function.cycle(at) else {
            return sum + by_pieces(function, Extent { from: at, until: extent.until });
        };
        let until = until.min(extent.until);
        let whole = (until - at) / length;
        if whole > 1 {
            sum += whole as f64 * by_pieces(function, Extent { from: at, until: at + length });
            at += whole * length;
        }
        sum += by_pieces(function, Extent { from: at, until });
        at = until;
    }
    sum
}

/// The same by Simpson's rule on every piece.
fn by_pieces<F: RateFunction + ?Sized>(function: &F, extent: Extent) -> f64 {
    let (mut at, mut sum) = (extent.from, 0.0);
    while at < extent.until {
        let piece = function.piece(at);
        let until = piece.until.min(extent.until);
        let seconds = (until - at) as f64 * 1e-9;
        sum += seconds
            * if piece.low == piece.high {
                piece.high
            } else {
                let middle = function.rate_at(at + (until - at) / 2);
                (function.rate_at(at) + 4.0 * middle + function.rate_at(until - 1)) / 6.0
            };
        at = until;
    }
    sum
}

/// Walks a function's pieces.
struct Follow<F> {
    function: Arc<F>,
    at: u64,
}

impl<F: RateFunction> Intensity for Follow<F> {
    fn next(&mut self) -> Piece {
        let mut piece = self.function.piece(self.at);
        piece.until = piece.until.max(self.at.saturating_add(1));
        self.at = piece.until;
        piece
    }
    fn rate_at(&self, at: u64) -> f64 {
        self.function.rate_at(at)
    }
}
