//! `erlang`: the sum of equal exponential stages.

use super::{Law, Sampler, checks, gamma};
use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// The sum of `stages` independent exponentials; `mean` is that of the sum, cv = 1 / sqrt(stages).
///
/// ```toml
/// service_time.erlang = { mean = "80ms", stages = 4 }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erlang {
    /// Mean of the whole.
    pub mean: Span,
    /// Number of stages, at least 1.
    pub stages: u32,
}

impl Law for Erlang {
    fn check(&self, faults: &mut Faults) {
        checks::positive("mean", self.mean, faults);
        if self.stages == 0 {
            faults.error("stages", "there is no stage", "give at least 1");
        }
    }
    fn mean_s(&self) -> f64 {
        self.mean.as_secs_f64()
    }
    fn variance_s2(&self) -> f64 {
        self.mean_s().powi(2) / f64::from(self.stages)
    }
    fn sampler(&self) -> Sampler {
        gamma::of_shape(f64::from(self.stages), self.mean)
    }
}
