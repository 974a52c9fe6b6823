//! Laws of durations: what a scenario may say, and the compiled sampler.

use super::Generator;
use crate::fault::Faults;
use crate::units::Span;
use rand_distr::{Distribution as _, Exp1};
use serde::{Deserialize, Serialize};

/// A law of a duration, as a scenario names it: `exponential = { mean = "100ms" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Distribution {
    /// Always the same length: `constant = "5s"`.
    Constant(Span),
    /// Exponential with the given mean.
    Exponential {
        /// Mean.
        mean: Span,
    },
}

impl Distribution {
    /// Reports parameters that make no law (zero mean, infinite mean, p99 below the median ...).
    pub fn check(&self, faults: &mut Faults) {
        if let Self::Exponential { mean } = self
            && mean.is_zero()
        {
            faults.error("mean", "the mean is zero", "use `constant = \"0s\"` for no time at all");
        }
    }

    /// Mean in seconds, in closed form.
    pub fn mean_s(&self) -> f64 {
        match self {
            Self::Constant(span) | Self::Exponential { mean: span } => span.as_secs_f64(),
        }
    }

    /// The sampler; call only after [`Distribution::check`] found nothing.
    pub fn sampler(&self) -> Sampler {
        match self {
            Self::Constant(span) => Sampler::Constant(span.0),
            Self::Exponential { mean } => Sampler::Exponential { mean_ns: mean.0 as f64 },
        }
    }
}

/// A uniform number in [0, 1) with 53 random bits.
pub(crate) fn unit(rng: &mut Generator) -> f64 {
    use rand_xoshiro::rand_core::Rng as _;
    (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A law ready to be drawn from. One `match` per batch, none per draw, through [`Sampler::fill`].
#[derive(Debug, Clone, PartialEq)]
pub enum Sampler {
    /// Always `.0` nanoseconds.
    Constant(u64),
    /// Exponential (ziggurat).
    Exponential {
        /// Mean in nanoseconds.
        mean_ns: f64,
    },
}

impl Sampler {
    /// Whether every draw is the same.
    pub const fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    /// One draw in nanoseconds.
    pub fn draw(&self, rng: &mut Generator) -> Span {
        let mut one = [0];
        self.fill(rng, &mut one);
        Span(one[0])
    }

    /// Fills `out` with draws in nanoseconds, in order: the same draws as one by one.
    pub fn fill(&self, rng: &mut Generator, out: &mut [u64]) {
        match self {
            Self::Constant(ns) => out.fill(*ns),
            Self::Exponential { mean_ns } => {
                for slot in out {
                    let unit: f64 = Exp1.sample(rng);
                    *slot = (unit * mean_ns) as u64;
                }
            }
        }
    }
}
