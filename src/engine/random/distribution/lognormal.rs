//! `lognormal`: the logarithm is normal.

use super::{Law, Sampler, checks};
use crate::fault::Faults;
use crate::units::Span;
use serde::{Deserialize, Serialize};

/// Lognormal, by one location (`mean` or `median`) and one spread: `cv` (standard deviation over mean),
/// `sigma` (standard deviation of the natural logarithm), or `p99` with a median.
///
/// ```toml
/// service_time.lognormal = { mean = "45ms", cv = 1.2 }
/// cold_start.lognormal = { median = "25s", p99 = "70s" }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lognormal {
    /// Mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Span>,
    /// Median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<Span>,
    /// Standard deviation over mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cv: Option<f64>,
    /// Standard deviation of the natural logarithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<Span>,
}

/// 99 % of a standard normal law lies below it.
const Z99: f64 = 2.326_347_874_040_841;
/// exp(10 z) spans ten powers of ten within z = 2.3: more is not a law of durations.
const MAX_SIGMA: f64 = 10.0;

impl Lognormal {
    /// Mean and standard deviation of the logarithm of seconds.
    fn parameters(&self) -> (f64, f64) {
        let median = self.median.map(Span::as_secs_f64);
        let sigma = match (self.sigma, self.cv, self.p99, median) {
            (Some(sigma), ..) => sigma,
            (_, Some(cv), ..) => (cv * cv).ln_1p().sqrt(),
            (_, _, Some(p99), Some(median)) => (p99.as_secs_f64() / median).ln() / Z99,
            _ => 0.0,
        };
        let mean = self.mean.map_or(0.0, Span::as_secs_f64);
        let mu = median.map_or_else(|| mean.ln() - sigma * sigma / 2.0, f64::ln);
        (mu, sigma)
    }

    fn check_p99(&self, faults: &mut Faults) {
        match (self.median, self.p99) {
            (None, Some(_)) => {
                let hint = "give the median with it, or a `cv` with the mean";
                faults.error("p99", "a p99 needs a median", hint);
            }
            (Some(median), Some(p99)) if p99 <= median => {
                let message = format!("the p99 {p99} is not above the median {median}");
                faults.error("p99", message, "the p99 is the larger of the two");
            }
            _ => {}
        }
    }
}

impl Law for Lognormal {
    fn check(&self, faults: &mut Faults) {
        let before = faults.errors();
        let location = [("mean", self.mean), ("median", self.median)];
        checks::one_of(("mean", self.mean.is_some()), ("median", self.median.is_some()), faults);
        for (key, span) in location {
            if let Some(span) = span {
                checks::positive(key, span, faults);
            }
        }
        let spreads = [
            ("cv", self.cv.is_some()),
            ("sigma", self.sigma.is_some()),
            ("p99", self.p99.is_some()),
        ];
        let given: Vec<&str> = spreads.iter().filter(|s| s.1).map(|s| s.0).collect();
        match given[..] {
            [_] => {}
            [] => faults.error("", "no spread is given", "give one of cv, sigma, p99"),
            _ => {
                let message = format!("several spreads are given: {}", given.join(", "));
                faults.error(given[1], message, "keep one of them");
            }
        }
        if let Some(cv) = self.cv {
            checks::spread("cv", cv, checks::MAX_CV, faults);
        }
        if let Some(sigma) = self.sigma {
            checks::spread("sigma", sigma, MAX_SIGMA, faults);
        }
        self.check_p99(faults);
        if faults.errors() == before && self.parameters().1 > MAX_SIGMA {
            let message = format!("the p99 implies sigma = {:.1}", self.parameters().1);
            faults.error("p99", message, format!("bring it closer: sigma is at most {MAX_SIGMA}"));
        }
    }

    fn mean_s(&self) -> f64 {
        // Not exp(mu + sigma^2 / 2) where the mean is given: that would round it.
        let (mu, sigma) = self.parameters();
        self.mean.map_or_else(|| (mu + sigma * sigma / 2.0).exp(), Span::as_secs_f64)
    }

    fn variance_s2(&self) -> f64 {
        let (_, sigma) = self.parameters();
        (sigma * sigma).exp_m1() * self.mean_s().powi(2)
    }

    fn sampler(&self) -> Sampler {
        let (mu, sigma) = self.parameters();
        Sampler::Lognormal { mu: mu + 1e9_f64.ln(), sigma }
    }
}
