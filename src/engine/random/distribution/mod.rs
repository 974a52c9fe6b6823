//! Laws of durations: what a scenario may say, and the compiled sampler. One file per law; one variant
//! and one arm here.

mod checks;
mod constant;
mod empirical;
mod erlang;
mod exponential;
mod gamma;
mod hyperexponential;
mod lognormal;
mod mixture;
mod pareto;
mod presets;
mod sampler;
#[cfg(test)]
mod tests;
mod uniform;
mod weibull;

pub use empirical::Empirical;
pub use erlang::Erlang;
pub use gamma::Gamma;
pub use hyperexponential::{Branch, Hyperexponential};
pub use lognormal::Lognormal;
pub use mixture::Component;
pub use pareto::Pareto;
pub use presets::Preset;
pub use sampler::Sampler;
pub use sampler::unit;
pub use uniform::Uniform;
pub use weibull::Weibull;

use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// A law of a duration, as a scenario names it: `service_time.lognormal = { mean = "45ms", cv = 1.2 }`.
///
/// Draws are rounded to the nanosecond and end at 584 years.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[strum(serialize_all = "kebab-case")]
#[schemars(rename = "Law")]
pub enum Distribution {
    /// Always the same length: `constant = "5s"`.
    Constant(Span),
    /// Exponential: `exponential = { mean = "100ms" }`.
    Exponential {
        /// Mean.
        mean: Span,
    },
    /// Lognormal, by a location and a spread.
    Lognormal(Lognormal),
    /// Gamma, by mean and coefficient of variation.
    Gamma(Gamma),
    /// Erlang: the sum of equal exponential stages.
    Erlang(Erlang),
    /// Weibull.
    Weibull(Weibull),
    /// Pareto, bounded or not.
    Pareto(Pareto),
    /// Any length between two with equal chance.
    Uniform(Uniform),
    /// One of several exponentials.
    Hyperexponential(Hyperexponential),
    /// Observed values or quantiles.
    Empirical(Empirical),
    /// One of several laws: `mixture = [{ weight = 0.9, law.constant = "1s" }, ...]`.
    Mixture(Vec<Component>),
    /// A measured law, by its name: `preset = "lambda-python"`.
    Preset(Preset),
}

/// What every law can do.
trait Law {
    /// Reports parameters that make no law.
    fn check(&self, faults: &mut Faults);
    /// In seconds, closed form.
    fn mean_s(&self) -> f64;
    /// In seconds squared, closed form; infinite where it is.
    fn variance_s2(&self) -> f64;
    /// The sampler; only for parameters that pass the check.
    fn sampler(&self) -> Sampler;
}

/// Evaluates an expression with `$law` bound to the law inside.
macro_rules! with_law {
    ($distribution:expr, $law:ident => $body:expr) => {
        match $distribution {
            Distribution::Constant(span) => {
                let $law = &constant::Constant(*span);
                $body
            }
            Distribution::Exponential { mean } => {
                let $law = &exponential::Exponential { mean: *mean };
                $body
            }
            Distribution::Lognormal($law) => $body,
            Distribution::Gamma($law) => $body,
            Distribution::Erlang($law) => $body,
            Distribution::Weibull($law) => $body,
            Distribution::Pareto($law) => $body,
            Distribution::Uniform($law) => $body,
            Distribution::Hyperexponential($law) => $body,
            Distribution::Empirical($law) => $body,
            Distribution::Mixture(components) => {
                let $law = &mixture::Mixture(components);
                $body
            }
            Distribution::Preset(preset) => {
                let $law = &preset.law();
                $body
            }
        }
    };
}

impl Distribution {
    /// Exponential with a mean.
    pub const fn exponential(mean: Span) -> Self {
        Self::Exponential { mean }
    }

    /// Lognormal with a mean and a coefficient of variation (standard deviation over mean).
    pub fn lognormal(mean: Span, cv: f64) -> Self {
        Self::Lognormal(Lognormal { mean: Some(mean), cv: Some(cv), ..Lognormal::default() })
    }

    /// The name of its kind in a scenario.
    pub fn kind(&self) -> &'static str {
        self.into()
    }

    /// Reports parameters that make no law (zero mean, infinite mean, p99 below the median ...), with
    /// paths that begin with the law's name.
    pub fn check(&self, faults: &mut Faults) {
        faults.within(self.kind(), |faults| {
            let before = faults.errors();
            with_law!(self, law => law.check(faults));
            if faults.errors() == before && !(0.0..=checks::MAX_S).contains(&self.mean_s()) {
                let message = format!("the mean is {:e} seconds", self.mean_s());
                faults.error("", message, "a mean is at most 584 years; lower the spread");
            }
        });
    }

    /// Mean in seconds, in closed form.
    pub fn mean_s(&self) -> f64 {
        with_law!(self, law => law.mean_s())
    }

    /// Variance in seconds squared, in closed form; infinite for a Pareto law without it.
    pub fn variance_s2(&self) -> f64 {
        with_law!(self, law => law.variance_s2())
    }

    /// Coefficient of variation: standard deviation over mean; 0 for a constant.
    pub fn cv(&self) -> f64 {
        let mean = self.mean_s();
        if mean > 0.0 { self.variance_s2().sqrt() / mean } else { 0.0 }
    }

    /// The sampler; call only after [`Distribution::check`] found nothing.
    pub fn sampler(&self) -> Sampler {
        with_law!(self, law => law.sampler())
    }
}
