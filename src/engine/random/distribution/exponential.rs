//! `exponential`: no memory; variance = mean squared.

use super::{Law, Sampler, checks};
use crate::fault::Faults;
use crate::units::Span;

pub(super) struct Exponential {
    pub(super) mean: Span,
}

impl Law for Exponential {
    fn check(&self, faults: &mut Faults) {
        checks::positive("mean", self.mean, faults);
    }
    fn mean_s(&self) -> f64 {
        self.mean.as_secs_f64()
    }
    fn variance_s2(&self) -> f64 {
        self.mean_s().powi(2)
    }
    fn sampler(&self) -> Sampler {
        Sampler::Exponential { mean_ns: self.mean.0 as f64 }
    }
}
