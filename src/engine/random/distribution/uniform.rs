//! `uniform`: any length between two with equal chance.

use super::{Law, Sampler};
use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// Uniform between `min` and `max`.
///
/// ```toml
/// cold_start.uniform = { min = "20s", max = "40s" }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uniform {
    /// The shortest length.
    pub min: Span,
    /// The longest length.
    pub max: Span,
}

impl Law for Uniform {
    fn check(&self, faults: &mut Faults) {
        if self.max <= self.min {
            let message = format!("the longest length {} is not above {}", self.max, self.min);
            faults.error("max", message, "give a larger one; for no spread use `constant`");
        }
    }
    fn mean_s(&self) -> f64 {
        f64::midpoint(self.min.as_secs_f64(), self.max.as_secs_f64())
    }
    fn variance_s2(&self) -> f64 {
        (self.max.as_secs_f64() - self.min.as_secs_f64()).powi(2) / 12.0
    }
    fn sampler(&self) -> Sampler {
        Sampler::Uniform {
            min_ns: self.min.0 as f64,
            width_ns: self.max.0.saturating_sub(self.min.0) as f64,
        }
    }
}
