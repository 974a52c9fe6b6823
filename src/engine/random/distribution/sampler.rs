//! A law compiled for drawing.

use crate::random::Generator;
use crate::units::Span;
use rand::Rng as _;
use rand_distr::{Distribution as _, Exp1, StandardNormal};
use std::sync::Arc;

/// A law ready to be drawn from. One `match` per batch, none per draw, through [`Sampler::fill`].
/// Lengths are nanoseconds, rounded to the nearest, at most `u64::MAX`.
#[derive(Debug, Clone, PartialEq)]
pub enum Sampler {
    /// Always `.0` nanoseconds.
    Constant(u64),
    /// Exponential (ziggurat).
    Exponential {
        /// Mean in nanoseconds.
        mean_ns: f64,
    },
    /// Lognormal (ziggurat normal).
    Lognormal {
        /// Mean of the logarithm of nanoseconds.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Gamma in nanoseconds.
    Gamma(rand_distr::Gamma<f64>),
    /// A power of an exponential.
    Weibull {
        /// Scale in nanoseconds.
        scale_ns: f64,
        /// 1 / shape.
        power: f64,
    },
    /// Pareto, by inversion.
    Pareto {
        /// The shortest length in nanoseconds.
        minimum_ns: f64,
        /// Share of the unbounded law below the maximum; 1 without one.
        inside: f64,
        /// -1 / alpha.
        power: f64,
    },
    /// Uniform.
    Uniform {
        /// The shortest length in nanoseconds.
        min_ns: f64,
        /// Longest minus shortest.
        width_ns: f64,
    },
    /// (cumulative chance, mean in nanoseconds) of each exponential.
    Hyperexponential(Arc<[(f64, f64)]>),
    /// Each value with equal chance.
    Values(Arc<[u64]>),
    /// Straight lines between (share, nanoseconds).
    Quantiles(Arc<[(f64, f64)]>),
    /// (cumulative chance, law) of each part.
    Mixture(Arc<[(f64, Self)]>),
}

/// A uniform number in [0, 1) with 53 random bits.
#[inline]
pub fn unit(rng: &mut Generator) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// The nearest whole number of nanoseconds; the cast saturates, and NaN becomes 0.
#[inline]
fn whole(ns: f64) -> u64 {
    (ns + 0.5) as u64
}

/// Where `chance` falls in a list of cumulative chances; rounding may leave the last a little below 1.
fn chosen<T>(parts: &[(f64, T)], chance: f64) -> Option<&T> {
    let index = parts.partition_point(|part| part.0 <= chance);
    parts.get(index).or(parts.last()).map(|part| &part.1)
}

/// The length at a share, on the line through the points around it.
fn on_quantiles(points: &[(f64, f64)], share: f64) -> f64 {
    let after = points.partition_point(|point| point.0 <= share).max(1);
    match (points.get(after - 1), points.get(after)) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (share - a.0) / (b.0 - a.0),
        (Some(last), None) => last.1,
        _ => 0.0,
    }
}

impl Sampler {
    /// One draw.
    pub fn draw(&self, rng: &mut Generator) -> Span {
        let mut one = [0];
        self.fill(rng, &mut one);
        Span(one[0])
    }

    /// True if every draw is the same.
    pub const fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    /// Fills `out` with draws in nanoseconds, in order: the same draws as one by one.
    pub fn fill(&self, rng: &mut Generator, out: &mut [u64]) {
        match self {
            Self::Constant(ns) => out.fill(*ns),
            Self::Exponential { mean_ns } => each(out, || {
                let unit: f64 = Exp1.sample(rng);
                unit * mean_ns
            }),
            Self::Lognormal { mu, sigma } => each(out, || {
                let normal: f64 = StandardNormal.sample(rng);
                (mu + sigma * normal).exp()
            }),
            Self::Gamma(law) => each(out, || law.sample(rng)),
            Self::Weibull { scale_ns, power } => each(out, || {
                let unit: f64 = Exp1.sample(rng);
                scale_ns * unit.powf(*power)
            }),
            Self::Pareto { minimum_ns, inside, power } => {
                each(out, || minimum_ns * (1.0 - unit(rng) * inside).powf(*power));
            }
            Self::Uniform { min_ns, width_ns } => each(out, || min_ns + width_ns * unit(rng)),
            Self::Hyperexponential(branches) => each(out, || {
                let mean = chosen(branches, unit(rng)).copied().unwrap_or(0.0);
                let unit: f64 = Exp1.sample(rng);
                unit * mean
            }),
            Self::Values(values) => {
                for slot in out {
                    // Below the length: `unit` is below 1, and lists are far shorter than 2^53.
                    *slot = values[(unit(rng) * values.len() as f64) as usize];
                }
            }
            Self::Quantiles(points) => each(out, || on_quantiles(points, unit(rng))),
            Self::Mixture(parts) => {
                for slot in out {
                    let chance = unit(rng);
                    if let Some(law) = chosen(parts, chance) {
                        law.fill(rng, std::slice::from_mut(slot));
                    }
                }
            }
        }
    }
}

#[inline]
fn each(out: &mut [u64], mut draw: impl FnMut() -> f64) {
    for slot in out {
        *slot = whole(draw());
    }
}
