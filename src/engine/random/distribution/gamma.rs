//! `gamma`: from bursty (cv above 1) to almost regular (cv near 0).

use super::{Law, Sampler, checks};
use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// Gamma with shape 1 / cv^2. cv = 1 is the exponential law.
///
/// ```toml
/// gaps.gamma = { mean = "180ms", cv = 4 }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gamma {
    /// Mean.
    pub mean: Span,
    /// Standard deviation over mean.
    pub cv: f64,
}

impl Law for Gamma {
    fn check(&self, faults: &mut Faults) {
        checks::positive("mean", self.mean, faults);
        checks::spread("cv", self.cv, checks::MAX_CV, faults);
    }
    fn mean_s(&self) -> f64 {
        self.mean.as_secs_f64()
    }
    fn variance_s2(&self) -> f64 {
        (self.mean_s() * self.cv).powi(2)
    }
    fn sampler(&self) -> Sampler {
        of_shape(1.0 / (self.cv * self.cv), self.mean)
    }
}

/// Gamma by shape and mean (Marsaglia and Tsang 2000); a shape beyond a double's reach is a constant.
pub(super) fn of_shape(shape: f64, mean: Span) -> Sampler {
    let law = rand_distr::Gamma::new(shape, mean.0 as f64 / shape);
    law.map_or(Sampler::Constant(mean.0), Sampler::Gamma)
}
