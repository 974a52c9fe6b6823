//! Where the requests of an interval lie in it.

use crate::random::{Generator, unit};
use crate::workload::{BATCH, Batch};
use rand_distr::{Distribution as _, Exp1};
use serde::{Deserialize, Serialize};

/// How the requests of one interval (or one coarse stamp) are placed in it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Spread {
    /// A Poisson stream of the interval's rate: the count itself is random, its mean is the recorded one.
    Poisson,
    /// Exactly the recorded count, each anywhere with equal chance.
    Uniform,
    /// Exactly the recorded count, at equal distances.
    Even,
    /// Recorded requests only: where they are, those of one stamp together.
    Keep,
}

impl Spread {
    /// Whether places are drawn; counts that are not whole always are.
    pub(super) const fn draws(self) -> bool {
        match self {
            Self::Poisson | Self::Uniform => true,
            Self::Even | Self::Keep => false,
        }
    }
}

/// The requests of one interval, in order, without holding them in memory.
#[derive(Debug)]
pub(super) struct Group {
    start: u64,
    length: f64,
    left: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Distance between two, and the next one's place.
    Even(f64, f64),
    /// Sorted uniform numbers are partial sums of exponentials over their whole sum (Devroye 1986,
    /// V.3): the sum is drawn first from a copy of the generator, then the same numbers again.
    Uniform { per_unit: f64, sum: f64 },
}

impl Group {
    /// Nothing.
    pub(super) const EMPTY: Self =
        Self { start: 0, length: 0.0, left: 0, place: Place::Even(0.0, 0.0) };

    /// `count` requests in `[start, start + length)`.
    pub(super) fn new(
        spread: Spread,
        start: u64,
        length: u64,
        count: u64,
        rng: &Generator,
    ) -> Self {
        let width = length as f64;
        let place = match spread {
            Spread::Uniform => {
                let mut ahead = rng.clone();
                let mut total = 0.0;
                for _ in 0..=count {
                    let gap: f64 = Exp1.sample(&mut ahead);
                    total += gap;
                }
                Place::Uniform { per_unit: width / total, sum: 0.0 }
            }
            Spread::Even => {
                let gap = width / count.max(1) as f64;
                Place::Even(gap, gap / 2.0)
            }
            Spread::Poisson | Spread::Keep => Place::Even(0.0, 0.0),
        };
        Self { start, length: width, left: count, place }
    }

    /// `count` copies of one request: the first at `start`, the others evenly before `start + length`.
    pub(super) fn copies(start: u64, length: u64, count: u64) -> Self {
        let width = length as f64;
        let place = Place::Even(width / count.max(1) as f64, 0.0);
        Self { start, length: width, left: count, place }
    }

    /// True when all are placed.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// The next one's instant; call while it is not done.
    pub(super) fn next(&mut self, rng: &mut Generator) -> u64 {
        self.left = self.left.saturating_sub(1);
        let into = match &mut self.place {
            Place::Even(gap, next) => {
                let here = *next;
                *next += *gap;
                here
            }
            Place::Uniform { per_unit, sum } => {
                let gap: f64 = Exp1.sample(rng);
                *sum += gap;
                if self.left == 0 {
                    // The number that closes the interval: keeps the generator where the copy ended.
                    let _: f64 = Exp1.sample(rng);
                }
                *sum * *per_unit
            }
        };
        self.start + into.min(self.length - 1.0).max(0.0) as u64
    }

    /// Appends instants until the batch is full, the group is done or `end` is reached; `false` at the
    /// end.
    pub(super) fn fill(&mut self, rng: &mut Generator, end: u64, batch: &mut Batch) -> bool {
        while !self.is_done() && batch.arrival_ns.len() < BATCH {
            let at = self.next(rng);
            if at >= end {
                return false;
            }
            batch.arrival_ns.push(at);
        }
        true
    }
}

/// A whole number with mean `value`: the fraction decides by chance.
pub(super) fn round(value: f64, rng: &mut Generator) -> u64 {
    let whole = value.floor();
    let more = value > whole && unit(rng) < value - whole;
    whole as u64 + u64::from(more)
}
