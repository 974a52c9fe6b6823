//! `mixture`: one of several laws.

use super::{Distribution, Law, Sampler, checks};
use crate::fault::Faults;
use serde::{Deserialize, Serialize};

/// One law of a mixture.
///
/// ```toml
/// cold_start.mixture = [
///     { weight = 0.35, law.lognormal = { median = "2.9s", sigma = 0.31 } },
///     { weight = 0.65, law.lognormal = { median = "30s", sigma = 0.34 } },
/// ]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Chance relative to the other laws.
    pub weight: f64,
    /// The law.
    pub law: Distribution,
}

pub(super) struct Mixture<'a>(pub(super) &'a [Component]);

impl Mixture<'_> {
    /// (chance, law); chances add up to 1.
    fn parts(&self) -> impl Iterator<Item = (f64, &Distribution)> {
        let total: f64 = self.0.iter().map(|component| component.weight).sum();
        self.0.iter().map(move |component| (component.weight / total, &component.law))
    }
}

impl Law for Mixture<'_> {
    fn check(&self, faults: &mut Faults) {
        if self.0.is_empty() {
            faults.error("", "the mixture is empty", "give at least one { weight, law }");
        }
        checks::weights(self.0.iter().map(|component| component.weight), faults);
        for (index, component) in self.0.iter().enumerate() {
            faults.within(index.to_string(), |faults| {
                faults.within("law", |faults| component.law.check(faults));
            });
        }
    }
    fn mean_s(&self) -> f64 {
        self.parts().map(|(chance, law)| chance * law.mean_s()).sum()
    }
    fn variance_s2(&self) -> f64 {
        let mean = self.mean_s();
        let spread = |(chance, law): (f64, &Distribution)| {
            chance * (law.variance_s2() + (law.mean_s() - mean).powi(2))
        };
        self.parts().map(spread).sum()
    }
    fn sampler(&self) -> Sampler {
        let mut below = 0.0;
        let add = |(chance, law): (f64, &Distribution)| {
            below += chance;
            (below, law.sampler())
        };
        Sampler::Mixture(self.parts().map(add).collect())
    }
}
