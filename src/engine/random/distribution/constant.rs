//! `constant`: always the same length.

use super::{Law, Sampler};
use crate::fault::Faults;
use crate::units::Span;

pub(super) struct Constant(pub(super) Span);

impl Law for Constant {
    fn check(&self, _: &mut Faults) {}
    fn mean_s(&self) -> f64 {
        self.0.as_secs_f64()
    }
    fn variance_s2(&self) -> f64 {
        0.0
    }
    fn sampler(&self) -> Sampler {
        Sampler::Constant(self.0.0)
    }
}
